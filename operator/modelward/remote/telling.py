"""From a resource to the answers of the verbs that only look."""

from modelward.decide.previous import veto_of
from modelward.domain.codec import format_time
from modelward.domain.durations import spell_duration
from modelward.domain.errors import ClusterError, InvalidCallError
from modelward.domain.letters import Channel
from modelward.domain.metrics import MetricName
from modelward.domain.reasons import Reason
from modelward.domain.resource import Resource
from modelward.domain.spec import ActOn, Spec
from modelward.domain.status import Move, Status, Verdict
from modelward.evaluation.results import DatabaseState, HistoryEntry, TargetState
from modelward.remote import figures
from modelward.remote.results import (
    ClusterComparison,
    ClusterExplanation,
    ClusterHistoryEntry,
    ClusterStatus,
    Quarantined,
    Waiting,
)


def status_report(resource: Resource) -> ClusterStatus:
    """Tell how a resource stands."""
    status, spec = resource.status, resource.spec
    ready = status.condition("Ready")
    versions = {move.version for move in status.history}
    return ClusterStatus(
        namespace=resource.namespace,
        name=resource.name,
        ready=ready.status if ready else "Unknown",
        verdict=status.verdict.value if status.verdict else None,
        reason=status.reason,
        message=status.message,
        change=status.change,
        samples=status.samples,
        database=_database(status),
        model=spec.model_name if spec else None,
        environment=spec.environment if spec else None,
        production=_production(resource),
        rollback_target=_target(status),
        versions=len(versions),
        last_rollback=figures.rollback_of(resource, status.last_rollback) if status.last_rollback else None,
        managed_by=figures.name_of(resource),
        notes=figures.notes_of(resource),
    )


def history(resource: Resource, limit: int) -> list[ClusterHistoryEntry]:
    """List the last epochs, the newest first."""
    return [history_entry(resource, move) for move in list(reversed(resource.status.history))[:limit]]


def history_entry(resource: Resource, move: Move) -> ClusterHistoryEntry:
    """Describe the time during which a version served."""
    status, last = resource.status, resource.status.last_rollback
    running = status.epoch is not None and status.epoch.number == move.epoch
    compared = running or move.version == status.previous_version
    quality = figures.quality_of(status, move.version if compared else "")
    away = last is not None and (last.epoch, last.from_) == (move.epoch, move.version)
    return ClusterHistoryEntry(
        namespace=resource.namespace,
        name=resource.name,
        epoch=move.epoch,
        model_version=move.version,
        is_production=running,
        r2_score=quality["r2_score"],
        rmse=quality["rmse"],
        metrics=quality["metrics"],
        training_r2_score=None,
        training_rmse=None,
        samples=quality["samples"],
        size_mb=None,
        since=format_time(move.started_time) if move.started_time else "",
        until=format_time(move.ended_time) if move.ended_time else None,
        archived_at=None,
        rollbacks=[figures.rollback_of(resource, last)] if last is not None and away else [],
        placed_by=move.placed_by.value,
        standing=move.quality.value,
        rolled_back=move.rolled_back,
        quarantined=status.is_quarantined(move.version),
    )


def comparison(resource: Resource, current: str, previous: str) -> ClusterComparison:
    """Compare the two versions of the last verdict; ClusterError where others are asked for."""
    if current == previous:
        raise InvalidCallError(f"{current} cannot be compared with itself: name two versions")
    status = resource.status
    if (current, previous) != (status.current_version, status.previous_version) or not status.metrics:
        raise ClusterError(_not_known(resource, current, previous))
    metrics = figures.metrics_of(status.metrics)
    r2, rmse = (figures.metric(metrics, name.value) for name in (MetricName.R2, MetricName.RMSE))
    before = status.baseline.samples if status.baseline and status.baseline.version == previous else 0
    spec = spec_of(resource)
    return ClusterComparison(
        namespace=resource.namespace,
        name=resource.name,
        model=spec.model_name,
        environment=spec.environment,
        current_version=current,
        previous_version=previous,
        r2_current=r2["current"],
        r2_previous=r2["previous"],
        r2_change=r2["change_percent"],
        r2_change_percent=r2["change_percent"],
        rmse_current=rmse["current"],
        rmse_previous=rmse["previous"],
        rmse_change=rmse["change_percent"],
        rmse_change_percent=rmse["change_percent"],
        samples_current=status.samples or 0,
        samples_previous=before or status.samples or 0,
        threshold_percent=limit_of(spec),
        degraded=status.verdict is Verdict.DEGRADED,
        message=figures.message_of(status),
        metrics=metrics,
    )


