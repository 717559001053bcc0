"""The second half of a turn: ask the database once for a whole group, decide on all of them, and only then act."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from modelward.connections import SUSPICIOUS, Connections
from modelward.counts import CHECKS
from modelward.decide.clocks import compare_clocks
from modelward.decide.decide import decide
from modelward.decide.evidence import spans_of, weigh_evidence
from modelward.decide.guards import Fleet
from modelward.decide.previous import Previous
from modelward.decide.verdict import judge
from modelward.domain.buckets import Buckets
from modelward.domain.decision import Announcement, Decision, Judgement
from modelward.domain.errors import ClusterError, SourceError
from modelward.domain.ports import QualityReader
from modelward.domain.quality import Quality
from modelward.domain.questions import Connection, Question
from modelward.domain.serving import Serving
from modelward.domain.source import Source
from modelward.domain.spec import ActOn, Spec
from modelward.domain.status import Status, Verdict
from modelward.fleet import Census, Fleets
from modelward.logbook import note_left
from modelward.registry import Entry, Key
from modelward.rollbacks import Rollbacks

log = logging.getLogger(__name__)
AT_ONCE = 16
NOBODY = Fleet()
Recall = Callable[[Entry, Spec, Status], Awaitable[Status]]


@dataclass(frozen=True, slots=True)
class Plan:
    """A turn that waits for the database: what it knows so far, and its question."""

    entry: Entry
    spec: Spec
    serving: Serving
    status: Status
    previous: Previous | None
    question: Question
    announcements: tuple[Announcement, ...]
    figures_too: bool


@dataclass(frozen=True, slots=True)
class Case:
    """A plan with the database's answer, what was found out beside it, and what is decided so far."""

    plan: Plan
    answer: Quality | SourceError
    fleet: Fleet = NOBODY
    archived: tuple[str, ...] = ()
    evidence: Buckets | None = None
    unread: str | None = None
    decision: Decision = field(default_factory=lambda: Decision(Status()))


