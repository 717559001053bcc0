"""When each resource gets its turn: one loop for all of them, no timer for each.

A resource is due when its interval has passed, or at once when something about it changed. What is due at the same
time is swept together, so that one statement answers for a whole database. A resource has at most one turn at a time;
a turn that fails comes again later, with growing pauses, and delays nobody else.
"""

import asyncio
import heapq
import logging
import math
import random
from collections.abc import Callable
from dataclasses import dataclass, field

from modelward import pacing
from modelward.decide.managed import GRACE, is_pending
from modelward.decide.requests import find_pending
from modelward.domain.errors import ClusterError, ConflictError, NotFoundError, ThrottledError
from modelward.domain.resource import Resource, parse_resource
from modelward.judging import Plan
from modelward.reconcile import Reconciler
from modelward.registry import Entry, Key, Registry

log = logging.getLogger(__name__)

FIRST_PAUSE, LONGEST_PAUSE, VERIFY_EVERY = 1.0, 60.0, 5.0
FIRST_TURNS = 4  # rounds in a second for resources seen for the first time
AT_ONCE = 16  # turns that talk to the API server at the same time: each costs memory, and the server is not ours alone


@dataclass(slots=True)
class Schedule:
    """Who is due when; a later entry for the same key replaces the earlier one."""

    due: dict[Key, float] = field(default_factory=dict)
    heap: list[tuple[float, Key]] = field(default_factory=list)

    def put(self, key: Key, at: float) -> None:
        """Make a key due at a moment, unless it is due earlier."""
        if at < self.due.get(key, float("inf")):
            self.due[key] = at
            heapq.heappush(self.heap, (at, key))

    def take(self, now: float) -> list[Key]:
        """Take out every key that is due."""
        taken = []
        while self.heap and self.heap[0][0] <= now:
            at, key = heapq.heappop(self.heap)
            if self.due.get(key) == at:
                del self.due[key]
                taken.append(key)
        return taken

    def next_at(self) -> float:
        """When the next key is due; infinity where none is."""
        return self.heap[0][0] if self.heap else float("inf")


