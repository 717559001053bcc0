"""docs/reference.md leaves nothing out: what the source has stands in it, found here by other means than its own."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner

from modelward.cli.main import main
from modelward.decide import conditions, outbox
from modelward.domain.reasons import Reason
from reference import verbs, words
from reference.fields import list_fields, read_schema
from reference.page import render
from reference.tables import make_table

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "docs" / "reference.md").read_text()
SOURCE = {path: path.read_text() for path in (ROOT / "operator" / "modelward").rglob("*.py")}


def cells(row: str) -> list[str]:
    """Split the last row of the page that begins with a code."""
    found = [line for line in PAGE.splitlines() if line.startswith(f"| `{row}` |")][-1]
    return [cell.strip() for cell in found.strip("|").split(" | ")]


def test_it_is_what_the_source_says_now():
    assert render() == PAGE


def names(schema: Any) -> set[str]:
    """Collect every property's name, wherever it stands."""
    if isinstance(schema, list):
        return set().union(*map(names, schema))
    if not isinstance(schema, dict):
        return set()
    own = schema.get("properties", {})
    return set(own if isinstance(own, dict) else ()) | set().union(*map(names, schema.values()))


@pytest.mark.parametrize("part", ["spec", "status"])
def test_every_field_of_the_resource_has_its_row(part: str):
    listed = {row[0].strip("`").rpartition(".")[2].removesuffix("[]") for row in list_fields(read_schema(part), part)}
    assert listed == names(read_schema(part))
    assert all(row[3] for row in list_fields(read_schema(part), part))


DEFAULTS = {
    "spec.checkInterval": '`"1h"`',
    "spec.evaluation.minSamples": "`100`",
    "spec.database": "**required**",
    "spec.autoRollback": "**required**",
    "spec.versionField.type": '`"Image"`',
    "spec.modelName": "",
}


@pytest.mark.parametrize(("field", "default"), DEFAULTS.items(), ids=DEFAULTS)
def test_a_default_is_shown(field: str, default: str):
    assert cells(field)[2] == default


def test_every_reason_has_its_row():
    assert {cells(reason.value)[-1] for reason in Reason} >= {reason.meaning for reason in Reason}


def test_every_annotation_that_the_source_reads_or_writes_has_its_row():
    no_annotation = "modelward.dev/finalizer"  # what kopf would call one; none is ever set
    used = set()
    for text in SOURCE.values():
        used |= set(re.findall(r'"(modelward\.dev/[a-z-]+)"', text))
        used |= {f"modelward.dev/{name}" for name in re.findall(r'f"\{GROUP\}/([a-z-]+)"', text)}
    assert used - {no_annotation} == {*words.REQUESTS, *words.PERMISSIONS, *words.RECORDS}
    assert all(cells(annotation) for annotation in used - {no_annotation})


def test_every_condition_that_the_source_writes_has_its_row():
    written = {value for name, value in vars(conditions).items() if name.isupper() and isinstance(value, str)}
    assert written | {outbox.ALERTS_READY} == set(words.CONDITIONS), "hack/reference/words.py tells of conditions"
    assert all(cells(name) for name in words.CONDITIONS)


@pytest.mark.parametrize("verb", [name for name, _ in verbs.find_verbs() if name.startswith("modelward ")])
def test_every_option_of_a_verbs_help_has_its_row(verb: str):
    said = CliRunner().invoke(main, [*verb.split()[1:], "--help"]).output.partition("Options:")[2]
    section = PAGE.partition(f"### {verb}\n")[2].partition("\n## ")[0].partition("\n### ")[0]
    options = set(re.findall(r"^  (?:-\w, )?(--[a-z-]+)", said, re.MULTILINE)) - {"--help"}
    assert {name for name in options if f"`{name}`" not in section} == set()
    assert section


def test_every_exit_code_has_its_row():
    assert [row[0] for row in verbs.exit_codes()] == [f"`{code}`" for code in range(6)]


def test_every_variable_that_the_source_reads_has_its_row():
    named = re.compile(r'"(MODELWARD_[A-Z_]+[A-Z]|DATABASE_URL|KUBECONFIG)"')
    used = set().union(*(named.findall(text) for text in SOURCE.values()))
    assert {"DATABASE_URL", "KUBECONFIG", "MODELWARD_ACTOR", "MODELWARD_MODEL"} <= used
    section = PAGE.partition("## Variables of the verbs")[2].partition("\n## ")[0]
    assert {name for name in used if f"| `{name}` |" not in section} == set()


def leaves(values: Any, path: str = "") -> set[str]:
    """List the paths of a chart's values."""
    if not isinstance(values, dict) or not values:
        return {path}
    return set().union(*(leaves(value, f"{path}.{key}".strip(".")) for key, value in values.items()))


def test_every_value_of_the_chart_has_its_row():
    values = yaml.safe_load((ROOT / "charts" / "modelward" / "values.yaml").read_text())
    shown = set(re.findall(r"^\| `([a-zA-Z.]+)` \|", PAGE.partition("## Values of the chart")[2], re.MULTILINE))
    groups = {path for path in leaves(values) if path not in shown and not any(path.startswith(f"{s}.") for s in shown)}
    assert groups == set()


def test_a_cell_cannot_break_its_table_nor_begin_a_tag():
    assert make_table(("a",), [("x | y: <name> `<kept>`",)]).splitlines()[-1] == "| x &#124; y: &lt;name> `<kept>` |"
