"""What a source needs against what the catalogue says there is: each difference a sentence, with what mends it.

Pure: it is told what `pg_catalog` says (queries `catalog` and `neighbours`) and asks nothing itself.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, LiteralString

from psycopg import sql

from modelward.database.relations import NUMBERS
from modelward.domain.codec import camel
from modelward.domain.reasons import Reason
from modelward.domain.source import OWN, Source, Table

MOST_NAMES = 20
NUMERIC = frozenset({"smallint", "integer", "bigint", "real", "double precision", "numeric"})
TIMES = frozenset({"timestamp with time zone", "timestamp without time zone", "date"})
REAL_TABLES = frozenset({"r", "p"})


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
    """A column that is read, and the field of the resource that names it."""

    table: Table
    column: str
    kind: Kind
    named_by: str


@dataclass(frozen=True, slots=True)
class Column:
    """A column as it is: `type` as people write it, `base` without length and domain."""

    type: str
    base: str
    readable: bool


@dataclass(frozen=True, slots=True)
class Found:
    """A table as it is; `relkind` is PostgreSQL's letter for table, partitioned table, view and so on."""

    relkind: str
    schema_usable: bool
    columns: Mapping[str, Column] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Problem:
    """What does not fit, and the statements that mend it, where any can."""

    reason: Reason
    sentence: str
    mend: tuple[str, ...] = ()


Catalogue = Mapping[Table, Found]
Neighbours = Sequence[Table]


def read_catalogue(rows: Iterable[Mapping[str, Any]]) -> dict[Table, Found]:
    """Make a catalogue of the rows of the query `catalog`."""
    tables: dict[Table, tuple[str, bool, dict[str, Column]]] = {}
    for row in rows:
        of = Table(row["schema"], row["name"])
        _, _, columns = tables.setdefault(of, (row["relkind"], row["usable"], {}))
        if row["column"] is not None:
            columns[row["column"]] = Column(row["type"], row["base"], row["readable"])
    return {of: Found(*parts) for of, parts in tables.items()}


def needs_of(source: Source) -> Iterator[Need]:
    """List every column that is read of a source."""
    path = "predictions.columns."
    own = {name for name in ("actual", "actual_class", "actual_at") if source.actuals is not None}
    for ours, theirs in source.columns.items():
        if theirs is not None and ours not in own:
            yield Need(source.predictions, theirs, _kind(ours), path + camel(ours))
    for column, _ in source.where:
        yield Need(source.predictions, column, Kind.ANY, "predictions.where")
    yield from _needs_of_actuals(source)
    yield from _needs_of_versions(source)


def needed_tables(source: Source) -> list[Table]:
    """List the tables that are read, each once."""
    return list(dict.fromkeys(need.table for need in needs_of(source)))


def find_problems(source: Source, catalogue: Catalogue, neighbours: Neighbours, user: str) -> list[Problem]:
    """Compare; tables that are missing are told before columns, columns before rights."""
    needs = [n for n in needs_of(source) if not _may_be_missing(n.table, source, catalogue)]
    tables = dict.fromkeys(need.table for need in needs)
    missing = [_missing_table(of, neighbours) for of in tables if of not in catalogue]
    there = [need for need in needs if need.table in catalogue]
    absent = [n for n in there if n.column not in catalogue[n.table].columns]
    unfit = [n for n in there if n not in absent and not n.kind.takes(catalogue[n.table].columns[n.column].base)]
    return [
        *missing,
        *(_missing_column(n, catalogue[n.table]) for n in absent),
        *(_unfit_column(n, catalogue[n.table]) for n in unfit),
        *_unlike_keys(source, catalogue),
        *_rights([n for n in there if n not in absent], catalogue, user),
    ]


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
    for ours in ("model_name", "environment", "model_version", "created_at", "archived_at"):
        theirs = getattr(versions, ours)
        if theirs is not None:
            yield Need(versions.table, theirs, Kind.ANY, f"versions.columns.{camel(ours)}")
    for group in ("where", "archived"):
        for column, _ in getattr(versions, group):
            yield Need(versions.table, column, Kind.ANY, f"versions.{group}")


def _kind(ours: str) -> Kind:
    if ours in NUMBERS:
        return Kind.NUMBER
    return Kind.TIME if ours in {"predicted_at", "actual_at"} else Kind.TEXT


