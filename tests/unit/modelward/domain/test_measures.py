"""Every metric from its sums: as scikit-learn has it, whatever is merged; and undefined with a reason where it is."""

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from sklearn import metrics as sk

from modelward.domain.measures import COMPUTE, EPSILON, metric_change, roc_auc_error, roc_auc_of, why_undefined
from modelward.domain.metrics import Family, MetricName
from modelward.domain.quality import balance
from modelward.domain.sums import Bin, Sums, bin_of, merge_all
from summing import sum_labels, sum_rows, sum_scores

M = MetricName
classes = st.sampled_from(["0", "1", "2", "käse"])
labels = st.lists(st.tuples(classes, classes), max_size=40)
scores = st.lists(st.tuples(st.floats(0, 1), st.sampled_from(["0", "1"])), max_size=40)
numbers = st.lists(st.tuples(st.floats(-1e6, 1e6, allow_subnormal=False), st.integers(-9, 9).map(float)), max_size=40)


def summed(rows: Any, family: Family) -> Sums:
    if family is Family.REGRESSION:
        return sum_rows(rows)
    return Sums(labels=sum_labels(rows)) if family is Family.LABELS else Sums(scores=sum_scores(rows))


mixed = st.one_of(
    st.tuples(numbers, numbers, numbers, st.just(Family.REGRESSION)),
    st.tuples(labels, labels, labels, st.just(Family.LABELS)),
    st.tuples(scores, scores, scores, st.just(Family.SCORES)),
)


def values(sums: Sums) -> list[float | None]:
    return [compute(sums) for compute in COMPUTE.values()]


def same(one: Sums, other: Sums) -> bool:
    pairs = zip(values(one), values(other), strict=True)
    close = (a == b if a is None or b is None else math.isclose(a, b, rel_tol=1e-6, abs_tol=1e-6) for a, b in pairs)
    return all(close)


@given(mixed)
def test_sums_merge_into_the_sums_of_all_rows_in_any_grouping(rows: tuple[Any, Any, Any, Family]):
    *parts, family = rows
    a, b, c = (summed(part, family) for part in parts)
    whole = summed([row for part in parts for row in part], family)
    assert [a.merge(b).merge(c).count(f) for f in Family] == [whole.count(f) for f in Family]
    assert same(a.merge(b).merge(c), whole)
    assert same(a.merge(b.merge(c)), c.merge(a).merge(b))


@given(labels, scores, numbers)
def test_families_do_not_touch_each_other(some: Any, others: Any, more: Any):
    together = merge_all([summed(some, Family.LABELS), summed(others, Family.SCORES), summed(more, Family.REGRESSION)])
    for family, rows in ((Family.LABELS, some), (Family.SCORES, others), (Family.REGRESSION, more)):
        for name in (n for n in M if n.family is family):
            assert COMPUTE[name](together) == COMPUTE[name](summed(rows, family))


@given(mixed, st.integers(1, 10_000))
def test_a_weight_changes_no_metric(rows: tuple[Any, Any, Any, Family], n: int):
    sums = summed(rows[0], rows[3])
    weighed = sums.weigh(n)
    assert same(weighed, sums)
    assert weighed.count(rows[3]) == (n if sums.count(rows[3]) else 0)


@given(scores)
def test_freezing_changes_no_metric_and_leaves_no_bins(rows: Any):
    sums = summed(rows, Family.SCORES)
    frozen = sums.freeze()
    assert values(frozen) == values(sums)
    assert frozen.scores is not None
    assert frozen.scores.bins == ()


def test_frozen_scores_are_never_merged():
    sums = summed([(0.5, "1")], Family.SCORES)
    with pytest.raises(ValueError, match="frozen"):
        sums.freeze().merge(sums)


@given(st.lists(st.floats(0, 1), min_size=2, max_size=2))
def test_bins_keep_the_order_of_scores(pair: list[float]):
    low, high = sorted(pair)
    assert 0 <= bin_of(low) <= bin_of(high) <= 255


@given(scores)
def test_the_true_area_lies_within_the_bound(rows: Sequence[tuple[float, str]]):
    assume(len({y for _, y in rows}) == 2)
    sums = summed(rows, Family.SCORES)
    exact = sk.roc_auc_score([y == "1" for _, y in rows], [s for s, _ in rows])
    found, error = roc_auc_of(sums), roc_auc_error(sums)
    assert found is not None
    assert error is not None
    assert abs(found - exact) <= error + 1e-12


