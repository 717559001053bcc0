"""Is this version worse than the previous one? The rule, and every case in which it cannot be answered.

A metric's change in percent is (current - previous) / |previous| x 100. A gating metric breaches when R2 fell, or a
loss rose, by strictly more than its limit. What cannot be computed is said to be undefined and never counts as worse.
"""

from collections.abc import Callable
from dataclasses import dataclass

from modelward.decide.previous import Previous
from modelward.decide.wording import count, describe_changes, list_versions
from modelward.domain.decision import Judgement, MetricChange
from modelward.domain.durations import spell_duration
from modelward.domain.quality import COMPUTE, MetricName, Quality, Sums, Window, change_percent
from modelward.domain.reasons import Reason
from modelward.domain.spec import MetricSpec, Role, Spec
from modelward.domain.status import Baseline, Epoch, Status, Verdict

SLACK = 1e-9
LOWEST_R2 = 0.2
BAD_SHARE = 0.01


@dataclass(frozen=True, slots=True)
class Case:
    """All that a verdict rests on."""

    spec: Spec
    epoch: Epoch
    quality: Quality
    baseline: Baseline | None
    previous: Previous | None
    known: frozenset[str]

    @property
    def version(self) -> str:
        """The version on trial."""
        return self.epoch.version


Doubt = tuple[Verdict, Reason, str]


def judge(spec: Spec, status: Status, quality: Quality, previous: Previous | None) -> Judgement:
    """Ask every doubt in order; where none speaks, compare."""
    if status.epoch is None:
        raise ValueError("a resource is adopted before it is judged")
    known = frozenset(m.version for m in status.history)
    case = Case(spec, status.epoch, quality, _baseline(status, quality, previous), previous, known)
    for doubt in DOUBTS:
        said = doubt(case)
        if said is not None:
            verdict, reason, message = said
            return Judgement(verdict, reason, message, _unjudged(case), quality.current, case.baseline, quality)
    return _compare(case)


def _compare(case: Case) -> Judgement:
    assert case.baseline is not None  # the doubts have made sure
    changes = compare_metrics(case.spec.metrics, case.quality.current.sums, case.baseline.sums)
    gates = [c for c in changes if c.role is Role.GATE and c.change_percent is not None]
    numbers = describe_changes(changes, case.quality.current.sums.n)
    if not gates:
        verdict, reason = Verdict.INSUFFICIENT_DATA, Reason.METRICS_UNDEFINED
    elif any(c.breached for c in gates):
        verdict, reason = Verdict.DEGRADED, Reason.BEYOND_LIMIT
    else:
        verdict, reason = Verdict.HEALTHY, Reason.WITHIN_LIMITS
    message = f"{case.version} against {case.baseline.version}: {numbers}"
    return Judgement(verdict, reason, message, changes, case.quality.current, case.baseline, case.quality, numbers)


def compare_metrics(metrics: tuple[MetricSpec, ...], current: Sums, previous: Sums) -> tuple[MetricChange, ...]:
    """Compare two sets of rows metric by metric."""
    return tuple(_compare_metric(m, COMPUTE[m.name](current), COMPUTE[m.name](previous)) for m in metrics)


def _compare_metric(metric: MetricSpec, current: float | None, previous: float | None) -> MetricChange:
    undefined = _why_undefined(metric.name, current, previous)
    if undefined is not None or current is None or previous is None:
        return MetricChange(metric.name, metric.role, metric.limit_percent, current, previous, undefined=undefined)
    change = change_percent(current, previous)
    worse = -change if metric.name.higher_is_better else change
    breached = metric.role is Role.GATE and worse > metric.limit_percent + SLACK
    return MetricChange(metric.name, metric.role, metric.limit_percent, current, previous, change, breached)


def _why_undefined(name: MetricName, current: float | None, previous: float | None) -> str | None:
    if current is None or previous is None:
        return "undefined: the actuals do not vary"
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
        if sums.n
    )


def _baseline(status: Status, quality: Quality, previous: Previous | None) -> Baseline | None:
    """Return the frozen baseline where there is one for this version; else make one of the rows just read."""
    if previous is None:
        return None
    if status.baseline is not None and status.baseline.version == previous.version:
        return status.baseline
    window = quality.baseline
    if window is None:
        return None
    number = status.epoch.number if status.epoch else 0
    return Baseline(previous.version, number, window.start, window.end, quality.now, window.sums.n, window.sums)


