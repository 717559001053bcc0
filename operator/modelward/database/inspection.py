"""What a source needs against what the catalogue says there is: each difference a sentence, with what mends it.

Pure: it is told what `pg_catalog` says (queries `catalog` and `neighbours`) and asks nothing itself.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Any, LiteralString

from psycopg import sql

from modelward.database.needs import NUMERIC, Kind, Need, needs_of
from modelward.database.own import INIT, TABLES, addition, conversion, has_default, is_ours, ways_to_make
from modelward.domain.reasons import Reason
from modelward.domain.source import OWN, Source, Table

MOST_NAMES = 20
REAL_TABLES = frozenset({"r", "p"})


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


def find_problems(
    source: Source, catalogue: Catalogue, neighbours: Neighbours, user: str | None, *, initialised: bool = False
) -> list[Problem]:
    """Compare; tables that are missing are told before columns, columns before rights.

    `user` None: its name is not to be told. `initialised`: `modelward db init` was here.
    """
    needs = [n for n in needs_of(source) if not _may_be_missing(n.table, source, catalogue)]
    tables = dict.fromkeys(need.table for need in needs)
    ways = _ways(source, catalogue, neighbours, initialised=initialised)
    missing = [_missing_table(of, neighbours, ways) for of in tables if of not in catalogue]
    there = [need for need in needs if need.table in catalogue]
    absent = [n for n in there if n.column not in catalogue[n.table].columns]
    unfit = [n for n in there if n not in absent and not n.kind.takes(catalogue[n.table].columns[n.column].base)]
    return [
        *missing,
        *(_missing_columns(of, [n for n in there if n.table == of], catalogue[of]) for of in _tables(absent)),
        *(_unfit_column(n, catalogue[n.table]) for n in unfit),
        *_unlike_keys(source, catalogue),
        *_rights([n for n in there if n not in absent], catalogue, user),
    ]


def _may_be_missing(of: Table, source: Source, catalogue: Catalogue) -> bool:
    versions = source.versions
    return versions is not None and versions.optional and of == versions.table and of not in catalogue


def _tables(needs: Iterable[Need]) -> list[Table]:
    return list(dict.fromkeys(need.table for need in needs))


def _ways(
    source: Source, catalogue: Catalogue, neighbours: Neighbours, *, initialised: bool
) -> Mapping[Table, tuple[str, ...]]:
    """Say how to make the one table that can be made, where it is the one that is meant."""
    if not is_ours(OWN.predictions, source):
        return {}
    others = any(of in catalogue or of in neighbours for of in TABLES if of != OWN.predictions)
    return {OWN.predictions: ways_to_make(initialised=initialised, versions_there=others)}


def _missing_table(of: Table, neighbours: Neighbours, ways: Mapping[Table, tuple[str, ...]]) -> Problem:
    same = [str(t) for t in neighbours if of.name in {t.name, str(t)}]
    beside = [t.name for t in neighbours if t.schema == of.schema]
    if same:
        there = f"there is {', '.join(same[:MOST_NAMES])}"
    elif beside:
        there = f"schema {of.schema} has: {_listed(beside)}"
    else:
        there = f"schema {of.schema} has no table, or there is no such schema"
    mend = ways.get(of, ())
    how = f"; {INIT} makes it" if mend == (INIT,) else "; modelward db check prints what makes it" if mend else ""
    return Problem(Reason.SCHEMA_MISMATCH, f"there is no table {of}; {there}{how}", mend)


def _missing_columns(of: Table, needs: Sequence[Need], found: Found) -> Problem:
    """Say all that one table lacks in one sentence; a column of ours is added, another is named rightly."""
    absent: dict[str, list[Need]] = {}
    for need in needs:
        if need.column not in found.columns:
            absent.setdefault(need.column, []).append(need)
    lacking = ", ".join(_lacking(column, named, needs, found) for column, named in absent.items())
    there = _listed([f"{name} ({column.type})" for name, column in found.columns.items()])
    ours = [column for column, named in absent.items() if all(need.ours for need in named)]
    alterable = ours if found.relkind in REAL_TABLES else []
    bare = ", ".join(column for column in alterable if not has_default(of, column))
    rows = f"; rows that are there have no {bare}: alter the table only while it is empty" if bare else ""
    sentence = f"{of} has no column{'s' if len(absent) > 1 else ''} {lacking}; it has: {there}{rows}"
    return Problem(Reason.SCHEMA_MISMATCH, sentence, tuple(addition(of, column) for column in alterable))


def _lacking(column: str, named: Sequence[Need], needs: Sequence[Need], found: Found) -> str:
    """Name a column that is not there; where a resource names it, with the field and what may be meant."""
    fields = list(dict.fromkeys(need.field for need in named if not need.ours))
    if not fields:
        return column
    meant = _meant(column, named, needs, found)
    hint = f": did you mean {_quoted(meant)}?" if meant else ""
    if not meant and all(need.by_default for need in named):
        hint = ": name it there, or in absent"
    return f"{column} ({', '.join(fields)}{hint})"


def _meant(column: str, named: Sequence[Need], needs: Sequence[Need], found: Found) -> str | None:
    """Find the column that is called most alike, and is not another one's already."""
    plain = all(need.in_columns for need in named)
    taken = {need.column for need in needs if need.in_columns} if plain else set()
    free = {name.casefold(): name for name in found.columns if name not in taken}
    return next((free[name] for name in get_close_matches(column.casefold(), free, n=1)), None)


def _unfit_column(need: Need, found: Found) -> Problem:
    wanted = "a number" if need.kind is Kind.NUMBER else "a time (timestamptz, timestamp or date)"
    there, named = found.columns[need.column].type, "" if need.ours else f" ({need.field})"
    sentence = f"column {need.column} of {need.table}{named} is {there}; it must be {wanted}"
    if not need.ours:
        return Problem(Reason.SCHEMA_MISMATCH, f"{sentence}; a view can give it so")
    change = (conversion(need.table, need.column, need.kind.value),) if found.relkind in REAL_TABLES else ()
    return Problem(Reason.SCHEMA_MISMATCH, sentence, change)


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


def _rights(needs: list[Need], catalogue: Catalogue, user: str | None) -> Iterator[Problem]:
    tables = _tables(needs)
    for schema in dict.fromkeys(of.schema for of in tables if not catalogue[of].schema_usable):
        name = sql.Identifier(schema)
        yield _denied(f"schema {schema} may not be used", "GRANT USAGE ON SCHEMA {} TO {};", name, user)
    for of in tables:
        columns = catalogue[of].columns
        if not all(columns[n.column].readable for n in needs if n.table == of):
            yield _denied(f"{of} may not be read", "GRANT SELECT ON {} TO {};", _table(of), user)


def _denied(sentence: str, statement: LiteralString, on: sql.Composable, user: str | None) -> Problem:
    """Without the user's name there stands what the server refuses, lest somebody grants to a role called so."""
    grant = sql.SQL(statement).format(on, sql.SQL("<user>") if user is None else sql.Identifier(user))
    return Problem(Reason.PERMISSION_DENIED, sentence, (grant.as_string(),))


def _quoted(name: str) -> str:
    return f'"{name}"'


def _table(of: Table) -> sql.Identifier:
    return sql.Identifier(of.schema, of.name)


def _listed(names: Sequence[str]) -> str:
    more = len(names) - MOST_NAMES
    return ", ".join(names[:MOST_NAMES]) + (f" and {more} more" if more > 0 else "")
