"""The composition root: everything is built once, here, and closed once."""

import asyncio
import ctypes
import gc
import logging
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial

from modelward.claims import Claims
from modelward.database.audit import PostgresAudit
from modelward.database.claims import PostgresClaims
from modelward.database.fence import Fence
from modelward.database.links import Bounds
from modelward.database.reader import PostgresReader
from modelward.deliveries import Deliveries
from modelward.domain.addresses import parse_networks
from modelward.domain.errors import ClusterError, ForbiddenError, NotFoundError
from modelward.domain.ports import AuditBook, ClaimBook, Courier
from modelward.domain.questions import Connection
from modelward.domain.resource import GROUP, VERSION, parse_resource
from modelward.kube.client import Client
from modelward.kube.cluster import KubeCluster
from modelward.kube.lease import Lease
from modelward.kube.session import Access, open_session
from modelward.listening import Listeners
from modelward.memory import Memory
from modelward.observe.deployments import parse_deployment
from modelward.postman import Postman
from modelward.readings import Sources
from modelward.reconcile import Reconciler, Rules
from modelward.registry import Entry, Registry
from modelward.settings import Settings
from modelward.sweeper import Sweeper
from modelward.tell.courier import ProcessCourier
from modelward.tell.fence import find_addresses

log = logging.getLogger(__name__)
RELIST, TRIM = 3600.0, 20.0
LIBC = ctypes.CDLL(None)


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        """Return the present moment in UTC."""
        return datetime.now(UTC)


@dataclass(slots=True)
class House:
    """All that lives as long as the operator."""

    settings: Settings
    client: Client
    cluster: KubeCluster
    reader: PostgresReader
    registry: Registry
    sweeper: Sweeper
    lease: Lease
    listeners: Listeners
    postman: Postman
    claims: Claims
    reconciler: Reconciler
    ready: bool = False

    @property
    def sources(self) -> Sources:
        """Where /metrics reads."""
        return Sources(
            self.registry,
            time.monotonic,
            self.sweeper.lag,
            lambda: self.lease.is_held,
            lambda: self.ready,
            self._is_breaker_open,
            lambda: Counter(self.client.calls) + Counter(self.lease.calls),
            lambda: self.reader.asked,
        )

    def _is_breaker_open(self) -> bool:
        judging = self.reconciler.judging
        return judging.census.look(judging.rollbacks.scribe.clock.now()).breaker_open

    async def close(self) -> None:
        """Give the Lease back and hang up."""
        self.listeners.stop()
        await self.postman.close()
        await self.lease.release()
        await self.reader.close()
        await self.client.close()
        await self.lease.close()


def build(settings: Settings, access: Access) -> House:
    """Build the house."""
    client = Client(open_session(access, connections=8, user_agent="modelward"), access.server)
    cluster, registry = KubeCluster(client), Registry()
    fence = Fence(parse_networks(settings.database_networks), find_addresses(access.server))
    reader = PostgresReader(
        statement_timeout=settings.statement_timeout_seconds, replica_lag=settings.replica_lag_seconds, fence=fence
    )
    own_line = Client(open_session(access, connections=1, user_agent="modelward"), access.server)
    lease = Lease(own_line, settings.namespace, settings.lease_name, f"{settings.pod_name}-{time.time_ns():x}")
    rules = Rules(settings.pod_name, settings.require_opt_in, settings.breaker_percent)
    listeners = Listeners(reader)

    async def release(connection: Connection) -> None:
        listeners.leave(connection)
        await reader.release(connection)

    reconciler = Reconciler(
        cluster, reader, SystemClock(), registry, rules, lambda: lease.is_held, listeners.follow, release
    )  # fmt: skip
    sweeper = Sweeper(registry, reconciler, time.monotonic)
    listeners.hear = sweeper.hear
    courier = ProcessCourier(settings.alert_networks, access.server)
    book = PostgresAudit(Bounds(settings.statement_timeout_seconds, fence=fence))
    postman = employ(reconciler, sweeper, courier, book, time.monotonic)
    claim_book = PostgresClaims(Bounds(settings.statement_timeout_seconds, fence=fence))
    claims = stake(reconciler, sweeper, claim_book, time.monotonic, settings.watch_namespaces)
    return House(settings, client, cluster, reader, registry, sweeper, lease, listeners, postman, claims, reconciler)


