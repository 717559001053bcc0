"""Each row of the guide has a test that is named after it against a database alone, and one on a real cluster."""

import ast
from pathlib import Path

import pytest

ROWS = range(1, 22)
"""All of S1 to S21."""
FOLDER = Path(__file__).parent.parent
IN_A_CLUSTER: dict[int, tuple[str, ...]] = {
    1: (
        "test_scenario_1_a_minor_change_is_healthy_and_nothing_happens",
        "test_scenario_2_a_significant_change_is_rolled_back_with_its_numbers",
        "test_scenario_3_a_data_shift_ends_at_a_stable_version_and_asks_to_look_at_the_data",
    ),
    2: ("test_a_stricter_limit_rolls_back_what_the_default_leaves_alone",),
    3: ("test_automatic_rollback_off_leaves_the_decision_to_a_person",),
    4: ("test_previous_is_the_version_before", "test_a_person_looks_checks_asks_why_and_goes_back"),
    5: ("test_a_named_version_is_put_back",),
    6: ("test_a_person_looks_checks_asks_why_and_goes_back", "test_kubectl_describe_tells_the_story"),
    7: ("test_a_person_looks_checks_asks_why_and_goes_back",),
    8: ("test_a_person_looks_checks_asks_why_and_goes_back",),
    11: ("test_an_idle_resource_is_checked_and_not_written",),
    12: ("test_both_objects_carry_one_event_with_the_numbers",),
    13: ("test_a_rollback_arrives_in_the_mailbox_and_in_the_table",),
    14: (
        "test_a_rollback_arrives_in_the_mailbox_and_in_the_table",
        "test_an_address_that_cannot_be_used_is_said_and_the_rollback_still_happens",
    ),
    16: ("test_S16_old_versions_are_archived_over_the_secret_and_what_is_needed_stays",),
    17: ("test_guarded_says_what_it_waits_for_and_then_rolls_back",),
    18: ("test_what_cannot_be_meant_is_said_with_what_there_is",),
    19: ("test_a_landing_is_never_rolled_back_by_itself", "test_the_second_time_it_is_contested_and_left_alone"),
    20: ("test_each_failure_has_its_reason_and_no_secret_is_shown",),
    21: ("test_an_archived_version_is_no_target", "test_a_version_in_quarantine_is_no_target"),
}
ELSEWHERE = {9: "an object of Python", 10: "an object of Python", 15: "a workflow of GitHub Actions"}
"""Rows that mean nothing in a cluster."""


def names(folder: Path) -> list[str]:
    """List the names of all tests of a folder."""
    trees = (ast.parse(file.read_text()) for file in sorted(folder.rglob("test_*.py")))
    functions = (n for tree in trees for n in ast.walk(tree) if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef))
    return [f.name for f in functions if f.name.startswith("test_")]


NAMES, ON_A_CLUSTER = names(FOLDER / "integration"), names(FOLDER / "cluster")


@pytest.mark.parametrize("row", ROWS)
def test_a_row_of_the_guide_has_a_test_of_its_name_on_a_real_database(row: int):
    assert any(f"S{row}" in name.split("_") for name in NAMES)


@pytest.mark.parametrize("row", ROWS)
def test_a_row_of_the_guide_has_a_test_on_a_real_cluster_or_says_why_not(row: int):
    assert (row in IN_A_CLUSTER) is not (row in ELSEWHERE)
    assert [name for name in IN_A_CLUSTER.get(row, ()) if name not in ON_A_CLUSTER] == []
