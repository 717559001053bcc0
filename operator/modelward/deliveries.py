"""One round of deliveries: alerts by way of the courier, rows by way of the audit book; what became of each."""

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from modelward.connections import SUSPICIOUS, Connections
from modelward.decide.guards import ON_FEED
from modelward.decide.outbox import try_again
from modelward.domain.alerts import AlertSpec
from modelward.domain.errors import AlertError, ClusterError, ForbiddenError, NotFoundError, SourceError
from modelward.domain.letters import Delivery, Letter, Result, Row
from modelward.domain.messages import About, Address, Errand
from modelward.domain.ports import AuditBook, Cluster, Courier
from modelward.domain.questions import Connection, Parameters
from modelward.domain.reasons import Reason
from modelward.domain.resource import Resource
from modelward.domain.source import Source
from modelward.registry import Entry
from modelward.tell.address import read_address
from modelward.tell.compose import compose

log = logging.getLogger(__name__)
AT_ONCE = 2  # processes that send
MOST = 32  # messages in one of them
FLEET_PAUSE = 3600.0  # seconds in which one receiver hears once of a feed, or of the whole fleet
Suspect = tuple[Parameters, Source] | None


@dataclass(frozen=True, slots=True)
class Job:
    """One delivery of one letter."""

    entry: Entry
    letter: Letter
    delivery: Delivery

    @property
    def alert(self) -> AlertSpec | None:
        """Return the receiver that it is for, None where the resource names it no more."""
        spec = self.entry.resource.spec
        return next((a for a in spec.alerts if a.name == self.delivery.to), None) if spec else None

    @property
    def about(self) -> About:
        """Whose change it is."""
        return about(self.entry.resource)


