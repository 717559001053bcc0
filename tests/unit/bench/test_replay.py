"""The replay sums what it should, and drives the operator's own rules."""

from dataclasses import replace
from datetime import UTC, timedelta

import numpy as np
import pytest

from bench.guards import RULES, WEEKS, Course, _figure, _spec, starts
from bench.replay import BEGAN, DAY, FIRST, HOUR, LAST, NEW, OLD, Answers, Replay
from demo.flights import on
from modelward.domain.measures import rmse
from modelward.domain.questions import Comparison, Span

PER_HOUR = 12
DAYS = starts(30)


@pytest.fixture(scope="module")
def answers() -> Answers:
    """Twelve answers an hour, in steady times: errors of one size, by a fixed seed."""
    dice, count = np.random.default_rng(7), round((LAST - FIRST) / HOUR) * PER_HOUR
    actual = dice.normal(0, 100, count)
    hour = np.repeat(np.arange(count // PER_HOUR), PER_HOUR).astype(np.float64)
    old, new = (actual + dice.normal(0, 30, count) for _ in range(2))
    return Answers(hour, actual, old, new)


@pytest.fixture(scope="module")
def good(answers: Answers) -> Replay:
    return answers.stretch(1.0)


@pytest.mark.parametrize("ratio", [1.0, 1.2, 3.0])
def test_over_the_whole_time_the_ratio_is_as_asked(answers: Answers, ratio: float):
    replay = answers.stretch(ratio)
    end = LAST.replace(tzinfo=UTC)
    old, new = (rmse(replay.window(version, BEGAN, end)) for version in (OLD, NEW))
    assert old is not None
    assert new == pytest.approx(ratio * old)


def test_a_window_is_the_sum_of_its_hours(answers: Answers, good: Replay):
    rows = (answers.hour >= 24) & (answers.hour < 48)
    sums = good.window(OLD, BEGAN + DAY, BEGAN + 2 * DAY)
    assert sums.n == rows.sum() == 24 * PER_HOUR
    assert sums.mean_y == pytest.approx(answers.actual[rows].mean())
    assert sums.m2_y == pytest.approx(answers.actual[rows].var() * rows.sum())
    assert sums.sum_e2 == pytest.approx(((answers.old - answers.actual)[rows] ** 2).sum())


def test_a_span_has_its_buckets_and_pairs_have_both_versions(good: Replay):
    span = Span(NEW, BEGAN, BEGAN + DAY, 24)
    assert {v: len(buckets) for v, buckets in good.span(span).items()} == {NEW: 24}
    paired = replace(span, comparison=Comparison.PAIRED, rival=OLD)
    assert {v: len(buckets) for v, buckets in good.span(paired).items()} == {NEW: 24, OLD: 24}


def test_every_start_has_its_past_and_its_weeks():
    assert DAYS[0] - 29 * DAY > BEGAN
    assert starts()[-1] + timedelta(weeks=WEEKS) <= LAST.replace(tzinfo=UTC)
    assert starts()[0] == on(5, 1, 12).replace(tzinfo=UTC)


@pytest.mark.parametrize("rule", ["Guarded", "Guarded, with a shadow"])
def test_a_version_three_times_worse_is_found_after_a_day(answers: Answers, rule: str):
    hours = [Course(_spec(RULES[rule]), answers.stretch(3.0), day).run() for day in DAYS[:2]]
    assert all(h is not None and 24 <= h <= 49 for h in hours)


def test_the_letter_of_the_guide_is_quicker(answers: Answers):
    first = Course(_spec(RULES["Verdict"]), answers.stretch(3.0), DAYS[0]).run()
    assert first is not None
    assert first < 24


def test_a_version_that_gives_the_same_answers_is_left_alone_with_a_shadow(answers: Answers):
    same = replace(answers, new=answers.old).stretch(1.0)
    assert Course(_spec(RULES["Guarded, with a shadow"]), same, DAYS[0]).run() is None


def test_a_figure_says_how_often_and_how_late():
    figure = _figure(1.5, "Guarded", [10, None, 30, 20])
    assert figure.what == "RMSE x 1.5, Guarded"
    assert figure.measured == "acts on 75% of 4 deployments in 2 weeks, after 20 h (median)"
    assert _figure(1.0, "Verdict", [None]).measured == "acts on 0% of 1 deployments in 2 weeks"
