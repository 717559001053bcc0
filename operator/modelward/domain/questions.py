"""What one resource asks the database, and what comes back.

All questions of a group are answered by one statement; a question therefore is a row of plain values.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from modelward.domain.metrics import Family


class Comparison(StrEnum):
    """How two versions are compared; Auto takes the first of the others that has enough samples."""

    AUTO = "Auto"
    PAIRED = "Paired"
    CONCURRENT = "Concurrent"
    BEFORE_AFTER = "BeforeAfter"

    @property
    def wants_pairs(self) -> bool:
        """Whether requests that both versions answered are to be looked for."""
        return self in {Comparison.AUTO, Comparison.PAIRED}

    @property
    def wants_shared_time(self) -> bool:
        """Whether buckets of time in which both versions answered are to be looked for."""
        return self in {Comparison.AUTO, Comparison.CONCURRENT}


@dataclass(frozen=True, slots=True)
class Question:
    """Which rows to sum: the current version's window, and the baseline's where it is not frozen yet.

    `not_before` cuts off rows of an earlier epoch of the same version (None: no such epoch).
    `baseline_version` None means that no baseline is asked for; `rival` is the version to look for beside the current
    one in the same window (None: do not look). `families` gate, `shown` are only shown.
    """

    model_name: str
    environment: str
    version: str
    window: timedelta
    label_delay: timedelta
    not_before: datetime | None = None
    baseline_version: str | None = None
    rival: str | None = None
    comparison: Comparison = Comparison.AUTO
    families: tuple[Family, ...] = (Family.REGRESSION,)
    shown: tuple[Family, ...] = ()
    positive_class: str = "1"
    relative: bool = False
    """Whether MAPE or WAPE is asked for: their sums cost a little more."""

    @property
    def all_families(self) -> tuple[Family, ...]:
        """Every family that is asked for, those that gate first."""
        return self.families + self.shown


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of time cut into equal buckets, whose sums are wanted one by one.

    PAIRED: requests that both versions answered. CONCURRENT: live and holdback rows of both. BEFORE_AFTER: live rows
    of `version` alone.
    """

    version: str
    start: datetime
    end: datetime
    buckets: int
    rival: str | None = None
    comparison: Comparison = Comparison.BEFORE_AFTER
    not_before: datetime | None = None


Parameters = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Connection:
    """How to reach a database: libpq keywords and values, taken together from one Secret. Never printed.

    `direct` goes past a pooler, for LISTEN alone; empty where there is none.
    """

    parameters: Parameters
    direct: Parameters = ()

    @property
    def place(self) -> Parameters:
        """Which database it is, whoever logs in; as secret as the rest."""
        said = dict(self.parameters)
        host = (said.get("host") or said.get("hostaddr", "")).lower()
        return (host, said.get("port", "5432")), ("dbname", said.get("dbname") or said.get("user", ""))

    def __repr__(self) -> str:
        """Show nothing: the values are secret."""
        return "Connection(...)"
