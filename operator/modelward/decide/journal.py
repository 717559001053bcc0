"""The journal of a rollback: how its record in status moves from intent to end."""

import hashlib
from dataclasses import replace
from datetime import datetime, timedelta

from modelward.decide import refusals
from modelward.decide.epochs import begin, grade
from modelward.decide.figures import find_evidence
from modelward.domain.decision import Announcement, Decision, RollbackOrder, Target
from modelward.domain.letters import Evidence
from modelward.domain.reasons import Reason
from modelward.domain.serving import Rollout, Serving
from modelward.domain.spec import Spec
from modelward.domain.status import (
    Phase,
    PlacedBy,
    Placement,
    PlacementState,
    Quarantine,
    Rollback,
    Shown,
    Standing,
    Status,
)

DAY = timedelta(hours=24)


def make_order(
    uid: str,
    status: Status,
    serving: Serving,
    target: Target,
    placed_by: PlacedBy,
    reason: Reason,
    message: str,
    *,
    request: str = "",
    actor: str = "modelward",
    breached: tuple[Shown, ...] = (),
) -> RollbackOrder:
    """Order a rollback; its id is the same however often the same decision is reached."""
    epoch = status.epoch.number if status.epoch else 0
    parts = (uid, epoch, serving.version, target.version, request, len(status.reassertions))
    digest = hashlib.sha256("\0".join(map(str, parts)).encode()).hexdigest()[:16]
    return RollbackOrder(digest, serving.version, serving.value, target, placed_by, reason, message, actor, breached)


def intend(status: Status, order: RollbackOrder, now: datetime, wanted: str | None = None) -> Status:
    """Write the intent down, before anything is touched; `wanted` is spec.version, which is held from now on.

    A reassertion goes on with the landing it defends.
    """
    epoch = status.epoch.number if status.epoch else 0
    defended = status.last_rollback if order.placed_by is PlacedBy.REASSERTION else None
    rollback = Rollback(
        id=order.id,
        epoch=epoch,
        from_=order.from_version,
        to=order.to.version,
        from_value=order.from_value,
        to_value=order.to.value,
        phase=Phase.DECIDED,
        automatic=order.automatic,
        reason=order.reason,
        message=order.message,
        decided_time=now,
        actor=order.actor,
        breached=defended.breached if defended else order.breached,
        outcome=defended.outcome if defended else None,
        outcome_message=defended.outcome_message if defended else None,
        evidence=Evidence() if order.placed_by is PlacedBy.REASSERTION else find_evidence(status),
        refused=refusals.count(status, order),
    )
    placement = _hold(status, order, wanted, now)
    return replace(status, last_rollback=rollback, placement=placement, holds=())


def _hold(status: Status, order: RollbackOrder, wanted: str | None, now: datetime) -> Placement | None:
    """Keep spec.version out of the Deployment, where it would undo the rollback."""
    if wanted is None or order.placed_by is PlacedBy.REASSERTION:
        return status.placement
    if wanted == order.to.version:
        return None  # what was held is asked for: it is in place as soon as it serves
    message = f"{order.from_version} -> {order.to.version}: {order.message}"
    return Placement(wanted, PlacementState.HELD, Reason.SPEC_VERSION_HELD, message, now)


def patched(status: Status, serving: Serving, now: datetime) -> Status:
    """The Deployment names the old version: a landing begins, the bad version goes into quarantine.

    Where that stands there already, written by a second operator of another Lease in between, it stays as it is.
    """
    rollback = _running(status)
    if rollback.phase is not Phase.DECIDED:
        return status
    placed_by = _placed_by(rollback)
    status = replace(status, last_rollback=replace(rollback, phase=Phase.PATCHED, patched_time=now, refused=None))
    if placed_by is PlacedBy.REASSERTION:
        return replace(status, reassertions=(*status.reassertions, now)[-10:])
    history = tuple(replace(m, rolled_back=True) if m.epoch == rollback.epoch else m for m in status.history)
    kept = tuple(q for q in status.quarantine if q.version not in {rollback.from_, rollback.to})
    entry = Quarantine(rollback.from_, now, rollback.message, rollback.id)
    status = replace(status, history=history, quarantine=(*kept, entry)[-20:])
    return begin(status, serving, now, placed_by, landing=True)


def verified(status: Status, now: datetime) -> Status:
    """The version put back is rolled out."""
    rollback = _running(status)
    if rollback.phase is Phase.FAILED:  # late, but it starts
        status = grade(status, Standing.UNPROVEN)
    return replace(status, last_rollback=replace(rollback, phase=Phase.VERIFIED, finished_time=now))


