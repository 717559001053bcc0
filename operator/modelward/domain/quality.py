"""How good the answers were: windows of judged rows, and what the database says for one resource.

The door to the rooms beside it: `metrics` names them, `sums` is what is read, `measures` computes one from the other.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from modelward.domain.measures import COMPUTE, change_percent, mae, r2, rmse
from modelward.domain.metrics import Family, MetricName
from modelward.domain.sums import NOTHING, Sums, merge_all

__all__ = [
    "COMPUTE",
    "Family",
    "MetricName",
    "Quality",
    "SideBySide",
    "Sums",
    "VersionCount",
    "Window",
    "balance",
    "change_percent",
    "mae",
    "r2",
    "rmse",
]


@dataclass(frozen=True, slots=True)
class Window:
    """The live rows of one version between two moments of the database's clock.

    `families` are those that gate: bad predictions, bad labels and samples are those of the family that has it worst.
    """

    start: datetime
    end: datetime
    predictions: int = 0
    bad_predictions: int = 0
    bad_labels: int = 0
    sums: Sums = NOTHING
    families: tuple[Family, ...] = (Family.REGRESSION,)
    newest_label: datetime | None = None
    """When the newest prediction was made that has a label that counts; None: there is none."""

    @property
    def label_lag(self) -> float | None:
        """How many seconds lie between the newest prediction with a label and the end of the window."""
        return None if self.newest_label is None else (self.end - self.newest_label).total_seconds()

    @property
    def samples(self) -> int:
        """How many samples the gating family with the fewest has."""
        return self.sums.samples(self.families)

    @property
    def coverage_percent(self) -> float:
        """How many of the predictions have a label that counts, 0 to 100."""
        return 100.0 * self.samples / self.predictions if self.predictions else 0.0


@dataclass(frozen=True, slots=True)
class VersionCount:
    """A version that the database knows, and how many live predictions it made there."""

    version: str
    predictions: int


@dataclass(frozen=True, slots=True)
class SideBySide:
    """Both versions on the same requests, or in the same buckets of time: sums that count alike.

    `buckets` is in how many buckets both had samples, of the family that shares the fewest.
    """

    current: Sums = NOTHING
    previous: Sums = NOTHING
    buckets: int = 0

    def samples(self, families: Iterable[Family]) -> int:
        """How many samples either version has, in the family with the fewest."""
        kept = tuple(families)
        return min(self.current.samples(kept), self.previous.samples(kept))


@dataclass(frozen=True, slots=True)
class Quality:
    """What the database says for one resource.

    The current version's window, the baseline's, both versions side by side where they were, who else is there, and
    what the registry calls archived.
    """

    now: datetime
    current: Window
    baseline: Window | None = None
    others: tuple[VersionCount, ...] = ()
    archived: tuple[str, ...] = ()
    paired: SideBySide | None = None
    concurrent: SideBySide | None = None


def balance(current: Mapping[int, Sums], previous: Mapping[int, Sums], families: Iterable[Family]) -> SideBySide | None:
    """Keep the buckets in which both versions have samples, and let each weigh as the thinner of the two.

    A load that shifts from one version to the other then changes the weight of a bucket, and never for one alone.
    None where no bucket is shared.
    """
    shared = {f: shared_buckets(current, previous, f) for f in families}
    if not any(shared.values()):
        return None
    sides = [
        merge_all(_weigh(side[b], f, min(current[b].count(f), previous[b].count(f))) for f in shared for b in shared[f])
        for side in (current, previous)
    ]
    return SideBySide(sides[0], sides[1], min(len(buckets) for buckets in shared.values()))


def shared_buckets(current: Mapping[int, Sums], previous: Mapping[int, Sums], family: Family) -> tuple[int, ...]:
    """List the buckets in which both versions have a sample of a family."""
    return tuple(b for b in sorted(current) if b in previous and current[b].count(family) and previous[b].count(family))


def _weigh(sums: Sums, family: Family, n: int) -> Sums:
    return sums.only(family).weigh(n)
