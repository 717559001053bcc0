"""Could chance alone have made this change? A one-look bound from how the sums differ from bucket to bucket.

The change is computed anew without each bucket of time in turn (the delete-one jackknife); how far those changes lie
apart is its standard error, and Student's t gives the one-sided 95 % bound below which the worsening is not likely to
lie. Buckets, not rows, are the observations: neighbouring rows resemble each other. One look only: somebody who looks
every hour is misled more often than one time in twenty, which is why this guard never stands alone.
"""

import math
from collections.abc import Sequence
from itertools import accumulate
from statistics import NormalDist

from modelward.domain.measures import COMPUTE, metric_change, worsening
from modelward.domain.metrics import MetricName
from modelward.domain.sums import NOTHING, Sums, merge_all

LEAST_BUCKETS = 8
CONFIDENCE = 0.95


def worsening_of(name: MetricName, current: Sums, previous: Sums) -> float | None:
    """Return by how many percent a metric got worse from `previous` to `current`; None where it is undefined."""
    now, before = COMPUTE[name](current), COMPUTE[name](previous)
    return worsening(name, metric_change(name, now, before)) if now is not None and before else None


def lower_bound(name: MetricName, current: Sequence[Sums], previous: Sequence[Sums], *, together: bool) -> float | None:
    """Return the one-sided 95 % lower bound of the worsening in percent; None where it cannot be computed.

    `together`: bucket i of both versions is the same stretch of time, and is left out of both at once.
    """
    if min(len(current), len(previous)) < LEAST_BUCKETS:
        return None
    now, before = merge_all(current), merge_all(previous)
    found = worsening_of(name, now, before)
    if together:
        pairs = zip(leave_one_out(current), leave_one_out(previous), strict=True)
        errors = [_error([worsening_of(name, *pair) for pair in pairs])]
    else:
        errors = [
            _error([worsening_of(name, rest, before) for rest in leave_one_out(current)]),
            _error([worsening_of(name, now, rest) for rest in leave_one_out(previous)]),
        ]
    known = [e for e in errors if e is not None]
    if found is None or len(known) < len(errors):
        return None
    return found - t_quantile(CONFIDENCE, min(len(current), len(previous)) - 1) * math.hypot(*known)


def leave_one_out(buckets: Sequence[Sums]) -> list[Sums]:
    """Merge all buckets but one, for each of them in turn."""
    before = list(accumulate(buckets[:-1], Sums.merge, initial=NOTHING))
    after = list(accumulate(reversed(buckets[1:]), Sums.merge, initial=NOTHING))[::-1]
    return [head.merge(tail) for head, tail in zip(before, after, strict=True)]


def t_quantile(probability: float, degrees: int) -> float:
    """Return Student's quantile by the expansion of Hill (1970) in 1/degrees; good to 0.01 from 7 degrees on."""
    z = NormalDist().inv_cdf(probability)
    first = (z**3 + z) / 4
    second = (5 * z**5 + 16 * z**3 + 3 * z) / 96
    third = (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / 384
    return z + first / degrees + second / degrees**2 + third / degrees**3


def _error(found: Sequence[float | None]) -> float | None:
    """Return the jackknife's standard error; None where the change is undefined without one of the buckets."""
    known, count = [value for value in found if value is not None], len(found)
    if len(known) < count:
        return None
    mean = math.fsum(known) / count
    return math.sqrt((count - 1) / count * math.fsum((value - mean) ** 2 for value in known))
