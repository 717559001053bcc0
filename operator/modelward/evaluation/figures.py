"""From parcels to the dictionaries that callers get."""

from collections.abc import Sequence
from dataclasses import replace

from modelward.decide.verdict import compare_metrics
from modelward.decide.wording import count, describe_changes
from modelward.domain.codec import format_time
from modelward.domain.decision import MetricChange
from modelward.domain.durations import spell_duration
from modelward.domain.ledger import Book, RollbackRecord, VersionRecord
from modelward.domain.measures import metric_change
from modelward.domain.quality import COMPUTE, MetricName, Sums, Window
from modelward.domain.status import Verdict
from modelward.evaluation.results import (
    CheckResult,
    CheckStatus,
    Comparison,
    DegradationCheck,
    Explanation,
    Held,
    HistoryEntry,
    MetricExplanation,
    Rollback,
    VersionQuality,
    WindowExplanation,
)
from modelward.evaluation.rules import METRICS, Rules
from modelward.evaluation.trial import Trial, quality_of

MEGABYTE = 1_000_000


def degradation_check(trial: Trial) -> DegradationCheck:
    """Put a judgement into the guide's keys."""
    judgement, window = trial.judgement, quality_of(trial.judgement).current
    baseline = judgement.baseline
    before = baseline.sums if baseline else Sums()
    changes = {c.name: c.change_percent for c in judgement.metrics}
    r2, rmse = COMPUTE[MetricName.R2], COMPUTE[MetricName.RMSE]
    return DegradationCheck(
        model=trial.book.key.model,
        environment=trial.book.key.environment,
        degraded=judgement.verdict is Verdict.DEGRADED,
        verdict=judgement.verdict.value,
        reason=judgement.reason.value,
        message=judgement.message,
        threshold_percent=trial.rules.threshold_percent,
        current_version=trial.current,
        previous_version=trial.previous.version if trial.previous else None,
        r2_current=r2(window.sums),
        r2_previous=r2(before),
        r2_change_percent=changes.get(MetricName.R2),
        rmse_current=rmse(window.sums),
        rmse_previous=rmse(before),
        rmse_change_percent=changes.get(MetricName.RMSE),
        samples_current=window.samples,
        samples_previous=before.samples(window.families),
        window_start=format_time(window.start),
        window_end=format_time(window.end),
    )


def check_result(trial: Trial, status: CheckStatus, done: RollbackRecord | None = None) -> CheckResult:
    """Say what a check found, and what it did about it."""
    return CheckResult(
        status=status,
        message=_sentence(trial, done),
        degradation_check=degradation_check(trial),
        metrics=metrics(trial),
        held_by=held_by(trial) if status == "DEGRADED" else [],
        rolled_back_from=done.from_version if done else None,
        rolled_back_to=done.to_version if done else None,
        event_id=done.event_id if done else None,
        dry_run=trial.rules.dry_run,
        alerts=[],
    )


def metrics(trial: Trial) -> list[MetricExplanation]:
    """Give each metric both of its values, also where nothing could be judged."""
    judgement = trial.judgement
    judged = {change.name: change for change in judgement.metrics}
    now = quality_of(judgement).current.sums
    before = judgement.baseline.sums if judgement.baseline else Sums()
    found = []
    for metric in trial.rules.compared:
        compute, bare = COMPUTE[metric.name], MetricChange(metric.name, metric.role, metric.limit_percent)
        change = judged.get(metric.name, replace(bare, undefined="not compared"))
        found.append(_metric(replace(change, current=compute(now), previous=compute(before))))
    return found


def comparison(
    book: Book, names: tuple[str, str], windows: tuple[Window | None, Window | None], rules: Rules
) -> Comparison:
    """Compare two versions by the guide's formula; what the rule would not judge is shown all the same."""
    now, before = (w.sums if w else Sums() for w in windows)
    judged = compare_metrics(rules.compared, now, before)
    families = rules.spec(book.key.model, book.key.environment).gating
    samples, earlier = now.samples(families), before.samples(families)
    values = {name: (COMPUTE[name](now), COMPUTE[name](before)) for name in METRICS}
    changes = {name: _change(name, *values[name]) for name in METRICS}
    return Comparison(
        model=book.key.model,
        environment=book.key.environment,
        current_version=names[0],
        previous_version=names[1],
        r2_current=values[MetricName.R2][0],
        r2_previous=values[MetricName.R2][1],
        r2_change=changes[MetricName.R2],
        r2_change_percent=changes[MetricName.R2],
        rmse_current=values[MetricName.RMSE][0],
        rmse_previous=values[MetricName.RMSE][1],
        rmse_change=changes[MetricName.RMSE],
        rmse_change_percent=changes[MetricName.RMSE],
        samples_current=samples,
        samples_previous=earlier,
        threshold_percent=rules.threshold_percent,
        metrics=[_metric(replace(c, change_percent=_change(c.name, c.current, c.previous))) for c in judged],
        degraded=any(c.breached for c in judged),
        message=_compared(names, judged, samples, earlier),
    )


