"""Conditions: how the resource stands, for people, `kubectl wait` and GitOps controllers (kstatus).

Reconciling, Stalled and RolledBack are present only while True, ClocksAgree only while False, RollbackProtected only
while somebody owns the version's field.
"""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime

from modelward.decide import refusals
from modelward.decide.guards import is_contested
from modelward.domain.reasons import Reason
from modelward.domain.serving import ServingProblem
from modelward.domain.status import Condition, Phase, PlacedBy, Placement, PlacementState, Rollback, Status, Verdict

READY, DEGRADED, METRICS_AVAILABLE = "Ready", "Degraded", "MetricsAvailable"
ROLLED_BACK, RECONCILING, STALLED = "RolledBack", "Reconciling", "Stalled"
ROLLBACK_PROTECTED, CLOCKS_AGREE = "RollbackProtected", "ClocksAgree"

MISCONFIGURED = frozenset(
    {
        Reason.SCHEMA_MISMATCH,
        Reason.PERMISSION_DENIED,
        Reason.SECRET_NOT_FOUND,
        Reason.SECRET_INCOMPLETE,
        Reason.DATABASE_MISSING,
        Reason.DATABASE_NOT_ALLOWED,
        Reason.AUTHENTICATION_FAILED,
    }
)
"""What an edit of the resource can bring about, and waiting does not mend."""

Line = tuple[str, str, str, str]  # type, status, reason, message


def summarise(
    status: Status, generation: int, now: datetime, *, problem: ServingProblem | None = None, suspended: bool = False
) -> Status:
    """Fill in the conditions; transition times move only where a condition's status does."""
    lines = [_ready(status, generation, problem, suspended=suspended), *_degraded(status), *_metrics(status)]
    lines += [*_rolled_back(status), *_abnormal(status)]
    lines += _seen(status)
    conditions = tuple(_condition(status, line, generation, now) for line in lines)
    return replace(status, conditions=conditions, observed_generation=generation)


def _condition(status: Status, line: Line, generation: int, now: datetime) -> Condition:
    kind, value, reason, message = line
    before = status.condition(kind)
    since = before.last_transition_time if before is not None and before.status == value else now
    return Condition(kind, value, reason, message[:32000], since, generation)


def _ready(status: Status, generation: int, problem: ServingProblem | None, *, suspended: bool) -> Line:
    if problem is not None:
        return READY, "False", problem.reason, problem.message
    if suspended:
        return READY, "True", Reason.SUSPENDED, Reason.SUSPENDED.meaning
    stalled = stall(status)
    if stalled is not None:
        return READY, "False", *stalled
    rollback = status.last_rollback
    if rollback is not None and rollback.phase.under_way:
        return READY, "False", Reason.ROLLING_BACK, f"{rollback.from_} -> {rollback.to}: {rollback.message}"
    placing = _on_its_way(status.placement)
    return (READY, "False", *placing) if placing else _ready_by_verdict(status, generation)


def _ready_by_verdict(status: Status, generation: int) -> Line:
    before = status.condition(READY)
    message = status.message or ""
    if status.verdict is Verdict.SOURCE_ERROR:
        edited_wrong = status.reason in MISCONFIGURED and status.observed_generation != generation
        if before is not None and before.status == "True" and not edited_wrong:
            return READY, "True", before.reason, before.message
        return READY, "False", status.reason or Reason.QUERY_FAILED, message
    if status.verdict is None and status.last_rollback is None:
        return READY, "Unknown", Reason.NOT_JUDGED_YET, Reason.NOT_JUDGED_YET.meaning
    return (
        READY,
        "True",
        Reason.WATCHING,
        f"{status.verdict}: {message}" if status.verdict else "the version is watched",
    )


def stall(status: Status) -> tuple[str, str] | None:
    """Say why a person is needed: the version is contested, or was not put back or put in place."""
    rollback = status.last_rollback
    if is_contested(status):
        return Reason.CONTESTED, _contest(status)
    if rollback is not None and _has_failed(status, rollback):
        return Reason.ROLLBACK_FAILED, rollback.message
    if rollback is not None and refusals.is_stuck(status):
        return Reason.ROLLBACK_REFUSED, f"{rollback.from_} -> {rollback.to}: {rollback.message}"
    if rollback is not None and rollback.phase.under_way:
        return None
    return _stuck(status.placement, status.current_version)


def _has_failed(status: Status, rollback: Rollback) -> bool:
    """Whether what the rollback left behind serves still, and nobody has said that it may."""
    if rollback.phase is Phase.RETURNED:
        return rollback.from_ == status.current_version and status.is_quarantined(rollback.from_)
    return rollback.phase is Phase.FAILED and rollback.to == status.current_version


