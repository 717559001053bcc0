"""What was written when: which version answered for which flight, and when its truth was committed.

All times are seconds since 1970 by this machine's clock.
"""

import numpy as np
import numpy.typing as npt

from demo.flights import Floats

Rows = npt.NDArray[np.intp]
NEVER = np.nan


class Ledger:
    """One line for each flight; the stream's thread writes it, others read it."""

    def __init__(self, flights: int) -> None:
        """Begin with nothing written."""
        self.version: npt.NDArray[np.object_] = np.full(flights, None, dtype=object)
        self.predicted_at: Floats = np.full(flights, NEVER)
        self.labelled_at: Floats = np.full(flights, NEVER)

    def predicted(self, rows: slice, version: str, predicted_at: float) -> None:
        """Note that these flights were answered by a version; `predicted_at` is what the database wrote."""
        self.version[rows] = version
        self.predicted_at[rows] = predicted_at

    def labelled(self, rows: Rows, committed_at: float) -> None:
        """Note when the transaction that told these flights' delays was committed."""
        self.labelled_at[rows] = committed_at

    def labels(self, version: str, start: float, end: float) -> Floats:
        """Return when each label was committed whose prediction fell in [start, end), the first one first."""
        times = self.labelled_at[self.answered(version, start, end)]
        return np.sort(times[~np.isnan(times)])

    def answered(self, version: str, start: float, end: float) -> npt.NDArray[np.bool_]:
        """Mark the flights that a version answered for in [start, end)."""
        return np.asarray((self.version == version) & (self.predicted_at >= start) & (self.predicted_at < end))


def label_to_patch(labels: Floats, samples: int, window_end: float, patched: float) -> float:
    """Return the milliseconds from the last label needed, or the window's close if later, to the accepted patch.

    Labels are committed in order, so of `labels` the one numbered `samples` made the judged window complete.
    """
    if not 0 < samples <= len(labels):
        raise ValueError(f"{samples} labels were judged, {len(labels)} are known to have been written")
    return (patched - max(float(labels[samples - 1]), window_end)) * 1000
