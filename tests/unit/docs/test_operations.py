"""docs/operations.md says what was measured as docs/benchmarks.md does, and leaves no value of the chart out."""

import re

import pytest
import yaml

from pages import DOCS

PAGE = (DOCS / "operations.md").read_text()
MEASURED = {
    "resident memory": "resident memory at 1000 resources",
    "CPU in an idle minute": "CPU per idle minute at 1000 resources, beside due checks",
    "CPU in a minute, each checked every 10 s": "CPU per minute with 1000 resources checked every 10 s",
    "all of them judged for the first time, baselines too": "judging 1,000 resources for the first time, baselines too",
    "one sweep over all, 100 rows each in the window": "judging 1,000 resources, 100 rows each in the window",
    "statements for a sweep and group": "judging statements per sweep and group",
    "from a label to the accepted patch, labels announced": "the same when labels announce themselves, 20 rollbacks",
}


def cells(text: str, first: str) -> list[str]:
    """Return the cells of the row that begins so."""
    (row,) = [line for line in text.splitlines() if line.startswith(f"| {first} |")]
    return [cell.strip() for cell in row.strip("|").split(" | ")]


@pytest.mark.parametrize(("here", "there"), MEASURED.items())
def test_what_is_said_of_size_was_measured(here: str, there: str):
    assert cells(PAGE, here)[1] == cells((DOCS / "benchmarks.md").read_text(), there)[2]


def test_every_group_of_values_is_named_by_what_it_is_for():
    values = yaml.safe_load((DOCS.parent / "charts" / "modelward" / "values.yaml").read_text())
    named = set(re.findall(r"`(\w+)(?:\.[\w.*]+)?`", PAGE.partition("## Values at a glance")[2]))
    assert sorted(set(values) - named) == []


def test_every_setting_that_the_page_names_is_one():
    settings = set(re.findall(r"`(MODELWARD_\w+)`", PAGE))
    reference = (DOCS / "reference.md").read_text()
    assert [name for name in settings if f"| `{name}` |" not in reference] == []
    assert settings


def test_every_field_that_the_page_names_is_one():
    fields = set(re.findall(r"`((?:evaluation|rollback)\.\w+)(?::[^`]*)?`", PAGE))
    reference = (DOCS / "reference.md").read_text()
    assert [name for name in fields if f"| `spec.{name}` |" not in reference] == []
    assert fields


def test_what_values_are_for_is_said_once():
    rows = re.findall(r"^\| (.+?) \| `", PAGE.partition("## Values at a glance")[2], re.MULTILINE)
    assert rows == list(dict.fromkeys(rows))


NUMBERS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve")


def test_as_many_alerts_are_told_of_as_the_chart_brings():
    rules = (DOCS.parent / "charts" / "modelward" / "files" / "rules.yaml").read_text()
    (told,) = re.findall(r"`prometheusRule\.enabled` brings (\w+) alerts", PAGE)
    assert told == NUMBERS[rules.count("- alert: ")]
