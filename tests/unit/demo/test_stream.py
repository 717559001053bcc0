from collections.abc import Callable

import numpy as np

from demo.flights import Flights
from demo.stream import Schedule

Make = Callable[[list[float], list[float]], Flights]


def test_flights_are_due_once_they_left_and_only_once(make_flights: Make):
    schedule = Schedule(make_flights([1.0, 2.0, 2.0, 3.0], [1.5, 2.5, 2.6, 3.5]))
    assert schedule.leaving(0.9) == slice(0, 0)
    assert schedule.leaving(2.0) == slice(0, 3)
    schedule.left = 3
    assert schedule.leaving(2.0) == slice(3, 3)
    assert schedule.leaving(9.0) == slice(3, 4)


def test_delays_are_told_in_the_order_of_landing(make_flights: Make):
    schedule = Schedule(make_flights([1.0, 1.1, 1.2], [3.0, 2.0, 1.5]))
    assert list(schedule.landing(1.4)) == []
    assert list(schedule.landing(2.0)) == [2, 1]
    schedule.landed = 2
    assert list(schedule.landing(9.0)) == [0]


def test_whoever_landed_had_left(season: Flights):
    schedule = Schedule(season)
    for day in np.linspace(season.leaves[0], season.leaves[-1], 500):
        landed, left = schedule.landing(day), schedule.leaving(day)
        assert not len(landed) or landed.max() < left.stop
        schedule.left, schedule.landed = left.stop, schedule.landed + len(landed)


def test_every_flight_leaves_and_lands(season: Flights):
    schedule = Schedule(season)
    end = season.lands.max()
    assert schedule.leaving(end) == slice(0, len(season))
    assert sorted(schedule.landing(end)) == list(range(len(season)))
