"""From a resource's status to the parts that several answers share: metrics, windows, rollbacks, notes."""

from collections.abc import Iterable
from typing import Literal

from modelward.domain.codec import encode, format_time
from modelward.domain.letters import Figure
from modelward.domain.reasons import Reason
from modelward.domain.resource import Resource
from modelward.domain.status import Condition, Hold, MetricStatus, PlacementState, Rollback, Status
from modelward.evaluation.results import Held, MetricExplanation, VersionQuality, WindowExplanation
from modelward.remote.results import ClusterRollback

Side = Literal["current", "previous"]


def number(text: str | None) -> float | None:
    """Read a decimal of status; what is none is not there."""
    try:
        return None if text is None else float(text)
    except ValueError:
        return None


def name_of(resource: Resource) -> str:
    """Name a resource as people do: namespace/name."""
    return "/".join(resource.key)


def metrics_of(figures: Iterable[MetricStatus | Figure]) -> list[MetricExplanation]:
    """Describe the metrics of a verdict, or of the evidence of a rollback."""
    return [
        MetricExplanation(
            metric=figure.name,
            current=number(figure.current),
            previous=number(figure.previous),
            change_percent=number(figure.change_percent),
            limit_percent=number(figure.limit_percent) or 0.0,
            breached=figure.breached,
            not_judged_because=figure.undefined if isinstance(figure, MetricStatus) else None,
        )
        for figure in figures
    ]


def metric(metrics: Iterable[MetricExplanation], name: str) -> MetricExplanation:
    """Find one; a metric that the resource does not have has no figures."""
    nothing = MetricExplanation(
        metric=name, current=None, previous=None, change_percent=None, limit_percent=0.0, breached=False,
        not_judged_because=None,
    )  # fmt: skip
    return next((m for m in metrics if m["metric"] == name), nothing)


def windows_of(status: Status) -> list[WindowExplanation]:
    """Describe the rows of the version that serves."""
    window = status.window
    if window is None:
        return []
    return [
        WindowExplanation(
            model_version=status.current_version or "",
            start=format_time(window.start_time),
            end=format_time(window.end_time),
            predictions=window.predictions,
            samples=window.samples,
            bad_predictions=window.bad_predictions,
            bad_labels=window.bad_labels,
            label_coverage_percent=number(window.label_coverage_percent) or 0.0,
        )
    ]


def quality_of(status: Status, version: str) -> VersionQuality:
    """Describe how good a version was, if the last verdict says it."""
    metrics = metrics_of(status.metrics)
    side, samples, times = _side(status, version)
    return VersionQuality(
        model_version=version,
        r2_score=metric(metrics, "r2")[side] if side else None,
        rmse=metric(metrics, "rmse")[side] if side else None,
        metrics={m["metric"]: m[side] for m in metrics} if side else {},
        samples=samples,
        window_start=times[0],
        window_end=times[1],
    )


def rollback_of(resource: Resource, record: Rollback) -> ClusterRollback:
    """Describe a rollback."""
    return ClusterRollback(
        namespace=resource.namespace,
        name=resource.name,
        event_id=record.id,
        at=format_time(record.decided_time),
        from_version=record.from_,
        to_version=record.to,
        automatic=record.automatic,
        actor=record.actor,
        reason=record.reason,
        evidence=dict(encode(record.evidence)),
        phase=record.phase.value,
        message=record.message,
        outcome=record.outcome.value if record.outcome else None,
        outcome_message=record.outcome_message,
    )


def held_of(holds: Iterable[Hold]) -> list[Held]:
    """List the guards that spoke."""
    return [Held(guard=hold.guard, message=hold.message) for hold in holds]


def notes_of(resource: Resource) -> list[str]:
    """List what asks for a person's attention."""
    status, ready = resource.status, resource.status.condition("Ready")
    placement, outbox = status.placement, status.outbox
    found = [
        f"not ready ({ready.reason}): {ready.message}" if ready and ready.status != "True" else "",
        "the operator has not looked at it yet: does it run?" if not status.conditions else "",
        _silent_database(status, ready),
        "suspended: nothing is judged and nothing done" if resource.spec and resource.spec.suspend else "",
        f"spec.version {placement.version}: {placement.state.value} ({placement.reason}): {placement.message}"
        if placement and placement.state is not PlacementState.PLACED
        else "",
        *(f"alert {a.name}: {a.message}" for a in status.alerts if a.reason != Reason.ALERTS_READABLE),
        f"changes are not kept in the database: {status.audit}" if status.audit else "",
        f"{outbox.dropped} messages were thrown away because too many waited" if outbox.dropped else "",
    ]  # fmt: skip
    return [note for note in found if note]


def _silent_database(status: Status, ready: Condition | None) -> str:
    """A database that fell silent leaves a resource Ready, so it is said here; one that is not Ready says it there."""
    answered = status.condition("MetricsAvailable")
    if answered is None or answered.status != "False" or (ready is not None and ready.message == answered.message):
        return ""
    since = format_time(answered.last_transition_time)
    return f"the database has not answered since {since} ({answered.reason}): {answered.message}"


def meaning_of(code: str) -> str:
    """Say what a reason means; a newer operator may have one that is not known here."""
    try:
        return Reason.of(code).meaning
    except (KeyError, ValueError):
        return "This version of modelward does not know the reason."


def message_of(status: Status) -> str:
    """Say what the verdict rests on, or why there is none."""
    ready = status.condition("Ready")
    return status.message or (ready.message if ready else "") or Reason.NOT_JUDGED_YET.meaning


def _side(status: Status, version: str) -> tuple[Side | None, int, tuple[str | None, str | None]]:
    window, baseline = status.window, status.baseline
    if version == status.current_version and window is not None:
        return "current", status.samples or window.samples, (
            format_time(window.start_time), format_time(window.end_time)
        )  # fmt: skip
    if version == status.previous_version and baseline is not None and baseline.version == version:
        return "previous", baseline.samples, (format_time(baseline.start_time), format_time(baseline.end_time))
    return None, 0, (None, None)
