"""Where the tables are: read once, shared by all that say the same; what cannot be meant is refused by its field."""

from typing import Any

import pytest

from builders import a_spec
from modelward.domain.errors import InvalidSpecError
from modelward.domain.mapping import parse_source
from modelward.domain.source import OWN, Actuals, Columns, Table, Versions

Raw = dict[str, Any]
P = "database.source.predictions"


def predictions(**section: Any) -> Raw:
    return {"predictions": section}


def test_nothing_said_is_our_own_tables():
    assert parse_source({}) is OWN
    assert parse_source({"timeZone": "UTC"}) == OWN
    assert a_spec().source is OWN


def test_equal_sources_are_one_object():
    one, two = (parse_source(predictions(table="p", absent=["role"])) for _ in range(2))
    assert one is two


def test_in_another_table_extras_are_read_only_where_they_are_named():
    columns = parse_source(predictions(table="p", columns={"score": "p_yes"})).columns
    assert columns == Columns(score="p_yes", segment=None, predicted_class=None, actual_class=None, actual_at=None)


def test_in_our_own_table_a_name_changes_nothing_else():
    assert parse_source(predictions(columns={"actual": "truth"})).columns == Columns(actual="truth")


def test_labels_apart_take_the_place_of_those_in_the_row():
    actuals = {"table": "labels", "key": [{"predictions": "id", "actuals": "of"}], "columns": {"actualAt": "at"}}
    source = parse_source({**predictions(schema="s", table="p"), "actuals": actuals})
    assert source.predictions == Table("s", "p")
    assert source.actuals == Actuals(Table("public", "labels"), (("id", "of"),), actual_at="at")
    assert (source.columns.actual, source.columns.actual_at) == (None, None)


def test_a_class_that_came_true_needs_no_number():
    actuals = {"table": "t", "key": [{"predictions": "a", "actuals": "b"}], "columns": {"actualClass": "c"}}
    found = parse_source({"actuals": actuals}).actuals
    assert found is not None
    assert (found.actual, found.actual_class) == (None, "c")


def test_a_registry_is_ours_where_it_is_there_none_beside_other_tables_or_the_one_named():
    assert parse_source(predictions(where=[{"column": "c", "value": "x"}])).versions == OWN.versions
    assert parse_source(predictions(table="p")).versions is None
    named = {"table": "t", "columns": {"modelVersion": "v"}, "absent": ["environment", "createdAt"]}
    assert parse_source({**predictions(table="p"), "versions": named}).versions == Versions(
        Table("public", "t"), environment=None, model_version="v", created_at=None, archived_at=None
    )


NAMES = ["x", "ü" * 31 + "x", 'a"b', "'; DROP TABLE x; --", "模型 🦉", " ", "%s", "{}", "a.b", "\\", "SELECT"]


@pytest.mark.parametrize("name", NAMES)
def test_any_name_that_postgresql_takes_is_taken(name: str):
    source = parse_source(predictions(schema=name, table=name, columns={"actual": name}))
    assert (source.predictions, source.columns.actual) == (Table(name, name), name)


SHORT = "must be a name of 1 to 63 bytes without control characters"
PAIR = [{"column": "c", "value": "x"}]
REFUSED: dict[str, tuple[Raw, str, str]] = {
    "an empty name": (predictions(table=""), f"{P}.table", SHORT),
    "a name that is a number": (predictions(schema=5), f"{P}.schema", SHORT),
    "a name with a NUL": (predictions(table="a\0b"), f"{P}.table", SHORT),
    "a name of two lines": (predictions(columns={"actual": "a\nb"}), f"{P}.columns.actual", SHORT),
    "half of a character": (predictions(table="\ud800"), f"{P}.table", SHORT),
    "a name of 64 bytes": (predictions(table="ü" * 32), f"{P}.table", "has 64 bytes; a name in PostgreSQL has at most"),
    "an unknown column": (predictions(columns={"model_name": "x"}), f"{P}.columns", "'model_name' is not known; known"),
    "an unknown absence": (predictions(absent=["colour"]), f"{P}.absent", "'colour' is not known; known are modelName"),
    "an absence in words": (predictions(absent="role"), f"{P}.absent", "expected a list"),
    "no version": (predictions(absent=["modelVersion"]), f"{P}.absent", "modelVersion is needed"),
    "no time": (predictions(absent=["predictedAt"]), f"{P}.absent", "predictedAt is needed"),
    "named and absent": (
        predictions(columns={"role": "k"}, absent=["role"]),
        f"{P}.absent",
        "role is named in columns as well",
    ),
    "a filter that is a number": (predictions(where=[{"column": "c", "value": 5}]), f"{P}.where.value", "in quotes"),
    "a filter without a column": (predictions(where=[{"value": "x"}]), f"{P}.where.column", SHORT),
    "a filter of two lines": (predictions(where=[{"column": "c", "value": "a\nb"}]), f"{P}.where.value", "printable"),
    "filters in a map": (predictions(where={"c": "x"}), f"{P}.where", "expected a list of {column: ..., value: ...}"),
    "too many filters": (predictions(where=PAIR * 9), f"{P}.where", "has 9 entries; at most 8 are allowed"),
    "labels without a table": (
        {"actuals": {"key": [{"predictions": "a", "actuals": "b"}]}},
        "database.source.actuals.table",
        "is required",
    ),
    "labels without a key": ({"actuals": {"table": "t"}}, "database.source.actuals.key", "is required: pairs of"),
    "labels in two places": (
        {
            **predictions(columns={"actualAt": "at"}),
            "actuals": {"table": "t", "key": [{"predictions": "a", "actuals": "b"}]},
        },
        f"{P}.columns.actualAt",
        "actuals stand in database.source.actuals: name it there",
    ),
    "a registry without versions": (
        {"versions": {"absent": ["modelVersion"]}},
        "database.source.versions.absent",
        "modelVersion is needed",
    ),
    "a section that is none": ({"predictions": "p"}, P, "expected an object"),
    **{
        f"the zone {zone!r}": ({"timeZone": zone}, "database.source.timeZone", "is not the name of a time zone such as")
        for zone in ("Berlin", "", "+02:00", "../../etc/passwd", "/etc/localtime", "Foo/Bar", "Europe/Berlin; x", 2)
    },
}


@pytest.mark.parametrize(("raw", "field", "problem"), REFUSED.values(), ids=REFUSED)
def test_is_refused_by_name(raw: Raw, field: str, problem: str):
    with pytest.raises(InvalidSpecError) as caught:
        parse_source(raw)
    assert caught.value.field == field
    assert problem in str(caught.value)
    assert "\n" not in str(caught.value)


def test_an_environment_needs_its_column():
    source = {"predictions": {"table": "p", "absent": ["environment"]}}
    database = {"secretRef": {"name": "db"}, "source": source}
    assert a_spec(database=database).source.columns.environment is None
    with pytest.raises(InvalidSpecError, match="environment: the table has no such column"):
        a_spec(database=database, environment="staging")
