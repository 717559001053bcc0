"""Managed mode: what spec.version asks of the Deployment, and what became of it.

A version that the spec names anew is put in place. One that was rolled back is held until the spec names another.
One that stood in place and was overwritten by somebody is put right once a day; after that it is contested.
"""

import hashlib
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from modelward.decide.epochs import advance, begin
from modelward.decide.journal import reasserted_lately
from modelward.decide.previous import find_move
from modelward.decide.protection import recipe
from modelward.decide.refusals import LONGEST_WORDS
from modelward.domain.codec import format_time
from modelward.domain.decision import Announcement, Decision
from modelward.domain.reasons import Reason
from modelward.domain.resource import Resource
from modelward.domain.serving import Reach, Serving, ServingProblem
from modelward.domain.status import PlacedBy, Placement, PlacementState, Status

GRACE = timedelta(seconds=5)
"""How long another version than spec.version must stand before it is put right: whoever changes both needs a moment."""


@dataclass(frozen=True, slots=True)
class Course:
    """What is to be done about spec.version: `intent` is a Placing to carry out, at once or after the grace."""

    so_far: Decision
    intent: Placement | None = None
    is_drift: bool = False


def speaks_of(wanted: str | None, status: Status) -> bool:
    """Whether `placement` is about the version that the spec names."""
    return status.placement is not None and status.placement.version == wanted


def names_another(wanted: str | None, status: Status) -> bool:
    """Whether the spec names another version than the one that `placement` speaks of."""
    return wanted is not None and not speaks_of(wanted, status)


def must_remember(wanted: str | None, status: Status, serving: Serving) -> bool:
    """Whether a version is about to be put in place that may have been rolled back from before memory was lost."""
    return wanted not in {None, serving.version} and (names_another(wanted, status) or is_waiting(status))


def is_waiting(status: Status) -> bool:
    """Whether spec.version waits for what the audit table says of it."""
    return status.placement is not None and status.placement.state is PlacementState.WAITING


def is_pending(wanted: str | None, status: Status) -> bool:
    """Whether spec.version is to be looked at again soon: it waits, or the hold on it has just ended."""
    cleared = status.requests.clear_quarantine
    let_go = names_another(wanted, status) and cleared is not None and cleared.version == wanted
    return is_waiting(status) or let_go


def recalled(wanted: str | None, status: Status, now: datetime) -> Status:
    """Where the past says that spec.version was rolled back from, it is held until its quarantine is cleared."""
    kept = next((q for q in status.quarantine if q.version == wanted), None)
    if wanted is None or kept is None:
        return status
    message = f"rolled back from at {format_time(kept.since_time)}, before status was lost: {kept.reason}"
    return replace(status, placement=Placement(wanted, PlacementState.HELD, Reason.SPEC_VERSION_HELD, message, now))


def steer(
    resource: Resource,
    wanted: str | None,
    status: Status,
    serving: Serving,
    reach: Reach,
    now: datetime,
    unread: str | None = None,
) -> Course:
    """Compare spec.version with what serves; `unread` says why the past is not known, where that matters."""
    if wanted is None or names_another(wanted, status):
        status = replace(status, placement=None)
    if wanted is None:
        return Course(Decision(status))
    if wanted == serving.version:
        return Course(_found(status, serving, now))
    state = status.placement.state if status.placement else None
    if state in {PlacementState.HELD, PlacementState.CONTESTED}:
        return Course(Decision(status))
    if state is PlacementState.PLACED and reasserted_lately(status, now):
        return Course(_contest(status, wanted, serving, now))
    if unread:
        return Course(Decision(_wait(status, wanted, unread, now)))
    return _put_in_place(resource, wanted, status, serving, reach, now)


def dropped(status: Status) -> Status:
    """Forget an intent that was not carried out; what is to be done is decided anew."""
    intent = _running(status)
    enforced = intent.reason == Reason.SPEC_VERSION_ENFORCED
    return replace(status, placement=_placement(intent.version, intent.since_time) if enforced else None)


def refused(status: Status, why: str, generation: int) -> Decision:
    """Say in whose words the API server refuses what is being put in place; it is tried again all the same."""
    intent = _running(status)
    after = replace(status, placement=replace(intent, refused=why[:LONGEST_WORDS]))
    message = f'spec.version "{intent.version}" is not placed: the API server refuses it: {why[:LONGEST_WORDS]}'
    nonce = f"{intent.version}/{generation}"
    told = Announcement(Reason.PLACEMENT_REFUSED, message, nonce, warning=True, on_target=True, action="Place")
    return Decision(after, announcements=(told,))


def adopted(wanted: str | None, status: Status, serving: Serving, now: datetime) -> Status:
    """Where the Deployment says that spec.version was rolled back, it is held even though status was lost."""
    deployment = serving.deployment
    undone = (deployment.rolled_back_from, deployment.rolled_back_to) == (wanted, serving.version)
    if wanted is None or not undone or wanted == serving.version:
        return status
    message = f"{wanted} -> {serving.version}: found in the Deployment's annotations"
    held = Placement(wanted, PlacementState.HELD, Reason.SPEC_VERSION_HELD, message, now)
    return replace(status, placement=held)


def placed(status: Status, serving: Serving, now: datetime) -> Status:
    """The Deployment names spec.version now: a new epoch, or, where it was only put right, the running one."""
    intent = _running(status)
    after = replace(status, placement=_placement(intent.version, now))
    if intent.reason == Reason.SPEC_VERSION_ENFORCED:
        after = replace(after, reassertions=(*after.reassertions, now)[-10:])
    if after.epoch is not None and after.epoch.version == serving.version:
        return after
    enforced = intent.reason == Reason.SPEC_VERSION_ENFORCED
    return begin(after, serving, now, PlacedBy.REASSERTION if enforced else PlacedBy.SPEC)


