"""Tables of every make: rows written through a source's own names, and what the statement has to say about them."""

import asyncio
import random
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import psycopg
from psycopg import sql

from modelward.database.reader import PostgresReader
from modelward.database.secrets import read_connection
from modelward.domain.errors import SourceError
from modelward.domain.mapping import parse_source
from modelward.domain.quality import Quality, VersionCount
from modelward.domain.questions import Question
from modelward.domain.source import Source, Table
from rows import Row, answer

HOUR = timedelta(hours=1)
Raw = dict[str, Any]
Label = tuple[float | None, datetime | None]


def about(version: str = "v2", model: str = "m", **changes: Any) -> Question:
    """Ask about a version and its baseline v1, in a window of three hours."""
    plain: dict[str, Any] = {
        "environment": "",
        "window": 3 * HOUR,
        "label_delay": timedelta(0),
        "baseline_version": "v1",
    }
    return Question(model_name=model, version=version, **{**plain, **changes})


def execute(url: str, *statements: str) -> None:
    """Run statements as the owner."""
    with psycopg.connect(url, autocommit=True) as connection:
        for statement in statements:
            connection.execute(statement.encode())


def read(url: str, raw: Raw, *questions: Question) -> list[Quality | SourceError]:
    """Ask as the operator does, of a source as it stands in a resource."""

    async def ask() -> list[Quality | SourceError]:
        reader = PostgresReader()
        try:
            return await reader.read(read_connection("db", {"uri": url}), questions, parse_source(raw))
        finally:
            await reader.close()

    return asyncio.run(ask())


def versions(url: str, raw: Raw, model: str = "m") -> tuple[list[VersionCount], tuple[str, ...]]:
    """List versions, and those that are archived."""

    async def ask() -> tuple[list[VersionCount], tuple[str, ...]]:
        reader, source = PostgresReader(), parse_source(raw)
        connection = read_connection("db", {"uri": url})
        try:
            listed = await reader.versions(connection, model, "", source)
            return listed, await reader.archived(connection, model, "", source)
        finally:
            await reader.close()

    return asyncio.run(ask())


def any_rows(seed: int, now: datetime, number: int = 300) -> list[Row]:
    """Make rows of some requests, answered by several versions, some of them with a label."""
    dice = random.Random(seed)
    rows = []
    for i in range(number):
        at = now - timedelta(seconds=dice.uniform(0, 4 * 3600), microseconds=i)
        request = f"r{dice.randrange(number)}"
        actual = dice.randrange(1000) if dice.random() < 0.8 else None
        role = dice.choice(["live"] * 6 + ["shadow"])
        rows.append(
            Row("m", dice.choice(["v1", "v2", "v3"]), at, round(dice.gauss(500, 90)) / 2, actual, None, request, role)
        )
    return rows


def labels_of(rows: Sequence[Row], seed: int) -> dict[str, list[Label]]:
    """Make the labels of each request: none, one, or one that was corrected later."""
    dice, labels = random.Random(seed), {}
    for request in sorted({r.request_id for r in rows}):
        first = min(r.predicted_at for r in rows if r.request_id == request)
        labels[request] = [
            (dice.randrange(1000), first + timedelta(minutes=dice.uniform(1, 90), microseconds=n))
            for n in range(dice.choice([0, 1, 1, 1, 2, 3]))
        ]
    return labels


def joined(rows: Sequence[Row], labels: dict[str, list[Label]]) -> list[Row]:
    """Give each row each label of its request, as a join does."""
    return [
        replace(r, actual=actual, actual_at=at) for r in rows for actual, at in labels[r.request_id] or [(None, None)]
    ]


def write(url: str, source: Source, rows: Iterable[Row], **more: object) -> None:
    """Write rows of predictions by a source's names; `more` are further columns with their values."""
    bodies = []
    for number, row in enumerate(rows):
        of = {"model_name": row.model, "model_version": row.version}
        named = [name for name, theirs in source.columns.items() if theirs and (name in of or hasattr(row, name))]
        values: Raw = {name: of.get(name, getattr(row, name, None)) for name in named}
        values = {str(getattr(source.columns, name)): _local(value, source) for name, value in values.items()}
        if source.actuals is not None:
            values |= {mine: row.request_id for mine, _ in source.actuals.key}
        bodies.append(values | {k: v(number) if callable(v) else v for k, v in more.items()})
    _insert(url, source.predictions, bodies)


