"""What a resource without a memory may know from the audit table of its database: the versions in quarantine.

A cluster that was rebuilt has no status left. The table is read beside the turns, once for all resources of a Secret
that are new together; before anything is rolled back by itself it must have been read, or be known not to be there.
"""

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass, field

from modelward.connections import Connections
from modelward.decide.recall import is_young, recall
from modelward.domain.errors import ClusterError, SourceError
from modelward.domain.letters import Past
from modelward.domain.messages import About
from modelward.domain.ports import AuditBook
from modelward.domain.reasons import Reason
from modelward.domain.spec import Spec
from modelward.domain.status import Status
from modelward.registry import Entry, Key

log = logging.getLogger(__name__)
FRESH = 60.0
AGAIN = 5.0
"""For how many seconds a failure to read the past is not tried again."""
Database = tuple[str, str]  # namespace and name of the Secret


@dataclass(slots=True)
class Memory:
    """Reads the past of whole databases, and hands it to the resources that ask."""

    book: AuditBook
    connections: Connections
    monotonic: Callable[[], float]
    kick: Callable[[Key], None] = lambda _: None
    _failed: dict[Database, tuple[float, str]] = field(default_factory=dict)
    _known: dict[Database, tuple[float, list[Past]]] = field(default_factory=dict)
    _reading: dict[Database, asyncio.Task[list[Past]]] = field(default_factory=dict)

    def glance(self, entry: Entry, spec: Spec, status: Status) -> Status:
        """Add what is known already; else have it read, and the resource looked at again."""
        if entry.remembered is None:
            entry.remembered = not is_young(status)
        if entry.remembered:
            return status
        database = (entry.resource.namespace, spec.secret_name)
        past = self._find(database)
        if past is None:
            key = entry.resource.key
            if self._why_not(database) is None:
                self._read(database).add_done_callback(lambda task: self._end(key, task))
            return status
        return _remember(entry, spec, status, past)

    def missing(self, entry: Entry, spec: Spec) -> str | None:
        """Say why the past of a resource without a memory is not known; empty while it is read, None where it is."""
        database = (entry.resource.namespace, spec.secret_name)
        if entry.remembered is not False or self._find(database) is not None:
            return None
        return self._why_not(database) or ""

    async def recall(self, entry: Entry, spec: Spec, status: Status) -> Status:
        """Add what is known, and wait for it; SourceError where the database does not answer."""
        if entry.remembered is not False:
            return status
        database = (entry.resource.namespace, spec.secret_name)
        past = self._find(database)
        if past is None:
            past = await asyncio.shield(self._read(database))
        return _remember(entry, spec, status, past)

    def _find(self, database: Database) -> list[Past] | None:
        at, past = self._known.get(database, (float("-inf"), []))
        return past if self.monotonic() - at < FRESH else None

    def _why_not(self, database: Database) -> str | None:
        """Say what went wrong a moment ago; None where it is time to ask again."""
        at, why = self._failed.get(database, (float("-inf"), ""))
        return why if self.monotonic() - at < AGAIN else None

    def _end(self, key: Key, task: "asyncio.Task[list[Past]]") -> None:
        if not task.cancelled():
            self.kick(key)

    def _read(self, database: Database) -> "asyncio.Task[list[Past]]":
        task = self._reading.get(database)
        if task is None:
            task = self._reading[database] = asyncio.create_task(self._ask(database))
            task.add_done_callback(lambda ended: self._note(database, ended))
        return task

    def _note(self, database: Database, task: "asyncio.Task[list[Past]]") -> None:
        self._reading.pop(database, None)
        if _failed(task) and not task.cancelled():
            self._failed[database] = (self.monotonic(), str(task.exception()))

    async def _ask(self, database: Database) -> list[Past]:
        try:
            connection = await self.connections.find(*database)
            past = await self.book.past(connection)
        except SourceError as error:
            if error.reason != Reason.AUDIT_UNAVAILABLE:
                raise
            past = []
        self._known[database] = (self.monotonic(), past)
        return past


def _failed(task: "asyncio.Task[list[Past]]") -> bool:
    if task.cancelled():
        return True
    error = task.exception()
    if error is not None:
        log.warning("versions in quarantine could not be read from the audit table: %s", error)
        if not isinstance(error, SourceError | ClusterError):
            log.error("this should not happen", exc_info=error)
    return error is not None


def _remember(entry: Entry, spec: Spec, status: Status, past: list[Past]) -> Status:
    """Add what the past says; only where that is nothing new any more (it is written, that is) all is remembered."""
    resource = entry.resource
    after = recall(status, About(resource.namespace, resource.name, spec.model_name, spec.environment), past)
    if after.quarantine == status.quarantine:
        entry.remembered = True
    return after
