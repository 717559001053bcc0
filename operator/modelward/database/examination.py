"""Gathers the facts for `modelward db check`: one link, one read-only transaction, nothing changed."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
from psycopg import sql

from modelward.database.answers import parameters
from modelward.database.checks import Cost, Facts, Server
from modelward.database.errors import explain_query
from modelward.database.inspection import read_catalogue
from modelward.database.links import Bounds, Link, Row, find_staleness, open_link
from modelward.database.needs import needed_tables
from modelward.database.reader import statement_for
from modelward.database.relations import bound_values, compose, query_for
from modelward.domain.questions import Connection, Question
from modelward.domain.source import OWN, Source, Table

DAY = timedelta(hours=24)
SCANS = {
    "Seq Scan": "reading all of it",
    "Index Scan": "index",
    "Index Only Scan": "index",
    "Bitmap Heap Scan": "index",
}


async def gather_facts(
    connection: Connection, source: Source, model_name: str, environment: str, bounds: Bounds | None = None
) -> Facts:
    """Read all that the checks want to know; SourceError where there is no connection, or it is lost."""
    bounds = bounds or Bounds()
    link = await open_link(connection.parameters, bounds.connect_timeout)
    try:
        await link.set_read_only(True)
        async with link.transaction():
            return await _gather(link, bounds, source, Question(model_name, environment, "", DAY, timedelta(0)))
    except psycopg.Error as error:
        raise explain_query(error) from None
    finally:
        await link.close()


async def _gather(link: Link, bounds: Bounds, source: Source, question: Question) -> Facts:
    await link.execute(query_for("settings", OWN), bounds.settings(source.time_zone))
    tables = needed_tables(source)
    which = {"schemas": [t.schema for t in tables], "tables": [t.name for t in tables]}
    ours = {"schema": source.predictions.schema, "table": source.predictions.name}
    catalogue = read_catalogue(await _ask(link, "catalog", which))
    (preparation,) = await _ask(link, "preparation", ours)
    cost, refusal = await _estimate(link, source, question) if source.predictions in catalogue else (None, "")
    return Facts(
        source=source,
        server=await _look_at_server(link, bounds),
        catalogue=catalogue,
        neighbours=[_table(row) for row in await _ask(link, "neighbours", which)],
        indexes=_by_table(await _ask(link, "indexes", which)),
        sizes=await _sizes(link, tables),
        initialised=preparation["initialised"],
        triggers=preparation["triggers"],
        book_grants=await _book_grants(link),
        cost=cost,
        refusal=refusal,
    )


async def _look_at_server(link: Link, bounds: Bounds) -> Server:
    (row,) = await _ask(link, "server", {})
    return Server(
        version_num=row["version_num"],
        version=row["version"],
        user=row["user"],
        standby=row["standby"],
        pooled=row["pid"] != link.info.backend_pid,
        time_zone=row["time_zone"],
        now=row["now"],
        asked_at=datetime.now(UTC),
        staleness=await _find_staleness(link, bounds) if row["standby"] else None,
    )


async def _find_staleness(link: Link, bounds: Bounds) -> str | None:
    try:
        async with link.transaction():
            (row,) = await _ask(link, "replica", {})
    except psycopg.errors.FeatureNotSupported:
        return None
    return find_staleness(row, bounds.replica_lag)


async def _estimate(link: Link, source: Source, question: Question) -> tuple[Cost | None, str]:
    """Let the planner say what a check costs; where it refuses the statement, say why."""
    explain = sql.SQL("EXPLAIN (FORMAT JSON, VERBOSE) ") + compose(statement_for([question]), source)
    values = {**parameters([question], source), **bound_values(source)}
    try:
        async with link.transaction():
            row = await (await link.execute(explain, values)).fetchone()
    except psycopg.Error as error:
        return None, str(explain_query(error))
    plan = row["QUERY PLAN"][0]["Plan"] if row else {}
    scans = [node for node in _nodes(plan) if "Relation Name" in node]
    names = dict.fromkeys((node["Relation Name"], SCANS.get(node["Node Type"], node["Node Type"])) for node in scans)
    rows = sum(node["Plan Rows"] for node in scans)
    read = dict.fromkeys(Table(node["Schema"], node["Relation Name"]) for node in scans)
    uncounted = [str(table) for table, counted in (await _sizes(link, list(read))).items() if counted < 0]
    return Cost(plan["Total Cost"], rows, tuple(names), tuple(uncounted)), ""


async def _book_grants(link: Link) -> tuple[str, ...]:
    role = sql.SQL("{}").format(sql.Identifier((await _ask(link, "server", {}))[0]["user"])).as_string()
    return tuple(f"GRANT {row['privilege']} ON {row['object']} TO {role};" for row in await _ask(link, "books", {}))


async def _sizes(link: Link, tables: Sequence[Table]) -> dict[Table, float]:
    which = {"schemas": [t.schema for t in tables], "tables": [t.name for t in tables]}
    return {_table(row): row["rows"] for row in await _ask(link, "sizes", which)}


def _nodes(plan: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    yield plan
    for child in plan.get("Plans", ()):
        yield from _nodes(child)


async def _ask(link: Link, query: str, which: dict[str, Any]) -> list[Row]:
    return await (await link.execute(query_for(query, OWN), which)).fetchall()


def _table(row: Row) -> Table:
    return Table(row["schema"], row["name"])


def _by_table(rows: Sequence[Row]) -> dict[Table, list[tuple[str | None, ...]]]:
    found: dict[Table, list[tuple[str | None, ...]]] = {}
    for row in rows:
        found.setdefault(_table(row), []).append(tuple(row["columns"]))
    return found
