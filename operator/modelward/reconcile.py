"""The hallway: the only place that knows every room. One turn of one resource reads as:

what serves? -> is a rollback under way? -> what was asked for? -> what should the database be asked?
(-> judging: what does it say? -> decide -> act -> write status, tell people)
"""

import logging
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING

from modelward.connections import Connections
from modelward.decide import journal, requests
from modelward.decide.comparison import frozen_baseline
from modelward.decide.conditions import READY, summarise
from modelward.decide.decide import follow, refuse
from modelward.decide.epochs import adopt, served_before
from modelward.decide.previous import Previous, find_previous
from modelward.domain.decision import Decision
from modelward.domain.errors import ClusterError, NotFoundError, SourceError
from modelward.domain.ports import Clock, Cluster, QualityReader
from modelward.domain.questions import Comparison, Connection, Question
from modelward.domain.reasons import PROBLEMS, Reason
from modelward.domain.serving import ALLOW_ROLLBACK, Deployment, Serving, ServingProblem
from modelward.domain.spec import Spec
from modelward.domain.status import Phase, Status
from modelward.judging import Judging, Plan
from modelward.observe.serving import find_revisions, find_serving, image_for, parse_deployment
from modelward.registry import Entry, Key, Registry
from modelward.rollbacks import Rollbacks, is_under_way
from modelward.scribe import Scribe

if TYPE_CHECKING:
    from modelward.domain.ports import Json
    from modelward.judging import Recall

log = logging.getLogger(__name__)
MANY = 10  # from here on, one list of a namespace is cheaper than reading each of them


@dataclass(frozen=True, slots=True)
class Rules:
    """The operator's own settings as far as a turn needs them."""

    instance: str = "modelward"
    require_opt_in: bool = False
    breaker_percent: int = 50


