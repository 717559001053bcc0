"""The hallway: the only place that knows every room. One turn of one resource, and the sweep of a whole group.

A turn reads as: what serves? -> is a rollback under way? -> what was asked for? -> what does the database say? ->
decide -> act -> write status, tell people.
"""

import asyncio
import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from modelward.act.announce import make_events
from modelward.act.record import says_something_new, write_status
from modelward.act.rollback import Outcome, Patched, give_back, put_back
from modelward.connections import SUSPICIOUS, Connections
from modelward.decide import journal, requests
from modelward.decide.conditions import READY, summarise
from modelward.decide.decide import decide, follow, refuse
from modelward.decide.epochs import adopt, served_before
from modelward.decide.guards import Fleet
from modelward.decide.previous import Previous, find_previous
from modelward.decide.verdict import judge
from modelward.domain.decision import Announcement, Decision, Judgement
from modelward.domain.errors import ConflictError, NotFoundError, SourceError
from modelward.domain.ports import Clock, Cluster, QualityReader
from modelward.domain.quality import Quality
from modelward.domain.questions import Connection, Question
from modelward.domain.reasons import Reason
from modelward.domain.resource import parse_resource
from modelward.domain.serving import Deployment, Serving, ServingProblem
from modelward.domain.spec import Spec
from modelward.domain.status import Phase, Rollback, Status, Verdict
from modelward.observe.serving import find_revisions, find_serving, image_for, parse_deployment
from modelward.registry import Entry, Registry

log = logging.getLogger(__name__)
RECENT = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Rules:
    """The operator's own settings as far as a turn needs them."""

    instance: str = "modelward"
    require_opt_in: bool = False
    breaker_percent: int = 50


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


