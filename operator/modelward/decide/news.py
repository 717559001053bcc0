"""What a status says that it did not say before: the changes to tell people of, and to keep in the audit table.

A change is found by comparing the status that stands with the one about to be written. Its letter goes into that same
write, so a crash can neither lose it nor find it twice; what is found again gets the same id.
"""

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from modelward.decide.conditions import DEGRADED, METRICS_AVAILABLE, ROLLED_BACK, stall
from modelward.decide.figures import find_evidence
from modelward.decide.guards import is_contested
from modelward.domain.alerts import AlertOn
from modelward.domain.letters import Evidence, Letter, Step
from modelward.domain.reasons import Reason
from modelward.domain.status import Condition, Phase, PlacedBy, PlacementState, RequestRecord, Rollback, Status, Verdict

OUTAGE = timedelta(minutes=15)
PASSING = frozenset({Reason.WARMING_UP, Reason.NOT_CONFIRMED, Reason.COOLING_DOWN})
"""What holds a rollback back only for a while; when it gives way to something else, a person has to know."""


@dataclass(frozen=True, slots=True)
class News:
    """A change: its letter, still without addresses, what receivers call it, and whether the audit table keeps it."""

    letter: Letter
    kinds: frozenset[AlertOn] = frozenset()
    audited: bool = False


@dataclass(frozen=True, slots=True)
class Change:
    """The status that stands, and the one about to be written."""

    uid: str
    before: Status
    after: Status
    now: datetime

    def event(self, name: str) -> str:
        """Name what a change belongs to, so that no other resource of the database has the same name for it."""
        return hashlib.sha256(f"{self.uid}\0{name}".encode()).hexdigest()[:16]

    def letter(self, event: str, step: Step, reason: str, message: str) -> Letter:
        """Write a letter about the version that serves; the same change always gets the same id."""
        digest = hashlib.sha256(f"{self.uid}\0{event}\0{step}\0{reason}".encode()).hexdigest()[:16]
        serves = self.after.current_version
        return Letter(digest, event, step, reason, self.now, message, from_=serves, evidence=find_evidence(self.after))


def find_news(change: Change) -> tuple[News, ...]:
    """Name every change, in the order in which it should be told."""
    return tuple(news for look in LOOKS for news in look(change))


# -- the looks -------------------------------------------------------------------------------------------------------

TOLD: dict[Phase, AlertOn] = {
    Phase.PATCHED: AlertOn.ROLLED_BACK,
    Phase.FAILED: AlertOn.ROLLBACK_FAILED,
    Phase.RETURNED: AlertOn.ROLLBACK_FAILED,
}
NAMED: dict[Phase, Reason] = {
    Phase.DECIDED: Reason.ROLLING_BACK,
    Phase.PATCHED: Reason.ROLLED_BACK,
    Phase.VERIFIED: Reason.ROLLED_BACK,
    Phase.FAILED: Reason.ROLLBACK_FAILED,
    Phase.SUPERSEDED: Reason.SUPERSEDED,
    Phase.RETURNING: Reason.ROLLBACK_FAILED,
    Phase.RETURNED: Reason.ROLLBACK_FAILED,
}


def _rollback(change: Change) -> Iterator[News]:
    old, new = change.before.last_rollback, change.after.last_rollback
    if new is None or (old is not None and (old.id, old.phase) == (new.id, new.phase)):
        return
    again = (new.refused or 0) > 1  # told once, and kept once
    if again or (new.refused and new.phase is Phase.DECIDED):
        return
    kinds = frozenset({TOLD[new.phase]} if new.phase in TOLD else ())
    yield News(_about(change, new), kinds, audited=True)


def _about(change: Change, rollback: Rollback) -> Letter:
    reason: str = NAMED[rollback.phase]
    if rollback.reason == Reason.QUARANTINE_ENFORCED and reason == Reason.ROLLED_BACK:
        reason = Reason.QUARANTINE_ENFORCED
    step = Step(rollback.phase)
    if rollback.refused:
        reason, step = Reason.ROLLBACK_REFUSED, Step.REFUSED
    return replace(
        change.letter(rollback.id, step, reason, rollback.message),
        actor=rollback.actor,
        from_=rollback.from_,
        to=rollback.to,
        from_value=rollback.from_value,
        to_value=rollback.to_value,
        evidence=rollback.evidence,
    )


def _placed(change: Change) -> Iterator[News]:
    """Keep what spec.version put into the Deployment, or put right there."""
    old, new = change.before.placement, change.after.placement
    done = new is not None and new.state is PlacementState.PLACED
    if old is None or new is None or not done or old.state is not PlacementState.PLACING or old.version != new.version:
        return
    letter = change.letter(old.id or "", Step.PLACED, old.reason, old.message)
    letter = replace(letter, from_=old.from_, to=old.version, from_value=old.from_value, to_value=old.to_value)
    yield News(replace(letter, evidence=find_evidence(change.before)), _ends(change), audited=True)


def _observed(change: Change) -> Iterator[News]:
    """Keep what somebody else deployed: who, as the field's manager says, and how good was what served before."""
    old, new = change.before.epoch, change.after.epoch
    if old is None or new is None or old.number == new.number or any(_placed(change)):
        return
    if new.placed_by not in {PlacedBy.OBSERVED, PlacedBy.SPEC}:
        return  # ours, with rows of its own
    reason = Reason.VERSION_CHANGED if new.placed_by is PlacedBy.OBSERVED else Reason.VERSION_PLACED
    message = f"{old.version} -> {new.version}: epoch {new.number} begins"
    letter = change.letter(change.event(f"epoch-{new.number}"), Step.OBSERVED, reason, message)
    actor = f"field manager {new.manager}" if new.manager else "unknown, not the operator"
    letter = replace(letter, from_=old.version, to=new.version, from_value=old.value, to_value=new.value)
    yield News(replace(letter, actor=actor, evidence=find_evidence(change.before)), _ends(change), audited=True)


