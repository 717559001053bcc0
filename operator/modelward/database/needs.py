"""What is read of a source: every table and column, of what kind, and which field of the resource names it. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from modelward.database.own import is_ours
from modelward.database.relations import NUMBERS
from modelward.domain.codec import camel
from modelward.domain.source import NEEDED, Source, Table

NUMERIC = frozenset({"smallint", "integer", "bigint", "real", "double precision", "numeric"})
TIMES = frozenset({"timestamp with time zone", "timestamp without time zone", "date"})


class Kind(StrEnum):
    """What a column must be able to give; the value is the type that we would make it."""

    NUMBER = "float8"
    TIME = "timestamptz"
    TEXT = "text"
    ANY = ""

    def takes(self, base: str) -> bool:
        """Whether a type will do."""
        allowed = {Kind.NUMBER: NUMERIC, Kind.TIME: TIMES}.get(self)
        return allowed is None or base in allowed


@dataclass(frozen=True, slots=True)
class Need:
    """A column that is read, and the field of the resource that names it; `ours`: it stands in a table of ours."""

    table: Table
    column: str
    kind: Kind
    named_by: str
    ours: bool = False

    @property
    def field(self) -> str:
        """Name the field in full."""
        return f"database.source.{self.named_by}"

    @property
    def in_columns(self) -> bool:
        """Whether it is named as a column of ours, and not to filter or to join by."""
        return ".columns." in self.named_by

    @property
    def by_default(self) -> bool:
        """Whether it may be that nobody named it: it is called as ours is, and could be absent."""
        ours = self.named_by.rpartition(".")[2]
        return self.in_columns and camel(self.column) == ours and self.column not in NEEDED


def needs_of(source: Source) -> Iterator[Need]:
    """List every column that is read of a source."""
    own = {name for name in ("actual", "actual_class", "actual_at") if source.actuals is not None}
    known = is_ours(source.predictions, source)
    for ours, theirs in source.columns.items():
        if theirs is not None and ours not in own:
            yield Need(source.predictions, theirs, _kind(ours), f"predictions.columns.{camel(ours)}", known)
    for column, _ in source.where:
        yield Need(source.predictions, column, Kind.ANY, "predictions.where")
    yield from _needs_of_actuals(source)
    yield from _needs_of_versions(source)


def needed_tables(source: Source) -> list[Table]:
    """List the tables that are read, each once."""
    return list(dict.fromkeys(need.table for need in needs_of(source)))


def _needs_of_actuals(source: Source) -> Iterator[Need]:
    actuals = source.actuals
    if actuals is None:
        return
    for mine, theirs in actuals.key:
        yield Need(source.predictions, mine, Kind.ANY, "actuals.key")
        yield Need(actuals.table, theirs, Kind.ANY, "actuals.key")
    for ours in ("actual", "actual_class", "actual_at"):
        theirs_or_none = getattr(actuals, ours)
        if theirs_or_none is not None:
            yield Need(actuals.table, theirs_or_none, _kind(ours), f"actuals.columns.{camel(ours)}")
    for column, _ in actuals.where:
        yield Need(actuals.table, column, Kind.ANY, "actuals.where")


def _needs_of_versions(source: Source) -> Iterator[Need]:
    versions = source.versions
    if versions is None:
        return
    known = is_ours(versions.table, source)
    for ours in ("model_name", "environment", "model_version", "created_at", "archived_at"):
        theirs = getattr(versions, ours)
        if theirs is not None:
            yield Need(versions.table, theirs, Kind.ANY, f"versions.columns.{camel(ours)}", known)
    for group in ("where", "archived"):
        for column, _ in getattr(versions, group):
            yield Need(versions.table, column, Kind.ANY, f"versions.{group}")


def _kind(ours: str) -> Kind:
    if ours in NUMBERS:
        return Kind.NUMBER
    return Kind.TIME if ours in {"predicted_at", "actual_at"} else Kind.TEXT
