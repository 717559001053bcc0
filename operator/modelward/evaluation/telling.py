"""What people read: the log of a check (banner, verdict, changes and their values) and the lines of the status."""

import logging
from collections.abc import Sequence

from modelward.decide.wording import count, figure, percent
from modelward.domain.quality import MetricName
from modelward.evaluation.results import (
    AlertOutcome,
    CheckResult,
    MetricExplanation,
    Rollback,
    StatusReport,
    VersionQuality,
)

log = logging.getLogger("modelward.monitor")
LINE = "=" * 60


def log_check(result: CheckResult) -> None:
    """Log a check; what asks for a person is a warning."""
    check = result["degradation_check"]
    level = logging.WARNING if result["status"] in {"DEGRADED", "ROLLED_BACK"} else logging.INFO
    lines = [
        (logging.INFO, LINE),
        (logging.INFO, f"MODEL PERFORMANCE CHECK: {check['model']} {check['environment']}".rstrip()),
        (logging.INFO, f"Current version: {check['current_version']}, previous: {check['previous_version'] or 'none'}"),
        *((logging.INFO, _metric(metric)) for metric in result["metrics"]),
        (logging.INFO, f"Samples: {check['samples_current']:,} current, {check['samples_previous']:,} previous"),
        (level, f"Verdict: {result['status']} (threshold {check['threshold_percent']:g} %): {result['message']}"),
        (logging.INFO, LINE),
    ]  # fmt: skip
    for severity, line in lines:
        log.log(severity, line)


def log_rollback(rollback: Rollback) -> None:
    """Log a rollback that a person asked for."""
    log.warning(
        "ROLLED BACK: %s -> %s by %s: %s",
        rollback["from_version"],
        rollback["to_version"],
        rollback["actor"],
        rollback["reason"],
    )


def log_outcomes(outcomes: Sequence[AlertOutcome]) -> None:
    """Log what became of messages; one that did not arrive is a warning."""
    for outcome in outcomes:
        if outcome["delivered"]:
            log.info("Alert %s sent to %s", subject_of(outcome), outcome["to"])
        else:
            log.warning("Alert %s NOT sent to %s: %s", subject_of(outcome), outcome["to"], outcome["error"])


def subject_of(outcome: AlertOutcome) -> str:
    """RolledBack 20260105_143022 -> 20260104_120000."""
    versions = [v for v in (outcome["from_version"], outcome["to_version"]) if v]
    return f"{outcome['reason']} {' -> '.join(versions)}".strip()


def describe_status(report: StatusReport) -> list[str]:
    """Tell how things stand, one fact a line."""
    database = report["database"]
    if not database["reachable"]:
        return [f"Database:         does not answer: {database['message']}"]
    server = f"PostgreSQL {database['version']}: {database['database']} as {database['role']}"
    lines = [
        f"Database:         {database['message']} ({server})",
        f"Model:            {report['model']}" + (f" ({report['environment']})" if report["environment"] else ""),
        f"In production:    {_production(report)}",
        f"Rollback target:  {_target(report)}",
        f"Versions:         {report['versions']}",
        f"Last rollback:    {_last(report['last_rollback'])}",
    ]  # fmt: skip
    return lines + [f"Note:             {note}" for note in report["notes"]]


def describe_quality(quality: VersionQuality) -> str:
    """R2 0.930, RMSE 3480, 1,204 samples."""
    if not quality["samples"]:
        return "no labelled live predictions within 90 days"
    values = (f"{MetricName(name).label} {figure(MetricName(name), v)}" for name, v in quality["metrics"].items())
    return ", ".join([*values, count(quality["samples"], "sample")])


def _production(report: StatusReport) -> str:
    entry = report["production"]
    if entry is None:
        return "none"
    quality = VersionQuality(
        model_version=entry["model_version"],
        r2_score=entry["r2_score"],
        rmse=entry["rmse"],
        metrics=entry["metrics"],
        samples=entry["samples"],
        window_start=None,
        window_end=None,
    )
    return f"{entry['model_version']} since {entry['since']}: {describe_quality(quality)}"


def _target(report: StatusReport) -> str:
    target = report["rollback_target"]
    if target is None or target["model_version"] is None or target["quality"] is None:
        return "none"
    state = "ready" if target["ready"] else "not ready"
    return f"{target['model_version']}, {state}: {describe_quality(target['quality'])}"


def _last(rollback: Rollback | None) -> str:
    if rollback is None:
        return "none"
    moved = f"{rollback['from_version']} -> {rollback['to_version']}"
    return f"{rollback['at']} {moved} by {rollback['actor']}: {rollback['reason']}"


def _metric(metric: MetricExplanation) -> str:
    name, change = MetricName(metric["metric"]), metric["change_percent"]
    values = f"current {figure(name, metric['current'])}, previous {figure(name, metric['previous'])}"
    return f"{name.label}: {values}, change {'not judged' if change is None else percent(change)}"