@given(scores)
def test_the_area_of_the_mirrored_scores_is_the_rest(rows: Sequence[tuple[float, str]]):
    assume(len({y for _, y in rows}) == 2)
    coarse = [(round(s * 16) / 16, y) for s, y in rows]
    here, there = (roc_auc_of(summed(r, Family.SCORES)) for r in (coarse, [(1 - s, y) for s, y in coarse]))
    assert here is not None
    assert there is not None
    assert here + there == pytest.approx(1)


# -- scikit-learn ----------------------------------------------------------------------------------------------------


def numbers_of(seed: int) -> tuple[Any, Any]:
    dice = np.random.default_rng(seed)
    actual = dice.normal([0.0, 250_000.0, 1e9][seed % 3], 100, 2000)
    actual[dice.integers(0, 2000, 50)] = 0.0
    return actual + dice.normal(3, 40, 2000), actual


NUMBERS: dict[MetricName, Callable[[Any, Any], float]] = {
    M.R2: lambda p, y: sk.r2_score(y, p),
    M.RMSE: lambda p, y: sk.root_mean_squared_error(y, p),
    M.MAE: lambda p, y: sk.mean_absolute_error(y, p),
    M.BIAS: lambda p, y: float(np.mean(p - y)),
    M.MAPE: lambda p, y: sk.mean_absolute_percentage_error(y[y != 0], p[y != 0]),
    M.WAPE: lambda p, y: float(np.abs(p - y).sum() / np.abs(y).sum()),
}
CLASSES: dict[MetricName, Callable[[Any, Any], float]] = {
    M.ACCURACY: lambda p, y: sk.accuracy_score(y, p),
    M.PRECISION: lambda p, y: sk.precision_score(y == "1", p == "1"),
    M.RECALL: lambda p, y: sk.recall_score(y == "1", p == "1"),
    M.F1: lambda p, y: sk.f1_score(y == "1", p == "1"),
}
PROBABILITIES: dict[MetricName, Callable[[Any, Any], float]] = {
    M.LOG_LOSS: lambda s, y: sk.log_loss(y, s),
    M.BRIER: lambda s, y: sk.brier_score_loss(y, s),
}


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("name", NUMBERS)
def test_of_numbers(name: MetricName, seed: int):
    predicted, actual = numbers_of(seed)
    pairs = list(zip(predicted.tolist(), actual.tolist(), strict=True))
    merged = merge_all(sum_rows(pairs[i : i + 137]) for i in range(0, 2000, 137))
    assert COMPUTE[name](merged) == pytest.approx(NUMBERS[name](predicted, actual), rel=1e-9)


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("name", CLASSES)
def test_of_classes(name: MetricName, seed: int):
    dice = np.random.default_rng(seed)
    predicted, actual = (dice.choice(["0", "1", "2", "käse"][: 2 + seed % 3], 500) for _ in range(2))
    sums = Sums(labels=sum_labels(zip(predicted.tolist(), actual.tolist(), strict=True)))
    assert COMPUTE[name](sums) == pytest.approx(CLASSES[name](predicted, actual), rel=1e-12)


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("name", PROBABILITIES)
def test_of_probabilities(name: MetricName, seed: int):
    dice = np.random.default_rng(seed)
    actual = dice.random(500) < 0.3
    given_to = np.where(dice.random(500) < 0.1, dice.integers(0, 2, 500), dice.beta(0.3, 0.5, 500))  # 0 and 1 too
    sums = Sums(scores=sum_scores(zip(given_to.tolist(), np.where(actual, "1", "0").tolist(), strict=True)))
    assert COMPUTE[name](sums) == pytest.approx(PROBABILITIES[name](given_to, actual), rel=1e-9)


# -- undefined -------------------------------------------------------------------------------------------------------