class Sweeper:
    """Runs turns as they fall due."""

    def __init__(self, registry: Registry, reconciler: Reconciler, monotonic: Callable[[], float]) -> None:
        self._registry = registry
        self._reconciler = reconciler
        self._monotonic = monotonic
        self._schedule = Schedule()
        self._wake = asyncio.Event()
        self._busy: dict[Key, float] = {}
        self._again: set[Key] = set()
        self._failures: dict[Key, int] = {}
        self._at_once, self._asking = asyncio.Semaphore(AT_ONCE), asyncio.Semaphore(AT_ONCE)
        self._sweeps: set[asyncio.Task[None]] = set()
        self.last_round = self.last_end = monotonic()
        self.forgotten: Callable[[Key], None] = lambda _: None

    def kick(self, key: Key) -> None:
        """Give a resource its turn now; while it has one, another follows."""
        if key in self._busy:
            self._again.add(key)
            return
        self._schedule.put(key, self._monotonic())
        self._wake.set()

    def hear(self, key: Key, moment: float) -> None:
        """Labels arrived for predictions up to `moment` (Unix seconds, the database's clock): judge once it is past.

        Checks that are heard of keep their distance from each other: a second at least, and twenty times what the
        last one took. A check of the schedule's does not count: it must not make the labels after it wait.
        """
        entry = self._registry.entries.get(key)
        if entry is None:
            return
        behind = math.floor(moment) + 1 - self._database_time(entry)
        closes = self._monotonic() + min(max(behind, 0.0), 1.0)
        entry.next_check = min(entry.next_check, max(closes, entry.heard_at + pacing.distance(entry)))
        entry.heard = True
        if key not in self._busy:
            self._schedule.put(key, entry.next_check)
            self._wake.set()

    def is_alive(self, patience: float = 60.0, longest_turn: float = 600.0) -> bool:
        """Whether the loop went round lately and, where turns are under way, one of them came to an end lately."""
        now = self._monotonic()
        moving = not self._busy or now - max(self.last_end, min(self._busy.values())) < longest_turn
        return moving and now - self.last_round < patience

    def lag(self) -> float:
        """How long the resource that has waited longest is overdue, or has its turn: seconds."""
        waiting = (*self._schedule.due.values(), *self._busy.values())
        return max(self._monotonic() - min(waiting, default=math.inf), 0.0)

    async def run(self) -> None:
        """Sweep for ever."""
        try:
            while True:
                await self._wait()
                self.last_round = self._monotonic()
                keys = [k for k in self._schedule.take(self._monotonic()) if self._claim(k)]
                if keys:
                    self._start(keys)
        finally:
            for task in self._sweeps:
                task.cancel()

    async def _wait(self) -> None:
        pause = min(max(self._schedule.next_at() - self._monotonic(), 0.0), 10.0)
        try:
            async with asyncio.timeout(pause):
                await self._wake.wait()
        except TimeoutError:
            pass
        self._wake.clear()

    def _claim(self, key: Key) -> bool:
        if key in self._busy:
            self._again.add(key)
            return False
        return key in self._registry.entries

    def _start(self, keys: list[Key]) -> None:
        """Begin a sweep; who was asked to roll back goes alone, since its database is asked before it is grouped."""
        self._busy |= dict.fromkeys(keys, self._monotonic())
        alone = [key for key in keys if self._is_asked(key)]
        together = [key for key in keys if key not in alone]
        for part in ([together] if together else []) + [[key] for key in alone]:
            task = asyncio.create_task(self._sweep(part))
            self._sweeps.add(task)
            task.add_done_callback(self._sweeps.discard)

    def _is_asked(self, key: Key) -> bool:
        entry = self._registry.entries.get(key)
        return entry is not None and find_pending(entry.resource.asked, entry.resource.status.requests).rollback

    async def _sweep(self, keys: list[Key]) -> None:
        """Prepare every resource, then let each database answer for its own; none waits for another's."""
        await self._reconciler.targets.prefetch([e for key in keys if (e := self._registry.entries.get(key))])
        plans = await asyncio.gather(*(self._prepare(key) for key in keys))
        groups: dict[object, list[Plan]] = {}
        for plan in plans:
            if plan is not None:
                groups.setdefault(await self._reconciler.judging.find_group(plan), []).append(plan)
        await asyncio.gather(*(self._conclude(group) for group in groups.values()))

    async def _prepare(self, key: Key) -> Plan | None:
        entry = self._registry.entries.get(key)
        if entry is None:
            self._release(key, None)
            return None
        due = self._monotonic() >= entry.next_check
        if entry.heard:
            entry.heard, entry.heard_at = False, self._monotonic()
        try:
            async with self._asking if self._is_asked(key) else self._at_once:
                plan = await self._reconciler.prepare(entry, due=due)
        except Exception as error:  # noqa: BLE001  whatever it is, it must not stop the others; _release says it loudly
            self._release(key, error)
            return None
        if plan is None:
            if due:
                self._set_next_check(entry)
            self._release(key, None)
        return plan

    async def _conclude(self, plans: list[Plan]) -> None:
        try:
            errors = await self._reconciler.judging.conclude(plans)
        except Exception as problem:  # noqa: BLE001  as above
            errors = [problem] * len(plans)
        for plan, error in zip(plans, errors, strict=True):
            if error is None:  # else it stays due, and comes again after a pause and not after an interval
                self._set_next_check(plan.entry)
            self._release(plan.entry.resource.key, error)

    def _release(self, key: Key, error: BaseException | None) -> None:
        self._busy.pop(key, None)
        self.last_end = self._monotonic()
        entry = self._registry.entries.get(key)
        if isinstance(error, NotFoundError) and entry is not None:
            error = None
            self._look_anew(key)
        if error is not None:
            self._come_again(key, error)
        else:
            self._failures.pop(key, None)
        if key in self._again:
            self._again.discard(key)
            self.kick(key)
        elif entry is not None and error is None:
            again = pacing.next_try(entry, self._monotonic(), self._reconciler.scribe.now(entry))
            entry.next_check = min(entry.next_check, again)
            self._schedule.put(key, self._next_turn(entry))

    def _come_again(self, key: Key, error: BaseException) -> None:
        count = self._failures[key] = self._failures.get(key, 0) + 1
        pause = min(FIRST_PAUSE * 2 ** (count - 1), LONGEST_PAUSE) * random.uniform(0.75, 1.25)  # noqa: S311  jitter
        if isinstance(error, ConflictError):
            pause = 0.05 * count
        if isinstance(error, ThrottledError):
            pause = max(pause, error.retry_after)
        if isinstance(error, ClusterError):
            log.warning("%s/%s: %s; again in %.1f s", *key, error, pause)
        else:
            log.error("%s/%s: %s; again in %.1f s", *key, error, pause, exc_info=error)
        self._schedule.put(key, self._monotonic() + pause)
        self._look_anew(key)

    def _look_anew(self, key: Key) -> None:
        task = asyncio.create_task(self._refresh(key))
        self._sweeps.add(task)
        task.add_done_callback(self._sweeps.discard)

    async def _refresh(self, key: Key) -> None:
        """After a failure: it may have been edited, or be gone."""
        entry = self._registry.entries.get(key)
        if entry is None:
            return
        try:
            self.accept(parse_resource(await self._reconciler.cluster.get_resource(*key)))
        except NotFoundError:
            self.forget(key)
        except ClusterError as error:
            log.debug("%s/%s could not be read anew: %s", *key, error)

    def accept(self, resource: Resource) -> None:
        """Take in a resource as the watch shows it, and give it a turn where it says something new."""
        if self._registry.put(resource):
            for rival in self._registry.rivals(resource):
                self.kick(rival)
            if resource.status.epoch is None:
                self._welcome(resource)
            else:
                self.kick(resource.key)

    def _welcome(self, resource: Resource) -> None:
        """Give new resources their first turn together: a thousand that are applied at once share their lists."""
        if resource.key in self._busy:
            self._again.add(resource.key)
            return
        self._schedule.put(resource.key, math.ceil(self._monotonic() * FIRST_TURNS) / FIRST_TURNS)
        self._wake.set()

    def forget(self, key: Key) -> None:
        """Drop a resource that is gone; whoever was in its shadow gets a turn."""
        entry = self._registry.entries.get(key)
        rivals = self._registry.rivals(entry.resource) if entry else []
        self._registry.drop(key)
        self._failures.pop(key, None)
        self.forgotten(key)
        for rival in rivals:
            self.kick(rival)

    def _set_next_check(self, entry: Entry) -> None:
        if entry.resource.spec is not None:
            entry.next_check = pacing.next_check(entry, entry.resource.spec, self._monotonic())

    def _database_time(self, entry: Entry) -> float:
        return self._reconciler.scribe.now(entry).timestamp()

    def _next_turn(self, entry: Entry) -> float:
        rollback = entry.resource.status.last_rollback
        if rollback is not None and rollback.phase.under_way:
            return self._monotonic() + VERIFY_EVERY
        spec = entry.resource.spec
        if spec is None or spec.suspend:
            return float("inf")
        if entry.drifted_since is not None or is_pending(spec.version, entry.resource.status):
            return min(entry.next_check, self._monotonic() + GRACE.total_seconds())
        return entry.next_check