class Reconciler:
    """Prepares turns, and hands those that need the database on to `judging`."""

    def __init__(
        self,
        cluster: Cluster,
        reader: QualityReader,
        clock: Clock,
        registry: Registry,
        rules: Rules,
        fence: Callable[[], bool] = lambda: True,
        follow: Callable[[Connection, tuple[str, str], Key], None] = lambda *_: None,
        release: Callable[[Connection], Awaitable[None]] | None = None,
    ) -> None:
        self.cluster = cluster
        self.reader = reader
        self.registry = registry
        self.rules = rules
        self.connections = Connections(cluster, release or reader.release)
        self.scribe = Scribe(cluster, clock, rules.instance)
        self.rollbacks = Rollbacks(self.scribe, fence)
        self.glance: Callable[[Entry, Spec, Status], Status] = lambda _entry, _spec, status: status
        self.recall: Recall = _know_all
        recall = self._recall
        self.judging = Judging(
            reader, self.connections, registry, self.rollbacks, rules.breaker_percent, follow, recall
        )  # fmt: skip

    async def prefetch(self, entries: Sequence[Entry]) -> None:
        """Where many resources of a namespace are new at once, list what they need instead of reading it for each."""
        new: dict[str, dict[str, list[Entry]]] = {}
        for entry in entries:
            if entry.resource.spec is not None and not entry.deployment_read:
                target = entry.resource.spec.target_name
                new.setdefault(entry.resource.namespace, {}).setdefault(target, []).append(entry)
        for namespace, wanted in new.items():
            if len(wanted) >= MANY:
                await self._list_targets(namespace, wanted)

    async def prepare(self, entry: Entry, *, due: bool) -> Plan | None:
        """Do all of a turn that needs no verdict; return what is left to ask, None where nothing is."""
        resource, spec = entry.resource, entry.resource.spec
        now = self.scribe.now(entry)
        if spec is None:
            await self._refuse(entry, ServingProblem(Reason.INVALID_SPEC, str(resource.problem)), now)
            return None
        conflict = self.registry.find_conflict(entry)
        if conflict is not None:
            await self._refuse(entry, conflict, now)
            return None
        if spec.suspend and not is_under_way(resource.status):
            await self._suspend(entry, now)
            return None
        serving = await self._observe(entry, spec)
        if isinstance(serving, ServingProblem):
            await self._lose(entry, serving, now)
            return None
        return await self._proceed(entry, spec, serving, due=due)

    async def _proceed(self, entry: Entry, spec: Spec, serving: Serving, *, due: bool) -> Plan | None:
        if is_under_way(entry.resource.status):
            await self.rollbacks.resume(entry, spec, serving)
            again = await self._observe(entry, spec)
            if isinstance(again, ServingProblem):
                return None
            serving = again
        resource, now = entry.resource, self.scribe.now(entry)
        status = replace(resource.status, target=spec.target_name)
        if status.epoch is None:
            status = await self._adopt(entry, status, spec, serving)
        status = self.glance(entry, spec, status)
        settled = journal.settle(status, spec, serving, now)
        if is_under_way(settled.status):
            await self.scribe.note(entry)
            return None
        if spec.suspend:
            after = summarise(settled.status, resource.generation, now, suspended=True)
            await self.scribe.finish(entry, after, settled.announcements, figures_too=False)
            return None
        decision = follow(resource, spec, settled.status, serving, now)
        decision = replace(decision, announcements=settled.announcements + decision.announcements)
        if decision.order is None:
            decision = await self._answer(entry, spec, serving, decision, now)
        if decision.order is not None:
            await self.rollbacks.begin(entry, spec, serving, decision)
            return None
        return await self._plan(entry, spec, serving, decision, due=due)

    async def _plan(self, entry: Entry, spec: Spec, serving: Serving, so_far: Decision, *, due: bool) -> Plan | None:
        resource, status = entry.resource, so_far.status
        check = status.requests.check
        asked = check is not None and check != resource.status.requests.check and check.result == "Done"
        edited = resource.generation != resource.status.observed_generation
        if asked or edited:
            self.connections.forget(resource.namespace, spec.secret_name)
        if not (due or asked or edited or status.verdict is None or _was_refused(resource.status)):
            status = summarise(status, resource.generation, self.scribe.now(entry))
            await self.scribe.finish(entry, status, so_far.announcements, figures_too=False)
            return None
        previous = find_previous(spec, status)
        question = _question(spec, status, previous)
        return Plan(
            entry,
            spec,
            serving,
            status,
            previous,
            question,
            so_far.announcements,
            asked or _is_time_for_figures(entry, spec),
        )

    # -- requests and refusals -----------------------------------------------------------------------------------

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
            found = await self.reader.versions(connection, spec.model_name, spec.environment, spec.source)
        except SourceError as error:
            log.warning("%s/%s: the database cannot list versions: %s", *resource.key, error)
            return ()
        return tuple(v.version for v in reversed(found))

    async def _lose(self, entry: Entry, problem: ServingProblem, now: datetime) -> None:
        """The Deployment is missing or unreadable; a rollback under way has lost its object."""
        if is_under_way(entry.resource.status):
            await self.rollbacks.give_up(entry, problem.message)
        await self._refuse(entry, problem, now)

    async def _refuse(self, entry: Entry, problem: ServingProblem, now: datetime) -> None:
        resource = entry.resource
        pending = requests.find_pending(resource.asked, resource.status.requests)
        answered = requests.refuse_all(resource, resource.status, pending, problem.message)
        decision = refuse(resource, answered.status, problem, now)
        told = answered.announcements + decision.announcements
        await self.scribe.finish(entry, decision.status, told, figures_too=True)

    async def _suspend(self, entry: Entry, now: datetime) -> None:
        resource = entry.resource
        pending = requests.find_pending(resource.asked, resource.status.requests)
        answered = requests.refuse_all(resource, resource.status, pending, "spec.suspend is true")
        status = summarise(answered.status, resource.generation, now, suspended=True)
        await self.scribe.finish(entry, status, answered.announcements, figures_too=False)

    # -- the Deployment ------------------------------------------------------------------------------------------

    async def _observe(self, entry: Entry, spec: Spec) -> Serving | ServingProblem:
        """Take the Deployment as the watch last showed it; read it where it was never seen or a rollback asks."""
        rollback = entry.resource.status.last_rollback
        decided = rollback is not None and rollback.phase is Phase.DECIDED
        if decided or not entry.deployment_read:
            entry.deployment = await self._read_deployment(entry.resource.namespace, spec.target_name)
            entry.deployment_read = True
        deployment = entry.deployment
        if deployment is None:
            message = f"Deployment {spec.target_name} does not exist in this namespace"
            return ServingProblem(Reason.TARGET_NOT_FOUND, message)
        if self.rules.require_opt_in and deployment.allow_rollback != entry.resource.name:
            message = f"Deployment {deployment.name} lacks the annotation {ALLOW_ROLLBACK}: {entry.resource.name}"
            return ServingProblem(Reason.NOT_OPTED_IN, message)
        return find_serving(spec, deployment)

    async def _list_targets(self, namespace: str, wanted: dict[str, list[Entry]]) -> None:
        try:
            owned: dict[str, list[Json]] = {}
            for body in await self.cluster.list_replica_sets(namespace, ""):
                for owner in body["metadata"].get("ownerReferences") or ():
                    owned.setdefault(owner["uid"], []).append(body)
            async for body in self.cluster.list_deployments((namespace,)):
                for entry in wanted.get(body["metadata"]["name"], ()):
                    entry.deployment, entry.deployment_read = parse_deployment(body), True
                    entry.replica_sets = owned.get(body["metadata"]["uid"], [])
        except ClusterError as error:
            log.warning("Deployments of %s could not be listed, each is read: %s", namespace, error)

    async def _recall(self, entry: Entry, spec: Spec, status: Status) -> Status:
        return await self.recall(entry, spec, status)

    async def _read_deployment(self, namespace: str, name: str) -> Deployment | None:
        try:
            return parse_deployment(await self.cluster.get_deployment(namespace, name))
        except NotFoundError:
            return None

    async def _adopt(self, entry: Entry, status: Status, spec: Spec, serving: Serving) -> Status:
        deployment, replica_sets = serving.deployment, entry.replica_sets
        entry.replica_sets = None
        if replica_sets is None:
            replica_sets = await self.cluster.list_replica_sets(deployment.namespace, deployment.selector)
        return adopt(status, serving, find_revisions(spec, deployment, replica_sets), self.scribe.now(entry))


