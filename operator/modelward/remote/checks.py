"""What a check that was asked for has found, in the words of a check against a database alone."""

from modelward.domain.codec import format_time
from modelward.domain.metrics import MetricName
from modelward.domain.resource import Resource
from modelward.domain.status import Phase, Rollback, Verdict
from modelward.evaluation.results import DegradationCheck, MetricExplanation
from modelward.remote import figures
from modelward.remote.results import CheckStatus, ClusterCheck
from modelward.remote.telling import limit_of

BY_VERDICT: dict[Verdict | None, CheckStatus] = {
    Verdict.HEALTHY: "OK",
    Verdict.DEGRADED: "DEGRADED",
    Verdict.INSUFFICIENT_DATA: "INSUFFICIENT_DATA",
    Verdict.NO_DATA: "INSUFFICIENT_DATA",
}
ENDED = {
    Phase.VERIFIED: "rolled back",
    Phase.FAILED: "rolled back, and not available yet",
    Phase.SUPERSEDED: "replaced",
    Phase.RETURNED: "rolled back, did not start, and was put back",
}


def describe_check(resource: Resource, rollback: Rollback | None) -> ClusterCheck:
    """Describe an answered check, and the rollback that it led to."""
    status = resource.status
    found: CheckStatus = "ROLLED_BACK" if rollback else BY_VERDICT.get(status.verdict, "ERROR")
    return _check(resource, rollback, found, _sentence(resource, rollback))


def failed_check(resource: Resource, why: str) -> ClusterCheck:
    """Describe a check that could not be made."""
    return _check(resource, None, "ERROR", why)


def _check(resource: Resource, rollback: Rollback | None, found: CheckStatus, message: str) -> ClusterCheck:
    metrics = figures.metrics_of(rollback.evidence.metrics if rollback else resource.status.metrics)
    return ClusterCheck(
        namespace=resource.namespace,
        name=resource.name,
        status=found,
        message=message,
        degradation_check=_degradation(resource, rollback, metrics),
        metrics=metrics,
        held_by=figures.held_of(resource.status.holds),
        rolled_back_from=rollback.from_ if rollback else None,
        rolled_back_to=rollback.to if rollback else None,
        event_id=rollback.id if rollback else None,
        dry_run=False,
    )


def _degradation(resource: Resource, rollback: Rollback | None, metrics: list[MetricExplanation]) -> DegradationCheck:
    status, spec = resource.status, resource.spec
    window = status.window
    current = rollback.from_ if rollback else status.current_version or ""
    previous = rollback.to if rollback else status.previous_version
    r2, rmse = (figures.metric(metrics, name.value) for name in (MetricName.R2, MetricName.RMSE))
    samples = rollback.evidence.samples if rollback else status.samples
    baseline = status.baseline.samples if status.baseline and status.baseline.version == previous else 0
    return DegradationCheck(
        model=spec.model_name if spec else resource.name,
        environment=spec.environment if spec else "",
        degraded=rollback is not None or status.verdict is Verdict.DEGRADED,
        verdict=Verdict.DEGRADED.value if rollback else status.verdict.value if status.verdict else "none",
        reason=rollback.reason if rollback else status.reason or "",
        message=rollback.message if rollback else figures.message_of(status),
        threshold_percent=limit_of(spec) if spec else 0.0,
        current_version=current,
        previous_version=previous,
        r2_current=r2["current"],
        r2_previous=r2["previous"],
        r2_change_percent=r2["change_percent"],
        rmse_current=rmse["current"],
        rmse_previous=rmse["previous"],
        rmse_change_percent=rmse["change_percent"],
        samples_current=samples or 0,
        samples_previous=baseline,
        window_start=format_time(window.start_time) if window else None,
        window_end=format_time(window.end_time) if window else None,
    )


def _sentence(resource: Resource, rollback: Rollback | None) -> str:
    status = resource.status
    if rollback is not None:
        return f"{ENDED.get(rollback.phase, 'rolling back')} {rollback.from_} -> {rollback.to}: {rollback.message}"
    said = figures.message_of(status)
    if status.verdict is Verdict.DEGRADED and status.holds:
        return f"{said}. Left in place: {'; '.join(hold.message for hold in status.holds)}"
    return said