UNDEFINED: dict[str, tuple[MetricName, Sums, str]] = {
    "R2 of constant actuals": (M.R2, sum_rows([(1.0, 7.0), (2.0, 7.0)]), "the actuals do not vary"),
    "MAPE where every actual is 0": (M.MAPE, sum_rows([(1.0, 0.0)]), "every actual is 0"),
    "WAPE where every actual is 0": (M.WAPE, sum_rows([(1.0, 0.0)]), "every actual is 0"),
    "precision of no positive": (M.PRECISION, summed([("0", "1")], Family.LABELS), "no positive was predicted"),
    "recall of no positive": (M.RECALL, summed([("1", "0")], Family.LABELS), "no actual is positive"),
    "F1 of nothing positive": (M.F1, summed([("0", "0")], Family.LABELS), "no positive was predicted and no actual"),
    "an area of one class": (M.ROC_AUC, summed([(0.3, "1"), (0.6, "1")], Family.SCORES), "all actuals are of one"),
    "an area of crowded scores": (
        M.ROC_AUC,
        summed([(1e-9, "1"), (2e-9, "0")], Family.SCORES),
        "the scores lie too close together to be ranked (0.500 +- 0.500)",
    ),
    "accuracy of nothing": (M.ACCURACY, Sums(), "there is no sample"),
    "log loss where only numbers are": (M.LOG_LOSS, sum_rows([(1.0, 2.0)]), "there is no sample"),
}


@pytest.mark.parametrize(("name", "sums", "why"), UNDEFINED.values(), ids=UNDEFINED)
def test_is_undefined_and_says_why(name: MetricName, sums: Sums, why: str):
    assert COMPUTE[name](sums) is None
    assert why in why_undefined(name, sums)


def test_few_different_scores_are_ranked_exactly():
    rows = [(0.1, "0"), (0.1, "1"), (0.9, "1"), (0.9, "1"), (0.9, "0")] * 9
    exact = sk.roc_auc_score([y == "1" for _, y in rows], [s for s, _ in rows])
    sums = summed(rows, Family.SCORES)
    assert COMPUTE[M.ROC_AUC](sums) == pytest.approx(exact, rel=1e-12)
    assert roc_auc_error(sums) == 0


def test_f1_is_0_where_positives_are_missed_and_none_is_hit():
    assert COMPUTE[M.F1](summed([("0", "1"), ("1", "0")], Family.LABELS)) == 0


def test_certain_scores_have_no_log_loss_where_right_and_a_bounded_one_where_wrong():
    assert COMPUTE[M.LOG_LOSS](summed([(1.0, "1"), (0.0, "0")], Family.SCORES)) == 0
    assert COMPUTE[M.LOG_LOSS](summed([(0.0, "1")], Family.SCORES)) == pytest.approx(-math.log(EPSILON))


def test_the_bias_has_a_sign_and_its_size_is_judged():
    assert COMPUTE[M.BIAS](sum_rows([(1.0, 3.0), (2.0, 2.0)])) == -1
    assert metric_change(M.BIAS, -3.0, 2.0) == pytest.approx(50)
    assert metric_change(M.BIAS, 1.0, -2.0) == pytest.approx(-50)


def test_what_rounding_leaves_is_no_bias():
    assert COMPUTE[M.BIAS](Sums(3, 0.1, 1.0, 1e-17, 6.0, 1.0)) == 0


# -- side by side ----------------------------------------------------------------------------------------------------


def test_buckets_that_only_one_has_do_not_count_and_the_others_count_alike():
    easy, hard = [(1.0, 0.0), (-1.0, 0.5)], [(9.0, 0.0), (-9.0, 0.5)]
    mine = {0: sum_rows(easy), 1: sum_rows(hard * 50), 2: sum_rows(hard)}
    theirs = {0: sum_rows(easy * 50), 1: sum_rows(hard), 3: sum_rows(easy)}
    sides = balance(mine, theirs, [Family.REGRESSION])
    assert sides is not None
    assert (sides.buckets, sides.current.n, sides.previous.n) == (2, 4, 4)
    for name in (M.RMSE, M.MAE, M.WAPE):
        assert COMPUTE[name](sides.current) == pytest.approx(COMPUTE[name](sides.previous) or 0)


def test_where_no_bucket_is_shared_there_is_nothing_side_by_side():
    assert balance({0: sum_rows([(1.0, 2.0)])}, {1: sum_rows([(1.0, 2.0)])}, [Family.REGRESSION]) is None


def test_a_bin_is_what_its_rows_are():
    sums = sum_scores([(0.5, "1"), (0.5001, "0"), (0.5, "1")])
    assert sums.bins == (Bin(bin_of(0.5), 2, 1, 0.5, 0.5001),)
