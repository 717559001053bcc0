"""Tables of other makes at the API server: which mappings it takes, and with which words it refuses."""

from typing import TYPE_CHECKING

import pytest

from sandbox.kubectl import Kubectl

if TYPE_CHECKING:
    import subprocess

pytestmark = pytest.mark.every_version
NAME = "must be a name of 1 to 63 bytes without control characters"
LONG = "ü" * 32
REFUSED = [
    ('timeZone: "+02:00"', "timeZone", "timeZone must be the name of a time zone such as UTC or Europe/Berlin"),
    (f"predictions: {{table: {LONG}}}", "predictions.table", f"table {NAME}"),
    ('predictions: {columns: {actual: "a\\nb"}}', "predictions.columns.actual", f"actual {NAME}"),
    ('predictions: {table: ""}', "predictions.table", "should be at least 1 chars long"),
    ("predictions: {absent: [modelVersion]}", "predictions.absent[0]", "Unsupported value"),
    ("predictions: {absent: [role, role]}", "predictions.absent[1]", "Duplicate value"),
    (
        "predictions: {absent: [role], columns: {role: k}}",
        "predictions",
        "predictions: a column is named in columns and said to be absent as well",
    ),
    ("predictions: {where: [{column: c, value: 5}]}", "predictions.where[0].value", "must be of type string"),
    ("actuals: {table: t}", "actuals.key", "Required value"),
    ("actuals: {table: t, key: []}", "actuals.key", "should have at least 1 items"),
    ("versions: {columns: {version: v}}", "versions.columns.version", "unknown field"),
    ("versions: {archived: [{column: c}]}", "versions.archived[0].value", "Required value"),
]
TAKEN = [
    "timeZone: America/Argentina/Buenos_Aires",
    "predictions: {schema: " + "ü" * 31 + "x, table: '\"; DROP TABLE x; --', columns: {actual: 模型 🦉}}",
    "predictions: {table: p, absent: [modelName, environment, role, requestId]}",
    "predictions: {table: p, where: [{column: tenant, value: ''}, {column: region, value: eu}]}",
    "actuals: {table: t, key: [{predictions: a, actuals: b}], columns: {actualAt: at}}",
    "versions: {absent: [environment], archived: [{column: stage, value: Archived}]}",
]


def create(kubectl: Kubectl, source: str) -> "subprocess.CompletedProcess[str]":
    text = f"""
apiVersion: modelward.dev/v1alpha1
kind: ModelDeployment
metadata: {{name: house-prices}}
spec: {{autoRollback: false, database: {{secretRef: {{name: db}}, source: {{{source}}}}}}}
"""
    return kubectl.try_("create", "--dry-run=server", "--filename=-", stdin=text)


@pytest.mark.parametrize("source", TAKEN)
def test_is_taken(kubectl: Kubectl, source: str):
    taken = create(kubectl, source)
    assert taken.returncode == 0, taken.stderr


@pytest.mark.parametrize(("source", "field", "words"), REFUSED, ids=[source for source, _, _ in REFUSED])
def test_is_refused_by_its_field(kubectl: Kubectl, source: str, field: str, words: str):
    refused = create(kubectl, source)
    assert refused.returncode != 0
    said = next(line for line in refused.stderr.splitlines() if "spec.database.source" in line)
    assert f"spec.database.source.{field}" in said
    assert words in said
