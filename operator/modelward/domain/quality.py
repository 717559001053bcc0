"""How good the answers were: mergeable sums of judged rows, and the metrics computed from them.

R2 is 1 - SSE/SST of the rows judged (the coefficient of determination, not the squared correlation that SQL's
`regr_r2` gives); RMSE is the root of the mean squared error; MAE the mean absolute error. SST comes as the centred
second moment `m2_y`, so that targets around 1e9 keep their digits; two windows merge by the pairwise formula of
Chan, Golub and LeVeque (1979).
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class MetricName(StrEnum):
    """The metrics that can gate; each knows which direction is better."""

    R2 = "r2"
    RMSE = "rmse"
    MAE = "mae"

    @property
    def higher_is_better(self) -> bool:
        """R2 falls when a model gets worse; losses rise."""
        return self is MetricName.R2

    @property
    def label(self) -> str:
        """How people write it: R2, RMSE, MAE."""
        return self.value.upper()


@dataclass(frozen=True, slots=True)
class Sums:
    """Sufficient statistics of n labelled rows; e = prediction - actual, y = actual, in the target's unit."""

    n: int = 0
    mean_y: float = 0.0
    m2_y: float = 0.0
    sum_e: float = 0.0
    sum_ae: float = 0.0
    sum_e2: float = 0.0

    def merge(self, other: "Sums") -> "Sums":
        """Join two disjoint sets of rows."""
        n = self.n + other.n
        if not self.n or not other.n:
            return other if not self.n else self
        gap = other.mean_y - self.mean_y
        return Sums(
            n,
            self.mean_y + gap * other.n / n,
            self.m2_y + other.m2_y + gap * gap * self.n * other.n / n,
            self.sum_e + other.sum_e,
            self.sum_ae + other.sum_ae,
            self.sum_e2 + other.sum_e2,
        )


@dataclass(frozen=True, slots=True)
class Window:
    """The live rows of one version between two moments of the database's clock."""

    start: datetime
    end: datetime
    predictions: int = 0
    bad_predictions: int = 0
    bad_labels: int = 0
    sums: Sums = Sums()

    @property
    def coverage_percent(self) -> float:
        """How many of the predictions have a label that counts, 0 to 100."""
        return 100.0 * self.sums.n / self.predictions if self.predictions else 0.0


@dataclass(frozen=True, slots=True)
class VersionCount:
    """A version that the database knows, and how many live predictions it made there."""

    version: str
    predictions: int


@dataclass(frozen=True, slots=True)
class Quality:
    """What the database says for one resource.

    The current version's window, the baseline's, who else is there, and what the registry calls archived.
    """

    now: datetime
    current: Window
    baseline: Window | None = None
    others: tuple[VersionCount, ...] = ()
    archived: tuple[str, ...] = ()


def r2(sums: Sums) -> float | None:
    """Return 1 - SSE/SST; None where the actuals do not vary (then it is undefined)."""
    floor = sums.n * (1e-12 * abs(sums.mean_y)) ** 2  # what rounding alone leaves of constant actuals
    return 1.0 - sums.sum_e2 / sums.m2_y if sums.n and sums.m2_y > floor else None


def rmse(sums: Sums) -> float | None:
    """Return the root mean squared error, in the target's unit."""
    return math.sqrt(sums.sum_e2 / sums.n) if sums.n else None


def mae(sums: Sums) -> float | None:
    """Return the mean absolute error, in the target's unit."""
    return sums.sum_ae / sums.n if sums.n else None


COMPUTE: dict[MetricName, Callable[[Sums], float | None]] = {
    MetricName.R2: r2,
    MetricName.RMSE: rmse,
    MetricName.MAE: mae,
}


def change_percent(current: float, previous: float) -> float:
    """Return (current - previous) / |previous| x 100; ZeroDivisionError where previous is 0."""
    return (current - previous) / abs(previous) * 100.0
