"""Links to databases: one for each (a second one for a while), with short read-only transactions within bounds."""

import asyncio
import math
import os
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

import psycopg
from psycopg import sql
from psycopg.errors import FeatureNotSupported
from psycopg.rows import DictRow, dict_row

from modelward.database.errors import explain_connect, explain_query
from modelward.database.fence import Fence
from modelward.database.queries import named_query
from modelward.database.relations import query_for
from modelward.domain.errors import SourceError
from modelward.domain.questions import Connection, Parameters
from modelward.domain.reasons import Reason
from modelward.domain.source import OWN

Row = dict[str, Any]
Link = psycopg.AsyncConnection[DictRow]
SLACK = 1.0  # seconds between the end of all patience with a link, and that of whoever asked
KEEPALIVE = {"keepalives_idle": 10, "keepalives_interval": 5, "keepalives_count": 3, "tcp_user_timeout": 10000}


@dataclass(frozen=True, slots=True)
class Bounds:
    """How long things may take, in seconds; and how far behind a standby may be."""

    statement_timeout: float = 5.0
    lock_timeout: float = 1.0
    connect_timeout: float = 5.0
    replica_lag: float = 300.0
    grace: float = 5.0
    fence: Fence | None = None
    """What must not be dialled; None for people, who dial what they like."""

    def settings(self, time_zone: str) -> dict[str, str]:
        """Return what the query `settings` wants bound."""
        return {
            "statement_timeout": f"{round(self.statement_timeout * 1000)}ms",
            "lock_timeout": f"{round(self.lock_timeout * 1000)}ms",
            "time_zone": time_zone,
        }

    @property
    def deadline(self) -> float:
        """After which even a server that says nothing is given up."""
        return self.statement_timeout + self.connect_timeout + self.grace


@dataclass(slots=True)
class _Line:
    """One database: its open link, if any, and who uses it."""

    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    link: Link | None = None
    released: bool = False


class _Patience:
    """Cuts a link that says nothing for too long: whoever waits for it gets an error at once.

    To cancel the waiting instead would take ten seconds more, in which psycopg asks the server to cancel, too.
    """

    def __init__(self, link: Link, last: float) -> None:
        self._link, self._last = link, last
        self._timer: asyncio.TimerHandle | None = None

    def grant(self, seconds: float) -> None:
        """Wait so long from now, but never past the end of all."""
        self.end()
        loop = asyncio.get_running_loop()
        self._timer = loop.call_at(min(loop.time() + seconds, self._last), self._cut)

    def end(self) -> None:
        """Wait no more."""
        if self._timer is not None:
            self._timer.cancel()

    def _cut(self) -> None:
        with suppress(OSError, psycopg.Error), socket.socket(fileno=os.dup(self._link.fileno())) as line:
            line.shutdown(socket.SHUT_RDWR)