def announce(status: Status) -> Announcement:
    """Tell, on the resource and on the Deployment, what was put in place."""
    intent = _running(status)
    drifted = intent.reason == Reason.SPEC_VERSION_ENFORCED
    reason, nonce = Reason.SPEC_VERSION_ENFORCED if drifted else Reason.VERSION_PLACED, intent.id or ""
    return Announcement(reason, intent.message, nonce, warning=drifted, on_target=True, action="Place")


def _put_in_place(
    resource: Resource, wanted: str, status: Status, serving: Serving, reach: Reach, now: datetime
) -> Course:
    move = find_move(wanted, status)
    value = reach(wanted, move.value if move else "")
    if isinstance(value, ServingProblem):
        return Course(_refuse(resource, status, wanted, value, now))
    if status.placement is not None and status.placement.state is PlacementState.PLACED:
        intent = _intend(resource, status, serving, wanted, value, now, drifted=True)
        return Course(Decision(status), intent, is_drift=True)
    status, told = advance(status, serving, now)
    intent = _intend(resource, status, serving, wanted, value, now, drifted=False)
    return Course(Decision(status, announcements=told), intent)


def _wait(status: Status, wanted: str, unread: str, now: datetime) -> Status:
    since = status.placement.since_time if is_waiting(status) and status.placement else now
    message = f"spec.version {wanted} waits: modelward.audit cannot be asked whether it was rolled back from: {unread}"
    return replace(
        status, placement=Placement(wanted, PlacementState.WAITING, Reason.HISTORY_UNREADABLE, message[:4096], since)
    )


def _found(status: Status, serving: Serving, now: datetime) -> Decision:
    """spec.version stands in the Deployment, whoever wrote it there."""
    placement, epoch = status.placement, status.epoch
    if placement is not None and placement.state is PlacementState.HELD:
        return Decision(status)  # a rolled-back version that came back: not the spec's doing
    if placement is None or placement.state is not PlacementState.PLACED:
        status = replace(status, placement=_placement(serving.version, now))
    if epoch is None or epoch.version == serving.version:
        return Decision(status)
    after = begin(status, serving, now, PlacedBy.SPEC)
    number = after.epoch.number if after.epoch else 0
    message = f"{epoch.version} -> {serving.version}: spec.version; epoch {number} begins"
    told = Announcement(Reason.VERSION_PLACED, message, f"epoch-{number}", on_target=True, action="Place")
    return Decision(after, announcements=(told,))


def _intend(
    resource: Resource, status: Status, serving: Serving, wanted: str, value: str, now: datetime, *, drifted: bool
) -> Placement:
    number = status.epoch.number if status.epoch else 0
    parts = (resource.uid, number, serving.version, wanted, resource.generation, len(status.reassertions))
    digest = hashlib.sha256("\0".join(map(str, parts)).encode()).hexdigest()[:16]
    reason, message = Reason.VERSION_PLACED, f"{serving.version} -> {wanted}: spec.version; epoch {number + 1} begins"
    if drifted:
        reason = Reason.SPEC_VERSION_ENFORCED
        message = f"{serving.version} -> {wanted}: {_deed(serving, wanted)}; {wanted} was put back"
    return Placement(
        version=wanted,
        state=PlacementState.PLACING,
        reason=reason,
        message=message,
        since_time=now,
        id=digest,
        from_=serving.version,
        from_value=serving.value,
        to_value=value,
    )


def _contest(status: Status, wanted: str, serving: Serving, now: datetime) -> Decision:
    author = serving.place.manager or "whoever writes the Deployment"
    fix = recipe(serving)
    message = (
        f"{_deed(serving, wanted)}, and spec.version was put back once today already: hands off; "
        f'put spec.version: "{serving.version}" into Git, or let {author} write {wanted}'
        + (f", or {fix}" if fix else "")
    )
    placement = Placement(wanted, PlacementState.CONTESTED, Reason.CONTESTED, message, now)
    number = status.epoch.number if status.epoch else 0
    told = Announcement(Reason.CONTESTED, message, f"{wanted}/epoch-{number}", warning=True, on_target=True)
    return Decision(replace(status, placement=placement), announcements=(told,))


def _refuse(resource: Resource, status: Status, wanted: str, problem: ServingProblem, now: datetime) -> Decision:
    before = status.placement
    known = before is not None and (before.state, before.reason) == (PlacementState.REFUSED, problem.reason)
    since = before.since_time if before is not None and known else now
    placement = Placement(wanted, PlacementState.REFUSED, problem.reason, problem.message, since)
    after = replace(status, placement=placement)
    if known:
        return Decision(after)
    message = f'spec.version "{wanted}" is not placed: {problem.message}'
    told = Announcement(problem.reason, message, f"{wanted}/{resource.generation}", warning=True, action="Place")
    return Decision(after, announcements=(told,))


def _deed(serving: Serving, wanted: str) -> str:
    by = f" by field manager {serving.place.manager}" if serving.place.manager else ""
    return f"{serving.version} was written into the Deployment{by} while spec.version is {wanted}"


def _placement(version: str, now: datetime) -> Placement:
    return Placement(version, PlacementState.PLACED, Reason.VERSION_PLACED, "stands in the Deployment", now)


def _running(status: Status) -> Placement:
    if status.placement is None or status.placement.id is None:
        raise ValueError("no placement is under way")
    return status.placement