class Reconciler:
    """Carries out turns; holds the ports and nothing about any resource."""

    def __init__(
        self,
        cluster: Cluster,
        reader: QualityReader,
        clock: Clock,
        registry: Registry,
        rules: Rules,
        fence: Callable[[], bool] = lambda: True,
    ) -> None:
        self.cluster = cluster
        self.reader = reader
        self.clock = clock
        self.registry = registry
        self.rules = rules
        self.fence = fence
        self.connections = Connections(cluster)

    # -- before the database -------------------------------------------------------------------------------------

    async def prepare(self, entry: Entry, *, due: bool) -> Plan | None:
        """Do all of a turn that needs no database; return what is left to ask, None where nothing is."""
        resource, spec = entry.resource, entry.resource.spec
        now = self._now(entry)
        if spec is None:
            problem = ServingProblem(Reason.INVALID_SPEC, str(resource.problem))
            await self._refuse(entry, problem, now)
            return None
        conflict = self.registry.find_conflict(entry)
        if conflict is not None:
            await self._refuse(entry, conflict, now)
            return None
        under_way = _under_way(resource.status)
        if spec.suspend and not under_way:
            await self._suspend(entry, now)
            return None
        serving = await self._observe(entry, spec, live=under_way)
        if isinstance(serving, ServingProblem):
            await self._lose(entry, serving, now)
            return None
        return await self._proceed(entry, spec, serving, due=due)

    async def _proceed(self, entry: Entry, spec: Spec, serving: Serving, *, due: bool) -> Plan | None:
        resource, now = entry.resource, self._now(entry)
        status = resource.status
        if status.epoch is None:
            status = await self._adopt(status, spec, serving, now)
        if _under_way(status):
            await self._resume(entry, spec, serving)
            if spec.suspend or _under_way(entry.resource.status):
                return None
            status = entry.resource.status
            serving = await self._serving_again(entry, spec, serving)
        followed = follow(resource, spec, status, serving, now)
        if followed.order is not None:
            await self._roll_back(entry, spec, serving, followed)
            return None
        answered = await self._answer(entry, spec, serving, followed, now)
        if answered.order is not None:
            await self._roll_back(entry, spec, serving, answered)
            return None
        return await self._plan(entry, spec, serving, answered, due=due)

    async def _plan(self, entry: Entry, spec: Spec, serving: Serving, so_far: Decision, *, due: bool) -> Plan | None:
        resource, status = entry.resource, so_far.status
        asked = resource.status.requests.check != status.requests.check
        edited = resource.generation != resource.status.observed_generation
        if asked or edited:
            self.connections.forget(resource.namespace, spec.secret_name)
        if not (due or asked or edited or status.verdict is None or _mended(resource.status)):
            if so_far.announcements:
                status = summarise(status, resource.generation, self._now(entry))
                await self._finish(entry, status, so_far.announcements, figures_too=False)
            return None
        previous = find_previous(spec, status)
        question = _question(spec, status, previous)
        return Plan(entry, spec, serving, status, previous, question, so_far.announcements, due or asked)

    # -- the database, and after ---------------------------------------------------------------------------------

    async def conclude(self, plans: Sequence[Plan]) -> list[BaseException | None]:
        """Ask once for all plans, decide on all, and only then act: the second phase knows how the others look.

        Returns what went wrong for each plan; one that fails does not stop the others.
        """
        answers = await self._ask(plans)
        decided = [(plan, self._decide(plan, answer, Fleet())) for plan, answer in zip(plans, answers, strict=True)]
        fleet = self._fleet(decided) if any(decision.order for _, decision in decided) else Fleet()
        turns = [self._carry_out(plan, decision, fleet) for plan, decision in decided]
        return await asyncio.gather(*turns, return_exceptions=True)

    async def _carry_out(self, plan: Plan, decision: Decision, fleet: Fleet) -> None:
        if decision.order is not None:
            decision = await self._decide_again(plan, decision, fleet)
        announcements = plan.announcements + decision.announcements
        if decision.order is None:
            await self._finish(plan.entry, decision.status, announcements, figures_too=plan.figures_too)
            return
        await self._roll_back(plan.entry, plan.spec, plan.serving, replace(decision, announcements=announcements))

    def _decide(
        self, plan: Plan, answer: Quality | SourceError, fleet: Fleet, archived: tuple[str, ...] = ()
    ) -> Decision:
        judgement = self._judge(plan, answer, archived)
        image = image_for(plan.spec, plan.serving.image, plan.previous.version) if plan.previous else ""
        return decide(
            plan.entry.resource,
            plan.spec,
            plan.status,
            plan.serving,
            plan.previous,
            image,
            judgement,
            fleet,
            self._now(plan.entry),
        )

    def _judge(self, plan: Plan, answer: Quality | SourceError, archived: tuple[str, ...]) -> Judgement:
        if isinstance(answer, SourceError):
            plan.entry.failures += 1
            if answer.reason in SUSPICIOUS:
                self.connections.forget(plan.entry.resource.namespace, plan.spec.secret_name)
            return Judgement(Verdict.SOURCE_ERROR, answer.reason, str(answer))
        plan.entry.failures = 0
        plan.entry.clock_offset = answer.now - self.clock.now()
        return judge(plan.spec, plan.status, replace(answer, archived=archived), plan.previous)

    async def _decide_again(self, plan: Plan, decision: Decision, fleet: Fleet) -> Decision:
        """Before the one write that matters, look at the fleet and at the registry of versions."""
        connection = await self.connections.find(plan.entry.resource.namespace, plan.spec.secret_name)
        spec = plan.spec
        archived = await self.reader.archived(connection, spec.model_name, spec.environment)
        target = decision.order.to.version if decision.order else ""
        if not fleet.breaker_open and target not in archived:
            return decision
        answer = (await self.reader.read(connection, [plan.question]))[0]
        return self._decide(plan, answer, fleet, archived)

    async def _ask(self, plans: Sequence[Plan]) -> list[Quality | SourceError]:
        """Group by connection; a Secret that cannot be read is the answer of its own resources only."""
        answers: dict[int, Quality | SourceError] = {}
        groups: dict[Connection, list[int]] = {}
        for i, plan in enumerate(plans):
            try:
                connection = await self.connections.find(plan.entry.resource.namespace, plan.spec.secret_name)
            except SourceError as error:
                answers[i] = error
            else:
                groups.setdefault(connection, []).append(i)
        for connection, indexes in groups.items():
            questions = [plans[i].question for i in indexes]
            answers |= dict(zip(indexes, await self.reader.read(connection, questions), strict=True))
        return [answers[i] for i in range(len(plans))]

    def _fleet(self, decided: Sequence[tuple[Plan, Decision]]) -> Fleet:
        statuses = {key: entry.resource.status for key, entry in self.registry.entries.items()}
        statuses |= {plan.entry.resource.key: decision.status for plan, decision in decided}
        now = self.clock.now()
        judged = [s for s in statuses.values() if s.verdict in {Verdict.HEALTHY, Verdict.DEGRADED}]
        bad = sum(s.verdict is Verdict.DEGRADED and _lately(s, now) for s in judged)
        return Fleet(len(judged), bad, self.rules.breaker_percent)

    # -- rollbacks -----------------------------------------------------------------------------------------------

    async def _roll_back(self, entry: Entry, spec: Spec, serving: Serving, decision: Decision) -> None:
        """Intent first, then the patch, then its record, then the telling."""
        order = decision.order
        assert order is not None  # callers look first
        self._check_fence()
        now = self._now(entry)
        status = summarise(journal.intend(decision.status, order, now), entry.resource.generation, now)
        entry.resource = await write_status(self.cluster, entry.resource, status)
        log.info(
            "%s/%s: rolling back %s -> %s: %s", *entry.resource.key, order.from_version, order.to.version, order.message
        )
        await self._patch(entry, spec, serving)
        told = [a for a in decision.announcements if a.reason is not Reason.DEGRADED]
        await self._announce(entry, tuple(told))

    async def _resume(self, entry: Entry, spec: Spec, serving: Serving) -> None:
        rollback = entry.resource.status.last_rollback
        assert rollback is not None  # it is under way
        if rollback.phase is Phase.DECIDED:
            log.info("%s/%s: finishing rollback %s", *entry.resource.key, rollback.id)
            await self._patch(entry, spec, serving)
            return
        if entry.announced != rollback.id:
            await self._announce_rollback(entry, rollback)
        await self._verify(entry, spec)

    async def _patch(self, entry: Entry, spec: Spec, serving: Serving) -> None:
        rollback = entry.resource.status.last_rollback
        assert rollback is not None  # the intent was written
        self._check_fence()
        result = await put_back(self.cluster, serving.deployment, serving.container.name, rollback, parse_deployment)
        status, now = entry.resource.status, self._now(entry)
        if result.outcome is Outcome.PATCHED and result.body is not None:
            await self._record_patch(entry, spec, rollback, result)
            return
        if result.outcome is Outcome.GONE:
            status = journal.failed(status, "the Deployment is gone", now)
            entry.deployment = None
        else:
            status = journal.superseded(status, now)
            entry.deployment_read = False
        await self._end(entry, status, now)

    async def _record_patch(self, entry: Entry, spec: Spec, rollback: Rollback, result: Patched) -> None:
        assert result.body is not None  # it was patched
        body = await give_back(self.cluster, result.body)
        deployment = parse_deployment(body)
        entry.deployment, entry.deployment_read = deployment, True
        now = self._now(entry)
        served = find_serving(spec, deployment)
        if isinstance(served, ServingProblem):
            status = journal.failed(entry.resource.status, served.message, now)
        else:
            status = journal.patched(entry.resource.status, served, now)
        status = summarise(status, entry.resource.generation, now)
        await self._insist(entry, status)
        await self._announce_rollback(entry, rollback)
        await self._verify(entry, spec)

    async def _verify(self, entry: Entry, spec: Spec) -> None:
        """Succeeded means rolled out; a version that cannot start in time is reported, and left."""
        status, now = entry.resource.status, self._now(entry)
        rollback, deployment = status.last_rollback, entry.deployment
        if rollback is None or rollback.phase is not Phase.PATCHED or rollback.patched_time is None:
            return
        if deployment is None:
            await self._end(entry, journal.failed(status, "the Deployment is gone", now), now)
        elif deployment.rollout.complete:
            await self._end(entry, journal.verified(status, now), now)
        elif deployment.rollout.failed or now - rollback.patched_time > spec.rollback.verify_timeout:
            why = f"{rollback.to} did not become available: {deployment.rollout.sentence}"
            await self._end(entry, journal.failed(status, why, now), now)

    async def _end(self, entry: Entry, status: Status, now: datetime) -> None:
        await self._insist(entry, summarise(status, entry.resource.generation, now))
        end = journal.announce_end(status.last_rollback) if status.last_rollback else None
        if end is not None:
            await self._announce(entry, (end,))

    async def _insist(self, entry: Entry, status: Status) -> None:
        """Write what has happened already; a conflict means that the resource was edited, which changes nothing of it."""
        try:
            entry.resource = await write_status(self.cluster, entry.resource, status)
        except ConflictError:
            fresh = parse_resource(await self.cluster.get_resource(*entry.resource.key))
            entry.resource = await write_status(self.cluster, fresh, status)
        entry.written_at = time.monotonic()

    def _check_fence(self) -> None:
        if not self.fence():
            raise ConflictError("the Lease was not renewed in time: nothing is written")

    # -- requests, refusals, status ------------------------------------------------------------------------------

    async def _answer(self, entry: Entry, spec: Spec, serving: Serving, so_far: Decision, now: datetime) -> Decision:
        resource, status, told = entry.resource, so_far.status, so_far.announcements
        pending = requests.find_pending(resource.asked, status.requests)
        if pending.clear_quarantine:
            answer = requests.answer_clear(resource, status, now)
            status, told = answer.status, told + answer.announcements
        if pending.check:
            answer = requests.answer_check(resource, status, now)
            status, told = answer.status, told + answer.announcements
        if not pending.rollback:
            return Decision(status, announcements=told)
        known = await self._known_versions(entry, spec, status)
        image = image_for(spec, serving.image, resource.asked.rollback_to or "")
        answer = requests.answer_rollback(resource, status, serving, known, image, now)
        return replace(answer, announcements=told + answer.announcements)

    async def _known_versions(self, entry: Entry, spec: Spec, status: Status) -> tuple[str, ...]:
        resource = entry.resource
        if not requests.must_look_up(resource, status):
            return ()
        try:
            connection = await self.connections.find(resource.namespace, spec.secret_name)
            found = await self.reader.versions(connection, spec.model_name, spec.environment)
        except SourceError as error:
            log.warning("%s/%s: the database cannot list versions: %s", *resource.key, error)
            return ()
        return tuple(v.version for v in reversed(found))

    async def _lose(self, entry: Entry, problem: ServingProblem, now: datetime) -> None:
        """The Deployment is missing or unreadable; a rollback under way has lost its object."""
        if _under_way(entry.resource.status):
            status = journal.failed(entry.resource.status, problem.message, now)
            await self._end(entry, status, now)
        await self._refuse(entry, problem, now)

    async def _refuse(self, entry: Entry, problem: ServingProblem, now: datetime) -> None:
        resource = entry.resource
        pending = requests.find_pending(resource.asked, resource.status.requests)
        answered = requests.refuse_all(resource, resource.status, pending, problem.message)
        decision = refuse(resource, answered.status, problem, now)
        told = answered.announcements + decision.announcements
        await self._finish(entry, decision.status, told, figures_too=True)

    async def _suspend(self, entry: Entry, now: datetime) -> None:
        resource = entry.resource
        pending = requests.find_pending(resource.asked, resource.status.requests)
        answered = requests.refuse_all(resource, resource.status, pending, "spec.suspend is true")
        status = summarise(answered.status, resource.generation, now, suspended=True)
        await self._finish(entry, status, answered.announcements, figures_too=False)

    async def _finish(
        self, entry: Entry, status: Status, announcements: tuple[Announcement, ...], *, figures_too: bool
    ) -> None:
        """Tell first: told twice is one Event, so a crash in between loses nothing."""
        await self._announce(entry, announcements)
        if says_something_new(entry.resource.status, status, figures_too=figures_too):
            entry.resource = await write_status(self.cluster, entry.resource, status)
            entry.written_at = time.monotonic()

    async def _announce_rollback(self, entry: Entry, rollback: Rollback) -> None:
        await self._announce(entry, (journal.announce_patched(rollback),))
        entry.announced = rollback.id

    async def _announce(self, entry: Entry, announcements: tuple[Announcement, ...]) -> None:
        for announcement in announcements:
            log.info("%s/%s: %s: %s", *entry.resource.key, announcement.reason, announcement.message)
            now = self.clock.now()
            for event in make_events(entry.resource, entry.deployment, announcement, now, self.rules.instance):
                await self.cluster.create_event(entry.resource.namespace, event)

    # -- the Deployment ------------------------------------------------------------------------------------------

    async def _observe(self, entry: Entry, spec: Spec, *, live: bool) -> Serving | ServingProblem:
        """Take the Deployment as the watch last showed it; read it where it was never seen, or a rollback hangs on it."""
        rollback = entry.resource.status.last_rollback
        if not entry.deployment_read or (live and rollback is not None and rollback.phase is Phase.DECIDED):
            entry.deployment = await self._read_deployment(entry.resource.namespace, spec.target_name)
            entry.deployment_read = True
        deployment = entry.deployment
        if deployment is None:
            message = f"Deployment {spec.target_name} does not exist in this namespace"
            return ServingProblem(Reason.TARGET_NOT_FOUND, message)
        if self.rules.require_opt_in and deployment.allow_rollback != entry.resource.name:
            message = (
                f"Deployment {deployment.name} lacks the annotation modelward.dev/allow-rollback: {entry.resource.name}"
            )
            return ServingProblem(Reason.NOT_OPTED_IN, message)
        return find_serving(spec, deployment)

    async def _serving_again(self, entry: Entry, spec: Spec, serving: Serving) -> Serving:
        again = await self._observe(entry, spec, live=False)
        return serving if isinstance(again, ServingProblem) else again

    async def _read_deployment(self, namespace: str, name: str) -> Deployment | None:
        try:
            return parse_deployment(await self.cluster.get_deployment(namespace, name))
        except NotFoundError:
            return None

    async def _adopt(self, status: Status, spec: Spec, serving: Serving, now: datetime) -> Status:
        deployment = serving.deployment
        replica_sets = await self.cluster.list_replica_sets(deployment.namespace, deployment.selector)
        return adopt(status, serving, find_revisions(spec, deployment, replica_sets), now)

    def _now(self, entry: Entry) -> datetime:
        """The database's clock as far as it is known: windows and epochs are measured on one clock."""
        return self.clock.now() + entry.clock_offset