async def _know_all(_entry: Entry, _spec: Spec, status: Status) -> Status:
    return status


def _is_time_for_figures(entry: Entry, spec: Spec) -> bool:
    """Figures alone are written at most once in an interval, however often a check runs."""
    return time.monotonic() - entry.written_at >= spec.check_interval.total_seconds() - 1


def _was_refused(status: Status) -> bool:
    """Whether the last word was a problem with the resource or its Deployment; it is gone now."""
    ready = status.condition(READY)
    return ready is not None and ready.reason in {*PROBLEMS, Reason.SUSPENDED}


def _question(spec: Spec, status: Status, previous: Previous | None) -> Question:
    epoch = status.epoch
    if epoch is None:
        raise ValueError("a resource is adopted before it is judged")
    frozen = frozen_baseline(spec, status, previous) is not None
    return Question(
        model_name=spec.model_name,
        environment=spec.environment,
        version=epoch.version,
        window=spec.evaluation.window,
        label_delay=spec.evaluation.label_delay,
        not_before=epoch.started_time if served_before(status, epoch.version) else None,
        baseline_version=previous.version if previous and not frozen else None,
        rival=previous.version if previous and spec.evaluation.comparison is not Comparison.BEFORE_AFTER else None,
        comparison=spec.evaluation.comparison,
        families=spec.gating,
        shown=spec.shown,
        positive_class=spec.evaluation.positive_class,
        relative=spec.relative,
    )
