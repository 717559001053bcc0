"""What `modelward db check` looks at: an ordered list of small functions, each from facts to findings. Pure.

A problem is something that keeps the operator from judging, or makes it expensive; a note is something to know.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum

from psycopg import sql

from modelward.database.inspection import REAL_TABLES, Column, Found, Problem, find_problems
from modelward.database.own import TABLES, definitions, is_ours
from modelward.domain.source import Source, Table

OLDEST = 130000
TEXTS = frozenset({"text", "character varying"})
NAIVE = frozenset({"timestamp without time zone", "date"})
WITH_ZONE = "timestamp with time zone"
MOST_SKEW = 60.0
SOURCE = "database.source"


class Level(StrEnum):
    """How much a finding matters."""

    OK = "ok"
    NOTE = "note"
    PROBLEM = "problem"


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the answer; `mend` are statements (or a command of ours) that make it go away."""

    level: Level
    about: str
    sentence: str
    mend: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Server:
    """The server and our session there."""

    version_num: int
    version: str
    user: str
    standby: bool
    pooled: bool
    time_zone: str
    now: datetime
    asked_at: datetime
    staleness: str | None = None


@dataclass(frozen=True, slots=True)
class Cost:
    """What the planner expects of one judging statement about one model; `scans` name how a table is read.

    `uncounted` are tables that ANALYZE never saw, so that the rest is a guess.
    """

    total: float
    rows: float
    scans: tuple[tuple[str, str], ...] = ()
    uncounted: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Facts:
    """All that was read; `zone_named`: the resource says in which zone times without one are."""

    source: Source
    server: Server
    catalogue: Mapping[Table, Found]
    neighbours: Sequence[Table]
    indexes: Mapping[Table, Sequence[tuple[str | None, ...]]] = field(default_factory=dict)
    sizes: Mapping[Table, float] = field(default_factory=dict)
    initialised: bool = False
    triggers: int = 0
    cost: Cost | None = None
    refusal: str = ""
    zone_named: bool = False
    book_grants: tuple[str, ...] = ()
    """What the user lacks to keep changes, and what is looked after, in schema modelward."""


def examine(facts: Facts) -> list[Finding]:
    """Run every check; the order is the order of the answer."""
    return [finding for check in CHECKS for finding in check(facts)]


def check_server(facts: Facts) -> Iterator[Finding]:
    """Version, role, clock and zone."""
    server = facts.server
    level = Level.PROBLEM if server.version_num < OLDEST else Level.OK
    needed = ": version 13 or newer is needed" if level is Level.PROBLEM else ""
    yield Finding(level, "server", f"PostgreSQL {server.version}{needed}, time zone {server.time_zone}")
    if server.standby:
        if server.staleness:
            yield Finding(Level.PROBLEM, "standby", server.staleness)
        else:
            yield Finding(Level.NOTE, "standby", "a standby, up to date; labels are not announced by a standby")
    skew = (server.now - server.asked_at).total_seconds()
    if abs(skew) > MOST_SKEW:
        ahead = "ahead of" if skew > 0 else "behind"
        yield Finding(Level.NOTE, "clock", f"its clock is {abs(skew):.0f} s {ahead} this machine's; its own one counts")


def check_pooler(facts: Facts) -> Iterator[Finding]:
    """A pooler does no harm, but LISTEN does not go through it."""
    if facts.server.pooled:
        told = "a pooler stands in between: labels are announced only past it, by the key directUri of the Secret"
        yield Finding(Level.NOTE, "pooler", told)


def check_tables(facts: Facts) -> Iterator[Finding]:
    """Tables, columns, types and rights."""
    problems = _problems(facts)
    for problem in problems:
        yield Finding(Level.PROBLEM, "tables", problem.sentence, problem.mend)
    if not facts.initialised and any(mend.startswith("ALTER TABLE") for problem in problems for mend in problem.mend):
        there = " and ".join(str(of) for of in TABLES if of in facts.catalogue)
        told = f"modelward db init did not make {there}: map what is not ours with {SOURCE} instead of altering it"
        yield Finding(Level.NOTE, "tables", told)
    if not problems:
        names = ", ".join(str(table) for table in facts.catalogue)
        yield Finding(Level.OK, "tables", f"{names}: every column is there and may be read")


def check_zones(facts: Facts) -> Iterator[Finding]:
    """Columns without a time zone are read in the one that the resource names."""
    source = facts.source
    naive = [column for column, found in _times(facts) if found in NAIVE]
    if not naive:
        return
    told = f"read as {source.time_zone} (database.source.timeZone)"
    if not facts.zone_named:
        told = f"timeZone is not set: read as {source.time_zone}; set {SOURCE}.timeZone if the clock is another"
    yield Finding(Level.NOTE, "time zone", f"{', '.join(naive)} without time zone: {told}")


def check_indexes(facts: Facts) -> Iterator[Finding]:
    """An index leads from the model's name to the time, and then to the version."""
    source, found = facts.source, _mended(facts)
    time, version = source.columns.predicted_at, source.columns.model_version
    if found is None or found.relkind not in REAL_TABLES or time not in found.columns:
        return
    equal = _texts((source.columns.model_name, source.columns.environment, *(c for c, _ in source.where)), found)
    if any(_serves(index, equal, time) for index in facts.indexes.get(source.predictions, ())):
        yield Finding(Level.OK, "index", f"{source.predictions} has one that serves")
    else:
        yield _missing_index(source.predictions, [*equal, str(time), *_texts((version,), found)], found)


