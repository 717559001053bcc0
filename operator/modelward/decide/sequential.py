"""Is a version worse, with a stated rate of being wrong, however often and for however long it is looked at?

Time is cut into seasons of equal length, each long enough to hold the whole rhythm of the traffic (a day). In each the
two versions are held against each other side by side. Of a version that is no worse, no more than every second season
can be expected to be worse beyond the limit, whatever the data are like: a fair coin at best. The evidence against the
coin is a bet that pays out fairly: the likelihood of what was seen under a few loaded coins over its likelihood under
the fair one. By Ville's inequality (1939) it reaches 1/rate with a probability of at most the rate, at whatever moment
somebody looks (Ramdas et al., "Game-theoretic statistics and safe anytime-valid inference", 2023).

Seasons are taken in blocks, so that what is asked of the database stays bounded; the rate is shared out among them.
"""

import math
from collections.abc import Sequence
from datetime import datetime, timedelta

from modelward.decide.noise import worsening_of
from modelward.decide.wording import count
from modelward.domain.buckets import Buckets
from modelward.domain.decision import Judgement
from modelward.domain.durations import spell_duration
from modelward.domain.questions import Comparison, Question, Span
from modelward.domain.spec import MetricSpec, Role, Spec
from modelward.domain.sums import Sums

BLOCK = 30
FIRST_SHARE = 0.9
LOADED = (0.7, 0.9, 0.99)
"""How often the loaded coins fall on 'worse': a little, mostly, nearly always."""
SLACK = 1e-9


def seasons_of(spec: Spec, question: Question, judgement: Judgement, started: datetime | None) -> tuple[Span, ...]:
    """Say which seasons of the running block are over; none where nothing stands side by side."""
    window, season = judgement.window, spec.evaluation.season
    if window is None or started is None or judgement.comparison is Comparison.BEFORE_AFTER:
        return ()
    block, over = divmod(elapsed(started, window.end, season), BLOCK)
    opens = started + block * BLOCK * season
    span = Span(
        question.version, opens, opens + over * season, over, question.rival, judgement.comparison, question.not_before
    )  # fmt: skip
    return (span,) if over else ()


def elapsed(started: datetime, end: datetime, season: timedelta) -> int:
    """Count the whole seasons that are over."""
    return max((end - started) // season, 0)


def hold_back(spec: Spec, judgement: Judgement, evidence: Buckets | None, started: datetime | None) -> str | None:
    """Say what is missing until it is proven that the version is worse; None where nothing is, or nobody asked yet."""
    if judgement.comparison is Comparison.BEFORE_AFTER:
        return (
            "policy Sequential needs both versions side by side (a shadow, or shared traffic): of before and after "
            "no rate of false rollbacks can be stated"
        )
    window, season = judgement.window, spec.evaluation.season
    if evidence is None or window is None or started is None:
        return None
    needed = needed_evidence(spec.evaluation.false_rollback_rate, elapsed(started, window.end, season) // BLOCK)
    seasons = list(zip(evidence.current, evidence.previous, strict=True))
    found, worse = weigh(spec.metrics, seasons)
    if found >= needed:
        return None
    return (
        f"{worse} of {count(len(seasons), 'season')} of {spell_duration(season)} "
        f"{'was' if worse == 1 else 'were'} worse beyond the limits: evidence {found:,.1f}, {needed:,.0f} needed "
        f"to be wrong about {100 * spec.evaluation.false_rollback_rate:g} % of versions at most"
    )


def needed_evidence(rate: float, block: int) -> float:
    """Return what the evidence of a block must reach: the first has nine tenths of the rate, each later one half."""
    share = FIRST_SHARE if block == 0 else (1 - FIRST_SHARE) * 0.5**block
    return 1 / (rate * share)


def weigh(metrics: Sequence[MetricSpec], seasons: Sequence[tuple[Sums, Sums]]) -> tuple[float, int]:
    """Return the evidence, averaged over the gating metrics, and in how many seasons one of them was worse.

    The mean of several such bets is one, too, whatever they have to do with each other.
    """
    gates = [m for m in metrics if m.role is Role.GATE]
    worse = [[_is_worse(metric, *season) for season in seasons] for metric in gates]
    found = math.fsum(evidence_of(len(seasons), sum(flags)) for flags in worse) / len(gates)
    return found, sum(any(flags) for flags in zip(*worse, strict=True))


def evidence_of(seasons: int, worse: int) -> float:
    """Return how much more likely so many worse seasons are with a loaded coin than with a fair one."""
    bets = ((2 * p) ** worse * (2 * (1 - p)) ** (seasons - worse) for p in LOADED)
    return math.fsum(bets) / len(LOADED)


def _is_worse(metric: MetricSpec, current: Sums, previous: Sums) -> bool:
    """What cannot be computed counts as not worse: only that keeps the rate."""
    worsening = worsening_of(metric.name, current, previous)
    return worsening is not None and worsening > metric.limit_percent + SLACK
