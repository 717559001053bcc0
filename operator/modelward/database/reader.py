"""The adapter of the QualityReader port: one connection for each database, one statement for each group."""

import asyncio
import math
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import psycopg
from psycopg.rows import DictRow, dict_row

from modelward.database.errors import explain_connect, explain_query, is_about_rows
from modelward.database.relations import query_for
from modelward.domain.errors import SourceError
from modelward.domain.quality import Quality, Sums, VersionCount, Window
from modelward.domain.questions import Connection, Question
from modelward.domain.reasons import Reason
from modelward.domain.source import OWN, Source

Row = dict[str, Any]
KEEPALIVE = {"keepalives_idle": 10, "keepalives_interval": 5, "keepalives_count": 3, "tcp_user_timeout": 10000}


@dataclass(slots=True)
class _Line:
    """One database: its open connection, if any, and who uses it."""

    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    connection: psycopg.AsyncConnection[DictRow] | None = None


class PostgresReader:
    """Reads with short, read-only transactions; `statements` counts the judging statements sent."""

    def __init__(
        self, *, statement_timeout: float = 5.0, lock_timeout: float = 1.0, connect_timeout: float = 5.0
    ) -> None:
        self._settings = {
            "statement_timeout": f"{round(statement_timeout * 1000)}ms",
            "lock_timeout": f"{round(lock_timeout * 1000)}ms",
        }
        self._connect_timeout = connect_timeout
        self._deadline = statement_timeout + connect_timeout + 5
        self._lines: dict[Connection, _Line] = {}
        self.statements = 0

    async def read(
        self, connection: Connection, questions: Sequence[Question], source: Source = OWN
    ) -> list[Quality | SourceError]:
        """Answer all questions with one statement; a group that fails by its rows is halved down to the culprit."""
        if not questions:
            return []
        try:
            rows = await self._ask(connection, "judge", _parameters(questions), source)
        except SourceError as error:
            if len(questions) == 1 or not is_about_rows(error):
                return [error] * len(questions)
            middle = len(questions) // 2
            first = await self.read(connection, questions[:middle], source)
            return first + await self.read(connection, questions[middle:], source)
        return _answers(questions, rows)

    async def versions(
        self, connection: Connection, model_name: str, environment: str, source: Source = OWN
    ) -> list[VersionCount]:
        """List the versions with live predictions, then those of the registry alone; raises SourceError."""
        which = {"model": model_name, "environment": environment}
        rows = await self._ask(connection, "versions", which, source)
        seen = [VersionCount(r["model_version"], r["predictions"]) for r in rows]
        names = {v.version for v in seen}
        registered = await self._registered(connection, which, source)
        return [VersionCount(r["model_version"], 0) for r in registered if r["model_version"] not in names] + seen

    async def archived(
        self, connection: Connection, model_name: str, environment: str, source: Source = OWN
    ) -> tuple[str, ...]:
        """List the versions that the registry, where there is one, calls archived; raises SourceError."""
        rows = await self._registered(connection, {"model": model_name, "environment": environment}, source)
        return tuple(r["model_version"] for r in rows if r["archived"])

    async def listen(self, connection: Connection) -> AsyncIterator[tuple[str, str, float]]:
        """Yield what the triggers of our tables announce; SourceError when the connection ends or cannot LISTEN."""
        link = await self._open(connection)
        try:
            await link.execute("LISTEN modelward")
            while True:  # what came along with the answer to LISTEN is there already: read first, then wait
                async for notice in link.notifies(timeout=0):
                    announced = _announced(notice.payload)
                    if announced is not None:
                        yield announced
                await _until_readable(link.fileno())
        except psycopg.Error as error:
            raise explain_query(error) from None
        finally:
            await link.close()

    async def close(self) -> None:
        """Close every connection."""
        for line in self._lines.values():
            await _discard(line)

    async def _registered(self, connection: Connection, which: dict[str, str], source: Source) -> list[Row]:
        there = await self._ask(connection, "has_registry", {}, source)
        return await self._ask(connection, "registered", which, source) if next(iter(there[0].values())) else []

    async def _ask(self, connection: Connection, query: str, parameters: dict[str, Any], source: Source) -> list[Row]:
        line = self._lines.setdefault(connection, _Line())
        try:
            async with (
                asyncio.timeout(self._deadline),
                line.lock,
                self._transaction(connection, line) as cursor,
            ):
                self.statements += query == "judge"
                await cursor.execute(query_for(query, source), parameters)
                return await cursor.fetchall()
        except TimeoutError:
            raise SourceError(Reason.DATABASE_UNREACHABLE, "the database did not answer in time") from None

    @asynccontextmanager
    async def _transaction(self, connection: Connection, line: _Line) -> AsyncIterator[psycopg.AsyncCursor[DictRow]]:
        link = await self._connect(connection, line)
        try:
            async with link.transaction(), link.cursor() as cursor:
                await cursor.execute(query_for("settings", OWN), self._settings)
                yield cursor
        except psycopg.Error as error:
            if link.broken or link.closed or error.sqlstate is None:
                await _discard(line)
            raise explain_query(error) from None
        except BaseException:
            await _discard(line)
            raise

    async def _connect(self, connection: Connection, line: _Line) -> psycopg.AsyncConnection[DictRow]:
        if line.connection is not None and not line.connection.closed:
            return line.connection
        link = await self._open(connection)
        await link.set_read_only(True)
        line.connection = link
        return link

    async def _open(self, connection: Connection) -> psycopg.AsyncConnection[DictRow]:
        try:
            return await psycopg.AsyncConnection.connect(
                **_keywords(connection),
                connect_timeout=round(self._connect_timeout),
                application_name="modelward",
                autocommit=True,
                prepare_threshold=None,
                row_factory=dict_row,
            )
        except (psycopg.Error, OSError, ValueError) as error:
            raise explain_connect(error) from None


