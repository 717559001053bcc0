"""Empties outboxes, beside the turns and never in their way: after the patch, with growing pauses, each letter once.

What was delivered is noted in memory; the next status write of the resource takes it along, and where none comes by
within a few seconds a turn is asked for. An empty outbox costs nothing.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field, replace

from modelward.counts import ALERTS, DELIVERED, FAILED, GIVEN_UP, ROWS, UNAVAILABLE
from modelward.decide.outbox import LONGEST_ERROR, is_due
from modelward.deliveries import Deliveries, Job, conclude
from modelward.domain.decision import Announcement
from modelward.domain.errors import AlertError, ModelwardError, SourceError
from modelward.domain.letters import AlertStatus, Channel, Delivery, Letter, Result, Slot
from modelward.domain.reasons import Reason
from modelward.registry import Entry, Key, Registry
from modelward.scribe import Scribe

log = logging.getLogger(__name__)
FLUSH = 10.0  # seconds for which what was delivered may wait for a status write that comes by
FIRST_LOOK, LONGEST_LOOK = 15.0, 600.0  # pauses between looks at a Secret that is wrong
NO_BOOK = 600.0  # seconds until a database without an audit table is tried again
CLOSING = 2.0
Answer = AlertError | SourceError | None


@dataclass(slots=True)
class Postman:
    """Knows who has something to deliver, and when; `kick` gives a resource its turn."""

    registry: Registry
    scribe: Scribe
    deliveries: Deliveries
    fence: Callable[[], bool]
    monotonic: Callable[[], float]
    kick: Callable[[Key], None] = lambda _: None
    _due: dict[Key, float] = field(default_factory=dict)
    _flush: dict[Key, float] = field(default_factory=dict)
    _looks: dict[Key, int] = field(default_factory=dict)
    _no_book: dict[tuple[str, str], float] = field(default_factory=dict)
    _under_way: set[tuple[Key, Slot]] = field(default_factory=set)
    _rounds: set[asyncio.Task[None]] = field(default_factory=set)
    _wake: asyncio.Event = field(default_factory=asyncio.Event)

    # -- what the scribe asks -----------------------------------------------------------------------------------

    def audited(self, entry: Entry) -> bool:
        """Whether the resource's database is thought to have an audit table."""
        until = self._no_book.get(_database(entry))
        return until is None or until <= self.monotonic()

    def notify(self, entry: Entry) -> None:
        """Look at a resource's outbox now, and at its receivers where they are new."""
        resource = entry.resource
        unseen = bool(resource.spec and resource.spec.alerts) and entry.receivers_of != resource.generation
        if resource.status.outbox.letters or (unseen and resource.key not in self._looks):
            self._put(self._due, resource.key, self.monotonic())

    # -- the loop -----------------------------------------------------------------------------------------------

    async def run(self) -> None:
        """Deliver for ever."""
        try:
            while True:
                await self._wait()
                self.start_round()
        finally:
            for task in self._rounds:
                task.cancel()

    def start_round(self) -> list[asyncio.Task[None]]:
        """Begin all that is due; a receiver that hangs delays its own letters only."""
        now = self.monotonic()
        for key in _take(self._flush, now):
            if key in self.registry.entries:
                self.kick(key)
        entries = [e for key in _take(self._due, now) if (e := self.registry.entries.get(key)) is not None]
        ready = [e for e in entries if self._may(e)]
        jobs = [job for entry in ready for job in self._jobs(entry)]
        alerts = [job for job in jobs if job.delivery.channel is Channel.ALERT]
        rows = [job for job in jobs if job.delivery.channel is Channel.AUDIT]
        looks = [e for e in ready if e.receivers_of != e.resource.generation and e.resource.spec]
        work = [self._look(looks)] if looks else []
        work += [self._deliver(alerts, self._alert)] if alerts else []
        work += [self._deliver(rows, self._record)] if rows else []
        tasks = [asyncio.create_task(part) for part in work]
        for task in tasks:
            self._rounds.add(task)
            task.add_done_callback(self._rounds.discard)
        return tasks

    async def close(self) -> None:
        """Write down what was delivered, so that the next operator does not deliver it again."""
        noted = [entry for entry in self.registry.entries.values() if entry.results]
        if not noted or not self.fence():
            return
        try:
            async with asyncio.timeout(CLOSING):
                await asyncio.gather(*(self.scribe.insist(e, e.resource.status) for e in noted))
        except (ModelwardError, TimeoutError) as error:
            log.warning("what was delivered could not be written down, and may be delivered again: %s", error)

    async def _wait(self) -> None:
        pause = min((*self._due.values(), *self._flush.values()), default=float("inf")) - self.monotonic()
        try:
            async with asyncio.timeout(max(pause, 0.0) if pause != float("inf") else None):
                await self._wake.wait()
        except TimeoutError:
            pass
        self._wake.clear()

    def _may(self, entry: Entry) -> bool:
        """Whether anything may be told now: never while suspended, and never before the patch."""
        spec, rollback = entry.resource.spec, entry.resource.status.last_rollback
        intended = rollback is not None and rollback.phase.is_intent
        return self.fence() and not intended and not (spec is not None and spec.suspend)

    def _jobs(self, entry: Entry) -> list[Job]:
        jobs, now = [], self.scribe.now(entry)
        for letter in entry.resource.status.outbox.letters:
            for delivery in letter.deliveries:
                slot = (letter.id, delivery.channel, delivery.to)
                noted = entry.results.get(slot)
                delivery = _noted(delivery, noted)  # noqa: PLW2901  the same delivery, as far as it has come
                if (entry.resource.key, slot) in self._under_way or (noted is not None and noted.done):
                    continue
                if is_due(delivery, now):
                    jobs.append(Job(entry, letter, delivery))
                else:
                    self._come_back(entry, delivery)
        self._under_way.update(map(_mark, jobs))
        return jobs

    # -- delivering ---------------------------------------------------------------------------------------------

    async def _deliver(
        self,
        jobs: list[Job],
        send: Callable[[list[Job]], Awaitable[Sequence[Answer]]],
    ) -> None:
        answers: Sequence[Answer]
        try:
            answers = await send(jobs)
        except Exception as problem:
            log.exception("deliveries failed; they are tried again")
            answers = [AlertError(Reason.ALERT_FAILED, f"the operator failed: {type(problem).__name__}")] * len(jobs)
        finally:
            self._under_way.difference_update(map(_mark, jobs))
        for job, answer in zip(jobs, answers, strict=True):
            await self._note(job, answer)

    async def _alert(self, jobs: list[Job]) -> Sequence[Answer]:
        return await self.deliveries.alert(jobs, self.monotonic())

    async def _record(self, jobs: list[Job]) -> Sequence[Answer]:
        return await self.deliveries.record(jobs)

    async def _note(self, job: Job, error: Answer) -> None:
        entry, letter, delivery = job.entry, job.letter, job.delivery
        result = conclude(job, error, self.scribe.now(entry))
        entry.results[letter.id, delivery.channel, delivery.to] = result
        if not result.done:
            self._come_back(entry, _noted(delivery, result))
        if delivery.channel is Channel.AUDIT:
            self._note_row(entry, error)
        else:
            self._note_alert(job, error)
        _count(letter, delivery, result, error)
        self._put(self._flush, entry.resource.key, self.monotonic() + FLUSH)
        await self._complain(job, result, error)

    def _note_row(self, entry: Entry, error: Answer) -> None:
        note = str(error) if error is not None and error.reason == Reason.AUDIT_UNAVAILABLE else None
        if note is not None and self.audited(entry):
            log.warning("%s/%s: changes are not kept in the database: %s", *entry.resource.key, note)
        if note is not None:
            self._no_book[_database(entry)] = self.monotonic() + NO_BOOK
        if note is not None or error is None:
            entry.audit_note = note or ""

    def _note_alert(self, job: Job, error: Answer) -> None:
        entry, to = job.entry, job.delivery.to
        known = {s.name: s for s in entry.resource.status.alerts} if entry.receivers is None else entry.receivers
        entry.receivers = {**known, to: _stand(to, known.get(to), error)}
        if error is None:
            entry.receivers[to] = replace(entry.receivers[to], last_delivered_time=self.scribe.now(entry))

    async def _complain(self, job: Job, result: Result, error: Answer) -> None:
        """Say by an Event that an alert does not arrive: once when it begins, and once when it is given up."""
        audit, to = job.delivery.channel is Channel.AUDIT, job.delivery.to
        given_up = result.done and result.error is not None
        if error is None or not (given_up or (not audit and result.attempts == 1)):
            return
        reason = Reason.ALERT_FAILED
        if given_up:
            reason = Reason.AUDIT_GIVEN_UP if audit else Reason.ALERT_GIVEN_UP
        what = "the row in modelward.audit" if audit else f"the alert to {to}"
        message = f"{what} about {job.letter.reason} of {job.letter.time:%Y-%m-%d %H:%M} UTC: {error}"
        told = Announcement(reason, message, f"{job.letter.id}/{to}", warning=True, action="Tell")
        try:
            await self.scribe.announce(job.entry, (told,))
        except ModelwardError as problem:
            log.warning("%s/%s: an Event could not be written: %s", *job.entry.resource.key, problem)

    # -- receivers ----------------------------------------------------------------------------------------------

    async def _look(self, entries: list[Entry]) -> None:
        """See whether the addresses can be read, before they are needed."""
        wanted = [(e, alert) for e in entries if e.resource.spec for alert in e.resource.spec.alerts]
        found = await self.deliveries.find_addresses([(e.resource.namespace, alert) for e, alert in wanted])
        stands: dict[Key, dict[str, AlertStatus]] = {e.resource.key: {} for e in entries}
        wrong: set[Key] = set()
        for (entry, alert), address in zip(wanted, found, strict=True):
            error = address if isinstance(address, AlertError) else None
            stands[entry.resource.key][alert.name] = _look_at(entry, alert.name, error)
            wrong |= {entry.resource.key} if error else set()
        for entry in entries:
            self._note_look(entry, stands[entry.resource.key], wrong=entry.resource.key in wrong)

    def _note_look(self, entry: Entry, stands: dict[str, AlertStatus], *, wrong: bool) -> None:
        key = entry.resource.key
        entry.receivers = stands
        if tuple(stands.values()) != entry.resource.status.alerts:
            self.kick(key)
        if not wrong:
            entry.receivers_of = entry.resource.generation
            self._looks.pop(key, None)
            return
        count = self._looks[key] = self._looks.get(key, 0) + 1
        self._put(self._due, key, self.monotonic() + min(FIRST_LOOK * 2 ** min(count - 1, 10), LONGEST_LOOK))

    # -- when ---------------------------------------------------------------------------------------------------

    def _come_back(self, entry: Entry, delivery: Delivery) -> None:
        if delivery.next_time is not None:
            pause = (delivery.next_time - self.scribe.now(entry)).total_seconds()
            self._put(self._due, entry.resource.key, self.monotonic() + max(pause, 0.0))

    def _put(self, when: dict[Key, float], key: Key, at: float) -> None:
        when[key] = min(at, when.get(key, at))
        self._wake.set()


