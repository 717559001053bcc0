"""Reads `database.source` of a resource: whose tables, under which names. Every refusal names its field."""

import re
import zoneinfo
from dataclasses import fields, replace
from typing import Any

from modelward.domain.codec import camel
from modelward.domain.errors import InvalidSpecError
from modelward.domain.source import (
    EXTRA,
    LABELS,
    NEEDED,
    OWN,
    PUBLIC,
    Actuals,
    Columns,
    Pairs,
    Source,
    Table,
    Versions,
    shared,
)

Raw = dict[str, Any]
ROOT = "database.source"
LONGEST_NAME, LONGEST_VALUE, MOST_PAIRS = 63, 253, 8
CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]")
VERSION_COLUMNS = ("model_name", "environment", "model_version", "created_at", "archived_at")
WORDS = {"predictions": ("absent",), "actuals": ("key",), "versions": ("absent", "archived")}
ACTUAL_COLUMNS = ("actual", "actual_class", "actual_at")


def parse_source(raw: Raw) -> Source:
    """Read where the tables are; nothing said means our own."""
    if not raw:
        return OWN
    predictions = _object(raw, "predictions", ROOT)
    path = f"{ROOT}.predictions"
    foreign = bool({"schema", "table"} & predictions.keys())
    actuals = _actuals(raw)
    source = Source(
        predictions=_table(predictions, OWN.predictions.name, path),
        columns=_columns(predictions, path, foreign=foreign, apart=actuals is not None),
        where=_pairs(predictions, "where", path),
        actuals=actuals,
        versions=_versions(raw, foreign=foreign),
        time_zone=_time_zone(raw.get("timeZone", OWN.time_zone)),
    )
    return shared(source)


def parse_strictly(raw: Raw) -> Source:
    """Read it where no schema has looked at it: a word that is not known is refused, and not looked past."""
    if not isinstance(raw, dict):
        raise InvalidSpecError(ROOT, "expected an object")
    _refuse_unknown(raw, dict.fromkeys(("predictions", "actuals", "versions", "timeZone"), ""), ROOT)
    for part, words in WORDS.items():
        _refuse_unknown(_object(raw, part, ROOT), dict.fromkeys(("schema", "table", "columns", "where", *words), ""),
                        f"{ROOT}.{part}")  # fmt: skip
    return parse_source(raw)


def check_environment(environment: str, source: Source) -> None:
    """Refuse an environment where the table has no column for it."""
    if environment and source.columns.environment is None:
        message = f"the table has no such column ({ROOT}.predictions.absent): use {ROOT}.predictions.where"
        raise InvalidSpecError("environment", message)


def _columns(raw: Raw, path: str, *, foreign: bool, apart: bool) -> Columns:
    named = _names(raw, path, tuple(f.name for f in fields(Columns)))
    absent = _absent(raw, path, named, tuple(f.name for f in fields(Columns)), NEEDED)
    if apart and (twice := sorted(named.keys() & LABELS)):
        raise InvalidSpecError(f"{path}.columns.{camel(twice[0])}", f"actuals stand in {ROOT}.actuals: name it there")
    unnamed = (EXTRA if foreign else frozenset()) | (LABELS if apart else frozenset()) | absent
    return replace(Columns(**dict.fromkeys(unnamed)), **named)


def _actuals(raw: Raw) -> Actuals | None:
    section, path = _object(raw, "actuals", ROOT), f"{ROOT}.actuals"
    if not section:
        return None
    key = _pairs(section, "key", path, ("predictions", "actuals"))
    if not key:
        message = "is required: pairs of a column of predictions and one of actuals, such as "
        raise InvalidSpecError(f"{path}.key", message + "[{predictions: order_id, actuals: id}]")
    named: dict[str, Any] = {**_names(section, path, ACTUAL_COLUMNS)}
    if "actual_class" in named and "actual" not in named:
        named["actual"] = None
    table = _table(section, None, path)
    return Actuals(table, key, where=_pairs(section, "where", path), **named)


