"""Managed mode carried out: spec.version into the Deployment, from intent to end.

Placing (intent in status) -> the Deployment, atomically -> Event -> Placed. A crash between any two writes is finished
after the restart by what the live object says: the Event has its name from the intent, so told twice is once.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial

from modelward.act.rollback import Outcome, Swap, give_back, put
from modelward.decide import managed
from modelward.decide.conditions import is_placing, summarise
from modelward.domain.decision import Decision
from modelward.domain.errors import ClusterError, ConflictError, ForbiddenError, ThrottledError
from modelward.domain.serving import Serving, ServingProblem
from modelward.domain.spec import Spec
from modelward.domain.status import Placement
from modelward.observe.deployments import parse_deployment
from modelward.observe.serving import find_serving, forbid, reach_as_specified
from modelward.registry import Entry
from modelward.scribe import FAILURES, REFUSALS, Scribe

log = logging.getLogger(__name__)
Steered = tuple[Serving, Decision]


@dataclass(frozen=True, slots=True)
class Placements:
    """Puts versions in place; `fence` says whether this operator may still write."""

    scribe: Scribe
    fence: Callable[[], bool]

    async def steer(
        self, entry: Entry, spec: Spec, serving: Serving, so_far: Decision, unread: str | None = None
    ) -> Steered | None:
        """Do what spec.version asks; what serves then, and what is known by then. None: the turn ends here."""
        if is_placing(so_far.status) and managed.speaks_of(spec.version, so_far.status):
            return await self._carry_out(entry, spec, serving)
        now = self.scribe.now(entry)
        go = partial(reach_as_specified, spec, serving)
        course = managed.steer(entry.resource, spec.version, so_far.status, serving, go, now, unread)
        told = so_far.announcements + course.so_far.announcements
        decision = replace(course.so_far, announcements=told)
        if course.intent is None:
            entry.drifted_since = None
            return serving, decision
        if course.is_drift and not self._has_lasted(entry, now):
            return None
        return await self._place(entry, spec, serving, decision, course.intent)

    async def _place(
        self, entry: Entry, spec: Spec, serving: Serving, decision: Decision, intent: Placement
    ) -> Steered | None:
        now = self.scribe.now(entry)
        self._check_fence()
        await self.scribe.confirm(entry)
        await self.scribe.announce(entry, decision.announcements)
        intended = replace(decision.status, placement=intent)
        await self.scribe.write(entry, summarise(intended, entry.resource.generation, now))
        log.info("%s/%s: placing %s", *entry.resource.key, intent.message)
        return await self._carry_out(entry, spec, serving)

    async def _carry_out(self, entry: Entry, spec: Spec, serving: Serving) -> Steered | None:
        self._check_fence()
        await self.scribe.confirm(entry)
        intent = entry.resource.status.placement
        if intent is None or intent.from_value is None or intent.to_value is None:
            raise ValueError("no placement is under way")
        if forbid(spec, serving, intent.to_value) is not None:  # an intent may be older than what is allowed now
            raise await self._drop(entry)
        look = partial(parse_deployment, field=spec.version_field)
        swap = Swap(intent.from_value, intent.to_value)
        try:
            result = await put(self.scribe.cluster, serving.deployment, swap, look)
        except ClusterError as error:
            await self._bear(entry, error)
            raise
        entry.unpatched = 0
        if result.outcome is not Outcome.PATCHED or result.body is None:
            raise await self._drop(entry)
        entry.deployment = look(result.body)
        entry.deployment_read, entry.drifted_since = True, None
        await give_back(self.scribe.cluster, result.body)
        served = find_serving(spec, entry.deployment)
        if isinstance(served, ServingProblem):
            raise await self._drop(entry)
        return await self._record(entry, served)

    async def _record(self, entry: Entry, served: Serving) -> Steered:
        """Tell first: told twice is one Event, so a crash in between loses nothing."""
        now = self.scribe.now(entry)
        await self.scribe.announce(entry, (managed.announce(entry.resource.status),))
        after = managed.placed(entry.resource.status, served, now)
        await self.scribe.insist(entry, summarise(after, entry.resource.generation, now))
        return served, Decision(entry.resource.status)

    async def _bear(self, entry: Entry, error: ClusterError) -> None:
        """Where a patch keeps failing, say so in the server's words; it is tried again with growing pauses."""
        if isinstance(error, ConflictError | ThrottledError):
            return
        entry.unpatched += 1
        if entry.unpatched == (REFUSALS if isinstance(error, ForbiddenError) else FAILURES):
            now, generation = self.scribe.now(entry), entry.resource.generation
            said = managed.refused(entry.resource.status, str(error), generation)
            await self.scribe.announce(entry, said.announcements)
            await self.scribe.insist(entry, summarise(said.status, generation, now))

    async def _drop(self, entry: Entry) -> ConflictError:
        """Somebody wrote the Deployment in between, or it is gone: look again, and decide anew."""
        entry.deployment_read = False
        now = self.scribe.now(entry)
        dropped = managed.dropped(entry.resource.status)
        await self.scribe.insist(entry, summarise(dropped, entry.resource.generation, now))
        return ConflictError("the Deployment was changed while a version was put in place: looking again")

    def _has_lasted(self, entry: Entry, now: datetime) -> bool:
        """Whether another version has stood there for a while: Git may be about to name it in the spec as well."""
        entry.drifted_since = entry.drifted_since or now
        return now - entry.drifted_since >= managed.GRACE

    def _check_fence(self) -> None:
        if not self.fence():
            raise ConflictError("the Lease was not renewed in time: nothing is written")