def write_labels(url: str, source: Source, labels: dict[str, list[Label]]) -> None:
    """Write labels into their own table."""
    actuals = source.actuals
    assert actuals is not None
    bodies = []
    for request, given in labels.items():
        for actual, at in given:
            body: Raw = {theirs: request for _, theirs in actuals.key}
            body |= {name: value for name, value in ((actuals.actual, actual), (actuals.actual_at, at)) if name}
            bodies.append({name: _local(value, source) for name, value in body.items()})
    _insert(url, actuals.table, bodies)


def _insert(url: str, table: Table, bodies: list[Raw]) -> None:
    names = list(bodies[0])
    statement = sql.SQL("COPY {} ({}) FROM STDIN").format(
        sql.Identifier(table.schema, table.name), sql.SQL(", ").join(map(sql.Identifier, names))
    )
    with psycopg.connect(url) as connection, connection.cursor() as cursor, cursor.copy(statement) as copy:
        for body in bodies:
            copy.write_row([body[name] for name in names])


def _local(value: Any, source: Source) -> Any:
    """Write a moment as the wall clock of the source's zone shows it, where that is not UTC."""
    if isinstance(value, datetime) and source.time_zone != "UTC":
        return value.astimezone(ZoneInfo(source.time_zone)).replace(tzinfo=None)
    return value


def assert_answers(found: Quality | SourceError, rows: Sequence[Row], question: Question) -> None:
    """Compare with the same sums made row by row."""
    assert isinstance(found, Quality), found
    assert found.now.tzinfo is UTC
    wanted = answer([r for r in rows if r.role == "live"], question, found.now)
    pairs = [(found.current, wanted.current), (found.baseline, wanted.baseline)]
    for mine, theirs in pairs:
        assert (mine is None) is (theirs is None)
        if mine and theirs:
            assert (mine.start, mine.end, mine.predictions) == (theirs.start, theirs.end, theirs.predictions)
            assert mine.sums.n == theirs.sums.n
            assert abs(mine.sums.sum_e2 - theirs.sums.sum_e2) <= 1e-6 * max(theirs.sums.sum_e2, 1.0)
    counts = [sorted((o.version, o.predictions) for o in q.others) for q in (found, wanted)]
    assert counts[0] == counts[1]


# -- tables that many tests use --------------------------------------------------------------------------------------

ALL = "m text, e text, r text, v text, k text, at timestamptz, y_hat float8, y float8, y_at timestamptz"
NAMES = {
    "modelName": "m",
    "environment": "e",
    "requestId": "r",
    "modelVersion": "v",
    "role": "k",
    "predictedAt": "at",
    "prediction": "y_hat",
    "actual": "y",
    "actualAt": "y_at",
}
PLAIN: Raw = {"predictions": {"table": "p", "columns": NAMES}}
BARE: Raw = {
    "predictions": {
        "table": "p",
        "columns": {"modelVersion": "v", "predictedAt": "at", "prediction": "y_hat", "actual": "y"},
        "absent": ["modelName", "environment", "requestId", "role"],
    }
}
BARE_DDL = "CREATE TABLE p (v int, at timestamptz, y_hat float8, y float8)"
APART: Raw = {
    "predictions": {
        "table": "p",
        "columns": {"modelVersion": "v", "predictedAt": "at", "prediction": "y_hat", "requestId": "id", "role": "k"},
        "absent": ["modelName", "environment"],
    },
    "actuals": {
        "table": "labels",
        "key": [{"predictions": "id", "actuals": "of"}],
        "columns": {"actual": "y", "actualAt": "known"},
    },
}
APART_DDL = (
    "CREATE TABLE p (id text, v text, k text, at timestamptz, y_hat float8);"
    "CREATE TABLE labels (of text, y numeric, known timestamptz); CREATE INDEX ON labels (of)"
)
