import numpy as np

from demo.flights import FEATURES, Flights, on, to_day, to_moment


def test_every_flight_that_arrived_is_there_once(year: Flights):
    assert len(year) == 327_346
    assert len(set(year.ids)) == len(year)


def test_flights_come_in_the_order_in_which_they_left(year: Flights):
    assert np.all(np.diff(year.leaves) >= 0)


def test_a_flight_lands_after_it_left(year: Flights):
    assert np.all(year.lands > year.leaves)


def test_no_value_is_missing(year: Flights):
    assert np.all(np.isfinite(year.actual))
    assert np.all(np.isfinite(year.features))


def test_the_first_line_of_the_file_is_read_rightly(year: Flights):
    row = int(np.flatnonzero(year.ids == "20130101-UA1545-EWR0515")[0])
    assert to_moment(year.leaves[row]) == on(1, 1, 5, 17)
    assert year.actual[row] == 11
    features = dict(zip(FEATURES, year.features[row], strict=True))
    assert (features["dep_delay"], features["departs_at"], features["arrives_at"]) == (2, 315, 499)
    assert (features["weekday"], features["distance"]) == (1, 1400)


def test_days_and_moments_are_each_others_inverse():
    assert to_day(on(2, 1, 12)) == 31.5
    assert to_moment(31.5) == on(2, 1, 12)


def test_a_part_of_the_year_begins_and_ends_where_it_should(year: Flights):
    march = year.between(on(3, 1), on(4, 1))
    assert on(3, 1) <= to_moment(march.leaves[0])
    assert to_moment(march.leaves[-1]) < on(4, 1)
    assert 0 < len(march) < len(year)