@dataclass(slots=True)
class Deliveries:
    """Carries jobs out."""

    cluster: Cluster
    connections: Connections
    courier: Courier
    book: AuditBook
    _slots: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(AT_ONCE))
    _cluster_uid: str | None = None
    _fleet_told: dict[tuple[Address, Suspect], float] = field(default_factory=dict)
    _written: set[tuple[str, str]] = field(default_factory=set)
    """Namespace and Secret of the databases whose audit table was written since the operator began."""

    async def alert(self, jobs: Sequence[Job], now: float) -> list[AlertError | None]:
        """Send alerts, each to its own receiver; None for each that was taken, or is wanted no more."""
        addresses = await self.find_addresses([(j.entry.resource.namespace, j.alert) for j in jobs])
        results: list[AlertError | None] = [a if isinstance(a, AlertError) else None for a in addresses]
        errands: dict[int, Errand] = {}
        for number, (job, address) in enumerate(zip(jobs, addresses, strict=True)):
            if not isinstance(address, Address):
                continue
            if job.letter.reason == Reason.BREAKER_OPEN and not self._claim((address, self._suspect(job)), now):
                continue
            errands[number] = Errand(address, compose(job.letter, job.about))
        for number, error in (await self._send(errands)).items():
            results[number] = error
            if error is not None and jobs[number].letter.reason == Reason.BREAKER_OPEN:
                self._fleet_told.pop((errands[number].address, self._suspect(jobs[number])), None)
        return results

    async def record(self, jobs: Sequence[Job]) -> list[SourceError | None]:
        """Write rows, those of one database together."""
        results: dict[int, SourceError | None] = {}
        groups: dict[Connection, list[int]] = {}
        for number, job in enumerate(jobs):
            found = await self._connection(job.entry.resource)
            if isinstance(found, SourceError):
                results[number] = found
            else:
                groups.setdefault(found, []).append(number)
        written = await asyncio.gather(*(self._write(c, [jobs[n] for n in numbers]) for c, numbers in groups.items()))
        for numbers, answers in zip(groups.values(), written, strict=True):
            results |= dict(zip(numbers, answers, strict=True))
        return [results[number] for number in range(len(jobs))]

    async def find_addresses(self, wanted: Sequence[tuple[str, AlertSpec | None]]) -> list[Address | AlertError | None]:
        """Read addresses, each Secret once; None where no receiver is meant."""
        secrets: dict[tuple[str, str], dict[str, str] | AlertError] = {}
        found: list[Address | AlertError | None] = []
        for namespace, alert in wanted:
            if alert is None:
                found.append(None)
                continue
            key = (namespace, alert.secret_name)
            if key not in secrets:
                secrets[key] = await self._read(*key)
            found.append(_address(alert, secrets[key]))
        return found

    def _claim(self, whom: tuple[Address, Suspect], now: float) -> bool:
        """Whether this receiver has not heard of it lately: the event of a feed, or of all, is told once."""
        last = self._fleet_told.get(whom)
        if last is not None and now - last < FLEET_PAUSE:
            return False
        self._fleet_told[whom] = now
        return True

    def _suspect(self, job: Job) -> Suspect:
        """Say which feed a breaker's letter is about; None where it is about all models."""
        spec = job.entry.resource.spec
        if spec is None or ON_FEED not in job.letter.message:
            return None
        connection = self.connections.recall(job.entry.resource.namespace, spec.secret_name)
        return (connection.place if connection else (), spec.source)

    async def _send(self, errands: dict[int, Errand]) -> dict[int, AlertError | None]:
        """Send some at a time; those of one process do not wait for those of another."""
        numbers = list(errands)
        parts = [numbers[start : start + MOST] for start in range(0, len(numbers), MOST)]

        async def carry(part: list[int]) -> list[AlertError | None]:
            async with self._slots:
                return await self.courier.deliver([errands[n] for n in part])

        answers = await asyncio.gather(*map(carry, parts))
        return {
            n: error for part, said in zip(parts, answers, strict=True) for n, error in zip(part, said, strict=True)
        }

    async def _read(self, namespace: str, name: str) -> dict[str, str] | AlertError:
        try:
            return await self.cluster.get_secret(namespace, name)
        except NotFoundError:
            return AlertError(Reason.SECRET_NOT_FOUND, f"Secret {name} does not exist in this namespace")
        except ForbiddenError:
            message = f"the operator's account may not get Secret {name} in this namespace"
            return AlertError(Reason.SECRET_NOT_FOUND, message)
        except ClusterError:
            return AlertError(Reason.ALERT_FAILED, f"Secret {name} could not be read: the API server did not answer")

    async def _connection(self, resource: Resource) -> Connection | SourceError:
        spec = resource.spec
        if spec is None:
            return SourceError(Reason.INVALID_SPEC, "the resource's spec cannot be read, so its database is not known")
        try:
            return await self.connections.find(resource.namespace, spec.secret_name)
        except SourceError as error:
            return error
        except ClusterError:
            return SourceError(Reason.SECRET_NOT_FOUND, f"Secret {spec.secret_name} could not be read")

    async def _write(self, connection: Connection, jobs: Sequence[Job]) -> list[SourceError | None]:
        if self._cluster_uid is None:
            try:
                self._cluster_uid = await self.cluster.get_cluster_uid()
            except ClusterError as error:
                log.debug("the cluster's uid could not be read: %s", error)
        rows = [Row(job.letter, job.about, job.entry.resource.uid) for job in jobs]
        results = self._weigh(jobs[0].entry.resource, await self.book.write(connection, rows, self._cluster_uid or ""))
        if any(error is not None and error.reason in SUSPICIOUS for error in results):
            resource = jobs[0].entry.resource  # the reader's connection may outlive a password that was changed
            self.connections.forget(resource.namespace, resource.spec.secret_name if resource.spec else "")
        return results

    def _weigh(self, resource: Resource, results: list[SourceError | None]) -> list[SourceError | None]:
        """A table that was written lately and cannot be now (a failover, a right revoked) is one that is down."""
        database = (resource.namespace, resource.spec.secret_name if resource.spec else "")
        if None in results:
            self._written.add(database)
        if database not in self._written:
            return results
        lost = Reason.AUDIT_UNAVAILABLE
        return [SourceError(Reason.QUERY_FAILED, str(e)) if e is not None and e.reason is lost else e for e in results]


def about(resource: Resource) -> About:
    """Name a resource and its model."""
    spec = resource.spec
    model, environment = (spec.model_name, spec.environment) if spec else (resource.name, "")
    return About(resource.namespace, resource.name, model, environment)


def conclude(job: Job, error: AlertError | SourceError | None, now: datetime) -> Result:
    """Say what a delivery's answer means: done, to be tried again, or given up."""
    if error is None or error.reason == Reason.AUDIT_UNAVAILABLE:
        return Result(done=True)
    return try_again(job.letter, job.delivery, str(error), now)


def _address(alert: AlertSpec, secret: dict[str, str] | AlertError) -> Address | AlertError:
    if isinstance(secret, AlertError):
        return secret
    try:
        return read_address(alert.secret_name, alert.key, secret)
    except AlertError as error:
        return error
