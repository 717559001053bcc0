"""Every case in which it cannot be answered whether a version is worse, in the order in which they are asked.

What speaks is a verdict that never acts, with a sentence that says what is missing.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from modelward.decide.comparison import Sides
from modelward.decide.previous import Previous
from modelward.decide.wording import count, list_versions
from modelward.domain.durations import spell_duration
from modelward.domain.metrics import Family
from modelward.domain.quality import Quality, Window
from modelward.domain.questions import Comparison
from modelward.domain.reasons import Reason
from modelward.domain.spec import Spec
from modelward.domain.status import Baseline, Epoch, Verdict

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
    sides: Sides
    came_back: bool = False
    """Whether it served here before: rows of that time do not count for this one."""

    @property
    def version(self) -> str:
        """The version on trial."""
        return self.epoch.version

    @property
    def side_by_side(self) -> int:
        """How many samples either version has where both are held against each other at once."""
        if self.sides.comparison is Comparison.BEFORE_AFTER:
            return 0
        families = self.spec.gating
        return min(self.sides.current.samples(families), self.sides.previous.samples(families))

    @property
    def has_pairs(self) -> bool:
        """Whether there are pairs enough to judge by: these count, whoever of the two answered live."""
        return self.sides.comparison is Comparison.PAIRED and self.side_by_side >= self.spec.evaluation.min_samples


Doubt = tuple[Verdict, Reason, str]


def _no_rows(case: Case) -> Doubt | None:
    window, others = case.quality.current, case.quality.others
    if window.predictions or case.has_pairs:
        return None
    length = spell_duration(case.spec.evaluation.window)
    where = f"model {case.spec.model_name!r}" + (f" in {case.spec.environment!r}" if case.spec.environment else "")
    if case.came_back and _is_fresh(case) and all(o.version in case.known for o in others):
        message = f"{where} has no live prediction of {case.version} {since_it_came_back(case.epoch.started_time)}"
        return Verdict.NO_DATA, Reason.NO_PREDICTIONS, message
    if not others:
        return Verdict.NO_DATA, Reason.NO_PREDICTIONS, f"{where} has no live prediction in the last {length}"
    seen = f"there are predictions of {list_versions(others)}"
    if _is_fresh(case) and all(o.version in case.known for o in others):
        message = f"{where} has no live prediction of {case.version} since it serves; {seen} from before"
        return Verdict.NO_DATA, Reason.NO_PREDICTIONS, message
    message = f"{where} has no live prediction of version {case.version} in the last {length}; {seen}"
    return Verdict.NO_DATA, Reason.VERSION_NOT_SEEN, message


def since_it_came_back(at: datetime | None) -> str:
    """Say which rows of a version that served before do not count for this time."""
    began = f"{at:%Y-%m-%d %H:%M} UTC" if at else "now"
    return f"since it came back at {began}; what it predicted when it served before does not count"


def _is_fresh(case: Case) -> bool:
    started = case.epoch.started_time
    return started is not None and case.quality.now - started < case.spec.evaluation.window


def _bad_predictions(case: Case) -> Doubt | None:
    window = case.quality.current
    if window.bad_predictions <= BAD_SHARE * window.predictions:
        return None
    message = (
        f"{window.bad_predictions:,} of {count(window.predictions, 'prediction')} of {case.version} "
        f"are {_unfit(window)}"
    )
    return Verdict.INSUFFICIENT_DATA, Reason.NON_FINITE_PREDICTIONS, message


def _unfit(window: Window) -> str:
    scores_only = window.families == (Family.SCORES,)
    if scores_only:
        return "missing, NaN, or not from 0 to 1"
    if window.families == (Family.LABELS,):
        return "missing"
    return "missing, NaN, infinite or beyond 1e150" + (
        ", or scores not from 0 to 1" if len(window.families) > 1 else ""
    )


def _few_samples(case: Case) -> Doubt | None:
    window, least = case.quality.current, case.spec.evaluation.min_samples
    if window.samples >= least or case.has_pairs:
        return None
    message = f"{count(window.samples, 'sample')} of {case.version}, {least:,} needed{_lost(window)}"
    return Verdict.INSUFFICIENT_DATA, Reason.TOO_FEW_SAMPLES, message


def _lost(window: Window) -> str:
    parts = [f"{window.predictions:,} predictions"]
    parts += [f"{window.bad_predictions:,} of them {_bad(window)}"] if window.bad_predictions else []
    parts += [f"{window.bad_labels:,} labels not finite"] if window.bad_labels else []
    return f" ({', '.join(parts)})"


def _bad(window: Window) -> str:
    return "not finite" if window.families == (Family.REGRESSION,) else "not fit to be judged"


def _low_coverage(case: Case) -> Doubt | None:
    window, least = case.quality.current, case.spec.evaluation.min_label_coverage_percent
    if window.coverage_percent >= least or case.has_pairs:
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
    samples = case.baseline.sums.samples(case.spec.gating) if case.baseline else 0
    if samples >= least or case.sides.comparison is not Comparison.BEFORE_AFTER:
        return None
    version = _previous_version(case)
    message = f"the previous version {version} has {count(samples, 'sample')} to compare with, {least:,} needed"
    return Verdict.INSUFFICIENT_DATA, Reason.NO_BASELINE, message


def _too_few_side_by_side(case: Case) -> Doubt | None:
    least, samples, version = case.spec.evaluation.min_samples, case.side_by_side, _previous_version(case)
    if samples >= least or case.sides.comparison is Comparison.BEFORE_AFTER:
        return None
    if case.sides.comparison is Comparison.PAIRED:
        message = (
            f"{count(samples, 'labelled request')} answered by both {case.version} and {version} in the window, "
            f"{least:,} needed: comparison Paired needs rows of one of them with role shadow beside live rows of the "
            "other, with the same request_id"
        )
        return Verdict.INSUFFICIENT_DATA, Reason.TOO_FEW_PAIRS, message
    message = (
        f"{count(samples, 'sample')} of times in which both {case.version} and {version} answered in the window, "
        f"{least:,} needed: comparison Concurrent needs rows of both with role live or holdback"
    )
    return Verdict.INSUFFICIENT_DATA, Reason.TOO_FEW_SHARED, message


def _previous_version(case: Case) -> str:
    return case.previous.version if case.previous else ""


DOUBTS: tuple[Callable[[Case], Doubt | None], ...] = (
    _no_rows,  # nothing, or rows of other versions only
    _bad_predictions,  # the model answers nonsense: never Healthy, never acted on
    _few_samples,  # chance alone would decide
    _low_coverage,  # early labels are not like late ones
    _no_previous,  # nothing to compare with
    _too_few_side_by_side,  # what was asked for by name is not there, and nothing else takes its place
    _thin_baseline,  # nothing solid to compare with
)
