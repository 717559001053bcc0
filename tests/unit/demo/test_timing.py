import pytest

from demo.flights import on
from demo.timing import OPENS, SECOND_VERSION, WINDOW_DAYS, WINDOW_S, Compression


def test_a_window_of_seconds_is_a_window_of_days():
    time = Compression()
    assert time.day(WINDOW_S) - time.day(0) == pytest.approx(WINDOW_DAYS)


def test_the_window_holds_each_weekday_equally_often():
    assert WINDOW_DAYS % 7 == 0


def test_seconds_and_moments_are_each_others_inverse():
    time = Compression(opens=on(3, 1), days_per_second=2)
    assert time.moment(1.5) == on(3, 4)
    assert time.seconds(on(3, 4)) == 1.5


def test_hours_of_flights_become_milliseconds():
    assert Compression(days_per_second=2).milliseconds(hours=24) == pytest.approx(500)


def test_the_first_version_serves_for_a_whole_window_before_the_second_comes():
    assert Compression().seconds(OPENS) == 0
    assert Compression().seconds(SECOND_VERSION) > WINDOW_S