@dataclass(frozen=True, slots=True)
class Judging:
    """Judges plans; two-phase, so that the breaker sees all of them before anything is changed."""

    reader: QualityReader
    connections: Connections
    rollbacks: Rollbacks
    census: Census
    follow: Callable[[Connection, tuple[str, str], Key], None]
    recall: Recall

    async def find_group(self, plan: Plan) -> object:
        """Return what plans of one statement have in common; a Secret that cannot be read stands for itself."""
        key = (plan.entry.resource.namespace, plan.spec.secret_name)
        try:
            return await self.connections.find(*key), plan.spec.source
        except (ClusterError, SourceError):
            return key

    async def conclude(self, plans: Sequence[Plan]) -> list[BaseException | None]:
        """Judge all plans and act; returns what went wrong for each, since one must not stop the others."""
        answers = await self._ask(plans)
        first = [self._decide(Case(plan, answer)) for plan, answer in zip(plans, answers, strict=True)]
        looked = await _each(self._hold_by_what_is_known(first), self._look_again)
        sure = [case for case in looked if isinstance(case, Case)]
        fleets = await self._look_around(sure)
        ended = iter(await _each([self._hold(case, fleets) for case in sure], self._carry_out))
        return [_problem(next(ended)) if isinstance(case, Case) else _problem(case) for case in looked]

    async def _carry_out(self, case: Case) -> None:
        plan, decision = case.plan, case.decision
        told = plan.announcements + decision.announcements
        if decision.order is None:
            note_left(plan.entry.resource, decision.status)
            await self.rollbacks.scribe.finish(plan.entry, decision.status, told, figures_too=plan.figures_too)
        else:
            await self.rollbacks.begin(plan.entry, plan.spec, plan.serving, replace(decision, announcements=told))

    async def _look_again(self, case: Case) -> Case:
        """Before the one write that matters, look at the registry of versions and at the evidence."""
        plan, spec, answer = case.plan, case.plan.spec, case.answer
        if case.decision.order is None or isinstance(answer, SourceError):
            return case
        try:
            remembered = await self.recall(plan.entry, spec, plan.status)
            connection = await self.connections.find(plan.entry.resource.namespace, spec.secret_name)
            archived = await self.reader.archived(connection, spec.model_name, spec.environment, spec.source)
        except (ClusterError, SourceError) as error:
            return self._decide_later(case, error)
        plan.entry.unread = 0
        if remembered.quarantine != plan.status.quarantine:  # the next look chooses its target with them in mind
            return replace(case, decision=Decision(remembered))
        if archived:
            case = self._decide(replace(case, archived=archived))
        if case.decision.order is None or spec.evaluation.act_on is not ActOn.GUARDED:
            return case
        found = await self._gather(connection, plan, answer)
        if isinstance(found, SourceError):
            return self._decide(Case(plan, found))
        return self._decide(replace(case, evidence=found))

    async def _look_around(self, cases: Sequence[Case]) -> Fleets:
        """Only now that somebody is to be rolled back: how do all the others of the same feeds look?"""
        feeds = {self.census.feed_of(case.plan.entry) for case in cases if case.decision.order is not None}
        if not feeds:
            return Fleets(NOBODY)
        return await self.census.count(_statuses(cases), [feed for feed in feeds if feed is not None], self._now())

    def _hold_by_what_is_known(self, cases: Sequence[Case]) -> Sequence[Case]:
        if all(case.decision.order is None for case in cases):
            return cases
        known = self.census.look(self._now(), _statuses(cases))
        return [self._hold(case, known) for case in cases]

    def _hold(self, case: Case, fleets: Fleets) -> Case:
        """Decide once more where the breaker is open."""
        if case.decision.order is None:
            return case
        fleet = fleets.around(self.census.feed_of(case.plan.entry), case.plan.spec)
        return self._decide(replace(case, fleet=fleet)) if fleet.breaker_open else case

    def _now(self) -> datetime:
        return self.rollbacks.scribe.clock.now()

    def _decide_later(self, case: Case, error: Exception) -> Case:
        """Hold it back, and look again as soon as after any other failure of the database."""
        log.warning("%s/%s: not rolled back for now: %s", *case.plan.entry.resource.key, error)
        case.plan.entry.unread += 1
        return self._decide(replace(case, unread=str(error)))

    async def _gather(self, connection: Connection, plan: Plan, answer: Quality) -> Buckets | SourceError:
        """Ask once more what guards want to know; what the rows or the time do not allow is as if there were nothing.

        Of nothing, two say nothing; the one that wants proof waits for it.
        """
        judgement = judge(plan.spec, plan.status, answer, plan.previous)
        started = plan.status.epoch.started_time if plan.status.epoch else None
        spans = spans_of(plan.spec, plan.question, judgement, started)
        if not spans:
            return Buckets()
        try:
            summed = await self.reader.spans(connection, plan.question, spans, plan.spec.source)
        except SourceError as error:
            if error.reason in SUSPICIOUS:
                return error
            log.warning("%s/%s: guards without evidence: %s", *plan.entry.resource.key, error)
            return Buckets()
        return weigh_evidence(plan.question, judgement, spans, summed)

    def _decide(self, case: Case) -> Case:
        plan, now = case.plan, self.rollbacks.scribe.now(case.plan.entry)
        judgement, resource, status = self._judge(plan, case.answer, case.archived), plan.entry.resource, plan.status
        if not isinstance(case.answer, SourceError):
            status = compare_clocks(status, plan.entry.clock_offset, resource.generation, now)
        decision = decide(
            resource,
            plan.spec,
            status,
            plan.serving,
            plan.previous,
            judgement,
            case.fleet,
            now,
            case.evidence,
            case.unread,
        )
        return replace(case, decision=decision)

    def _judge(self, plan: Plan, answer: Quality | SourceError, archived: tuple[str, ...]) -> Judgement:
        entry = plan.entry
        if isinstance(answer, SourceError):
            entry.failures += 1
            if answer.reason in SUSPICIOUS:
                self.connections.forget(entry.resource.namespace, plan.spec.secret_name)
            return Judgement(Verdict.SOURCE_ERROR, answer.reason, str(answer))
        entry.failures = 0
        entry.clock_offset = answer.now - self.rollbacks.scribe.clock.now()
        return judge(plan.spec, plan.status, replace(answer, archived=archived), plan.previous)

    async def _ask(self, plans: Sequence[Plan]) -> list[Quality | SourceError]:
        """Group by connection and source; a Secret that cannot be read is the answer of its own resources only."""
        answers: dict[int, Quality | SourceError] = {}
        groups: dict[tuple[Connection, Source], list[int]] = {}
        for i, plan in enumerate(plans):
            try:
                connection = await self.connections.find(plan.entry.resource.namespace, plan.spec.secret_name)
            except SourceError as error:
                answers[i] = error
            else:
                groups.setdefault((connection, plan.spec.source), []).append(i)
        for (connection, source), indexes in groups.items():
            asked = [plans[i] for i in indexes]
            answers |= dict(zip(indexes, await self._read(connection, source, asked), strict=True))
        return [answers[i] for i in range(len(plans))]

    async def _read(self, connection: Connection, source: Source, plans: Sequence[Plan]) -> list[Quality | SourceError]:
        began = time.monotonic()
        answers = await self.reader.read(connection, [plan.question for plan in plans], source)
        connections = [connection] * len(plans)
        if all(isinstance(answer, SourceError) and answer.reason in SUSPICIOUS for answer in answers):
            connections = await self._read_anew(connection, source, plans, answers)
        now = time.monotonic()
        CHECKS.observe(now - began)
        for plan, used, answer in zip(plans, connections, answers, strict=True):
            plan.entry.check_seconds = (now - began) / len(plans)
            if not isinstance(answer, SourceError):
                plan.entry.answered_at, plan.entry.label_lag = now, answer.current.label_lag
            if source.is_ours:  # labels in other tables do not announce themselves
                self.follow(used, (plan.spec.model_name, plan.spec.environment), plan.entry.resource.key)
        return answers

    async def _read_anew(
        self, connection: Connection, source: Source, plans: Sequence[Plan], answers: list[Quality | SourceError]
    ) -> list[Connection]:
        """Where a Secret says something else by now (a changed password), ask again; each Secret for its own plans."""
        used, secrets = [connection] * len(plans), dict[tuple[str, str], list[int]]()
        for i, plan in enumerate(plans):
            secrets.setdefault((plan.entry.resource.namespace, plan.spec.secret_name), []).append(i)
        for where, indexes in secrets.items():
            found = await self._find_anew(*where)
            if found is not None and found != connection:
                again = await self.reader.read(found, [plans[i].question for i in indexes], source)
                for i, answer in zip(indexes, again, strict=True):
                    used[i], answers[i] = found, answer
        return used

    async def _find_anew(self, namespace: str, name: str) -> Connection | None:
        self.connections.forget(namespace, name)
        try:
            return await self.connections.find(namespace, name)
        except (ClusterError, SourceError):  # then the database's own words are the better answer
            return None


async def _each(
    cases: Sequence[Case], step: Callable[[Case], Awaitable[Case | None]]
) -> list[Case | BaseException | None]:
    """Take a step with each, some at a time; what goes wrong with one is its own answer."""
    at_once = asyncio.Semaphore(AT_ONCE)

    async def take(case: Case) -> Case | None:
        async with at_once:
            return await step(case)

    return await asyncio.gather(*map(take, cases), return_exceptions=True)


def _statuses(cases: Sequence[Case]) -> dict[Key, Status]:
    return {case.plan.entry.resource.key: case.decision.status for case in cases}


def _problem(ended: Case | BaseException | None) -> BaseException | None:
    return ended if isinstance(ended, BaseException) else None
