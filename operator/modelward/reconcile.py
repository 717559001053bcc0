"""The hallway: the only place that knows every room. One turn of one resource reads as:

what serves? -> is a rollback under way? -> what was asked for? -> what should the database be asked?
(-> judging: what does it say? -> decide -> act -> write status, tell people)
"""

import logging
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING

from modelward.connections import Connections
from modelward.decide import journal, managed, requests
from modelward.decide.conditions import READY, is_placing, summarise
from modelward.decide.decide import follow, refuse
from modelward.decide.epochs import adopt
from modelward.decide.previous import find_previous
from modelward.decide.protection import protect
from modelward.decide.recall import is_young
from modelward.domain.decision import Announcement, Decision
from modelward.domain.errors import ClusterError, SourceError
from modelward.domain.ports import Clock, Cluster, QualityReader
from modelward.domain.questions import Connection
from modelward.domain.reasons import PROBLEMS, Reason
from modelward.domain.serving import Serving, ServingProblem
from modelward.domain.spec import Spec
from modelward.domain.status import Status
from modelward.fleet import Census, glimpse_of, question_of
from modelward.judging import Judging, Plan
from modelward.observe.serving import find_revisions, reach
from modelward.placements import Placements
from modelward.registry import Entry, Key, Registry
from modelward.rollbacks import Rollbacks, is_under_way
from modelward.scribe import Scribe
from modelward.targets import Targets

if TYPE_CHECKING:
    from modelward.judging import Recall

