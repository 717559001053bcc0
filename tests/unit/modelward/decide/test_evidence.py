"""Chance and normal variation: what the two guards ask for, what they make of it, and when they are silent."""

import random
from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from builders import DAY, NOW, A, B, a_previous, a_quality, a_spec, a_status, sums
from modelward.decide.evidence import explain_by_noise, explain_by_variation, largest_move, spans_of, weigh_evidence
from modelward.decide.noise import leave_one_out, lower_bound, t_quantile
from modelward.decide.verdict import judge
from modelward.domain.buckets import Buckets
from modelward.domain.decision import Judgement
from modelward.domain.metrics import Family, MetricName
from modelward.domain.quality import SideBySide
from modelward.domain.questions import Comparison, Question, Span
from modelward.domain.sums import NOTHING, Sums, merge_all
from summing import sum_rows

GOOD, BAD = sums(0.93, 3480), sums(0.85, 4200)
RMSE = MetricName.RMSE
ABOUT = Question("m", "", B, DAY, timedelta(0), rival=A)


def judged(now: Sums = BAD, *, paired: SideBySide | None = None) -> Judgement:
    quality = replace(a_quality(now, GOOD), paired=paired)
    return judge(a_spec(metrics=[{"name": "rmse"}]), a_status(A, B), quality, a_previous())


def errors(size: float, seed: int, buckets: int = 24, rows: int = 40) -> tuple[Sums, ...]:
    """Return buckets of rows whose errors are of one size, by a seed of their own."""
    dice = random.Random(seed)
    made = [[(y + dice.gauss(0, size), y) for y in (dice.gauss(0, 100) for _ in range(rows))] for _ in range(buckets)]
    return tuple(sum_rows(rows) for rows in made)


def windows(*rmses: float, n: int = 1204) -> tuple[Sums, ...]:
    return tuple(sums(0.93, rmse, n=n) for rmse in rmses)


# -- what is asked for -----------------------------------------------------------------------------------------------


def test_before_and_after_asks_for_both_windows_in_buckets_and_four_weeks_of_the_past():
    judgement = judged()
    alone, before, past = spans_of(a_spec(), ABOUT, judgement, NOW - 9 * DAY)
    end = NOW - 2 * DAY
    assert alone == Span(B, NOW - DAY, NOW, 24)
    assert before == Span(A, end - DAY, end, 24)
    assert past == Span(A, end - 28 * DAY, end, 28)


def test_side_by_side_asks_for_both_at_once_and_for_no_past():
    judgement = judged(paired=SideBySide(BAD, GOOD, 1))
    assert spans_of(a_spec(), ABOUT, judgement, NOW - 9 * DAY) == (Span(B, NOW - DAY, NOW, 24, A, Comparison.PAIRED),)


PAST = {"24h": 28, "1h": 336, "10s": 336, "200h": 3, "240h": None}


@pytest.mark.parametrize(("window", "number"), PAST.items(), ids=PAST)
def test_the_past_is_cut_into_windows(window: str, number: int | None):
    found = spans_of(a_spec(evaluation={"window": window}), ABOUT, judged(), NOW - 9 * DAY)
    assert (found[2].buckets if len(found) == 3 else None) == number


def test_sums_are_put_in_order_of_time():
    one, two, three = windows(1, 2, 3)
    spans = spans_of(a_spec(), ABOUT, judged(), NOW - 9 * DAY)
    found = weigh_evidence(ABOUT, judged(), spans, [{B: {5: two, 1: one}}, {A: {0: three}}, {}])
    assert found == Buckets((one, two), (three,), ())


def test_pairs_are_put_in_order_where_both_have_them():
    judgement = judged(paired=SideBySide(BAD, GOOD, 1))
    one, two, three = windows(1, 2, 3)
    spans = spans_of(a_spec(), ABOUT, judgement, NOW - 9 * DAY)
    found = weigh_evidence(ABOUT, judgement, spans, [{B: {3: two, 1: one}, A: {1: three, 2: one}}])
    assert found == Buckets((one,), (three,), together=True)


# -- normal variation ------------------------------------------------------------------------------------------------

BAD_IS = 4200 / 3480 * 100 - 100  # 20.7 %
NORMAL: dict[str, tuple[tuple[Sums, ...], bool]] = {
    "as large a change": (windows(3480, 4200, 3480), True),
    "as large a change over several windows": (windows(3480, 3700, 4000, 4300), True),
    "as large a change for the better": (windows(4500, 4000, 3480), True),
    "smaller changes only": (windows(3480, 3500, 3600, 3480), False),
    "two windows are too few": (windows(3480, 9000), False),
    "thin windows do not count": ((*windows(3480, 3500, 3480), *windows(9000, n=99)), False),
    "no window": ((), False),
}


