"""Secrets, read when needed and kept until something speaks against it: a failure, an edit, a check asked for."""

import asyncio

from modelward.database.secrets import read_connection
from modelward.domain.errors import ForbiddenError, NotFoundError, SourceError
from modelward.domain.ports import Cluster
from modelward.domain.questions import Connection
from modelward.domain.reasons import Reason

SUSPICIOUS = frozenset(
    {
        Reason.AUTHENTICATION_FAILED,
        Reason.DATABASE_UNREACHABLE,
        Reason.DATABASE_MISSING,
        Reason.TLS_FAILED,
        Reason.PERMISSION_DENIED,
    }
)


class Connections:
    """The parameters of each Secret in use."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        self._known: dict[tuple[str, str], Connection] = {}
        self._locks: dict[tuple[str, str], asyncio.Lock] = {}

    async def find(self, namespace: str, name: str) -> Connection:
        """Return what a Secret says; SourceError where it is missing or makes no sense."""
        key = (namespace, name)
        async with self._locks.setdefault(key, asyncio.Lock()):
            if key not in self._known:
                self._known[key] = read_connection(name, await self._read(namespace, name))
            return self._known[key]

    def forget(self, namespace: str, name: str) -> None:
        """Read the Secret anew next time."""
        self._known.pop((namespace, name), None)

    async def _read(self, namespace: str, name: str) -> dict[str, str]:
        try:
            return await self._cluster.get_secret(namespace, name)
        except NotFoundError:
            raise SourceError(Reason.SECRET_NOT_FOUND, f"Secret {name} does not exist in this namespace") from None
        except ForbiddenError:
            message = f"the operator's account may not get Secret {name} in this namespace"
            raise SourceError(Reason.SECRET_NOT_FOUND, message) from None
