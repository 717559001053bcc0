"""Secrets, read when needed and kept for a minute of checks, or until something speaks against what is known.

That is a failure, an edit of the resource, a check asked for. What a Secret said before is let go when it changed.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Collection
from dataclasses import dataclass

from modelward.database.secrets import read_connection
from modelward.domain.errors import ClusterError, ForbiddenError, NotFoundError, SourceError
from modelward.domain.ports import Cluster
from modelward.domain.questions import Connection
from modelward.domain.reasons import Reason

SUSPICIOUS = frozenset(
    {
        Reason.AUTHENTICATION_FAILED,
        Reason.DATABASE_UNREACHABLE,
        Reason.DATABASE_MISSING,
        Reason.DATABASE_NOT_ALLOWED,
        Reason.TLS_FAILED,
        Reason.PERMISSION_DENIED,
    }
)
KEPT = 60.0  # seconds; a check more often than that does not read the Secret each time
Key = tuple[str, str]


@dataclass(slots=True)
class _Known:
    """What a Secret said, and when; a forgotten one is read before it is used again."""

    connection: Connection
    read_at: float
    forgotten: bool = False


async def _let_be(connection: Connection) -> None:
    del connection


class Connections:
    """The parameters of each Secret in use; `release` is told what no Secret says any more."""

    def __init__(
        self, cluster: Cluster, release: Callable[[Connection], Awaitable[None]] = _let_be,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:  # fmt: skip
        self._cluster = cluster
        self._release = release
        self._monotonic = monotonic
        self._known: dict[Key, _Known] = {}
        self._locks: dict[Key, asyncio.Lock] = {}

    def recall(self, namespace: str, name: str) -> Connection | None:
        """Return what a Secret said when it was last read, None where it never was: no call."""
        known = self._known.get((namespace, name))
        return known.connection if known else None

    async def find(self, namespace: str, name: str) -> Connection:
        """Return what a Secret says; SourceError where it is missing or makes no sense."""
        key = (namespace, name)
        async with self._locks.setdefault(key, asyncio.Lock()):
            known = self._known.get(key)
            if known is None or known.forgotten or self._monotonic() - known.read_at >= KEPT:
                known = await self._renew(key, known)
            return known.connection

    def forget(self, namespace: str, name: str) -> None:
        """Read the Secret anew next time."""
        known = self._known.get((namespace, name))
        if known is not None:
            known.forgotten = True

    async def keep_only(self, used: Collection[Key]) -> None:
        """Let go what no resource names any more."""
        for key in [key for key in self._known if key not in used]:
            await self._drop(self._known.pop(key))
            self._locks.pop(key, None)

    async def _renew(self, key: Key, before: _Known | None) -> _Known:
        try:
            connection = read_connection(key[1], await self._read(*key))
        except SourceError:
            self._known.pop(key, None)
            await self._drop(before)
            raise
        except ClusterError:  # an API server that is away says nothing about the Secret
            if before is None or before.forgotten:
                raise
            return before
        if before is not None and before.connection == connection:
            connection = before.connection
        self._known[key] = _Known(connection, self._monotonic())
        if before is not None and before.connection != connection:
            await self._drop(before)
        return self._known[key]

    async def _drop(self, before: _Known | None) -> None:
        if before is not None and all(k.connection != before.connection for k in self._known.values()):
            await self._release(before.connection)

    async def _read(self, namespace: str, name: str) -> dict[str, str]:
        try:
            return await self._cluster.get_secret(namespace, name)
        except NotFoundError:
            raise SourceError(Reason.SECRET_NOT_FOUND, f"Secret {name} does not exist in this namespace") from None
        except ForbiddenError:
            message = f"the operator's account may not get Secret {name} in this namespace"
            raise SourceError(Reason.SECRET_NOT_FOUND, message) from None
