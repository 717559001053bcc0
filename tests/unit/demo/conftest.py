"""The year's flights and the three versions, read and trained once for all tests of the demo."""

from collections.abc import Callable

import numpy as np
import pytest

from demo import flights, models
from demo.flights import Flights
from demo.models import Version
from demo.timing import CLOSES, OPENS


@pytest.fixture(scope="session")
def year() -> Flights:
    return flights.read()


@pytest.fixture(scope="session")
def season(year: Flights) -> Flights:
    return year.between(OPENS, CLOSES)


@pytest.fixture(scope="session")
def versions(year: Flights, season: Flights) -> tuple[Version, ...]:
    return models.train(year, season)


@pytest.fixture
def make_flights() -> Callable[[list[float], list[float]], Flights]:
    """Make flights that leave and land on these days of the year."""

    def make(leaves: list[float], lands: list[float]) -> Flights:
        n = len(leaves)
        names = [np.array([name] * n, dtype=object) for name in ("flight", "US")]
        features = np.zeros((n, len(flights.FEATURES)), dtype=np.float32)
        return Flights(*names, np.array(leaves), np.array(lands), features, np.arange(n, dtype=np.float64))

    return make
