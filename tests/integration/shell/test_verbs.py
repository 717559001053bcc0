"""The verbs of `modelward` against a database alone: what they print, how they end, what they leave behind."""

import json
from datetime import timedelta
from typing import Any

import pytest
import yaml

from builders import A, B, C
from modelward.evaluation import results
from registry import BAD, GOOD, MINOR, Registry, guide, shell

# -- check -----------------------------------------------------------------------------------------------------------


def test_S1_check_ends_with_0_where_all_is_well(database_url: str):
    registry = guide(database_url, MINOR)
    result = shell(database_url)("check")
    assert (result.exit_code, registry.production) == (0, [B])
    assert "-1.08 %" in result.stdout
    assert "+0.57 %" in result.stdout
    assert "OK: 20260105_143022 against 20260104_120000" in result.stdout


def test_S1_S14_check_rolls_back_with_4_and_the_audit_says_who_when_why_and_on_what(database_url: str):
    registry = guide(database_url, BAD)
    result = shell(database_url)("check")
    assert (result.exit_code, registry.production) == (4, [A])
    assert f"ROLLED_BACK: rolled back {B} -> {A}: R2 0.930 -> 0.850 (-8.6 %, limit 5 %)" in result.stdout
    ((who, reason, automatic, evidence, age),) = registry.ask(
        "SELECT actor, reason, evidence -> 'automatic', evidence, now() - at FROM modelward.audit"
    )
    assert (who, automatic) == ("alice@desk", True)
    assert "RMSE 3480 -> 4200 (+20.7 %, limit 5 %)" in reason
    assert evidence["r2_change_percent"] == pytest.approx(-8.602, abs=0.001)
    assert (evidence["samples_current"], evidence["samples_previous"]) == (120, 120)
    assert age < timedelta(minutes=5)
    assert registry.ask("SELECT promoted_at = (SELECT at FROM modelward.audit) FROM model_versions WHERE is_production")


def test_S3_check_without_auto_rollback_ends_with_3(database_url: str):
    registry = guide(database_url, BAD)
    result = shell(database_url)("check", "--no-auto-rollback")
    assert (result.exit_code, registry.production) == (3, [B])
    assert "a person decides" in result.stdout


def test_S17_a_lower_threshold_is_tried_without_changing_anything(database_url: str):
    registry = guide(database_url, (0.895, 3600.0))
    run = shell(database_url)
    assert run("check", "--dry-run").exit_code == 0
    tried = run("check", "--threshold", "3", "--dry-run")
    assert (tried.exit_code, registry.production, registry.audited) == (3, [B], [])
    assert f"Without --dry-run it would be rolled back to {A}" in tried.stdout
    assert run("check", "--threshold", "3").exit_code == 4


def test_S19_a_version_that_was_put_back_is_not_rolled_back_again_by_itself(database_url: str):
    registry = guide(database_url, BAD)
    registry.register(C, days_ago=9)
    registry.predict(C, GOOD, hours_ago=200)
    run = shell(database_url)
    assert run("check").exit_code == 4
    registry.ask("UPDATE model_versions SET promoted_at = now() - interval '3 hours' WHERE is_production")
    registry.ask("UPDATE modelward.audit SET at = now() - interval '3 hours'")
    registry.ask("UPDATE model_versions SET promoted_at = now() - interval '1 day' WHERE model_version = %s", B)
    registry.predict(A, BAD, hours_ago=2)
    held = run("check")
    assert (held.exit_code, registry.production) == (3, [A])
    assert f"a rollback placed {A}, so it is not rolled back again by itself" in held.stdout
    assert "look at the data, retrain" in held.stdout


def test_S19_two_rollbacks_keep_a_distance_that_can_be_chosen(database_url: str):
    registry = guide(database_url, BAD)
    run = shell(database_url)
    assert run("check").exit_code == 4
    registry.register(C, days_ago=0)
    registry.promote(C)
    registry.predict(C, BAD, hours_ago=1)
    held = run("check")
    assert (held.exit_code, registry.production) == (3, [C])
    assert "the last rollback was" in held.stdout
    assert "cooldown is 1h" in held.stdout
    assert run("check", "--cooldown", "0s").exit_code == 4
    assert registry.production == [A]


def test_S19_the_budget_of_a_day_is_kept(database_url: str):
    guide(database_url, BAD)
    held = shell(database_url)("check", "--max-per-day", "0")
    assert held.exit_code == 3
    assert "0 automatic rollbacks in 24 hours, 0 allowed" in held.stdout


def test_check_ends_with_5_where_too_little_is_known(database_url: str):
    registry = guide(database_url, BAD)
    registry.ask("DELETE FROM model_predictions WHERE model_version = %s AND ctid NOT IN "
                 "(SELECT ctid FROM model_predictions WHERE model_version = %s LIMIT 99)", B, B)  # fmt: skip
    result = shell(database_url)("check")
    assert (result.exit_code, registry.production) == (5, [B])
    assert "INSUFFICIENT_DATA: 99 samples of 20260105_143022, 100 needed" in result.stdout
    assert shell(database_url)("check", "--min-samples", "99", "--dry-run").exit_code == 3


