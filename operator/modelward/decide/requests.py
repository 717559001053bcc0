"""Requests by annotation: each is handled once, and answered in status and by an Event."""

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from modelward.decide import journal
from modelward.decide.outcome import evidence_in
from modelward.decide.previous import find_move, find_older
from modelward.decide.wording import shorten
from modelward.domain.codec import format_time, parse_time
from modelward.domain.decision import Announcement, Decision, Target
from modelward.domain.durations import spell_duration
from modelward.domain.reasons import Reason
from modelward.domain.resource import Asked, Resource
from modelward.domain.serving import Reach, Serving, ServingProblem
from modelward.domain.spec import Spec
from modelward.domain.status import PlacedBy, Placement, PlacementState, RequestRecord, RequestRecords, Status

OLDEST = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class Pending:
    """Which kinds of request are new: not the one that was handled last."""

    rollback: bool
    check: bool
    clear_quarantine: bool

    def __bool__(self) -> bool:
        """Whether anything is to be done."""
        return self.rollback or self.check or self.clear_quarantine


def find_pending(asked: Asked, records: RequestRecords) -> Pending:
    """Compare the annotations with what was handled last."""
    return Pending(
        _is_new(asked.rollback_at, records.rollback),
        _is_new(asked.check_at, records.check),
        _is_new(asked.clear_at, records.clear_quarantine),
    )


def must_look_up(resource: Resource, spec: Spec, status: Status) -> bool:
    """Whether a rollback names a version that never served here, so that the database has to know it."""
    wanted = resource.asked.rollback_to
    return wanted is not None and find_move(wanted, status) is None and wanted not in _catalogue(spec)


def answer_rollback(
    resource: Resource,
    spec: Spec,
    status: Status,
    serving: Serving,
    known: tuple[str, ...],
    reach: Reach,
    now: datetime,
    *,
    archived: Collection[str] = (),
    unread: str = "",
) -> Decision:
    """Answer a rollback request; `known` are the database's versions, `reach` says what to write for one.

    What the versions table calls `archived` is not put back, whoever asks: it may be gone. `unread` says why the
    database's versions are not known.
    """
    asked = resource.asked
    at = asked.rollback_at or ""
    problem = _refuse_time(at, resource, now) or _refuse_state(status)
    target = None
    if problem is None:
        names = dict.fromkeys((*_catalogue(spec), *known))
        target, problem = _find_target(status, serving, asked.rollback_to, tuple(names), archived, reach, unread)
    if target is None:
        return _answer(status, "rollback", at, "Refused", problem or "", asked.rollback_to)
    actor = f"{asked.by[:253]} (unverified)" if asked.by else "a person, by annotation"
    message = f"asked for by {actor} at {format_time(parse_time(at))}"
    order = journal.make_order(
        resource.uid,
        status,
        serving,
        target,
        PlacedBy.REQUEST,
        Reason.REQUEST_DONE,
        message,
        request=at,
        actor=actor,
        breached=evidence_in(status.metrics),
    )
    said = f"{serving.version} -> {target.version}"
    return replace(_answer(status, "rollback", at, "Done", said, target.version), order=order)


def answer_check(resource: Resource, status: Status, now: datetime) -> Decision:
    """Answer a check request; the check itself follows in the same turn."""
    at = resource.asked.check_at or ""
    problem = _refuse_time(at, resource, now)
    return _answer(status, "check", at, "Refused" if problem else "Done", problem or "checked")


def answer_clear(resource: Resource, status: Status, now: datetime) -> Decision:
    """Take a version out of quarantine."""
    asked = resource.asked
    at, version = asked.clear_at or "", asked.clear_version
    problem = _refuse_time(at, resource, now)
    if problem is None and not (version and status.is_quarantined(version)):
        held = ", ".join(q.version for q in status.quarantine) or "none"
        problem = f"{version or 'no version named'} is not in quarantine; in quarantine: {held}"
    if problem is not None:
        return _answer(status, "clear_quarantine", at, "Refused", problem, version)
    kept = tuple(q for q in status.quarantine if q.version != version)
    cleared = replace(status, quarantine=kept, reassertions=(), placement=_let_go(status.placement, version))
    return _answer(cleared, "clear_quarantine", at, "Done", f"{version} may be a rollback target again", version)


def _let_go(placement: Placement | None, version: str | None) -> Placement | None:
    """End the hold on a version that was cleared: spec.version names it, so it is placed."""
    held = placement is not None and placement.state is PlacementState.HELD and placement.version == version
    return None if held else placement


