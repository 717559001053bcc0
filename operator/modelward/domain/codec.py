"""Frozen dataclasses to and from the JSON that stands in `status`: camelCase, RFC 3339, decimals as text.

None and empty collections are left out, unknown keys are ignored (a newer operator may have written them), and a
value that does not fit its field is dropped: a status written by somebody else must not stop the operator.
"""

import dataclasses
import sys
import types
import typing
from datetime import UTC, datetime
from enum import Enum
from functools import cache
from typing import Any, TypeVar, Union

T = TypeVar("T")
SHORT = 64
FIRST, LAST = datetime(1970, 1, 1, tzinfo=UTC), datetime(9000, 1, 1, tzinfo=UTC)
"""Beyond these a time cannot be counted with: one window less or more may be no time at all."""


def camel(name: str) -> str:
    """`current_version` as Kubernetes spells it."""
    head, *tail = name.split("_")
    return head + "".join(part.capitalize() for part in tail)  # a trailing underscore vanishes: from_ is from


def format_time(moment: datetime) -> str:
    """RFC 3339 in UTC with whole seconds, as metav1.Time is written."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def parse_time(text: str) -> datetime:
    """Read an RFC 3339 time; ValueError where it is none or has no zone."""
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError(f"{text!r} has no time zone")
    if not FIRST < moment < LAST:
        raise ValueError(f"{text!r} is no time that anything happens at")
    return moment


def encode(value: Any) -> Any:
    """Turn a value into JSON."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        pairs = ((camel(f.name), encode(getattr(value, f.name))) for f in dataclasses.fields(value))
        return {key: item for key, item in pairs if item not in (None, [], {})}
    if isinstance(value, tuple):
        return [encode(item) for item in value]
    if isinstance(value, datetime):
        return format_time(value)
    if isinstance(value, Enum):
        return str(value.value)
    return repr(value) if isinstance(value, float) else value


def decode(kind: type[T], raw: Any) -> T:
    """Build a dataclass from JSON; TypeError or ValueError where a required field is missing or wrong."""
    if not isinstance(raw, dict):
        raise TypeError(f"{kind.__name__}: expected an object")
    arguments: dict[str, Any] = {}
    for name, (key, annotation, optional) in _fields(typing.cast("Any", kind)).items():
        if raw.get(key) is None:
            continue
        try:
            arguments[name] = _decode_value(annotation, raw[key])
        except (OverflowError, TypeError, ValueError):
            if not optional:
                raise
    return kind(**arguments)


def find_misfit(value: Any, path: str = "") -> str | None:
    """Name the first field whose value is not of its kind, where what was read is held against what was meant."""
    for name, (key, annotation, _) in _fields(typing.cast("Any", type(value))).items():
        problem = _misfit(annotation, getattr(value, name), f"{path}{key}")
        if problem is not None:
            return problem
    return None


def _misfit(annotation: Any, value: Any, path: str) -> str | None:
    origin, inner = typing.get_origin(annotation), typing.get_args(annotation)
    if origin in (Union, types.UnionType):
        return None if value is None else _misfit(next(a for a in inner if a is not type(None)), value, path)
    if origin is tuple:
        each = inner[:1] * len(value) if inner[-1] is Ellipsis else inner
        found = (_misfit(a, v, path) for a, v in zip(each, value, strict=True))
        return next((problem for problem in found if problem), None)
    if not isinstance(value, annotation) or (annotation is int and isinstance(value, bool)):
        return f"{path}: {str(value)[:SHORT]!r} is not what belongs there"
    return find_misfit(value, f"{path}.") if dataclasses.is_dataclass(annotation) else None


@cache
def _fields(kind: Any) -> dict[str, tuple[str, Any, bool]]:
    hints = typing.get_type_hints(kind)
    return {f.name: (camel(f.name), hints[f.name], _has_default(f)) for f in dataclasses.fields(kind)}


def _has_default(field: "dataclasses.Field[Any]") -> bool:
    return field.default is not dataclasses.MISSING or field.default_factory is not dataclasses.MISSING


def _decode_value(annotation: Any, raw: Any) -> Any:
    origin = typing.get_origin(annotation)
    if origin in (Union, types.UnionType):
        return _decode_value(next(a for a in typing.get_args(annotation) if a is not type(None)), raw)
    if origin is tuple:
        return tuple(_decode_value(typing.get_args(annotation)[0], item) for item in raw)
    if dataclasses.is_dataclass(annotation):
        return decode(typing.cast("type[Any]", annotation), raw)
    return _decode_scalar(annotation, raw)


def _decode_scalar(annotation: Any, raw: Any) -> Any:
    if annotation is datetime:
        return parse_time(raw)
    if annotation is float:
        return float(raw)
    if isinstance(annotation, type) and issubclass(annotation, Enum):
        return annotation(raw)
    if not isinstance(raw, annotation) or (annotation is int and isinstance(raw, bool)):
        raise TypeError(f"expected {annotation.__name__}, got {raw!r}")
    return sys.intern(raw) if annotation is str and len(raw) < SHORT else raw  # reasons and versions come by thousands
