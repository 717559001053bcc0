"""A rollback from intent to end. A crash between any two writes is finished after the restart, once in effect.

Decided (intent in status) -> Patched (the Deployment, atomically) -> Verified | Failed; or Superseded, where somebody
deployed another version in between. Where the version put back does not start and nothing is available any more:
Returning (intent) -> Returned, once.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from modelward.act.rollback import Outcome, Patched, give_back, put, swap_back, swap_of
from modelward.decide import journal, refusals, requests
from modelward.decide.conditions import summarise
from modelward.decide.epochs import retell
from modelward.domain.decision import Announcement, Decision
from modelward.domain.errors import ClusterError, ConflictError, ForbiddenError, ThrottledError
from modelward.domain.ports import Json
from modelward.domain.reasons import Reason
from modelward.domain.serving import Serving, ServingProblem
from modelward.domain.spec import Spec
from modelward.domain.status import Phase, Rollback, Status
from modelward.logbook import note_rollback
from modelward.observe.deployments import parse_deployment
from modelward.observe.serving import find_serving, forbid
from modelward.registry import Entry
from modelward.scribe import FAILURES, REFUSALS, Scribe

log = logging.getLogger(__name__)


def is_under_way(status: Status) -> bool:
    """Whether a rollback was begun and has not ended."""
    return status.last_rollback is not None and status.last_rollback.phase.under_way


@dataclass(frozen=True, slots=True)
class Rollbacks:
    """Carries rollbacks out; `fence` says whether this operator may still write."""

    scribe: Scribe
    fence: Callable[[], bool]

    async def begin(self, entry: Entry, spec: Spec, serving: Serving, decision: Decision) -> None:
        """Write the intent, then act on it, then tell of it and of what else was to be told."""
        order = decision.order
        if order is None:
            raise ValueError("nothing was ordered")
        self._check_fence()
        now, happened = self.scribe.now(entry), self.scribe.clock.now()
        intended = journal.intend(decision.status, order, now, spec.version)
        status = summarise(intended, entry.resource.generation, now)
        await self.scribe.write(entry, status)
        note_rollback(entry.resource, status, order)
        told = tuple(a for a in decision.announcements if a.reason is not Reason.DEGRADED)
        await self._patch(entry, spec, serving, told)
        if entry.announced != order.id:
            refused = refusals.find_refusal(entry.resource.status) is not None
            left = (a for a in told if not (refused and a.reason is Reason.REQUEST_DONE))
            await self.scribe.announce(entry, tuple(left), happened)

    async def resume(self, entry: Entry, spec: Spec, serving: Serving) -> None:
        """Go on where a rollback stands: do the patch, or tell of it, if that is still to be done."""
        await self.scribe.confirm(entry)
        rollback = _running(entry)
        if rollback.phase is Phase.DECIDED:
            log.info("%s/%s: finishing rollback %s", *entry.resource.key, rollback.id)
            await self._patch(entry, spec, serving, retell(entry.resource.status, rollback.epoch))
        elif rollback.phase is Phase.RETURNING:
            await self._put_back(entry, spec, serving)
        elif entry.announced != rollback.id:
            await self._announce(entry, rollback, retell(entry.resource.status, rollback.epoch))

    async def turn_back(self, entry: Entry, spec: Spec, serving: Serving, intended: Status) -> None:
        """Put back what was rolled back from, since nothing is available any more: intent first, here as well."""
        self._check_fence()
        await self.scribe.write(entry, summarise(intended, entry.resource.generation, self.scribe.now(entry)))
        log.warning("%s/%s: the rollback did not start: %s", *entry.resource.key, _running(entry).message)
        await self._put_back(entry, spec, serving)

    async def give_up(self, entry: Entry, why: str) -> None:
        """End a rollback whose Deployment is gone or unreadable."""
        now = self.scribe.now(entry)
        await self._end(entry, journal.failed(entry.resource.status, why, now), now)

    async def _patch(self, entry: Entry, spec: Spec, serving: Serving, told: tuple[Announcement, ...]) -> None:
        self._check_fence()
        rollback = _running(entry)
        problem = forbid(spec, serving, rollback.to_value)  # an intent may be older than what the Deployment allows
        if problem is not None:
            await self.give_up(entry, problem.message)
            return
        look = partial(parse_deployment, field=spec.version_field)
        try:
            result = await put(self.scribe.cluster, serving.deployment, swap_of(rollback), look)
        except ClusterError as error:
            await self._bear(entry, error)
            return
        entry.unpatched = 0
        if result.outcome is Outcome.PATCHED:
            await self._record(entry, spec, rollback, result, told)
        elif result.outcome is Outcome.GONE:
            entry.deployment, entry.deployment_read = None, False
            await self.give_up(entry, "the Deployment is gone")
        else:
            entry.deployment_read = False
            now = self.scribe.now(entry)
            await self._end(entry, journal.superseded(entry.resource.status, now), now)

    async def _bear(self, entry: Entry, error: ClusterError) -> None:
        """Try again soon where a patch fails; where it keeps failing, end the attempt and say so in the server's words.

        Each try begins with the live object, so what was patched although the answer was lost does not come here.
        """
        entry.unpatched += 1
        known = _running(entry).refused is not None
        patience = 1 if known else REFUSALS if isinstance(error, ForbiddenError) else FAILURES
        if isinstance(error, ConflictError | ThrottledError) or entry.unpatched < patience:
            raise error
        entry.unpatched = 0
        now, why = self.scribe.now(entry), str(error)
        if journal.is_returning(entry.resource.status):
            await self.give_up(entry, f"the API server refused the way back: {why[: refusals.LONGEST_WORDS]}")
            return
        withdrawn = requests.withdraw(entry.resource.status, why)
        await self.scribe.announce(entry, withdrawn.announcements)
        await self._end(entry, refusals.refused(withdrawn.status, why, now), now)

    async def _record(
        self, entry: Entry, spec: Spec, rollback: Rollback, result: Patched, told: tuple[Announcement, ...]
    ) -> None:
        if result.body is None:
            await self.give_up(entry, "the Deployment is gone")
            return
        deployment = parse_deployment(result.body, spec.version_field)
        entry.deployment, entry.deployment_read = deployment, True
        await give_back(self.scribe.cluster, result.body)
        now = self.scribe.now(entry)
        served = find_serving(spec, deployment)
        if isinstance(served, ServingProblem):
            await self.give_up(entry, served.message)
            return
        status = summarise(journal.patched(entry.resource.status, served, now), entry.resource.generation, now)
        await self.scribe.insist(entry, status)
        await self._announce(entry, rollback, told)
        settled = journal.settle(entry.resource.status, spec, served, now)
        if not is_under_way(settled.status):  # nothing had to be started anew, or a restart found the end of it
            await self.scribe.announce(entry, settled.announcements)
            await self.scribe.insist(entry, summarise(settled.status, entry.resource.generation, now))

    async def _put_back(self, entry: Entry, spec: Spec, serving: Serving) -> None:
        """Act only as long as nothing is available; whoever came in between is left alone."""
        self._check_fence()
        rollback, now = _running(entry), self.scribe.now(entry)
        problem = forbid(spec, serving, rollback.from_value)
        if problem is not None:
            await self.give_up(entry, problem.message)
            return
        look = partial(parse_deployment, field=spec.version_field)
        try:
            result = await put(self.scribe.cluster, serving.deployment, swap_back(rollback), look)
        except ClusterError as error:
            await self._bear(entry, error)
            return
        entry.unpatched, entry.deployment_read = 0, False
        if result.outcome is Outcome.GONE or result.body is None:
            await self.give_up(entry, "the Deployment is gone")
        elif result.outcome is Outcome.SUPERSEDED:
            await self._end(entry, journal.superseded(entry.resource.status, now), now)
        elif result.outcome is Outcome.NEEDLESS:
            await self._end(entry, journal.not_needed(entry.resource.status, now), now)
        else:
            await self._record_return(entry, spec, result.body)

    async def _record_return(self, entry: Entry, spec: Spec, body: Json) -> None:
        entry.deployment = parse_deployment(body, spec.version_field)
        entry.deployment_read = True
        await give_back(self.scribe.cluster, body)
        served = find_serving(spec, entry.deployment)
        if isinstance(served, ServingProblem):
            await self.give_up(entry, served.message)
            return
        now = self.scribe.now(entry)
        await self._end(entry, journal.returned(entry.resource.status, served, now), now)

    async def _end(self, entry: Entry, status: Status, now: datetime) -> None:
        """Tell first: told twice is one Event, so a crash in between loses nothing."""
        told = journal.announce_end(status.last_rollback) if status.last_rollback else None
        await self.scribe.announce(entry, (told,) if told else ())
        await self.scribe.insist(entry, summarise(status, entry.resource.generation, now))

    async def _announce(self, entry: Entry, rollback: Rollback, also: tuple[Announcement, ...]) -> None:
        """Tell of it, and of what led to it, before its end is recorded: a restart looks no further back."""
        told = (journal.announce_patched(rollback), *requests.retell(entry.resource.status), *also)
        await self.scribe.announce(entry, tuple(dict.fromkeys(told)))
        entry.announced = rollback.id

    def _check_fence(self) -> None:
        if not self.fence():
            raise ConflictError("the Lease was not renewed in time: nothing is written")


def _running(entry: Entry) -> Rollback:
    rollback = entry.resource.status.last_rollback
    if rollback is None:
        raise ValueError("no rollback is under way")
    return rollback
