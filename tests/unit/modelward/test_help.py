"""The help of every verb reads well to a newcomer: what it does, an example, and no line too long."""

from datetime import timedelta

import pytest
from click.testing import CliRunner

from modelward.cli.clustered import PATIENCE, ROLLBACK_PATIENCE
from modelward.cli.main import VERBS, main
from modelward.cli.pages import ABOUT, PLAIN

JUDGING = [verb for verb in VERBS if verb not in {"completion", "db", "operator", "gitops"}]


def help_of(*verb: str) -> str:
    result = CliRunner().invoke(main, [*verb, "--help"], prog_name="modelward")
    assert result.exit_code == 0
    return result.output


@pytest.mark.parametrize("verb", [*([v] for v in JUDGING), ["db", "init"]], ids=" ".join)
def test_a_verb_shows_an_example_and_where_the_database_is_named(verb: list[str]):
    text = help_of(*verb)
    assert "Example" in text
    assert f"  modelward {' '.join(verb)}" in text
    assert "--database-url" in text
    assert all(len(line) <= 100 for line in text.splitlines())


def test_a_verb_of_the_cluster_alone_shows_an_example_and_where_it_looks():
    text = help_of("gitops")
    assert "  modelward gitops house-prices -n ml" in text
    assert "--namespace" in text
    assert "--database-url" not in text


def test_options_stand_by_what_they_are_about_and_each_once():
    text = help_of("check")
    order = [text.index(f"\n{title}:") for title in (PLAIN, *ABOUT)]
    assert order == sorted(order)
    assert text.index("--dry-run") < order[1] < text.index("--threshold PERCENT") < order[2]
    assert order[-1] < text.index("--kubeconfig")
    assert text.count("--database-url URL") == 1


def test_the_first_page_lists_every_verb_whole_and_the_exit_codes():
    text = help_of()
    assert all(f"\n  {verb} " in text for verb in VERBS)
    assert "..." not in text.partition("Commands:")[2].partition("A first look")[0], "a sentence is cut"
    assert "3 degraded, 4 rolled back, 5 not enough data" in text


def test_how_long_an_answer_may_take_is_said_of_both_that_wait():
    for verb, patience in (("check", PATIENCE), ("rollback", ROLLBACK_PATIENCE)):
        shown = " ".join(CliRunner().invoke(main, [verb, "--help"]).output.split())
        assert f"{verb}: {patience // timedelta(minutes=1)}m" in shown


def test_an_unknown_verb_is_wrong_use():
    assert CliRunner().invoke(main, ["nonsense"]).exit_code == 2