def _under_way(status: Status) -> bool:
    return status.last_rollback is not None and status.last_rollback.phase.under_way


def _mended(status: Status) -> bool:
    """Whether the last word was a problem with the resource or its Deployment, which is gone now."""
    ready = status.condition(READY)
    problems = {
        Reason.INVALID_SPEC, Reason.CONFLICT, Reason.TARGET_NOT_FOUND, Reason.CONTAINER_NOT_FOUND,
        Reason.CONTAINER_AMBIGUOUS, Reason.VERSION_UNREADABLE, Reason.REPOSITORY_NOT_ALLOWED, Reason.NOT_OPTED_IN,
    }  # fmt: skip
    return ready is not None and ready.reason in problems


def _question(spec: Spec, status: Status, previous: Previous | None) -> Question:
    epoch = status.epoch
    assert epoch is not None  # adopted before
    frozen = previous is not None and status.baseline is not None and status.baseline.version == previous.version
    return Question(
        model_name=spec.model_name,
        environment=spec.environment,
        version=epoch.version,
        window=spec.evaluation.window,
        label_delay=spec.evaluation.label_delay,
        not_before=epoch.started_time if served_before(status, epoch.version) else None,
        baseline_version=previous.version if previous and not frozen else None,
    )


def _lately(status: Status, now: datetime) -> bool:
    degraded = status.condition("Degraded")
    return degraded is not None and degraded.status == "True" and now - degraded.last_transition_time < RECENT