def _no_rows(case: Case) -> Doubt | None:
    window, others = case.quality.current, case.quality.others
    if window.predictions:
        return None
    length = spell_duration(case.spec.evaluation.window)
    where = f"model {case.spec.model_name!r}" + (f" in {case.spec.environment!r}" if case.spec.environment else "")
    if not others:
        return Verdict.NO_DATA, Reason.NO_PREDICTIONS, f"{where} has no live prediction in the last {length}"
    seen = f"there are predictions of {list_versions(others)}"
    if _is_fresh(case) and all(o.version in case.known for o in others):
        message = f"{where} has no live prediction of {case.version} since it serves; {seen} from before"
        return Verdict.NO_DATA, Reason.NO_PREDICTIONS, message
    message = f"{where} has no live prediction of version {case.version} in the last {length}; {seen}"
    return Verdict.NO_DATA, Reason.VERSION_NOT_SEEN, message


def _is_fresh(case: Case) -> bool:
    started = case.epoch.started_time
    return started is not None and case.quality.now - started < case.spec.evaluation.window


def _bad_predictions(case: Case) -> Doubt | None:
    window = case.quality.current
    if window.bad_predictions <= BAD_SHARE * window.predictions:
        return None
    message = (
        f"{window.bad_predictions:,} of {count(window.predictions, 'prediction')} of {case.version} "
        "are missing, NaN, infinite or beyond 1e150"
    )
    return Verdict.INSUFFICIENT_DATA, Reason.NON_FINITE_PREDICTIONS, message


def _few_samples(case: Case) -> Doubt | None:
    window, least = case.quality.current, case.spec.evaluation.min_samples
    if window.sums.n >= least:
        return None
    message = f"{count(window.sums.n, 'sample')} of {case.version}, {least:,} needed{_lost(window)}"
    return Verdict.INSUFFICIENT_DATA, Reason.TOO_FEW_SAMPLES, message


def _lost(window: Window) -> str:
    parts = [f"{window.predictions:,} predictions"]
    parts += [f"{window.bad_predictions:,} of them not finite"] if window.bad_predictions else []
    parts += [f"{window.bad_labels:,} labels not finite"] if window.bad_labels else []
    return f" ({', '.join(parts)})"


def _low_coverage(case: Case) -> Doubt | None:
    window, least = case.quality.current, case.spec.evaluation.min_label_coverage_percent
    if window.coverage_percent >= least:
        return None
    message = (
        f"{window.coverage_percent:.1f} % of {count(window.predictions, 'prediction')} of {case.version} "
        f"have a label, {least:g} % needed"
    )
    return Verdict.INSUFFICIENT_DATA, Reason.LABEL_COVERAGE_LOW, message


def _no_previous(case: Case) -> Doubt | None:
    if case.previous is not None:
        return None
    message = f"no earlier version of {case.version} is known here, so there is nothing to compare with"
    if case.quality.others:
        message += (
            f"; the database also has predictions of {list_versions(case.quality.others)}: "
            "name one in spec.previousVersion to compare with it"
        )
    return Verdict.INSUFFICIENT_DATA, Reason.NO_BASELINE, message


def _thin_baseline(case: Case) -> Doubt | None:
    least = case.spec.evaluation.min_samples
    samples = case.baseline.samples if case.baseline else 0
    if samples >= least:
        return None
    version = case.previous.version if case.previous else ""
    message = f"the previous version {version} has {count(samples, 'sample')} to compare with, {least:,} needed"
    return Verdict.INSUFFICIENT_DATA, Reason.NO_BASELINE, message


DOUBTS: tuple[Callable[[Case], Doubt | None], ...] = (
    _no_rows,  # nothing, or rows of other versions only
    _bad_predictions,  # the model answers nonsense: never Healthy, never acted on
    _few_samples,  # chance alone would decide
    _low_coverage,  # early labels are not like late ones
    _no_previous,  # nothing to compare with
    _thin_baseline,  # nothing solid to compare with
)
