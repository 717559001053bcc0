"""What guards ask the database about a version that would be rolled back now, and what two of them make of it.

Those two are silent about a metric where too little is known; they speak only when every metric that is beyond its
limit is explained by what they look at. The third, of policy Sequential, has a room of its own.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import combinations

from modelward.decide.noise import lower_bound
from modelward.decide.sequential import seasons_of
from modelward.decide.wording import count, percent
from modelward.domain.buckets import Buckets
from modelward.domain.decision import Judgement, MetricChange
from modelward.domain.measures import COMPUTE, metric_change, worsening
from modelward.domain.metrics import Family, MetricName
from modelward.domain.quality import balance, shared_buckets
from modelward.domain.questions import Comparison, Question, Span
from modelward.domain.spec import Policy, Spec
from modelward.domain.sums import Sums

BUCKETS = 24
MEMORY = timedelta(days=28)
MOST_WINDOWS = 336
LEAST_WINDOWS = 3

Summed = dict[str, dict[int, Sums]]


def spans_of(spec: Spec, question: Question, judgement: Judgement, started: datetime | None) -> tuple[Span, ...]:
    """Say which stretches of time are to be summed: what was compared, in buckets, and the past of what was before."""
    if spec.evaluation.policy is Policy.SEQUENTIAL:
        return seasons_of(spec, question, judgement, started)
    window, baseline, comparison = judgement.window, judgement.baseline, judgement.comparison
    if window is None:
        return ()
    mine = Span(
        question.version, window.start, window.end, BUCKETS, question.rival, comparison, question.not_before
    )  # fmt: skip
    if comparison is not Comparison.BEFORE_AFTER:
        return (mine,)
    if baseline is None:
        return ()
    length = spec.evaluation.window
    windows = min(MEMORY // length, MOST_WINDOWS)
    alone = Span(question.version, window.start, window.end, BUCKETS, not_before=question.not_before)
    before = Span(baseline.version, baseline.start_time, baseline.end_time, BUCKETS)
    if windows < LEAST_WINDOWS:
        return alone, before
    past = Span(baseline.version, baseline.end_time - windows * length, baseline.end_time, windows)
    return alone, before, past


def weigh_evidence(
    question: Question, judgement: Judgement, spans: Sequence[Span], summed: Sequence[Summed]
) -> Buckets:
    """Put the sums of the spans in order."""
    if not spans:
        return Buckets()
    if judgement.comparison is Comparison.BEFORE_AFTER:
        current, previous, *past = [_in_order(s.get(span.version, {})) for span, s in zip(spans, summed, strict=True)]
        return Buckets(current, previous, past[0] if past else ())
    mine, theirs = (summed[0].get(version or "", {}) for version in (question.version, question.rival))
    return _side_by_side(question.families, judgement.comparison, mine, theirs)


def explain_by_variation(spec: Spec, judgement: Judgement, evidence: Buckets | None) -> str | None:
    """Say that the previous version's own windows moved as much; None where they did not, or are too few."""
    if evidence is None:
        return None
    said = [_normal(change, spec, evidence.windows) for change in _breached(judgement)]
    return _all_explained(said)


def explain_by_noise(judgement: Judgement, evidence: Buckets | None) -> str | None:
    """Say that chance could have made the change; None where it could not, or too little is known."""
    if evidence is None:
        return None
    return _all_explained([_chance(change, evidence) for change in _breached(judgement)])


def largest_move(name: MetricName, windows: Sequence[Sums], least: int) -> tuple[float, int] | None:
    """Return the largest change in percent from one window to a later one, whatever its direction, and of how many.

    Not only to the next one: a baseline stays where it is while the windows held against it go on. Windows with fewer
    than `least` samples, or in which the metric is undefined, are passed over; None with fewer than LEAST_WINDOWS.
    """
    known = [w for w in windows if w.count(name.family) >= least]
    values = [v for v in (COMPUTE[name](w) for w in known) if v]
    if len(values) < LEAST_WINDOWS:
        return None
    return max(abs(metric_change(name, later, earlier)) for earlier, later in combinations(values, 2)), len(values)


def _breached(judgement: Judgement) -> list[MetricChange]:
    return [c for c in judgement.metrics if c.breached]


def _all_explained(said: Sequence[str | None]) -> str | None:
    sentences = [s for s in said if s is not None]
    return "; ".join(sentences) if sentences and len(sentences) == len(said) else None


def _normal(change: MetricChange, spec: Spec, windows: Sequence[Sums]) -> str | None:
    found = largest_move(change.name, windows, spec.evaluation.min_samples)
    if found is None or change.change_percent is None:
        return None
    largest, number = found
    if worsening(change.name, change.change_percent) > largest:
        return None
    return (
        f"{change.name.label} moved by {percent(change.change_percent)}, and in the previous version's own "
        f"{count(number, 'window')} within 28 days by up to {largest:.1f} % from one to another"
    )


def _chance(change: MetricChange, evidence: Buckets) -> str | None:
    family = change.name.family
    sides = [_having(family, side) for side in (evidence.current, evidence.previous)]
    bound = lower_bound(change.name, *sides, together=evidence.together)
    if bound is None or bound > 0 or change.change_percent is None:
        return None
    worse = worsening(change.name, change.change_percent)
    return (
        f"{change.name.label} is worse by {worse:.1f} %, which may be chance: by its "
        f"{min(map(len, sides))} buckets of time it is worse by {bound:.1f} % at least (one look, 95 %)"
    )


def _having(family: Family, buckets: Sequence[Sums]) -> list[Sums]:
    return [b for b in buckets if b.count(family)]


def _in_order(buckets: dict[int, Sums]) -> tuple[Sums, ...]:
    return tuple(buckets[number] for number in sorted(buckets))


def _side_by_side(
    families: Sequence[Family], comparison: Comparison, mine: dict[int, Sums], theirs: dict[int, Sums]
) -> Buckets:
    numbers = sorted({b for family in families for b in shared_buckets(mine, theirs, family)})
    if comparison is Comparison.PAIRED:
        return Buckets(tuple(mine[b] for b in numbers), tuple(theirs[b] for b in numbers), together=True)
    balanced = [balance({b: mine[b]}, {b: theirs[b]}, families) for b in numbers]
    sides = [side for side in balanced if side is not None]
    return Buckets(tuple(s.current for s in sides), tuple(s.previous for s in sides), together=True)
