"""What the demo says about its models, held against the data."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import pairwise

import numpy as np
import pytest

from demo import models
from demo.flights import Flights, on, to_day
from demo.models import SPRING, Version
from demo.timing import CLOSES, OPENS, SECOND_VERSION, WINDOW_DAYS

Versions = tuple[Version, ...]
WINDOW = timedelta(days=WINDOW_DAYS)
MONTHS = [OPENS, *(on(month, 1) for month in range(5, 11)), CLOSES]
LIMIT_PERCENT = 5
LATEST = timedelta(days=4)  # a slow machine deploys three seconds late


def figures(version: Version, season: Flights, end: datetime) -> tuple[float, float]:
    """R2 and RMSE of the window that ends at a moment."""
    rows = slice(*np.searchsorted(season.leaves, [to_day(end - WINDOW), to_day(end)]))
    part, asked = version.only(rows), season.only(rows)
    return models.r2(part, asked), models.rmse(part, asked)


def steps(start: datetime, end: datetime) -> Iterator[datetime]:
    """Every seven hours: the operator may look at any of them."""
    while start <= end:
        yield start
        start += timedelta(hours=7)


def test_b_is_at_least_one_and_a_half_times_worse_on_all_rows(versions: Versions, season: Flights):
    good, _, bad = versions
    assert models.rmse(bad, season) >= 1.5 * models.rmse(good, season)


@pytest.mark.parametrize(("start", "end"), list(pairwise(MONTHS)))
def test_b_is_at_least_one_and_a_half_times_worse_in_every_month(
    versions: Versions, season: Flights, start: datetime, end: datetime
):
    rows = (season.leaves >= to_day(start)) & (season.leaves < to_day(end))
    good, other, bad = (models.rmse(v.only(rows), season.only(rows)) for v in versions)
    assert bad >= 1.5 * max(good, other)


def test_b_still_knows_something(versions: Versions, season: Flights):
    assert models.r2(versions[2], season) > 0.2


def test_a_and_its_successor_are_equally_good(versions: Versions, season: Flights):
    good, other, _ = (models.rmse(v, season) for v in versions)
    assert other == pytest.approx(good, rel=0.01)


def test_the_versions_differ(versions: Versions):
    assert len({v.name for v in versions}) == len(versions)
    assert not np.allclose(versions[0].predictions, versions[1].predictions, atol=1)


def test_nothing_learns_from_what_it_is_asked_later(year: Flights):
    for recipe in models.RECIPES:
        assert models.lessons(recipe, year).leaves.max() < to_day(SPRING) <= to_day(OPENS)


def test_whenever_the_successor_is_looked_at_it_is_within_the_limit(versions: Versions, season: Flights):
    good, other, _ = versions
    for deployed in steps(SECOND_VERSION, SECOND_VERSION + LATEST):
        before = figures(good, season, deployed)
        for looked in steps(deployed + WINDOW, deployed + 2.4 * WINDOW):
            r2, rmse = figures(other, season, looked)
            assert (before[0] - r2) / before[0] * 100 < LIMIT_PERCENT
            assert (rmse - before[1]) / before[1] * 100 < LIMIT_PERCENT


def test_whenever_b_is_looked_at_it_is_far_beyond_the_limit(versions: Versions, season: Flights):
    _, other, bad = versions
    for deployed in steps(SECOND_VERSION + WINDOW, SECOND_VERSION + LATEST + 2.4 * WINDOW):
        before = figures(other, season, deployed)
        for looked in steps(deployed + WINDOW, deployed + 3 * WINDOW):
            r2, rmse = figures(bad, season, looked)
            assert (before[0] - r2) / before[0] * 100 > 4 * LIMIT_PERCENT
            assert (rmse - before[1]) / before[1] * 100 > 4 * LIMIT_PERCENT
