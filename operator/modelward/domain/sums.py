"""Mergeable sums of judged rows: all that is ever read of them, one parcel for each family of metrics.

The actuals' second moment is centred, so that targets around 1e9 keep their digits; two sets of rows merge by the
pairwise formula of Chan, Golub and LeVeque (1979). Everything else adds up. A set of rows can be weighed as if it
held another number of rows, so that two versions count alike in each bucket of time.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass, replace

from modelward.domain.metrics import Family

BINS = 256


@dataclass(frozen=True, slots=True)
class Labels:
    """Counts of n rows with a predicted and an actual class; fractions where rows were weighed."""

    n: int = 0
    hits: float = 0.0
    true_positives: float = 0.0
    predicted_positives: float = 0.0
    actual_positives: float = 0.0

    def merge(self, other: "Labels") -> "Labels":
        """Join two disjoint sets of rows."""
        return Labels(
            self.n + other.n,
            self.hits + other.hits,
            self.true_positives + other.true_positives,
            self.predicted_positives + other.predicted_positives,
            self.actual_positives + other.actual_positives,
        )

    def weigh(self, n: int) -> "Labels":
        """Count these rows as if they were n."""
        share = n / self.n
        return Labels(
            n,
            self.hits * share,
            self.true_positives * share,
            self.predicted_positives * share,
            self.actual_positives * share,
        )


@dataclass(frozen=True, slots=True)
class Bin:
    """The rows whose scores fall into one of BINS: how many of either class, and their lowest and highest score."""

    number: int
    positives: float
    negatives: float
    low: float
    high: float

    def merge(self, other: "Bin") -> "Bin":
        """Join two disjoint sets of rows of the same bin."""
        low, high = min(self.low, other.low), max(self.high, other.high)
        return Bin(self.number, self.positives + other.positives, self.negatives + other.negatives, low, high)


@dataclass(frozen=True, slots=True)
class Pairs:
    """Of all pairs of a positive and a negative row: in how many the positive one scored higher, or as high.

    `unsure` are those counted as equal only because they share a bin.
    """

    higher: float = 0.0
    equal: float = 0.0
    unsure: float = 0.0


@dataclass(frozen=True, slots=True)
class Scores:
    """Sums of n rows with a score and an actual class; `bins` are those that hold a row, in ascending order.

    `ranked` stands in the place of the bins once nothing will be merged any more.
    """

    n: int = 0
    positives: float = 0.0
    sum_log_loss: float = 0.0
    sum_brier: float = 0.0
    bins: tuple[Bin, ...] = ()
    ranked: Pairs | None = None

    def merge(self, other: "Scores") -> "Scores":
        """Join two disjoint sets of rows; ValueError where the bins of one were given up."""
        if self.ranked or other.ranked:
            raise ValueError("scores that were frozen cannot be merged")
        bins = {b.number: b for b in self.bins}
        for b in other.bins:
            bins[b.number] = bins[b.number].merge(b) if b.number in bins else b
        return Scores(
            self.n + other.n,
            self.positives + other.positives,
            self.sum_log_loss + other.sum_log_loss,
            self.sum_brier + other.sum_brier,
            tuple(bins[number] for number in sorted(bins)),
        )

    def weigh(self, n: int) -> "Scores":
        """Count these rows as if they were n."""
        share = n / self.n
        bins = tuple(replace(b, positives=b.positives * share, negatives=b.negatives * share) for b in self.bins)
        return Scores(n, self.positives * share, self.sum_log_loss * share, self.sum_brier * share, bins)

    @property
    def pairs(self) -> Pairs:
        """Compare the classes' scores pair by pair, as far as the bins can tell."""
        if self.ranked is not None:
            return self.ranked
        higher, equal, unsure, below = 0.0, 0.0, 0.0, 0.0
        for b in self.bins:
            higher += b.positives * below
            equal += b.positives * b.negatives
            unsure += b.positives * b.negatives if b.low < b.high else 0.0
            below += b.negatives
        return Pairs(higher, equal, unsure)


@dataclass(frozen=True, slots=True)
class Sums:
    """Sufficient statistics of n labelled rows; e = prediction - actual, y = actual, in the target's unit.

    n_nz rows have an actual that is not 0, and sum_ape is the sum of |e / y| over them. `labels` and `scores` are
    there where metrics of those families were asked for.
    """

    n: int = 0
    mean_y: float = 0.0
    m2_y: float = 0.0
    sum_e: float = 0.0
    sum_ae: float = 0.0
    sum_e2: float = 0.0
    n_nz: float = 0.0
    sum_ape: float = 0.0
    sum_abs_y: float = 0.0
    labels: Labels | None = None
    scores: Scores | None = None

    def merge(self, other: "Sums") -> "Sums":
        """Join two disjoint sets of rows."""
        n = self.n + other.n
        gap = other.mean_y - self.mean_y
        labels = self.labels.merge(other.labels) if self.labels and other.labels else self.labels or other.labels
        scores = self.scores.merge(other.scores) if self.scores and other.scores else self.scores or other.scores
        if not self.n or not other.n:
            return replace(self if self.n else other, labels=labels, scores=scores)
        return Sums(
            n,
            self.mean_y + gap * other.n / n,
            self.m2_y + other.m2_y + gap * gap * self.n * other.n / n,
            self.sum_e + other.sum_e,
            self.sum_ae + other.sum_ae,
            self.sum_e2 + other.sum_e2,
            self.n_nz + other.n_nz,
            self.sum_ape + other.sum_ape,
            self.sum_abs_y + other.sum_abs_y,
            labels,
            scores,
        )

    def count(self, family: Family) -> int:
        """Count the samples of one family."""
        if family is Family.REGRESSION:
            return self.n
        part = self.labels if family is Family.LABELS else self.scores
        return part.n if part else 0

    def samples(self, families: Iterable[Family]) -> int:
        """Count the samples of the family that has the fewest; 0 where none is named."""
        return min((self.count(family) for family in families), default=0)

    def only(self, family: Family) -> "Sums":
        """Keep what one family has."""
        if family is Family.REGRESSION:
            return replace(self, labels=None, scores=None)
        return Sums(labels=self.labels) if family is Family.LABELS else Sums(scores=self.scores)

    def weigh(self, n: int) -> "Sums":
        """Count the rows of each family as if they were n; of a family without rows there is nothing to weigh."""
        labels = self.labels.weigh(n) if self.labels and self.labels.n else self.labels
        scores = self.scores.weigh(n) if self.scores and self.scores.n else self.scores
        if not self.n:
            return replace(self, labels=labels, scores=scores)
        share = n / self.n
        return Sums(
            n,
            self.mean_y,
            self.m2_y * share,
            self.sum_e * share,
            self.sum_ae * share,
            self.sum_e2 * share,
            self.n_nz * share,
            self.sum_ape * share,
            self.sum_abs_y * share,
            labels,
            scores,
        )

    def freeze(self) -> "Sums":
        """Give up the bins of scores for what they say: small enough to be kept in status."""
        scores = self.scores
        return replace(self, scores=replace(scores, bins=(), ranked=scores.pairs)) if scores else self


NOTHING = Sums()


def bin_of(score: float) -> int:
    """Return the bin of a score from 0 to 1: bins are narrower towards both ends, where scores crowd."""
    return min(math.floor(math.asin(math.sqrt(score)) * 2 / math.pi * BINS), BINS - 1)


def merge_all(parts: Iterable[Sums]) -> Sums:
    """Merge any number of disjoint sets of rows."""
    merged = NOTHING
    for part in parts:
        merged = merged.merge(part)
    return merged
