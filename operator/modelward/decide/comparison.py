"""Which rows of the two versions are held against each other: the same requests, the same times, or then and now.

Side by side, whatever moves both versions alike (a season, another mix of requests) cancels out, so Auto takes pairs
first, then shared times, and the frozen baseline last. A comparison that was asked for by name is never replaced by
another one.
"""

from collections.abc import Callable
from dataclasses import dataclass

from modelward.decide.previous import Previous
from modelward.domain.quality import Quality, SideBySide
from modelward.domain.questions import Comparison
from modelward.domain.spec import Spec
from modelward.domain.status import Baseline, Status
from modelward.domain.sums import NOTHING, Sums

LEAST_BUCKETS = 8
"""In how many of the window's 24 buckets both versions must answer before Auto takes shared times: not by a rollout."""


@dataclass(frozen=True, slots=True)
class Sides:
    """The sums of the current and the previous version, and what makes them comparable."""

    comparison: Comparison
    current: Sums
    previous: Sums


def choose(spec: Spec, quality: Quality, baseline: Baseline | None) -> Sides:
    """Take the comparison that the spec names, or the best that has enough samples."""
    wanted = spec.evaluation.comparison
    if wanted is Comparison.AUTO:
        wanted = next((c for c, fits in SIDE_BY_SIDE if fits(spec, quality)), Comparison.BEFORE_AFTER)
    found = _found(wanted, quality)
    if found is not None:
        return Sides(wanted, found.current, found.previous)
    if wanted is Comparison.BEFORE_AFTER:
        return Sides(wanted, quality.current.sums, baseline.sums if baseline else NOTHING)
    return Sides(wanted, NOTHING, NOTHING)


def frozen_baseline(spec: Spec, status: Status, previous: Previous | None) -> Baseline | None:
    """Return the baseline that was frozen for this version, where it holds what the metrics need now."""
    baseline = status.baseline
    if baseline is None or previous is None or baseline.version != previous.version:
        return None
    if baseline.positive_class not in {None, spec.evaluation.positive_class}:
        return None
    return baseline if baseline.sums.samples(spec.gating) else None


def freeze(spec: Spec, status: Status, quality: Quality, previous: Previous | None) -> Baseline | None:
    """Return the frozen baseline where there is one for this version; else make one of the rows just read."""
    frozen = frozen_baseline(spec, status, previous)
    window = quality.baseline
    if frozen is not None or previous is None or window is None:
        return frozen
    number = status.epoch.number if status.epoch else 0
    sums = window.sums.freeze()
    positive = spec.evaluation.positive_class if sums.labels or sums.scores else None
    return Baseline(
        previous.version, number, window.start, window.end, quality.now, window.samples, sums, positive
    )  # fmt: skip


def _found(comparison: Comparison, quality: Quality) -> SideBySide | None:
    return {Comparison.PAIRED: quality.paired, Comparison.CONCURRENT: quality.concurrent}.get(comparison)


def _enough_pairs(spec: Spec, quality: Quality) -> bool:
    pairs = quality.paired
    return pairs is not None and pairs.samples(spec.gating) >= spec.evaluation.min_samples


def _enough_shared(spec: Spec, quality: Quality) -> bool:
    shared = quality.concurrent
    if shared is None or shared.buckets < LEAST_BUCKETS:
        return False
    return shared.samples(spec.gating) >= spec.evaluation.min_samples


SIDE_BY_SIDE: tuple[tuple[Comparison, Callable[[Spec, Quality], bool]], ...] = (
    (Comparison.PAIRED, _enough_pairs),
    (Comparison.CONCURRENT, _enough_shared),
)