@pytest.mark.parametrize(("past", "speaks"), NORMAL.values(), ids=NORMAL)
def test_normal_variation(past: tuple[Sums, ...], speaks: bool):  # noqa: FBT001
    said = explain_by_variation(a_spec(), judged(), Buckets(windows=past))
    assert (said is not None) is speaks


def test_normal_variation_says_its_numbers():
    said = explain_by_variation(a_spec(), judged(), Buckets(windows=windows(3480, 5220, 3480)))
    assert said == (
        "RMSE moved by +20.7 %, and in the previous version's own 3 windows within 28 days by up to 50.0 % "
        "from one to another"
    )


def test_a_move_of_exactly_the_change_is_not_beyond_it():
    assert largest_move(RMSE, windows(3480, 4200, 4200), 100) == (pytest.approx(BAD_IS), 3)


# -- chance ----------------------------------------------------------------------------------------------------------


def test_noise_speaks_of_a_change_that_buckets_do_not_bear_out():
    said = explain_by_noise(judged(), Buckets(errors(40, 2), errors(40, 1)))
    assert said is not None
    assert said.startswith("RMSE is worse by 20.7 %, which may be chance: by its 24 buckets of time")
    assert said.endswith("at least (one look, 95 %)")


def test_noise_is_silent_where_every_bucket_is_worse():
    assert explain_by_noise(judged(), Buckets(errors(80, 1), errors(40, 2))) is None


@pytest.mark.parametrize("evidence", [None, Buckets(), Buckets(errors(40, 1, 7), errors(40, 2, 7))])
def test_what_cannot_be_computed_is_silent(evidence: Buckets | None):
    assert explain_by_noise(judged(), evidence) is None
    assert explain_by_variation(a_spec(), judged(), evidence) is None


def test_both_are_silent_where_one_breached_metric_is_not_explained():
    judgement = judge(a_spec(), a_status(A, B), a_quality(BAD, GOOD), a_previous())
    assert [c.breached for c in judgement.metrics] == [True, True]
    steady_r2 = tuple(sums(0.93, rmse) for rmse in (3480, 5000, 3480))
    assert explain_by_variation(a_spec(), judgement, Buckets(windows=steady_r2)) is None


def test_pairs_see_what_two_windows_cannot():
    shared = [random.Random(i).uniform(0.2, 3) for i in range(24)]  # hours that are hard for both
    before = tuple(sum_rows([(y + 40 * hard, y) for y in (0.0, 100.0)]) for hard in shared)
    after = tuple(sum_rows([(y + 44 * hard, y) for y in (0.0, 100.0)]) for hard in shared)
    assert (lower_bound(RMSE, after, before, together=True) or 0) > 9
    assert (lower_bound(RMSE, after, before, together=False) or 0) < 0


def test_the_bound_holds_about_as_often_as_it_says():
    equal = [lower_bound(RMSE, errors(40, i), errors(40, 10_000 + i), together=False) for i in range(300)]
    assert 0.01 < np.mean([bound is not None and bound > 0 for bound in equal]) < 0.09


@given(st.lists(st.integers(1, 50).map(lambda k: sum_rows([(k, 0.0), (0.0, float(k))])), min_size=1, max_size=9))
def test_leaving_one_out_leaves_all_the_others(buckets: list[Sums]):
    for i, rest in enumerate(leave_one_out(buckets)):
        others = merge_all([*buckets[:i], *buckets[i + 1 :]])
        assert rest.n == others.n
        assert rest.sum_e2 == pytest.approx(others.sum_e2)
        assert rest.m2_y == pytest.approx(others.m2_y, abs=1e-6)


TABLE = {7: 1.895, 8: 1.860, 10: 1.812, 23: 1.714, 60: 1.671, 1000: 1.646}  # Student's t, one-sided 95 %


@pytest.mark.parametrize(("degrees", "quantile"), TABLE.items())
def test_students_quantile(degrees: int, quantile: float):
    assert t_quantile(0.95, degrees) == pytest.approx(quantile, abs=0.002)


def test_nothing_is_left_of_a_single_bucket():
    assert leave_one_out([GOOD]) == [NOTHING]
    assert GOOD.only(Family.LABELS) == Sums()