def history_entry(
    version: VersionRecord, window: Window | None, rules: Rules, rollbacks: Sequence[RollbackRecord]
) -> HistoryEntry:
    """Describe a version; the rollbacks are those away from it."""
    sums = window.sums if window else Sums()
    size = version.size_bytes
    away = [r for r in rollbacks if r.from_version == version.version]
    return HistoryEntry(
        model_version=version.version,
        is_production=version.in_production,
        r2_score=COMPUTE[MetricName.R2](sums),
        rmse=COMPUTE[MetricName.RMSE](sums),
        metrics=_values(rules, sums),
        training_r2_score=version.training_r2,
        training_rmse=version.training_rmse,
        samples=window.samples if window else 0,
        size_mb=None if size is None else size / MEGABYTE,
        since=format_time(version.since),
        archived_at=format_time(version.archived_at) if version.archived_at else None,
        rollbacks=[rollback(r) for r in reversed(away)],
    )


def version_quality(version: str, window: Window | None, rules: Rules) -> VersionQuality:
    """Describe how good a version was last."""
    sums = window.sums if window else Sums()
    return VersionQuality(
        model_version=version,
        r2_score=COMPUTE[MetricName.R2](sums),
        rmse=COMPUTE[MetricName.RMSE](sums),
        metrics=_values(rules, sums),
        samples=window.samples if window else 0,
        window_start=format_time(window.start) if window else None,
        window_end=format_time(window.end) if window else None,
    )


def rollback(record: RollbackRecord) -> Rollback:
    """Describe a rollback."""
    return Rollback(
        event_id=record.event_id,
        at=format_time(record.at),
        from_version=record.from_version,
        to_version=record.to_version,
        automatic=record.automatic,
        actor=record.actor,
        reason=record.reason,
        evidence=dict(record.evidence),
    )


def explanation(trial: Trial) -> Explanation:
    """Lay open what a verdict rests on."""
    judgement, quality, rules = trial.judgement, quality_of(trial.judgement), trial.rules
    windows = [_window(trial.current, quality.current)]
    if trial.previous is not None and quality.baseline is not None:
        windows.append(_window(trial.previous.version, quality.baseline))
    return Explanation(
        model=trial.book.key.model,
        environment=trial.book.key.environment,
        verdict=judgement.verdict.value,
        reason=judgement.reason.value,
        meaning=judgement.reason.meaning,
        message=judgement.message,
        metrics=[_metric(change) for change in judgement.metrics],
        windows=windows,
        window=spell_duration(rules.window),
        min_samples=rules.min_samples,
        threshold_percent=rules.threshold_percent,
        would_roll_back_to=trial.previous.version if trial.previous else None,
        held_by=held_by(trial),
    )


def held_by(trial: Trial) -> list[Held]:
    """List what keeps, or would keep, a degraded version in place."""
    return [Held(guard=hold.guard, message=hold.message) for hold in trial.holds]


def _metric(change: MetricChange) -> MetricExplanation:
    return MetricExplanation(
        metric=change.name.value,
        current=change.current,
        previous=change.previous,
        change_percent=change.change_percent,
        limit_percent=change.limit_percent,
        breached=change.breached,
        not_judged_because=change.undefined,
    )


def _window(version: str, window: Window) -> WindowExplanation:
    return WindowExplanation(
        model_version=version,
        start=format_time(window.start),
        end=format_time(window.end),
        predictions=window.predictions,
        samples=window.samples,
        bad_predictions=window.bad_predictions,
        bad_labels=window.bad_labels,
        label_coverage_percent=window.coverage_percent,
    )


def _values(rules: Rules, sums: Sums) -> dict[str, float | None]:
    return {metric.name.value: COMPUTE[metric.name](sums) for metric in rules.compared}


def _change(name: MetricName, current: float | None, previous: float | None) -> float | None:
    if current is None or previous is None or previous == 0:
        return None
    return metric_change(name, current, previous)


def _compared(names: tuple[str, str], judged: Sequence[MetricChange], samples: int, before: int) -> str:
    unseen = [name for name, n in zip(names, (samples, before), strict=True) if not n]
    if unseen:
        return f"cannot be compared: {' and '.join(unseen)} made no labelled live prediction within 90 days"
    return f"{names[0]} against {names[1]}: {describe_changes(judged, samples)} against {count(before, 'sample')}"


def _sentence(trial: Trial, done: RollbackRecord | None) -> str:
    said = trial.judgement.message
    if done is not None:
        return (
            f"rolled back {done.from_version} -> {done.to_version}: {trial.judgement.numbers}. "
            "Look at the data, retrain, and deploy the result as a new version"
        )
    if trial.judgement.verdict is not Verdict.DEGRADED:
        return said
    if trial.holds:
        return f"{said}. Left in place: {'; '.join(hold.message for hold in trial.holds)}"
    if trial.rules.dry_run and trial.rules.auto_rollback:
        target = trial.previous.version if trial.previous else ""
        return f"{said}. Without --dry-run it would be rolled back to {target}"
    return f"{said}. Automatic rollback is off: a person decides (modelward rollback)"
