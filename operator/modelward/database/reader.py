"""The adapter of the QualityReader port: one connection for each database, one statement for each group."""

import asyncio
import math
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import psycopg
from psycopg.rows import DictRow, dict_row

from modelward.database.answers import answers, parameters, span_parameters, spanned
from modelward.database.errors import explain_connect, explain_query, is_about_rows
from modelward.database.queries import named_query, text_of
from modelward.database.statements import judging, spanning
from modelward.domain.errors import SourceError
from modelward.domain.quality import Quality, Sums, VersionCount
from modelward.domain.questions import Connection, Question, Span
from modelward.domain.reasons import Reason

Row = dict[str, Any]
JUDGING = text_of("judge").partition("[")[0]
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

    async def read(self, connection: Connection, questions: Sequence[Question]) -> list[Quality | SourceError]:
        """Answer all questions with one statement; a group that fails by its rows is halved down to the culprit."""
        if not questions:
            return []
        try:
            rows = await self._ask(connection, statement_for(questions), parameters(questions))
        except SourceError as error:
            if len(questions) == 1 or not is_about_rows(error):
                return [error] * len(questions)
            middle = len(questions) // 2
            first = await self.read(connection, questions[:middle])
            return first + await self.read(connection, questions[middle:])
        return answers(questions, rows)

    async def spans(
        self, connection: Connection, question: Question, spans: Sequence[Span]
    ) -> list[dict[str, dict[int, Sums]]]:
        """Sum stretches of time bucket by bucket, for each version that has rows there; raises SourceError."""
        parts = frozenset(span.comparison for span in spans)
        statement = spanning(frozenset(question.families), parts, relative=question.relative)
        return spanned(spans, await self._ask(connection, statement, span_parameters(question, spans)))

    async def versions(self, connection: Connection, model_name: str, environment: str) -> list[VersionCount]:
        """List the versions with live predictions, then those of the registry alone; raises SourceError."""
        which = {"model": model_name, "environment": environment}
        seen = [
            VersionCount(r["model_version"], r["predictions"])
            for r in await self._ask(connection, text_of("versions"), which)
        ]
        names = {v.version for v in seen}
        registered = await self._registered(connection, which)
        return [VersionCount(r["model_version"], 0) for r in registered if r["model_version"] not in names] + seen

    async def archived(self, connection: Connection, model_name: str, environment: str) -> tuple[str, ...]:
        """List the versions that the registry, where there is one, calls archived; raises SourceError."""
        rows = await self._registered(connection, {"model": model_name, "environment": environment})
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

    async def _registered(self, connection: Connection, which: dict[str, str]) -> list[Row]:
        there = await self._ask(connection, text_of("has_registry"), {})
        return await self._ask(connection, text_of("registered"), which) if next(iter(there[0].values())) else []

    async def _ask(self, connection: Connection, statement: str, parameters: dict[str, Any]) -> list[Row]:
        line = self._lines.setdefault(connection, _Line())
        try:
            async with (
                asyncio.timeout(self._deadline),
                line.lock,
                self._transaction(connection, line) as cursor,
            ):
                self.statements += statement.startswith(JUDGING)
                await cursor.execute(statement.encode(), parameters)
                return await cursor.fetchall()
        except TimeoutError:
            raise SourceError(Reason.DATABASE_UNREACHABLE, "the database did not answer in time") from None

    @asynccontextmanager
    async def _transaction(self, connection: Connection, line: _Line) -> AsyncIterator[psycopg.AsyncCursor[DictRow]]:
        link = await self._connect(connection, line)
        try:
            async with link.transaction(), link.cursor() as cursor:
                await cursor.execute(named_query("settings"), self._settings)
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


def statement_for(questions: Sequence[Question]) -> str:
    """Return the statement that asks for no more than these questions need."""
    rivals = [q.comparison for q in questions if q.rival is not None]
    return judging(
        frozenset(family for q in questions for family in q.all_families),
        pairs=any(comparison.wants_pairs for comparison in rivals),
        shared=any(comparison.wants_shared_time for comparison in rivals),
        relative=any(q.relative for q in questions),
    )


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