class Links:
    """All links; each is used by one question at a time. `asked` counts the statements sent."""

    def __init__(self, bounds: Bounds) -> None:
        self._bounds = bounds
        self._lines: dict[tuple[Connection, int], _Line] = {}
        self.asked = 0

    async def ask(
        self,
        connection: Connection,
        query: sql.Composed,
        parameters: dict[str, Any],
        time_zone: str = OWN.time_zone,
        number: int = 0,
    ) -> list[Row]:
        """Run one statement in a transaction of its own; SourceError where it fails.

        A link that was cut while nobody used it (a restart, a firewall) is made anew: the statement only reads. So is
        one that seems open and leads nowhere any more, once it was silent for as long as a new one may take.
        """
        line = self._lines.setdefault((connection, number), _Line())
        try:
            async with asyncio.timeout(self._bounds.deadline + SLACK) as limit, line.lock:
                kept, last = line.link is not None, (limit.when() or 0.0) - SLACK
                try:
                    return await self._run(line, connection, query, parameters, time_zone, last)
                except SourceError:
                    if not (kept and line.link is None) or asyncio.get_running_loop().time() >= last:
                        raise
                return await self._run(line, connection, query, parameters, time_zone, last)
        except TimeoutError:
            raise SourceError(Reason.DATABASE_UNREACHABLE, "the database did not answer in time") from None
        finally:
            if line.released:
                await _discard(line)

    async def _run(
        self,
        line: _Line,
        connection: Connection,
        query: sql.Composed,
        parameters: dict[str, Any],
        time_zone: str,
        last: float,
    ) -> list[Row]:
        async with self._transaction(line, connection, time_zone, last) as cursor:
            self.asked += 1
            await cursor.execute(query, parameters)
            return await cursor.fetchall()

    @asynccontextmanager
    async def _transaction(
        self, line: _Line, connection: Connection, time_zone: str, last: float = math.inf
    ) -> AsyncIterator[psycopg.AsyncCursor[DictRow]]:
        """Begin a read-only transaction with its bounds; what it cannot do is a SourceError."""
        link = await self._connect(connection, line)
        patience = _Patience(link, last)
        try:
            patience.grant(self._bounds.connect_timeout)
            async with link.transaction(), link.cursor() as cursor:
                await self._prepare(link, cursor, time_zone)
                patience.grant(self._bounds.statement_timeout + self._bounds.grace)
                yield cursor
        except psycopg.Error as error:
            if link.broken or link.closed or error.sqlstate is None:
                await _discard(line)
            raise explain_query(error) from None
        except SourceError:
            raise
        except BaseException:
            await _discard(line)
            raise
        finally:
            patience.end()

    async def release(self, connection: Connection, number: int = 0) -> None:
        """Hang up on a database that nobody asks any more; whoever is asking now gets the answer first."""
        line = self._lines.pop((connection, number), None)
        if line is not None:
            line.released = True
            if not line.lock.locked():
                await _discard(line)

    async def close(self) -> None:
        """Hang up everywhere."""
        for line in self._lines.values():
            await _discard(line)

    async def _prepare(self, link: Link, cursor: psycopg.AsyncCursor[DictRow], time_zone: str) -> None:
        await cursor.execute(query_for("settings", OWN), self._bounds.settings(time_zone))
        row = await cursor.fetchone()
        if row is not None and row["standby"]:
            await self._refuse_stale(link, cursor)

    async def _refuse_stale(self, link: Link, cursor: psycopg.AsyncCursor[DictRow]) -> None:
        """Take no old rows for new ones; a standby that cannot say how far it is (as Aurora's) is believed."""
        try:
            async with link.transaction():
                await cursor.execute(query_for("replica", OWN), {})
                row = await cursor.fetchone()
        except FeatureNotSupported:
            return
        problem = find_staleness(row or {}, self._bounds.replica_lag)
        if problem is not None:
            raise SourceError(Reason.REPLICA_STALE, problem)

    async def _connect(self, connection: Connection, line: _Line) -> Link:
        if line.link is not None and not line.link.closed:
            return line.link
        link = await open_link(connection.parameters, self._bounds.connect_timeout, self._bounds.fence)
        await link.set_read_only(True)
        line.link = link
        return link


def find_staleness(row: Row, limit: float) -> str | None:
    """Say why a standby is too old; time alone is no sign, since an idle primary writes nothing."""
    behind = row.get("behind")
    if behind is None or behind <= limit:
        return None
    if not row["receiving"]:
        return f"the standby receives nothing from its primary, and its last change is {behind:.0f} s old"
    if not row["caught_up"]:
        return f"the standby is {behind:.0f} s behind its primary"
    return None


async def open_link(parameters: Parameters, connect_timeout: float, fence: Fence | None = None) -> Link:
    """Connect; SourceError says why no connection came about. Nothing is prepared: poolers stand in between."""
    if fence is not None:
        parameters = await fence.resolve(parameters)
    keywords: dict[str, Any] = {**KEEPALIVE, **dict(parameters)}
    try:
        return await psycopg.AsyncConnection.connect(
            **keywords,
            connect_timeout=round(connect_timeout),
            application_name="modelward",
            autocommit=True,
            prepare_threshold=None,
            row_factory=dict_row,
        )
    except (psycopg.Error, OSError, ValueError) as error:
        raise explain_connect(error) from None


@asynccontextmanager
async def brief_link(connection: Connection, bounds: Bounds) -> AsyncIterator[Link]:
    """Connect for a piece of work that may write, and hang up when it is done."""
    try:
        async with asyncio.timeout(bounds.deadline):
            link = await open_link(connection.parameters, bounds.connect_timeout, bounds.fence)
            try:
                yield link
            finally:
                await link.close()
    except TimeoutError:
        raise SourceError(Reason.DATABASE_UNREACHABLE, "the database did not answer in time") from None


async def run_on(link: Link, bounds: Bounds, query: str, parameters: dict[str, Any]) -> list[DictRow]:
    """Run a named query in a transaction, or in a part of the one that is open."""
    async with link.transaction(), link.cursor() as cursor:
        await cursor.execute(named_query("settings"), bounds.settings(OWN.time_zone))
        await cursor.execute(named_query(query), parameters)
        return await cursor.fetchall() if cursor.description else []


async def _discard(line: _Line) -> None:
    link, line.link = line.link, None
    if link is not None:
        await link.close()