def _versions(raw: Raw, *, foreign: bool) -> Versions | None:
    section, path = _object(raw, "versions", ROOT), f"{ROOT}.versions"
    if not section:
        return None if foreign else OWN.versions
    named = _names(section, path, VERSION_COLUMNS)
    absent = _absent(section, path, named, VERSION_COLUMNS, frozenset({"model_version"}))
    columns: dict[str, Any] = {"archived_at": None, **dict.fromkeys(absent), **named}
    where, archived = _pairs(section, "where", path), _pairs(section, "archived", path)
    return Versions(_table(section, "model_versions", path), archived=archived, where=where, **columns)


def _names(raw: Raw, path: str, known: tuple[str, ...]) -> dict[str, str]:
    """Read `columns`: our name in camelCase, theirs as it is."""
    ours = {camel(name): name for name in known}
    section = _object(raw, "columns", path)
    _refuse_unknown(section, ours, f"{path}.columns")
    return {ours[key]: _name(value, f"{path}.columns.{key}") for key, value in section.items()}


def _absent(
    raw: Raw, path: str, named: dict[str, str], known: tuple[str, ...], needed: frozenset[str]
) -> frozenset[str]:
    ours = {camel(name): name for name in known}
    listed, path = raw.get("absent") or [], f"{path}.absent"
    if not isinstance(listed, list):
        raise InvalidSpecError(path, "expected a list")
    _refuse_unknown(listed, ours, path)
    for key in listed:
        if ours[key] in needed:
            raise InvalidSpecError(path, f"{key} is needed: nothing can be judged without it")
        if ours[key] in named:
            raise InvalidSpecError(path, f"{key} is named in columns as well")
    return frozenset(ours[key] for key in listed)


def _refuse_unknown(given: Any, known: dict[str, str], path: str) -> None:
    for key in given:
        if key not in known:
            raise InvalidSpecError(path, f"{key!r} is not known; known are {', '.join(known)}")


def _table(raw: Raw, default: str | None, path: str) -> Table:
    name = raw.get("table", default)
    if name is None:
        raise InvalidSpecError(f"{path}.table", "is required")
    return Table(_name(raw.get("schema", PUBLIC), f"{path}.schema"), _name(name, f"{path}.table"))


def _name(value: Any, path: str) -> str:
    """Take the name of a schema, table or column as PostgreSQL would: any text of 1 to 63 bytes."""
    if not isinstance(value, str) or not value or CONTROL.search(value):
        raise InvalidSpecError(path, "must be a name of 1 to 63 bytes without control characters")
    size = len(value.encode())
    if size > LONGEST_NAME:
        raise InvalidSpecError(path, f"has {size} bytes; a name in PostgreSQL has at most {LONGEST_NAME}")
    return value


def _pairs(raw: Raw, key: str, path: str, sides: tuple[str, str] = ("column", "value")) -> Pairs:
    """Read a list of two-sided objects; the left side is a column, the right one too unless it is called value."""
    listed, path = raw.get(key) or [], f"{path}.{key}"
    if not isinstance(listed, list) or not all(isinstance(item, dict) for item in listed):
        raise InvalidSpecError(path, f"expected a list of {{{sides[0]}: ..., {sides[1]}: ...}}")
    if len(listed) > MOST_PAIRS:
        raise InvalidSpecError(path, f"has {len(listed)} entries; at most {MOST_PAIRS} are allowed")
    return tuple((_name(item.get(sides[0]), f"{path}.{sides[0]}"), _side(item, sides[1], path)) for item in listed)


def _side(item: Raw, key: str, path: str) -> str:
    path, value = f"{path}.{key}", item.get(key)
    if key != "value":
        return _name(value, path)
    if not isinstance(value, str) or len(value) > LONGEST_VALUE or CONTROL.search(value):
        raise InvalidSpecError(path, f"must be text (in quotes) of at most {LONGEST_VALUE} printable characters")
    return value


def _time_zone(name: Any) -> str:
    try:
        if isinstance(name, str) and name and "posix" not in name and "right/" not in name:
            zoneinfo.ZoneInfo(name)
            return name
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
        pass
    message = f"{name!r} is not the name of a time zone such as UTC or Europe/Berlin"
    raise InvalidSpecError(f"{ROOT}.timeZone", message)


def _object(raw: Raw, key: str, path: str) -> Raw:
    section = raw.get(key) or {}
    if not isinstance(section, dict):
        raise InvalidSpecError(f"{path}.{key}", "expected an object")
    return section
