"""The CRD reads like a manual, has no open end, and says what the operator reads and writes."""

import dataclasses
import re
import types
import typing
from collections.abc import Iterator
from datetime import datetime
from enum import Enum
from pathlib import Path
from typing import Any

import pytest
import yaml

from modelward.domain.codec import camel
from modelward.domain.spec import parse_spec
from modelward.domain.status import Condition, Status

ROOT = Path(__file__).resolve().parents[3]
SOURCE = ROOT / "deploy/crds/modeldeployments.yaml"
CRD: dict[str, Any] = yaml.safe_load(SOURCE.read_text())
SCHEMA: dict[str, Any] = CRD["spec"]["versions"][0]["schema"]["openAPIV3Schema"]
SPEC, STATUS = SCHEMA["properties"]["spec"], SCHEMA["properties"]["status"]


def walk(schema: dict[str, Any], path: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield each field under a schema with its path."""
    for name, member in schema.get("properties", {}).items():
        yield f"{path}.{name}", member
        yield from walk(member, f"{path}.{name}")
    if "items" in schema:
        yield f"{path}[]", schema["items"]
        yield from walk(schema["items"], f"{path}[]")


SPEC_FIELDS, STATUS_FIELDS = dict(walk(SPEC, "spec")), dict(walk(STATUS, "status"))
FIELDS = {"spec": SPEC, "status": STATUS} | SPEC_FIELDS | STATUS_FIELDS
RULES = [(path, rule) for path, field in FIELDS.items() for rule in field.get("x-kubernetes-validations", ())]


def each(fields: dict[str, Any]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("path", sorted(fields))


def test_the_chart_holds_it_byte_for_byte():
    assert (ROOT / "charts/modelward/files/crds/modeldeployments.yaml").read_bytes() == SOURCE.read_bytes()


def test_no_key_is_a_boolean_to_some_readers():
    assert not re.search(r"^ *(y|n|yes|no|on|off):", SOURCE.read_text(), re.MULTILINE | re.IGNORECASE)


@each(FIELDS)
def test_every_field_is_described(path: str):
    description = FIELDS[path]["description"]
    assert description[0].isupper() or description.startswith(("r2", "true:", "modelward.dev/", "(current"))
    assert description.endswith(".")


@each({path: f for path, f in SPEC_FIELDS.items() if f.get("default") not in (None, {}, "")})
def test_every_default_stands_in_the_description(path: str):
    default = SPEC_FIELDS[path]["default"]
    items = default if isinstance(default, list) else [default]
    values = [item["name"] if isinstance(item, dict) else item for item in items]
    said = SPEC_FIELDS[path]["description"].partition("Default: ")[2].lower()
    assert all(str(value).lower() in said for value in values)


@each(FIELDS)
def test_nothing_is_unbounded(path: str):
    field = FIELDS[path]
    assert "additionalProperties" not in field
    assert "x-kubernetes-preserve-unknown-fields" not in field
    match field.get("type"):
        case "string":
            assert {"maxLength", "enum"} & field.keys() or field.get("format") == "date-time"
        case "array":
            assert "maxItems" in field
            assert "x-kubernetes-list-type" in field
        case "integer":
            assert path.startswith("status") or {"minimum", "maximum"} <= field.keys()
        case None:
            assert field["x-kubernetes-int-or-string"] is True
            assert "maxLength" in field
        case other:
            assert other in {"object", "boolean"}, "floats do not survive the way through YAML and JSON"


@pytest.mark.parametrize(("path", "rule"), RULES, ids=[path for path, _ in RULES])
def test_every_message_is_one_line_and_names_the_field(path: str, rule: dict[str, str]):
    assert "\n" not in rule["message"]
    assert re.search(rf"\b{path.rsplit('.', maxsplit=1)[-1]}\b", rule["message"])


def test_the_defaults_are_those_of_the_operator():
    least = {"database": {"secretRef": {"name": "db"}}, "autoRollback": True}
    assert parse_spec("house-prices", fill(SPEC, least)) == parse_spec("house-prices", least)


def fill(schema: dict[str, Any], value: Any) -> Any:
    """Apply defaults as the API server does."""
    if isinstance(value, list):
        return [fill(schema["items"], item) for item in value]
    if not isinstance(value, dict):
        return value
    members = schema.get("properties", {})
    value = {name: member["default"] for name, member in members.items() if "default" in member} | value
    return {name: fill(members[name], item) for name, item in value.items()}


def test_a_new_object_says_that_nobody_has_looked():
    assert STATUS["default"] == {"observedGeneration": -1}
    assert "minimum" not in STATUS_FIELDS["status.observedGeneration"]


WRITTEN = {"bool": "boolean", "int": "integer", "str": "string", "float": "string", "datetime": "string"}


def written(kind: type, path: str) -> Iterator[tuple[str, type]]:
    """Yield each path that the operator's own status type can write, with the type of its value."""
    for name, hint in typing.get_type_hints(kind).items():
        inner, at = hint, f"{path}.{camel(name)}"
        if isinstance(hint, types.UnionType):
            inner = next(a for a in typing.get_args(hint) if a is not type(None))
        if typing.get_origin(inner) is tuple:
            inner, at = typing.get_args(inner)[0], f"{at}[]"
        yield at, inner
        if isinstance(inner, type) and dataclasses.is_dataclass(inner):
            yield from written(inner, at)


STATUS_WRITTEN = dict(written(Status, "status"))
del STATUS_WRITTEN["status.requests.check.version"]  # one type serves all three requests; this one names no version


@each(STATUS_WRITTEN)
def test_every_field_that_the_operator_writes_is_declared(path: str):
    kind, field = STATUS_WRITTEN[path], STATUS_FIELDS[path]
    if issubclass(kind, Enum):
        assert field.get("enum") == [member.value for member in kind] or "enum" not in field
    elif kind is datetime:
        assert field["format"] == "date-time"
    else:
        assert field["type"] == WRITTEN.get(kind.__name__, "object")


def test_a_condition_is_one_of_kubernetes():
    fields = STATUS_FIELDS["status.conditions[]"]
    assert set(fields["properties"]) == {camel(field.name) for field in dataclasses.fields(Condition)}
    assert set(fields["required"]) == {"type", "status", "reason", "lastTransitionTime"}


def test_the_columns_are_those_that_people_need():
    columns = {c["name"]: c.get("priority", 0) for c in CRD["spec"]["versions"][0]["additionalPrinterColumns"]}
    narrow = [name for name, priority in columns.items() if not priority]
    assert narrow == ["Ready", "Verdict", "Current", "Previous", "Change", "Samples", "Age"]
    assert [name for name, priority in columns.items() if priority] == [
        "Target",
        "Spec-Version",
        "State",
        "Reason",
        "Last-Rollback",
    ]