def _take(when: dict[Key, float], now: float) -> list[Key]:
    due = [key for key, at in when.items() if at <= now]
    for key in due:
        del when[key]
    return due


def _mark(job: Job) -> tuple[Key, Slot]:
    return job.entry.resource.key, (job.letter.id, job.delivery.channel, job.delivery.to)


def _noted(delivery: Delivery, noted: Result | None) -> Delivery:
    if noted is None:
        return delivery
    return replace(delivery, attempts=noted.attempts, next_time=noted.next_time, error=noted.error)


def _database(entry: Entry) -> tuple[str, str]:
    spec = entry.resource.spec
    return entry.resource.namespace, spec.secret_name if spec else ""


def _look_at(entry: Entry, name: str, error: AlertError | None) -> AlertStatus:
    """A new operator finds an address readable that its predecessor could not deliver to: that is not better yet."""
    before = next((s for s in entry.resource.status.alerts if s.name == name), None)
    failed = before is not None and before.reason == Reason.ALERT_FAILED and entry.receivers is None
    return before if before is not None and failed and error is None else _stand(name, before, error)


def _stand(name: str, before: AlertStatus | None, error: Answer) -> AlertStatus:
    last = before.last_delivered_time if before else None
    if error is None:
        return AlertStatus(name, Reason.ALERTS_READABLE, "the address can be read", last)
    return AlertStatus(name, error.reason, str(error)[:LONGEST_ERROR], last)


def _count(letter: Letter, delivery: Delivery, result: Result, error: ModelwardError | None) -> None:
    what = DELIVERED if error is None else GIVEN_UP if result.done else FAILED
    if isinstance(error, SourceError) and error.reason == Reason.AUDIT_UNAVAILABLE:
        what = UNAVAILABLE
    if delivery.channel is Channel.ALERT:
        ALERTS.labels(letter.reason, what).inc()
    else:
        ROWS.labels(what).inc()