log = logging.getLogger(__name__)


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
        self.targets = Targets(cluster, rules.require_opt_in)
        self.rollbacks = Rollbacks(self.scribe, fence)
        self.placements = Placements(self.scribe, fence)
        self.glance: Callable[[Entry, Spec, Status], Status] = lambda _entry, _spec, status: status
        self.missing: Callable[[Entry, Spec], str | None] = lambda _entry, _spec: None
        self.recall: Recall = _know_all
        recall = self._recall
        census = Census(reader, self.connections, registry, rules.breaker_percent, glimpse_of)
        self.judging = Judging(reader, self.connections, self.rollbacks, census, follow, recall)

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
            await self._suspend(entry, Decision(resource.status), now)
            return None
        serving = await self.targets.observe(entry, spec)
        if isinstance(serving, ServingProblem):
            await self._lose(entry, serving, now)
            return None
        return await self._proceed(entry, spec, serving, due=due)

    async def _proceed(self, entry: Entry, spec: Spec, serving: Serving, *, due: bool) -> Plan | None:
        if is_under_way(entry.resource.status):
            await self.rollbacks.resume(entry, spec, serving)
            again = await self.targets.observe(entry, spec)
            if isinstance(again, ServingProblem):
                return None
            serving = again
        resource, now = entry.resource, self.scribe.now(entry)
        status = replace(resource.status, target=spec.target_name)
        if status.epoch is None:
            replica_sets = await self.targets.take_replica_sets(entry, serving)
            status = adopt(status, serving, find_revisions(spec, serving.deployment, replica_sets), now)
            status = managed.adopted(spec.version, status, serving, now)
        status = protect(self.glance(entry, spec, status), serving, resource.generation, now)
        return await self._settle(entry, spec, serving, status, due=due)

    async def _settle(self, entry: Entry, spec: Spec, serving: Serving, status: Status, *, due: bool) -> Plan | None:
        """Let a rollout go on, or see its end; what spec.version says anew does not wait for it."""
        now = self.scribe.now(entry)
        overruled = not spec.suspend and managed.names_another(spec.version, status)
        settled = journal.settle(status, spec, serving, now, overruled=overruled)
        if is_under_way(settled.status) and not overruled:
            await self._wait(entry, spec, serving, settled.status)
            return None
        if spec.suspend:
            await self._suspend(entry, settled, now)
            return None
        unread = None
        if managed.must_remember(spec.version, settled.status, serving):
            unread = self.missing(entry, spec)
            if is_young(settled.status):  # else a person names it anew
                settled = replace(settled, status=managed.recalled(spec.version, settled.status, now))
        steered = None if unread == "" else await self.placements.steer(entry, spec, serving, settled, unread)
        if steered is None:
            return None
        serving, so_far = steered
        settled = journal.settle(so_far.status, spec, serving, now)
        if is_under_way(settled.status):  # not another one after all
            await self._finish(entry, so_far.status, so_far.announcements, now)
            await self._wait(entry, spec, serving, settled.status)
            return None
        told = so_far.announcements + settled.announcements
        return await self._follow(entry, spec, serving, Decision(settled.status, announcements=told), due=due)

    async def _wait(self, entry: Entry, spec: Spec, serving: Serving, status: Status) -> None:
        """Let a rollout go on; where it came to nothing, and nothing serves, go back."""
        if journal.is_returning(status):
            await self.rollbacks.turn_back(entry, spec, serving, status)
        else:
            await self.scribe.note(entry)

    async def _follow(self, entry: Entry, spec: Spec, serving: Serving, so_far: Decision, *, due: bool) -> Plan | None:
        now = self.scribe.now(entry)
        decision = follow(entry.resource, spec, so_far.status, serving, partial(reach, spec, serving), now)
        decision = replace(decision, announcements=so_far.announcements + decision.announcements)
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
            await self._finish(entry, status, so_far.announcements, self.scribe.now(entry))
            return None
        previous = find_previous(spec, status)
        if previous is not None:
            previous = previous.reached(partial(reach, spec, serving))
        question = question_of(spec, status, previous)
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

    async def _finish(self, entry: Entry, status: Status, told: tuple[Announcement, ...], now: datetime) -> None:
        after = summarise(status, entry.resource.generation, now)
        await self.scribe.finish(entry, after, told, figures_too=False)

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
        known, unread = await self._known_versions(entry, spec, status)
        go = partial(reach, spec, serving)
        archived = await self._archived(entry, spec)
        answer = requests.answer_rollback(
            resource, spec, status, serving, known, go, now, archived=archived, unread=unread
        )  # fmt: skip
        return replace(answer, announcements=told + answer.announcements)

    async def _known_versions(self, entry: Entry, spec: Spec, status: Status) -> tuple[tuple[str, ...], str]:
        """List the versions that the database knows, where that matters; or say why it could not."""
        resource = entry.resource
        if not requests.must_look_up(resource, spec, status):
            return (), ""
        try:
            connection = await self.connections.find(resource.namespace, spec.secret_name)
            found = await self.reader.versions(connection, spec.model_name, spec.environment, spec.source)
        except SourceError as error:
            log.warning("%s/%s: the database cannot list versions: %s", *resource.key, error)
            return (), str(error)
        return tuple(v.version for v in reversed(found)), ""

    async def _archived(self, entry: Entry, spec: Spec) -> tuple[str, ...]:
        """Ask what was put away; a database that does not answer must not keep a person from going back."""
        try:
            connection = await self.connections.find(entry.resource.namespace, spec.secret_name)
            return await self.reader.archived(connection, spec.model_name, spec.environment, spec.source)
        except (ClusterError, SourceError) as error:
            log.warning("%s/%s: what is archived is not known: %s", *entry.resource.key, error)
            return ()

    async def _lose(self, entry: Entry, problem: ServingProblem, now: datetime) -> None:
        """The Deployment is missing or unreadable; a rollback under way has lost its object."""
        if is_under_way(entry.resource.status):
            await self.rollbacks.give_up(entry, problem.message)
        await self._refuse(entry, problem, now)

    async def _refuse(self, entry: Entry, problem: ServingProblem, now: datetime) -> None:
        resource, entry.drifted_since = entry.resource, None
        pending = requests.find_pending(resource.asked, resource.status.requests)
        answered = requests.refuse_all(resource, resource.status, pending, problem.message)
        decision = refuse(resource, answered.status, problem, now)
        told = answered.announcements + decision.announcements
        await self.scribe.finish(entry, decision.status, told, figures_too=True)

    async def _suspend(self, entry: Entry, so_far: Decision, now: datetime) -> None:
        """Do nothing, and say so; what was about to be put in place is looked at again afterwards."""
        resource, entry.drifted_since = entry.resource, None
        pending = requests.find_pending(resource.asked, so_far.status.requests)
        answered = requests.refuse_all(resource, so_far.status, pending, "spec.suspend is true")
        idle = managed.dropped(answered.status) if is_placing(answered.status) else answered.status
        status = summarise(idle, resource.generation, now, suspended=True)
        told = so_far.announcements + answered.announcements
        await self.scribe.finish(entry, status, told, figures_too=False)

    async def _recall(self, entry: Entry, spec: Spec, status: Status) -> Status:
        return await self.recall(entry, spec, status)


async def _know_all(_entry: Entry, _spec: Spec, status: Status) -> Status:
    return status


def _is_time_for_figures(entry: Entry, spec: Spec) -> bool:
    """Figures alone are written at most once in an interval, however often a check runs."""
    return time.monotonic() - entry.written_at >= spec.check_interval.total_seconds() - 1


def _was_refused(status: Status) -> bool:
    """Whether the last word was a problem with the resource or its Deployment; it is gone now."""
    ready = status.condition(READY)
    return ready is not None and ready.reason in {*PROBLEMS, Reason.SUSPENDED}