def settle(status: Status, spec: Spec, serving: Serving, now: datetime, *, overruled: bool = False) -> Decision:
    """See how a patched rollback ends. Succeeded means rolled out; what cannot start in time is reported, and left.

    A version that did start in the end is verified after all; one that was replaced by a third before it was rolled
    out is superseded. Where nothing is available any more, what was rolled back from is put back, once: the intent
    comes back as Returning, but not while the rollback is `overruled`, since another version is about to be placed.
    """
    rollback, rollout = status.last_rollback, serving.deployment.rollout
    if rollback is None or rollback.patched_time is None or rollback.phase not in {Phase.PATCHED, Phase.FAILED}:
        return Decision(status)
    ours = rollback.to_value == serving.value
    if ours and rollout.complete:
        return Decision(verified(status, now))
    if rollback.phase is Phase.FAILED:
        return Decision(status)
    if not ours:
        return _ended(superseded(status, now))
    late = rollout.failed or now - rollback.patched_time > spec.rollback.verify_timeout
    return _miss(status, rollback, rollout, now, overruled=overruled) if late else Decision(status)


def _miss(status: Status, rollback: Rollback, rollout: Rollout, now: datetime, *, overruled: bool) -> Decision:
    """End what did not start in time; with nothing available any more the end is put off for the way back."""
    why = f"{rollback.to} did not become available: {rollout.sentence}"
    after = failed(grade(status, Standing.NOT_STARTED), why, now)
    if not rollout.down:
        return _ended(after)
    return Decision(status if overruled else _intend_return(after))


def is_returning(status: Status) -> bool:
    """Whether what was rolled back from is about to be put back."""
    return status.last_rollback is not None and status.last_rollback.phase is Phase.RETURNING


def _intend_return(status: Status) -> Status:
    return replace(status, last_rollback=replace(_running(status), phase=Phase.RETURNING, finished_time=None))


def returned(status: Status, serving: Serving, now: datetime) -> Status:
    """What was rolled back from serves again: a landing as well, so that nothing is ever sent to and fro."""
    rollback = _running(status)
    message = f"nothing was available any more, so {rollback.from_} was put back, once: {rollback.message}"
    ended = replace(rollback, phase=Phase.RETURNED, message=message, finished_time=now)
    return begin(replace(status, last_rollback=ended), serving, now, PlacedBy.RETURN, landing=True)


def not_needed(status: Status, now: datetime) -> Status:
    """The version put back is available in part, too late: there is no way back, and no end yet but this one."""
    return replace(status, last_rollback=replace(_running(status), phase=Phase.FAILED, finished_time=now))


def _ended(after: Status) -> Decision:
    told = announce_end(after.last_rollback) if after.last_rollback else None
    return Decision(after, announcements=(told,) if told else ())


def failed(status: Status, why: str, now: datetime) -> Status:
    """Record that the version put back did not become available, or its Deployment is gone."""
    rollback = _running(status)
    end = replace(rollback, phase=Phase.FAILED, message=f"{why}; {rollback.message}", finished_time=now, refused=None)
    return replace(status, last_rollback=end)


def superseded(status: Status, now: datetime) -> Status:
    """Somebody deployed another version in between: theirs stays."""
    end = replace(_running(status), phase=Phase.SUPERSEDED, finished_time=now, refused=None)
    return replace(status, last_rollback=end)


def announce_patched(rollback: Rollback) -> Announcement:
    """Tell, on the resource and on the Deployment, that the old version is back, and why."""
    reason = Reason.QUARANTINE_ENFORCED if _placed_by(rollback) is PlacedBy.REASSERTION else Reason.ROLLED_BACK
    message = f"{rollback.from_} -> {rollback.to}: {rollback.message}"
    return Announcement(reason, message, rollback.id, warning=True, on_target=True, action="RollBack")


def announce_end(rollback: Rollback) -> Announcement | None:
    """Tell of an end that nobody hoped for."""
    if rollback.phase in {Phase.FAILED, Phase.RETURNED}:
        message = f"{rollback.from_} -> {rollback.to}: {rollback.message}"
        reason = Reason.ROLLBACK_REFUSED if rollback.refused else Reason.ROLLBACK_FAILED
        return Announcement(reason, message, rollback.id, warning=True, on_target=True, action="RollBack")
    if rollback.phase is Phase.SUPERSEDED:
        what = "was done, and overtaken" if rollback.patched_time else "was not done"
        message = f"{rollback.from_} -> {rollback.to} {what}: another version was deployed meanwhile"
        return Announcement(Reason.SUPERSEDED, message, rollback.id, action="RollBack")
    return None


def reasserted_lately(status: Status, now: datetime) -> bool:
    """Whether a quarantined version was put right within the last day."""
    return any(now - moment < DAY for moment in status.reassertions)


def _placed_by(rollback: Rollback) -> PlacedBy:
    if rollback.reason == Reason.QUARANTINE_ENFORCED:
        return PlacedBy.REASSERTION
    return PlacedBy.ROLLBACK if rollback.automatic else PlacedBy.REQUEST


def _running(status: Status) -> Rollback:
    if status.last_rollback is None:
        raise ValueError("no rollback is under way")
    return status.last_rollback