def test_rows_older_than_the_window_are_pointed_at_and_a_longer_one_reaches_them(database_url: str):
    registry = guide(database_url, BAD)
    registry.ask("UPDATE model_predictions SET predicted_at = predicted_at - interval '3 days'")
    run = shell(database_url)
    result = run("check")
    assert (result.exit_code, registry.production) == (5, [B])
    assert "and a longer window reaches it (--window)" in result.stdout
    assert run("check", "--window", "5d", "--dry-run").exit_code == 3


def test_of_a_version_that_came_back_no_window_reaches_the_rows_from_before(database_url: str):
    registry = guide(database_url, BAD)
    run = shell(database_url)
    assert run("check").exit_code == 4
    assert run("rollback", B, "--yes").exit_code == 0
    for window in ("24h", "90d"):
        result = run("check", "--window", window)
        assert (result.exit_code, registry.production) == (5, [B])
        assert f"has no live prediction of {B} since it came back at " in result.stdout
        assert "what it predicted when it served before does not count" in result.stdout
        assert "--window" not in result.stdout


def test_labels_written_in_this_very_second_count(database_url: str):
    registry = guide(database_url, GOOD)
    registry.ask("DELETE FROM model_predictions WHERE model_version = %s", B)
    registry.ask(
        "INSERT INTO model_predictions (model_name, model_version, prediction, actual) "
        "SELECT %s, %s, 1000 * i, 1000 * i + 100 FROM generate_series(1, 120) i",
        registry.model,
        B,
    )
    assert shell(database_url)("check").exit_code == 0


# -- looking ---------------------------------------------------------------------------------------------------------


def test_S6_S20_status_shows_the_database_and_the_way_back(database_url: str):
    guide(database_url, MINOR)
    result = shell(database_url)("status")
    assert result.exit_code == 0
    assert "Database:         answers (PostgreSQL" in result.stdout
    assert f"In production:    {B} since" in result.stdout
    assert f"Rollback target:  {A}, ready: R2 0.930, RMSE 3480, 120 samples" in result.stdout


def test_S20_status_says_what_a_database_that_does_not_answer_says(database_url: str):
    result = shell(database_url.rpartition("@")[0] + "@127.0.0.1:1/nowhere")("status")
    assert result.exit_code == 1
    assert "Database:         does not answer: the connection was refused" in result.stdout


def test_S21_status_warns_of_an_only_version_and_of_a_target_nobody_knows(database_url: str):
    registry = Registry(database_url)
    registry.register(B, days_ago=1, production=True)
    run = shell(database_url)
    alone = run("status").stdout
    assert [line.split(None, 1)[1] for line in alone.splitlines() if line.startswith("Note:")] == [
        "there is no way back: register and keep at least one earlier version"
    ]
    registry.register(A, days_ago=3)
    shown = run("status").stdout
    assert f"Rollback target:  {A}, not ready" in shown
    assert "nothing says that it is good" in shown


def test_S7_history_shows_live_and_training_figures_in_columns_of_their_own(database_url: str):
    guide(database_url, BAD)
    run = shell(database_url)
    run("check")
    lines = run("history").stdout.splitlines()
    assert lines[0].split() == [
        "VERSION", "IN", "PRODUCTION", "LIVE", "R2", "LIVE", "RMSE", "TRAINING", "R2", "TRAINING", "RMSE", "SAMPLES",
        "SIZE", "MB", "SINCE", "ROLLED", "BACK",
    ]  # fmt: skip
    assert lines[1].split()[:8] == [A, "yes", "0.930", "3480", "0.950", "3000", "120", "12.5"]
    assert lines[2].split()[:8] == [B, "no", "0.850", "4200", "0.960", "2900", "120", "13.0"]
    assert lines[2].rstrip().endswith(f"to {A}")
    assert len(run("history", "1").stdout.splitlines()) == 2


def test_S8_compare_shows_both_and_ends_with_3_where_the_first_is_worse(database_url: str):
    guide(database_url, BAD)
    run = shell(database_url)
    worse, better = run("compare", B, A), run("compare", A, B)
    assert (worse.exit_code, better.exit_code) == (3, 0)
    assert [line.split() for line in worse.stdout.splitlines()[3:5]] == [
        ["R2", "0.930", "0.850", "-8.6", "%", "5", "%"],
        ["RMSE", "3480", "4200", "+20.7", "%", "5", "%"],
    ]
    assert run("compare", B, A, "--threshold", "25").exit_code == 0


