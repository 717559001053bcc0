"""What two guards want to know before a rollback: how sums moved from bucket to bucket, and from window to window."""

from dataclasses import dataclass

from modelward.domain.sums import Sums


@dataclass(frozen=True, slots=True)
class Buckets:
    """Sums in order of time; a bucket without rows is left out.

    `current` and `previous` are the buckets of what was compared, one for one where `together` (paired or concurrent).
    `windows` are the previous version's own, back from its baseline: none where the comparison is side by side.
    """

    current: tuple[Sums, ...] = ()
    previous: tuple[Sums, ...] = ()
    windows: tuple[Sums, ...] = ()
    together: bool = False