async def _until_readable(descriptor: int) -> None:
    """Sleep until the server says something; waiting inside psycopg would wake up ten times a second."""
    loop = asyncio.get_running_loop()
    readable = loop.create_future()
    loop.add_reader(descriptor, lambda: None if readable.done() else readable.set_result(None))
    try:
        await readable
    finally:
        loop.remove_reader(descriptor)


def _announced(payload: str) -> tuple[str, str, float] | None:
    """Read what a trigger announced; anybody may NOTIFY, so nonsense is looked past."""
    try:
        model_name, environment, moment = payload.split("\x1f")
        at = float(moment)
    except ValueError:
        return None
    return (model_name, environment, at) if math.isfinite(at) else None


def _keywords(connection: Connection) -> dict[str, Any]:
    return {**KEEPALIVE, **dict(connection.parameters)}


async def _discard(line: _Line) -> None:
    link, line.connection = line.connection, None
    if link is not None:
        await link.close()


def _parameters(questions: Sequence[Question]) -> dict[str, Any]:
    return {
        "id": list(range(len(questions))),
        "model": [q.model_name for q in questions],
        "environment": [q.environment for q in questions],
        "version": [q.version for q in questions],
        "length": [q.window.total_seconds() for q in questions],
        "label_delay": [q.label_delay.total_seconds() for q in questions],
        "not_before": [q.not_before for q in questions],
        "baseline": [q.baseline_version for q in questions],
    }


def _answers(questions: Sequence[Question], rows: list[Row]) -> list[Quality | SourceError]:
    by_question: dict[int, list[Row]] = {}
    for row in rows:
        by_question.setdefault(row["id"], []).append(row)
    return [_quality(question, by_question[i]) for i, question in enumerate(questions)]


def _quality(question: Question, rows: list[Row]) -> Quality:
    current = [r for r in rows if r["part"] == "current"]
    own = next((r for r in current if r["model_version"] == question.version), None)
    baseline = next((r for r in rows if r["part"] == "baseline" and r["model_version"] is not None), None)
    others = (r for r in current if r["model_version"] not in {None, question.version})
    opens, closes, moment = current[0]["opens"], current[0]["closes"], current[0]["moment"]
    return Quality(
        now=moment,
        current=_window(own) if own else _empty(opens, closes),
        baseline=_window(baseline) if baseline else None,
        others=tuple(VersionCount(r["model_version"], r["predictions"]) for r in others),
    )


def _empty(opens: datetime, closes: datetime) -> Window:
    return Window(opens, closes)


def _window(row: Row) -> Window:
    sums = Sums(row["n"], row["mean_y"], row["m2_y"], row["sum_e"], row["sum_ae"], row["sum_e2"])
    return Window(row["opens"], row["closes"], row["predictions"], row["bad_predictions"], row["bad_labels"], sums)
