"""Clocks that differ: said once they differ by more than an answer takes, and taken back when they agree again."""

from datetime import timedelta

import pytest

from builders import NOW, a_status
from modelward.decide.clocks import compare_clocks
from modelward.decide.conditions import CLOCKS_AGREE, summarise

LATER = NOW + timedelta(hours=1)


def seconds(number: float) -> timedelta:
    return timedelta(seconds=number)


@pytest.mark.parametrize("ahead", [0, 5, -29, 29.9])
def test_nothing_is_said_of_what_an_answer_may_take(ahead: float):
    assert compare_clocks(a_status(), seconds(ahead), 1, NOW) == a_status()


@pytest.mark.parametrize(
    ("ahead", "words"),
    [
        (30, "the database's clock is 30s ahead of the operator's"),
        (601.7, "the database's clock is 10m ahead of the operator's"),
        (-3600, "the database's clock is 1h behind the operator's"),
    ],
)
def test_the_difference_is_said_and_who_is_ahead(ahead: float, words: str):
    found = compare_clocks(a_status(), seconds(ahead), 3, NOW).condition(CLOCKS_AGREE)
    assert found is not None
    assert (found.status, found.reason, found.observed_generation) == ("False", "ClockSkewed", 3)
    assert words in found.message


def test_it_stands_until_they_agree_and_does_not_flicker():
    status = compare_clocks(a_status(), seconds(40), 1, NOW)
    still = compare_clocks(status, seconds(20), 1, LATER)
    found = still.condition(CLOCKS_AGREE)
    assert found is not None
    assert found.last_transition_time == NOW
    assert compare_clocks(still, seconds(10), 1, LATER).condition(CLOCKS_AGREE) is None


def test_it_is_kept_where_nobody_looks_at_the_clock():
    status = compare_clocks(a_status(), seconds(700), 1, NOW)
    assert summarise(status, 1, LATER).condition(CLOCKS_AGREE) == status.condition(CLOCKS_AGREE)
