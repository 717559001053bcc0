"""Durations are Kubernetes' own: 30s, 1h30m, 168h; a day is no unit."""

from datetime import timedelta

import pytest

from modelward.domain.durations import parse_duration, spell_duration

READ = {
    "0s": timedelta(0),
    "500ms": timedelta(milliseconds=500),
    "30s": timedelta(seconds=30),
    "10m": timedelta(minutes=10),
    "168h": timedelta(days=7),
    "1h30m": timedelta(minutes=90),
    "90m": timedelta(minutes=90),
}


@pytest.mark.parametrize(("text", "length"), READ.items(), ids=READ)
def test_is_read(text: str, length: timedelta):
    assert parse_duration(text) == length


@pytest.mark.parametrize("text", ["", "7d", "10", "s", "-1h", "1 h", "1h ", "1.5h", "h1", "one hour", "1h\n"])
def test_is_refused_with_an_example_of_what_would_do(text: str):
    with pytest.raises(ValueError, match="is not a duration such as 30s, 10m or 168h"):
        parse_duration(text)


SPELLED = {
    "nothing is 0s": (timedelta(0), "0s"),
    "seconds": (timedelta(seconds=45), "45s"),
    "whole minutes": (timedelta(minutes=10), "10m"),
    "hours and minutes": (timedelta(minutes=90), "1h30m"),
    "a week in hours": (timedelta(days=7), "168h"),
    "only the two largest units": (timedelta(hours=2, minutes=3, seconds=4), "2h3m"),
    "rounded to the second": (timedelta(seconds=59.6), "1m"),
    "the past counts as nothing": (timedelta(seconds=-5), "0s"),
}


@pytest.mark.parametrize(("length", "text"), SPELLED.values(), ids=SPELLED)
def test_is_spelled(length: timedelta, text: str):
    assert spell_duration(length) == text