def employ(
    reconciler: Reconciler, sweeper: Sweeper, courier: Courier, book: AuditBook, monotonic: Callable[[], float]
) -> Postman:
    """Hang those who tell and those who remember into the hallway."""
    scribe, registry, rollbacks = reconciler.scribe, reconciler.registry, reconciler.rollbacks
    deliveries = Deliveries(reconciler.cluster, reconciler.connections, courier, book)
    postman = Postman(registry, scribe, deliveries, rollbacks.fence, monotonic, sweeper.kick)
    scribe.mailroom.audited, scribe.mailroom.notify = postman.audited, postman.notify
    memory = Memory(book, reconciler.connections, monotonic, sweeper.kick)
    reconciler.glance, reconciler.missing, reconciler.recall = memory.glance, memory.missing, memory.recall
    return postman


def stake(
    reconciler: Reconciler,
    sweeper: Sweeper,
    book: ClaimBook,
    monotonic: Callable[[], float],
    namespaces: tuple[str, ...] = (),
) -> Claims:
    """Hang those who tell databases of this cluster into the hallway."""
    fence, mailroom = reconciler.rollbacks.fence, reconciler.scribe.mailroom
    claims = Claims(reconciler.registry, reconciler.connections, reconciler.cluster, book, fence, monotonic, namespaces)
    deliver = mailroom.notify

    def notify(entry: Entry) -> None:
        deliver(entry)
        claims.notice(entry)

    mailroom.notify, sweeper.forgotten = notify, claims.forget
    return claims


async def wait_for_crd(house: House) -> None:
    """Wait until the API server serves our resource, and say so while it does not."""
    said = False
    while True:
        try:
            await house.client.get(f"/apis/{GROUP}/{VERSION}")
        except (NotFoundError, ForbiddenError) as error:
            problem = f"the CustomResourceDefinition of {GROUP}/{VERSION} is not there: {error}"
        except ClusterError as error:
            problem = str(error)
        else:
            return
        if not said:
            log.warning("waiting: %s", problem)
            said = True
        await asyncio.sleep(1)


async def preload(house: House) -> None:
    """List resources and their Deployments page by page before the watches start, then give each a turn."""
    namespaces = house.settings.watch_namespaces
    async for body in house.cluster.list_resources(namespaces):
        house.registry.put(parse_resource(body))
    async for body in house.cluster.list_deployments(namespaces):
        key = (body["metadata"]["namespace"], body["metadata"]["name"])
        if house.registry.claimants(key):
            house.registry.see(key, partial(parse_deployment, body))
    for key, entry in house.registry.entries.items():
        entry.deployment_read = True
        house.sweeper.kick(key)
    log.info("watching %d ModelDeployments", len(house.registry.entries))


async def give_back_memory(house: House) -> None:
    """Give back what a burst of new resources needed at its peak: the C library keeps it otherwise."""
    size = -1
    while True:
        await asyncio.sleep(TRIM)
        if len(house.registry.entries) != size and hasattr(LIBC, "malloc_trim"):
            size = len(house.registry.entries)
            gc.collect()
            LIBC.malloc_trim(0)


async def tidy(house: House) -> None:
    """Now and then drop what was deleted while no watch was open, and hang up where nobody asks any more."""
    while True:
        await asyncio.sleep(RELIST)
        try:
            bodies = [b async for b in house.cluster.list_resources(house.settings.watch_namespaces)]
        except ClusterError as error:
            log.warning("resources could not be listed: %s", error)
            continue
        there = {(b["metadata"]["namespace"], b["metadata"]["name"]) for b in bodies}
        for key in [k for k in house.registry.entries if k not in there]:
            house.sweeper.forget(key)
        resources = [entry.resource for entry in house.registry.entries.values()]
        await house.reconciler.connections.keep_only({(r.namespace, r.spec.secret_name) for r in resources if r.spec})
