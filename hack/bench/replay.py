"""Real flights of 2013, replayed: two versions of one model, their answers summed hour by hour.

Both are really trained. The one on trial has its errors stretched, so that over the whole time its RMSE is a given
multiple of the other's; which flights it gets wrong stays its own.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import numpy as np

from demo.flights import Floats, on, read, to_day
from demo.models import A2, A, train
from modelward.domain.questions import Comparison, Span
from modelward.domain.sums import Sums, merge_all

HOUR, DAY = timedelta(hours=1), timedelta(hours=24)
FIRST, LAST = on(4, 1), on(12, 31)
OLD, NEW = "good", "on-trial"


@dataclass(frozen=True)
class Answers:
    """What really happened, and what both versions said; `hour` counts from FIRST."""

    hour: Floats
    actual: Floats
    old: Floats
    new: Floats

    def stretch(self, ratio: float) -> "Replay":
        """Sum hour by hour, the new version's RMSE being `ratio` times the old one's."""
        old, new = self.old - self.actual, self.new - self.actual
        factor = ratio * np.sqrt(np.mean(old**2) / np.mean(new**2))
        return Replay({OLD: _hours(self.hour, self.actual, old), NEW: _hours(self.hour, self.actual, new * factor)})


@dataclass(frozen=True)
class Replay:
    """Sums of each hour, for each version as if it had answered all the time."""

    hours: Mapping[str, list[Sums]]

    def window(self, version: str, start: datetime, end: datetime) -> Sums:
        """Sum a stretch of whole hours."""
        return merge_all(self.hours[version][_index(start) : _index(end)])

    def span(self, span: Span) -> dict[str, dict[int, Sums]]:
        """Sum a span's buckets, as the database would."""
        step = (span.end - span.start) / span.buckets
        versions = [span.version] + ([OLD] if span.comparison is Comparison.PAIRED else [])
        edges = [span.start + i * step for i in range(span.buckets + 1)]
        return {
            v: {i: sums for i in range(span.buckets) if (sums := self.window(v, max(edges[i], BEGAN), edges[i + 1])).n}
            for v in versions
        }


BEGAN = FIRST.replace(tzinfo=UTC)


def load() -> Answers:
    """Train both versions on the winter, and let both answer for every flight after it."""
    flights = read()
    asked = flights.between(FIRST, LAST)
    old, new = train(flights, asked, (A, A2))
    hour = np.floor((asked.leaves - to_day(FIRST)) * 24)
    return Answers(hour, asked.actual, old.predictions, new.predictions)


def _index(moment: datetime) -> int:
    return round((moment - BEGAN) / HOUR)


def _hours(hour: Floats, actual: Floats, errors: Floats) -> list[Sums]:
    count = round((LAST - FIRST) / HOUR)
    at = hour.astype(np.int64)
    n = np.bincount(at, minlength=count)
    mean = np.divide(np.bincount(at, actual, count), n, out=np.zeros(count), where=n > 0)
    spread = np.bincount(at, (actual - mean[at]) ** 2, count)
    summed = [np.bincount(at, each, count) for each in (errors, np.abs(errors), errors**2)]
    rows = zip(n, mean, spread, *summed, strict=True)
    return [Sums(int(k), float(m), float(m2), float(e), float(ae), float(e2)) for k, m, m2, e, ae, e2 in rows]
