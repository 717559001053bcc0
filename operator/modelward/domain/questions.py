"""What one resource asks the database, and what comes back.

All questions of a group are answered by one statement; a question therefore is a row of plain values.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta


@dataclass(frozen=True, slots=True)
class Question:
    """Which rows to sum: the current version's window, and the baseline's where it is not frozen yet.

    `not_before` cuts off rows of an earlier epoch of the same version (None: no such epoch).
    `baseline_version` None means that no baseline is asked for.
    """

    model_name: str
    environment: str
    version: str
    window: timedelta
    label_delay: timedelta
    not_before: datetime | None = None
    baseline_version: str | None = None


Parameters = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Connection:
    """How to reach a database: libpq keywords and values, taken together from one Secret. Never printed.

    `direct` goes past a pooler, for LISTEN alone; empty where there is none.
    """

    parameters: Parameters
    direct: Parameters = ()

    def __repr__(self) -> str:
        """Show nothing: the values are secret."""
        return "Connection(...)"
