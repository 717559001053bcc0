"""Tells each database which of its models this cluster looks after, so that nobody moves them behind its back.

A row of modelward.managed for each resource, written beside the turns, when its database has once been reached. A
claim that stands costs a comparison in memory: no call, and no statement. A database without the table, or without
the right to write it, is fine: the verbs on that database alone then do not know of the cluster.
"""

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass, field

from modelward.connections import Connections
from modelward.domain.claims import Claim, Sweep
from modelward.domain.errors import ClusterError, SourceError
from modelward.domain.ports import ClaimBook, Cluster
from modelward.domain.reasons import Reason
from modelward.registry import Entry, Key, Registry

log = logging.getLogger(__name__)
GATHER = 1.0  # seconds in which claims gather: a thousand resources that are new make one statement for a database
NO_BOOK, PAUSE = 600.0, 60.0  # seconds until a database is tried again: without the table, or not reached
Database = tuple[str, str]  # namespace and name of the Secret


@dataclass(slots=True)
class Claims:
    """Knows what was said where; `notice` is called after each turn, `forget` when a resource is gone."""

    registry: Registry
    connections: Connections
    cluster: Cluster
    book: ClaimBook
    fence: Callable[[], bool]
    monotonic: Callable[[], float]
    namespaces: tuple[str, ...] = ()
    _said: dict[Key, tuple[Database, Claim]] = field(default_factory=dict)
    _todo: set[Key] = field(default_factory=set)
    _swept: set[Database] = field(default_factory=set)
    _not_before: dict[Database, float] = field(default_factory=dict)
    _cluster_uid: str | None = None
    _wake: asyncio.Event = field(default_factory=asyncio.Event)

    def notice(self, entry: Entry) -> None:
        """See whether what was said of a resource still holds."""
        key, wanted = entry.resource.key, self._wanted(entry)
        if self._said.get(key) != wanted and (wanted is None or self._may_try(wanted[0])):
            self._put(key)

    def forget(self, key: Key) -> None:
        """Take back what was said of a resource that is gone."""
        if key in self._said:
            self._put(key)

    async def run(self) -> None:
        """Say it for ever."""
        while True:
            await self._wake.wait()
            await asyncio.sleep(GATHER)
            self._wake.clear()
            await self.write()

    async def write(self) -> None:
        """Write what changed, one database after the other."""
        if not self.fence():
            return
        keys, self._todo = self._todo, set()
        new, old = self._changes(keys)
        for database in sorted(new.keys() | old.keys()):
            await self._write(database, new.get(database, {}), old.get(database, {}))

    def _changes(self, keys: set[Key]) -> tuple[dict[Database, dict[Key, Claim]], dict[Database, dict[Key, Claim]]]:
        new: dict[Database, dict[Key, Claim]] = {}
        old: dict[Database, dict[Key, Claim]] = {}
        for key in keys:
            entry, said = self.registry.entries.get(key), self._said.get(key)
            wanted = self._wanted(entry) if entry is not None else None
            if said is not None and said != wanted:
                old.setdefault(said[0], {})[key] = said[1]
                self._unsettle(said)
            if wanted is not None and said != wanted:
                new.setdefault(wanted[0], {})[key] = wanted[1]
        return new, old

    async def _write(self, database: Database, new: dict[Key, Claim], old: dict[Key, Claim]) -> None:
        connection = self.connections.recall(*database)
        if connection is None:  # its Secret was not read yet, or speaks of it no more
            return
        sweep = None if database in self._swept else Sweep(tuple(map("/".join, self.registry.entries)), self.namespaces)
        try:
            uid = await self._find_cluster()
            await self.book.write(connection, uid, list(new.values()), list(old.values()), sweep)
        except (ClusterError, SourceError) as error:
            self._give_up(database, error)
            self._todo |= old.keys()  # nobody will notice them again: they come along with the next change
            return
        self._swept.add(database)
        for key in old:
            self._said.pop(key, None)
        self._said |= {key: (database, claim) for key, claim in new.items()}

    def _give_up(self, database: Database, error: ClusterError | SourceError) -> None:
        absent = isinstance(error, SourceError) and error.reason is Reason.AUDIT_UNAVAILABLE
        if database not in self._not_before:
            log.info("Secret %s/%s: its database is not told which models are looked after: %s", *database, error)
        self._not_before[database] = self.monotonic() + (NO_BOOK if absent else PAUSE)

    async def _find_cluster(self) -> str:
        if self._cluster_uid is None:
            self._cluster_uid = await self.cluster.get_cluster_uid()
        return self._cluster_uid

    def _wanted(self, entry: Entry) -> tuple[Database, Claim] | None:
        """Return what should be said of a resource: nothing of one that was never adopted, or is in conflict."""
        resource = entry.resource
        spec = resource.spec
        if spec is None or resource.status.epoch is None or self.registry.find_conflict(entry) is not None:
            return None
        claim = Claim(spec.model_name, spec.environment, "/".join(resource.key))
        return (resource.namespace, spec.secret_name), claim

    def _unsettle(self, said: tuple[Database, Claim]) -> None:
        """Say anew what others say of the same model: the row that goes may have been theirs as well."""
        database, gone = said
        for key, (where, claim) in list(self._said.items()):
            same = (claim.model, claim.environment) == (gone.model, gone.environment)
            if where == database and same and claim != gone:
                del self._said[key]
                self._put(key)

    def _may_try(self, database: Database) -> bool:
        known = self.connections.recall(*database) is not None
        return known and self._not_before.get(database, 0.0) <= self.monotonic()

    def _put(self, key: Key) -> None:
        self._todo.add(key)
        self._wake.set()