def explanation(resource: Resource) -> ClusterExplanation:
    """Lay open what the last verdict rests on."""
    status, spec = resource.status, spec_of(resource)
    reason, epoch = status.reason or Reason.NOT_JUDGED_YET.value, status.epoch
    guarded = spec.evaluation.act_on is ActOn.GUARDED
    return ClusterExplanation(
        namespace=resource.namespace,
        name=resource.name,
        model=spec.model_name,
        environment=spec.environment,
        verdict=status.verdict.value if status.verdict else "none",
        reason=reason,
        meaning=figures.meaning_of(reason),
        message=figures.message_of(status),
        metrics=figures.metrics_of(status.metrics),
        windows=figures.windows_of(status),
        previous=figures.quality_of(status, status.previous_version) if status.previous_version else None,
        window=spell_duration(spec.evaluation.window),
        min_samples=spec.evaluation.min_samples,
        threshold_percent=limit_of(spec),
        would_roll_back_to=status.previous_version,
        held_by=figures.held_of(status.holds),
        comparison=status.comparison,
        placed_by=epoch.placed_by.value if epoch else None,
        since=format_time(epoch.started_time) if epoch and epoch.started_time else None,
        auto_rollback=spec.auto_rollback,
        breaches=status.breaches.count,
        breaches_needed=spec.evaluation.consecutive_breaches if guarded else 1,
        quarantine=_quarantine(status),
        waiting=_waiting(status),
        last_rollback=figures.rollback_of(resource, status.last_rollback) if status.last_rollback else None,
        notes=figures.notes_of(resource),
    )


def limit_of(spec: Spec) -> float:
    """Return the limit of the metric that is held to the tightest one."""
    return min((m.limit_percent for m in spec.metrics), default=0.0)


def spec_of(resource: Resource) -> Spec:
    """Return the spec; ClusterError says what is wrong with it."""
    if resource.spec is None:
        raise ClusterError(f"{figures.name_of(resource)}: its spec cannot be read: {resource.problem}")
    return resource.spec


def _database(status: Status) -> DatabaseState:
    answered = status.condition("MetricsAvailable")
    return DatabaseState(
        reachable=answered is not None and answered.status == "True",
        version=None,
        database=None,
        role=None,
        read_only=None,
        message=answered.message if answered else "the operator has not asked it yet",
    )


def _production(resource: Resource) -> HistoryEntry | None:
    status, epoch = resource.status, resource.status.epoch
    if epoch is None or not status.current_version:
        return None
    found = next((m for m in reversed(status.history) if m.epoch == epoch.number), None)
    began = Move(epoch.number, epoch.version, started_time=epoch.started_time, placed_by=epoch.placed_by)
    return history_entry(resource, found or began)


def _target(status: Status) -> TargetState | None:
    version = status.previous_version
    if version is None:
        return None
    veto = veto_of(version, status) if any(m.version == version for m in status.history) else None
    quality = figures.quality_of(status, version)
    return TargetState(model_version=version, ready=veto is None, message=veto or "ready", quality=quality)


def _not_known(resource: Resource, current: str, previous: str) -> str:
    status = resource.status
    said = f"status of {figures.name_of(resource)} has no figures of {current} against {previous}"
    if status.metrics and status.current_version and status.previous_version:
        said += f", only of {status.current_version} against {status.previous_version}"
    return f"{said}; --database-url (or DATABASE_URL) compares any two versions"


def _quarantine(status: Status) -> list[Quarantined]:
    return [
        Quarantined(model_version=q.version, since=format_time(q.since_time), reason=q.reason)
        for q in status.quarantine
    ]


def _waiting(status: Status) -> list[Waiting]:
    return [
        Waiting(
            step=letter.step.value,
            to=f"alert {delivery.to}" if delivery.channel is Channel.ALERT else "the audit table",
            attempts=delivery.attempts,
            error=delivery.error,
        )
        for letter in status.outbox.letters
        for delivery in letter.deliveries
    ]