def _may_be_missing(of: Table, source: Source, catalogue: Catalogue) -> bool:
    versions = source.versions
    return versions is not None and versions.optional and of == versions.table and of not in catalogue


def _missing_table(of: Table, neighbours: Neighbours) -> Problem:
    same = [str(t) for t in neighbours if of.name in {t.name, str(t)}]
    beside = [t.name for t in neighbours if t.schema == of.schema]
    if same:
        there = f"there is {', '.join(same[:MOST_NAMES])}"
    elif beside:
        there = f"schema {of.schema} has: {_listed(beside)}"
    else:
        there = f"schema {of.schema} has no table, or there is no such schema"
    return Problem(Reason.SCHEMA_MISMATCH, f"there is no table {of}; {there}")


def _missing_column(need: Need, found: Found) -> Problem:
    there = _listed([f"{name} ({column.type})" for name, column in found.columns.items()])
    sentence = f"{need.table} has no column {need.column} ({_field(need)}); it has: {there}"
    kind = need.kind.value or "text"
    add = sql.SQL("ALTER TABLE {} ADD COLUMN {} {}").format(
        _table(need.table), sql.Identifier(need.column), sql.SQL(kind)
    )
    mend = (add.as_string(),) if found.relkind in REAL_TABLES else ()
    return Problem(Reason.SCHEMA_MISMATCH, sentence, mend)


def _unfit_column(need: Need, found: Found) -> Problem:
    wanted = "a number" if need.kind is Kind.NUMBER else "a time (timestamptz, timestamp or date)"
    there = found.columns[need.column].type
    sentence = f"column {need.column} of {need.table} ({_field(need)}) is {there}; it must be {wanted}"
    change = sql.SQL("ALTER TABLE {} ALTER COLUMN {c} TYPE {t} USING {c}::text::{t}").format(
        _table(need.table), c=sql.Identifier(need.column), t=sql.SQL(need.kind.value)
    )
    return Problem(Reason.SCHEMA_MISMATCH, sentence, (change.as_string(),) if found.relkind in REAL_TABLES else ())


def _unlike_keys(source: Source, catalogue: Catalogue) -> Iterator[Problem]:
    """A text and a number cannot be compared, and a cast would cost the index."""
    for mine, theirs in source.actuals.key if source.actuals else ():
        left = _column(catalogue, source.predictions, mine)
        right = _column(catalogue, source.actuals.table, theirs) if source.actuals else None
        if left and right and _family(left.base) != _family(right.base):
            sentence = (
                f"column {mine} of {source.predictions} is {left.type} and column {theirs} of "
                f"{source.actuals.table if source.actuals else ''} is {right.type} (actuals.key): they must be alike"
            )
            yield Problem(Reason.SCHEMA_MISMATCH, sentence)


def _column(catalogue: Catalogue, of: Table, name: str) -> Column | None:
    found = catalogue.get(of)
    return found.columns.get(name) if found else None


def _family(base: str) -> str:
    if base in {"text", "character varying", "character", "name"}:
        return "text"
    return "number" if base in NUMERIC else base


def _rights(needs: list[Need], catalogue: Catalogue, user: str) -> Iterator[Problem]:
    for of in dict.fromkeys(need.table for need in needs):
        found = catalogue[of]
        if not found.schema_usable:
            yield _denied(
                f"schema {of.schema} may not be used", "GRANT USAGE ON SCHEMA {} TO {}", sql.Identifier(of.schema), user
            )
        if not all(found.columns[n.column].readable for n in needs if n.table == of):
            yield _denied(f"{of} may not be read", "GRANT SELECT ON {} TO {}", _table(of), user)


def _denied(sentence: str, statement: LiteralString, on: sql.Composable, user: str) -> Problem:
    grant = sql.SQL(statement).format(on, sql.Identifier(user))
    return Problem(Reason.PERMISSION_DENIED, sentence, (grant.as_string(),))


def _field(need: Need) -> str:
    own = need.table in {OWN.predictions, OWN.versions.table if OWN.versions else None}
    return camel(need.column) if own else f"database.source.{need.named_by}"


def _table(of: Table) -> sql.Identifier:
    return sql.Identifier(of.schema, of.name)


def _listed(names: Sequence[str]) -> str:
    more = len(names) - MOST_NAMES
    return ", ".join(names[:MOST_NAMES]) + (f" and {more} more" if more > 0 else "")