def is_placing(status: Status) -> bool:
    """Whether the Deployment is about to be changed because spec.version says so."""
    return status.placement is not None and status.placement.state is PlacementState.PLACING


def _on_its_way(placement: Placement | None) -> tuple[str, str] | None:
    """Say what is being done about spec.version; None where nothing is."""
    if placement is not None and placement.state is PlacementState.PLACING:
        return Reason.PLACING_VERSION, placement.message
    if placement is not None and placement.state is PlacementState.WAITING:
        return placement.reason, placement.message
    return None


def _contest(status: Status) -> str:
    placement = status.placement
    if placement is not None and placement.state is PlacementState.CONTESTED:
        return placement.message
    manager = status.epoch.manager if status.epoch else None
    by = f" by field manager {manager}" if manager else ""
    protection = status.condition(ROLLBACK_PROTECTED)
    return (
        f"{status.current_version} was rolled back from, put right once, and put back again{by}: "
        "change it in Git (or whatever writes the Deployment), or clear its quarantine"
        + (f"; {protection.message}" if protection else "")
    )


def _stuck(placement: Placement | None, current: str | None) -> tuple[str, str] | None:
    if placement is None or placement.version == current:
        return None
    if placement.state is PlacementState.HELD:
        message = (
            f'spec.version "{placement.version}" was rolled back and is held, {current} serves: '
            f'put spec.version: "{current}" into Git, name another version, or clear its quarantine '
            f"({placement.message})"
        )
        return placement.reason, message
    if placement.state is PlacementState.PLACING and placement.refused is not None:
        message = f'spec.version "{placement.version}" is not placed: the API server refuses it: {placement.refused}'
        return Reason.PLACEMENT_REFUSED, message
    if placement.state is PlacementState.REFUSED:
        return placement.reason, f'spec.version "{placement.version}" is not placed: {placement.message}'
    return None


def _degraded(status: Status) -> Iterator[Line]:
    before = status.condition(DEGRADED)
    rollback = status.last_rollback
    if status.verdict is Verdict.DEGRADED:
        why, sentence = (status.holds[0].guard, status.holds[0].message) if status.holds else (Reason.ROLLING_BACK, "")
        held = f"; not rolled back: {sentence}" if status.holds else ""
        yield DEGRADED, "True", why, f"{status.message}{held}"
    elif status.verdict is Verdict.SOURCE_ERROR and before is not None:
        yield DEGRADED, before.status, before.reason, before.message
    elif status.verdict is not None and status.verdict is not Verdict.SOURCE_ERROR:
        yield DEGRADED, "False", status.reason or Reason.NOT_JUDGED_YET, status.message or ""
    elif rollback is not None and rollback.to == status.current_version:
        yield DEGRADED, "False", Reason.ROLLED_BACK, f"{rollback.from_} was rolled back to {rollback.to}"


def _metrics(status: Status) -> Iterator[Line]:
    before = status.condition(METRICS_AVAILABLE)
    if status.verdict is Verdict.SOURCE_ERROR:
        yield METRICS_AVAILABLE, "False", status.reason or Reason.QUERY_FAILED, status.message or ""
    elif status.verdict is not None:
        yield METRICS_AVAILABLE, "True", Reason.METRICS_READ, Reason.METRICS_READ.meaning
    elif before is not None:
        yield METRICS_AVAILABLE, before.status, before.reason, before.message


def _rolled_back(status: Status) -> Iterator[Line]:
    rollback = status.last_rollback
    if rollback is None or rollback.patched_time is None or rollback.phase in {Phase.SUPERSEDED, Phase.RETURNED}:
        return
    if status.current_version == rollback.from_ and status.epoch and status.epoch.placed_by is PlacedBy.SPEC:
        return  # a person named it again
    if status.current_version in {rollback.from_, rollback.to}:
        again = f"; {rollback.from_} serves again" if status.current_version == rollback.from_ else ""
        yield ROLLED_BACK, "True", rollback.reason, f"{rollback.from_} -> {rollback.to}: {rollback.message}{again}"


def _seen(status: Status) -> Iterator[Line]:
    """Keep what was found when Deployment and database were last looked at (`decide/protection.py`, `clocks.py`)."""
    for found in (status.condition(ROLLBACK_PROTECTED), status.condition(CLOCKS_AGREE)):
        if found is not None:
            yield found.type, found.status, found.reason, found.message


def _abnormal(status: Status) -> Iterator[Line]:
    rollback, stalled = status.last_rollback, stall(status)
    if rollback is not None and rollback.phase.under_way and stalled is None:
        yield RECONCILING, "True", Reason.ROLLING_BACK, f"{rollback.from_} -> {rollback.to} is {rollback.phase}"
    elif (placing := _on_its_way(status.placement)) and stalled is None:
        yield RECONCILING, "True", *placing
    if stalled is not None:
        yield STALLED, "True", *stalled