def check_key(facts: Facts) -> Iterator[Finding]:
    """An index on actuals begins with their key."""
    actuals = facts.source.actuals
    found = facts.catalogue.get(actuals.table) if actuals is not None else None
    if actuals is None or found is None or found.relkind not in REAL_TABLES:
        return
    keys = [theirs for _, theirs in actuals.key]
    led = any(index[:1] and index[0] in keys for index in facts.indexes.get(actuals.table, ()))
    if not led and all(key in found.columns for key in keys):
        yield _missing_index(actuals.table, keys, found)


def check_labels(facts: Facts) -> Iterator[Finding]:
    """Whether labels announce themselves."""
    if not facts.source.is_ours:
        told = "labels in a table that is not ours do not announce themselves: checkInterval decides"
        yield Finding(Level.NOTE, "labels", told)
    elif facts.source.predictions in facts.catalogue:
        if facts.triggers >= 2:
            yield Finding(Level.OK, "labels", "announce themselves: a check follows at once")
        else:
            yield Finding(Level.NOTE, "labels", "do not announce themselves: checkInterval decides")


def check_books(facts: Facts) -> Iterator[Finding]:
    """Whether the operator may keep changes and claims; it judges and rolls back without."""
    if not facts.initialised:
        told = "no schema modelward: changes are not kept, and who rolls back here is not told of a cluster"
        yield Finding(Level.NOTE, "books", f"{told} (modelward db init)")
    elif facts.book_grants:
        told = "changes are not kept, or who rolls back here is not told of a cluster, without these rights"
        yield Finding(Level.NOTE, "books", told, facts.book_grants)
    else:
        yield Finding(Level.OK, "books", "modelward.audit and modelward.managed may be written")


def check_cost(facts: Facts) -> Iterator[Finding]:
    """Rows there are, and what the planner expects a check to take."""
    for table, rows in facts.sizes.items():
        counted = f"about {rows:,.0f} rows" if rows >= 0 else "never counted: run ANALYZE for an estimate"
        yield Finding(Level.NOTE, "size", f"{table}: {counted}")
    if facts.refusal and not _problems(facts):
        yield Finding(Level.PROBLEM, "cost", f"the judging statement is refused: {facts.refusal}")
    if facts.cost is not None:
        yield Finding(Level.NOTE, "cost", _tell_cost(facts, facts.cost))


CHECKS: tuple[Callable[[Facts], Iterator[Finding]], ...] = (
    check_server,
    check_pooler,
    check_tables,
    check_zones,
    check_indexes,
    check_key,
    check_labels,
    check_books,
    check_cost,
)


def _problems(facts: Facts) -> list[Problem]:
    user, initialised = facts.server.user, facts.initialised
    return find_problems(facts.source, facts.catalogue, facts.neighbours, user, initialised=initialised)


def _mended(facts: Facts) -> Found | None:
    """See the predictions' table with the columns that it gets where it is ours, so that its index leads to them."""
    of = facts.source.predictions
    found = facts.catalogue.get(of)
    if found is None or not is_ours(of, facts.source):
        return found
    bases = {name: WITH_ZONE if "timestamptz" in definition else "text" for name, definition in definitions(of).items()}
    columns = {name: Column(base, base, readable=True) for name, base in bases.items()}
    return replace(found, columns={**columns, **found.columns})


def _tell_cost(facts: Facts, cost: Cost) -> str:
    how = "; ".join(f"{table} by {scan}" for table, scan in cost.scans)
    actuals = facts.source.actuals
    read = [facts.source.predictions, *([actuals.table] if actuals else [])]
    uncounted = dict.fromkeys([*(str(table) for table in read if facts.sizes.get(table, 0) < 0), *cost.uncounted])
    if uncounted:
        return f"not known until ANALYZE has counted {', '.join(uncounted)}; {how}"
    return (
        "an estimate, not a measurement: for one model of average size the planner expects to read about "
        f"{cost.rows:,.0f} rows at a cost of {cost.total:,.0f} (a page read in sequence is 1), {how}"
    )


def _times(facts: Facts) -> Iterator[tuple[str, str]]:
    source = facts.source
    wanted = [(source.predictions, source.columns.predicted_at), (source.predictions, source.columns.actual_at)]
    if source.actuals is not None:
        wanted[1:] = [(source.actuals.table, source.actuals.actual_at)]
    for table, name in wanted:
        found = facts.catalogue.get(table)
        if found is not None and name is not None and name in found.columns:
            yield f"{table}.{name}", found.columns[name].base


def _texts(names: Iterable[str | None], found: Found) -> list[str]:
    """Keep the columns that can lead an index: text, since other types are compared by a cast."""
    there = (name for name in names if name is not None and name in found.columns)
    return [name for name in there if found.columns[name].base in TEXTS]


def _serves(index: tuple[str | None, ...], equal: list[str], time: str | None) -> bool:
    before = index[: index.index(time)] if time in index else None
    if before is None:
        return False
    return all(name in equal for name in before) and (not equal or equal[0] in before)


def _missing_index(table: Table, columns: list[str], found: Found) -> Finding:
    concurrently = sql.SQL("" if found.relkind == "p" else "CONCURRENTLY ")  # not to be had on a partitioned table
    create = sql.SQL("CREATE INDEX {}ON {} ({});").format(
        concurrently,
        sql.Identifier(table.schema, table.name),
        sql.SQL(", ").join(sql.Identifier(name) for name in columns),
    )
    told = f"{table} has no index that begins with {', '.join(columns)}: every check reads the whole table"
    return Finding(Level.PROBLEM, "index", told, (create.as_string(),))