def refuse_all(resource: Resource, status: Status, pending: Pending, why: str) -> Decision:
    """Refuse whatever is pending for one reason."""
    asked, decision = resource.asked, Decision(status)
    for kind, at, version, new in (
        ("rollback", asked.rollback_at, asked.rollback_to, pending.rollback),
        ("check", asked.check_at, None, pending.check),
        ("clear_quarantine", asked.clear_at, asked.clear_version, pending.clear_quarantine),
    ):
        if new:
            said = _answer(decision.status, kind, at or "", "Refused", why, version)
            decision = Decision(said.status, announcements=decision.announcements + said.announcements)
    return decision


def retell(status: Status) -> tuple[Announcement, ...]:
    """Tell again of the request that began the running rollback: the operator may have died before it could."""
    rollback, record = status.last_rollback, status.requests.rollback
    if rollback is None or rollback.reason != Reason.REQUEST_DONE or record is None or record.result != "Done":
        return ()
    return (_announce("rollback", record.requested_at, record.result, record.message),)


def withdraw(status: Status, why: str) -> Decision:
    """Take back what was answered to the request that began the running rollback: the API server refuses it."""
    rollback, record = status.last_rollback, status.requests.rollback
    if rollback is None or rollback.reason != Reason.REQUEST_DONE or record is None or record.result != "Done":
        return Decision(status)
    message = f"the API server refuses it: {why}"
    return _answer(status, "rollback", record.requested_at, "Refused", message, record.version)


def _is_new(at: str | None, record: RequestRecord | None) -> bool:
    return bool(at) and (record is None or record.requested_at != (at or "")[:64])


def _refuse_time(at: str, resource: Resource, now: datetime) -> str | None:
    try:
        moment = parse_time(at)
    except ValueError:
        return f"{at[:64]!r} is not an RFC 3339 time such as 2026-01-05T14:32:23Z"
    if moment < resource.created.replace(microsecond=0):
        return f"{at} is before the resource was created"
    if now - moment > OLDEST:
        return f"{at} is {spell_duration(now - moment)} ago, more than {spell_duration(OLDEST)}: ask again"
    if moment - now > OLDEST:
        return f"{at} is {spell_duration(moment - now)} ahead of the operator's clock"
    return None


def _refuse_state(status: Status) -> str | None:
    rollback = status.last_rollback
    if rollback is not None and rollback.phase.under_way:
        return f"a rollback {rollback.from_} -> {rollback.to} is under way"
    return None


def _find_target(
    status: Status,
    serving: Serving,
    wanted: str | None,
    known: tuple[str, ...],
    archived: Collection[str],
    reach: Reach,
    unread: str,
) -> tuple[Target | None, str | None]:
    if wanted is not None and wanted == serving.version:
        return None, f"{wanted} is what serves already; known versions: {_list(status, known)}"
    if wanted in archived:
        left = ", ".join(name for name in _names(status, known) if name not in archived) or "none"
        return None, f"{wanted} is archived in the versions table: take it out of there first; not archived: {left}"
    move = find_older(status, archived) if wanted is None else find_move(wanted, status)
    if move is None and wanted is None:
        return None, f"no earlier version to go back to; known versions: {_list(status, known)}"
    if move is None and wanted not in known:
        why = f": the database could not list its versions: {unread}" if unread else ""
        return None, f"target version {wanted} not found{why}; known versions: {_list(status, known)}"
    target = Target(move.version, move.value, move.template_hash) if move else Target(wanted or "", "")
    value = reach(target.version, target.value)
    return (None, value.message) if isinstance(value, ServingProblem) else (replace(target, value=value), None)


def _catalogue(spec: Spec) -> tuple[str, ...]:
    return tuple(entry.name for entry in spec.catalogue)


def _list(status: Status, known: tuple[str, ...]) -> str:
    return ", ".join(_names(status, known)) or "none"


def _names(status: Status, known: tuple[str, ...]) -> list[str]:
    names = dict.fromkeys([*(m.version for m in reversed(status.history)), *known])
    return [shorten(name) for name in list(names)[:20]]


def _answer(status: Status, kind: str, at: str, result: str, message: str, version: str | None = None) -> Decision:
    entry = RequestRecord(at[:64], result, message[:1024], version[:128] if version else None)
    records = replace(status.requests, **{kind: entry})
    return Decision(replace(status, requests=records), announcements=(_announce(kind, at, result, message),))


def _announce(kind: str, at: str, result: str, message: str) -> Announcement:
    reason = Reason.REQUEST_DONE if result == "Done" else Reason.REQUEST_REFUSED
    spoken = f"{kind.replace('_', ' ')}: {message}"
    return Announcement(reason, spoken, f"{kind}/{at}", warning=result != "Done", action="Request")