@pytest.mark.parametrize("pair", [(B, C), (C, B), (C, "20260103_080000")])
def test_S8_versions_without_rows_cannot_be_compared(database_url: str, pair: tuple[str, str]):
    registry = guide(database_url, BAD)
    registry.register(C, days_ago=5)
    registry.register("20260103_080000", days_ago=6)
    result = shell(database_url)("compare", *pair)
    assert result.exit_code == 5
    assert f"{C}" in result.stdout.partition("InsufficientData: cannot be compared: ")[2]
    assert "made no labelled live prediction within 90 days" in result.stdout


def test_explain_lays_open_rows_window_metrics_and_limits(database_url: str):
    guide(database_url, BAD)
    result = shell(database_url)("explain", "--max-per-day", "0")
    assert result.exit_code == 0
    for words in (
        "BeyondLimit: At least one gating metric is worse",
        "live predictions of the last 24h",
        "breached",
        f"rollback target: {A}",
        "held back by BudgetExhausted",
    ):
        assert words in result.stdout


# -- forms -----------------------------------------------------------------------------------------------------------

VERBS = {
    "Status": ["status"],
    "History": ["history"],
    "Comparison": ["compare", B, A],
    "Check": ["check", "--dry-run"],
    "Explanation": ["explain"],
    "Rollback": ["rollback", "--yes"],
    "Archive": ["archive", "--keep", "1"],
}


@pytest.mark.parametrize(("kind", "arguments"), VERBS.items(), ids=VERBS)
def test_programs_get_one_versioned_shape(database_url: str, kind: str, arguments: list[str]):
    guide(database_url, MINOR)
    run = shell(database_url)
    spoken = yaml.safe_load(run(*arguments, "-o", "yaml").stdout)
    assert (spoken["apiVersion"], spoken["kind"]) == ("modelward.dev/cli/v1", kind)
    if kind != "Rollback":  # once done there is no other previous version
        answered = json.loads(run(*arguments, "-o", "json").stdout)
        assert answered.keys() == spoken.keys()


SHAPES: dict[str, Any] = {
    "Status": results.StatusReport,
    "History": results.HistoryEntry,
    "Comparison": results.Comparison,
    "Check": results.CheckResult,
    "Explanation": results.Explanation,
    "Rollback": results.Rollback,
    "Archive": results.ArchiveReport,
}


@pytest.mark.parametrize("kind", VERBS)
def test_an_answer_has_exactly_the_keys_that_are_documented(database_url: str, kind: str):
    guide(database_url, MINOR)
    answered = json.loads(shell(database_url)(*VERBS[kind], "-o", "json").stdout)
    assert (answered.pop("apiVersion"), answered.pop("kind")) == ("modelward.dev/cli/v1", kind)
    for body in answered["items"] if kind == "History" else [answered]:
        assert body.keys() == SHAPES[kind].__annotations__.keys()


def test_what_is_piped_has_no_colour_and_whole_lines(database_url: str):
    guide(database_url, BAD)
    result = shell(database_url)("check", "--dry-run", env={"COLUMNS": "40"})
    assert "\x1b" not in result.stdout
    assert any(len(line) > 120 for line in result.stdout.splitlines())


# -- rollback --------------------------------------------------------------------------------------------------------


def test_S4_rollback_without_a_terminal_wants_a_yes(database_url: str):
    registry = guide(database_url)
    run = shell(database_url)
    asked = run("rollback")
    assert (asked.exit_code, registry.production) == (2, [B])
    assert f"{B} -> {A} is to be confirmed" in asked.stderr
    assert "--yes" in asked.stderr
    done = run("rollback", "--yes", "--reason", "customers complain")
    assert (done.exit_code, registry.production) == (0, [A])
    assert registry.ask("SELECT actor, reason, evidence -> 'automatic' FROM modelward.audit") == [
        ("alice@desk", "customers complain", False)
    ]


def test_S5_rollback_to_a_named_version(database_url: str):
    registry = guide(database_url)
    registry.register(C, days_ago=5)
    assert shell(database_url)("rollback", C, "--yes").exit_code == 0
    assert registry.production == [C]


def test_a_model_that_a_cluster_looks_after_is_left_to_it(database_url: str):
    registry = guide(database_url, BAD)
    registry.ask("INSERT INTO modelward.managed (model_name, resource) VALUES (%s, 'ml/house-prices')", registry.model)
    run = shell(database_url)
    refused, held = run("rollback", "--yes"), run("check")
    assert (refused.exit_code, held.exit_code, registry.production) == (1, 3, [B])
    for said in (refused.stderr, held.stdout):
        assert "ModelDeployment ml/house-prices looks after house-prices" in said
        assert "--force" in said
    assert run("status").stdout.count("ModelDeployment ml/house-prices") == 1
    assert run("rollback", "--yes", "--force").exit_code == 0
    assert registry.production == [A]