def _ends(change: Change) -> frozenset[AlertOn]:
    """A new version ends what was told of the one before; where nothing was wrong, nobody needs to hear of it."""
    before, old, new = change.before, change.before.epoch, change.after.epoch
    last = before.last_rollback
    failed = last is not None and last.phase in {Phase.FAILED, Phase.RETURNED}
    wrong = [c for c in (before.condition(ROLLED_BACK), before.condition(DEGRADED)) if c and c.status == "True"]
    moved = old is not None and new is not None and old.number != new.number
    back = last is not None and change.after.is_quarantined(change.after.current_version or "")
    told = bool(wrong) or failed or is_contested(before)
    return frozenset({AlertOn.RECOVERED}) if moved and told and not back else frozenset()


def _contested(change: Change) -> Iterator[News]:
    if not is_contested(change.after) or is_contested(change.before):
        return
    said = stall(change.after)
    event = change.event(f"epoch-{change.after.epoch.number if change.after.epoch else 0}")
    letter = change.letter(event, Step.CONTESTED, Reason.CONTESTED, said[1] if said else Reason.CONTESTED.meaning)
    last, placement = change.after.last_rollback, change.after.placement
    to = last.to if last else None
    if placement is not None and placement.state is PlacementState.CONTESTED:
        to = placement.version
    yield News(replace(letter, to=to), frozenset({AlertOn.CONTESTED}), audited=True)


def _degraded(change: Change) -> Iterator[News]:
    """Tell when it begins, and once more when what held a rollback back for a while gives way to something lasting."""
    old, new = change.before.condition(DEGRADED), change.after.condition(DEGRADED)
    if new is None or new.status != "True" or new.reason in {Reason.ROLLING_BACK, Reason.CONTESTED}:
        return
    begins = old is None or old.status != "True"
    lasting = old is not None and old.reason in PASSING and new.reason not in PASSING
    held = {h.guard for h in change.after.holds} - {h.guard for h in change.before.holds}
    kinds = {AlertOn(k) for k in (Reason.BUDGET_EXHAUSTED, Reason.BREAKER_OPEN) if k in held}
    if begins or lasting:
        kinds.add(AlertOn.DEGRADED)
    if kinds:
        reason = next((k for k in (AlertOn.BREAKER_OPEN, AlertOn.BUDGET_EXHAUSTED) if k in kinds), AlertOn.DEGRADED)
        letter = change.letter(f"{new.reason}/{_since(old)}", Step.SEEN, reason, new.message)
        yield News(replace(letter, to=change.after.previous_version), frozenset(kinds))


def _recovered(change: Change) -> Iterator[News]:
    old, new = change.before.condition(DEGRADED), change.after.condition(DEGRADED)
    was = old is not None and old.status == "True"
    if was and new is not None and new.status == "False" and change.after.verdict is Verdict.HEALTHY:
        letter = change.letter(_since(old), Step.SEEN, Reason.RECOVERED, new.message)
        yield News(letter, frozenset({AlertOn.RECOVERED}))


def _outage(change: Change) -> Iterator[News]:
    """Tell of a database that has been silent for a while, and of its answer after that."""
    told, new = change.before.outbox.outage_told_time, change.after.condition(METRICS_AVAILABLE)
    if new is not None and new.status == "True" and told is not None:
        letter = change.letter(told.isoformat(), Step.SEEN, Reason.METRICS_AVAILABLE, new.message)
        yield News(letter, frozenset({AlertOn.RECOVERED}))
    elif is_outage(change.after, change.now) and told is None and new is not None:
        letter = change.letter(_since(new), Step.SEEN, Reason.METRICS_UNAVAILABLE, f"{new.reason}: {new.message}")
        yield News(letter, frozenset({AlertOn.METRICS_UNAVAILABLE}))


def is_outage(status: Status, now: datetime) -> bool:
    """Whether the database has not answered for longer than a hiccup lasts."""
    available = status.condition(METRICS_AVAILABLE)
    return available is not None and available.status == "False" and now - available.last_transition_time >= OUTAGE


def _requests(change: Change) -> Iterator[News]:
    old, new = change.before.requests, change.after.requests
    if new.rollback is not None and new.rollback != old.rollback:
        yield _asked(change, "rollback", new.rollback, Step.REQUESTED)
    if new.clear_quarantine is not None and new.clear_quarantine != old.clear_quarantine:
        yield _asked(change, "clear-quarantine", new.clear_quarantine, Step.CLEARED)


def _asked(change: Change, kind: str, record: RequestRecord, done: Step) -> News:
    is_done = record.result == "Done"
    reason = Reason.REQUEST_DONE if is_done else Reason.REQUEST_REFUSED
    event = hashlib.sha256(f"{change.uid}\0{kind}\0{record.requested_at}".encode()).hexdigest()[:16]
    letter = change.letter(event, done if is_done else Step.REFUSED, reason, f"{kind}: {record.message}")
    letter = replace(letter, actor="a person, by annotation", evidence=Evidence())
    cleared = done is Step.CLEARED
    letter = replace(letter, from_=record.version) if cleared else replace(letter, to=record.version)
    return News(letter, audited=True)


def _since(condition: Condition | None) -> str:
    return condition.last_transition_time.isoformat() if condition else "first"


LOOKS: tuple[Callable[[Change], Iterator[News]], ...] = (
    _requests,
    _rollback,
    _placed,
    _observed,
    _contested,
    _degraded,
    _recovered,
    _outage,
)
