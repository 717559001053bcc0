"""Is this version worse than the previous one? The rule.

A metric's change in percent is (current - previous) / |previous| x 100. A gating metric breaches when a score (R2,
accuracy, ...) fell, or a loss rose, by strictly more than its limit. What cannot be computed is said to be undefined
and never counts as worse.
"""

from modelward.decide.comparison import choose, freeze
from modelward.decide.doubts import DOUBTS, Case
from modelward.decide.epochs import served_before
from modelward.decide.previous import Previous
from modelward.decide.wording import describe_change, describe_changes
from modelward.domain.codec import format_time
from modelward.domain.decision import Judgement, MetricChange
from modelward.domain.measures import COMPUTE, metric_change, why_undefined, worsening
from modelward.domain.quality import MetricName, Quality, Sums
from modelward.domain.questions import Comparison
from modelward.domain.reasons import Reason
from modelward.domain.spec import MetricSpec, Role, Spec
from modelward.domain.status import Status, Verdict

SLACK = 1e-9
LOWEST_R2 = 0.2
LOOKED_PAST = "spec.previousVersion names {}, which serves itself: it is looked past"


def judge(spec: Spec, status: Status, quality: Quality, previous: Previous | None) -> Judgement:
    """Ask every doubt in order; where none speaks, compare."""
    if status.epoch is None:
        raise ValueError("a resource is adopted before it is judged")
    known = frozenset(m.version for m in status.history)
    baseline = freeze(spec, status, quality, previous)
    came_back = served_before(status, status.epoch.version)
    case = Case(spec, status.epoch, quality, baseline, previous, known, choose(spec, quality, baseline), came_back)
    for doubt in DOUBTS:
        said = doubt(case)
        if said is not None:
            return _judgement(case, *said, _unjudged(case), quality.current.samples)
    return _compare(case)


def _compare(case: Case) -> Judgement:
    sides = case.sides
    changes = compare_metrics(case.spec.metrics, sides.current, sides.previous)
    samples = sides.current.samples(case.spec.gating)
    numbers = describe_changes(changes, samples, sides.comparison)
    gates = [c for c in changes if c.role is Role.GATE and c.change_percent is not None]
    verdict, reason = Verdict.HEALTHY, Reason.WITHIN_LIMITS
    if not gates:
        verdict, reason = Verdict.INSUFFICIENT_DATA, Reason.METRICS_UNDEFINED
    elif any(c.breached for c in gates):
        verdict, reason = Verdict.DEGRADED, Reason.BEYOND_LIMIT
    message = f"{case.version} against {case.previous.version if case.previous else ''}: {numbers}"
    since = _since_before(case) if verdict is Verdict.HEALTHY else None
    if since is not None:
        verdict, reason = Verdict.DEGRADED, Reason.BOTH_WORSE
        message = f"{message}; but {since}: the data may have changed, so look at them, and retrain"
    return _judgement(case, verdict, reason, message, changes, samples, numbers)


def _judgement(
    case: Case,
    verdict: Verdict,
    reason: Reason,
    message: str,
    metrics: tuple[MetricChange, ...],
    samples: int,
    numbers: str = "",
) -> Judgement:
    quality, comparison = case.quality, case.sides.comparison
    if case.spec.previous_version == case.version:
        message = f"{message}; {LOOKED_PAST.format(case.version)}"
    return Judgement(
        verdict, reason, message, metrics, quality.current, case.baseline, quality, comparison, samples, numbers
    )  # fmt: skip


def _since_before(case: Case) -> str | None:
    """Say how much worse than the frozen baseline the version is that is no worse than its rival; None: it is not."""
    baseline, least = case.baseline, case.spec.evaluation.min_samples
    now = case.quality.current.sums
    if case.sides.comparison is Comparison.BEFORE_AFTER or baseline is None:
        return None
    if min(now.samples(case.spec.gating), baseline.sums.samples(case.spec.gating)) < least:
        return None
    changes = [c for c in compare_metrics(case.spec.metrics, now, baseline.sums) if c.breached]
    if not changes:
        return None
    listed = ", ".join(describe_change(c) for c in changes)
    return f"both are worse than {baseline.version} was before {format_time(baseline.end_time)}: {listed}"


def compare_metrics(metrics: tuple[MetricSpec, ...], current: Sums, previous: Sums) -> tuple[MetricChange, ...]:
    """Compare two sets of rows metric by metric."""
    return tuple(_compare_metric(m, current, previous) for m in metrics)


def _compare_metric(metric: MetricSpec, mine: Sums, theirs: Sums) -> MetricChange:
    current, previous = COMPUTE[metric.name](mine), COMPUTE[metric.name](theirs)
    undefined = _why_undefined(metric.name, current, previous, mine if current is None else theirs)
    if undefined is not None or current is None or previous is None:
        return MetricChange(metric.name, metric.role, metric.limit_percent, current, previous, undefined=undefined)
    change = metric_change(metric.name, current, previous)
    breached = metric.role is Role.GATE and worsening(metric.name, change) > metric.limit_percent + SLACK
    return MetricChange(metric.name, metric.role, metric.limit_percent, current, previous, change, breached)


def _why_undefined(name: MetricName, current: float | None, previous: float | None, sums: Sums) -> str | None:
    if current is None or previous is None:
        return f"undefined: {why_undefined(name, sums)}"
    if name is MetricName.R2 and previous < LOWEST_R2:
        return f"not judged: previous R2 {previous:.3f} is under {LOWEST_R2}"
    if previous == 0:
        return "undefined: the previous value is 0"
    return None


def _unjudged(case: Case) -> tuple[MetricChange, ...]:
    sums = case.quality.current.sums
    return tuple(
        MetricChange(m.name, m.role, m.limit_percent, COMPUTE[m.name](sums), undefined="not compared")
        for m in case.spec.metrics
        if sums.count(m.name.family)
    )
