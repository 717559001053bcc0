"""Metrics from mergeable sums agree with scikit-learn, whatever is merged in which order."""

import math
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import mean_absolute_error, r2_score, root_mean_squared_error

from builders import a_window
from modelward.domain.quality import COMPUTE, MetricName, Sums, change_percent, mae, r2, rmse
from rows import sum_rows

values = st.floats(-1e6, 1e6, allow_subnormal=False)
rows = st.lists(st.tuples(values, values), max_size=40)
Rows = Sequence[tuple[float, float]]


def close(one: Sums, other: Sums) -> bool:
    scale = abs(one.mean_y) ** 2 * max(one.n, 1)  # what rounding may leave of a second moment
    return one.n == other.n and all(
        math.isclose(getattr(one, name), getattr(other, name), rel_tol=1e-9, abs_tol=floor)
        for name, floor in {"mean_y": 1e-6, "m2_y": 1e-9 * (1 + scale), "sum_e": 1e-4, "sum_ae": 0, "sum_e2": 0}.items()
    )


@given(rows, rows)
def test_two_windows_merge_into_the_sums_of_all_rows(first: Rows, second: Rows):
    assert close(sum_rows(first).merge(sum_rows(second)), sum_rows([*first, *second]))


@given(rows, rows)
def test_the_order_of_a_merge_does_not_matter(first: Rows, second: Rows):
    assert close(sum_rows(first).merge(sum_rows(second)), sum_rows(second).merge(sum_rows(first)))


@given(rows, rows, rows)
def test_the_grouping_of_merges_does_not_matter(a: Rows, b: Rows, c: Rows):
    one, two, three = sum_rows(a), sum_rows(b), sum_rows(c)
    assert close(one.merge(two).merge(three), one.merge(two.merge(three)))


@given(rows)
def test_nothing_merged_changes_nothing(some: Rows):
    sums = sum_rows(some)
    assert sums.merge(Sums()) == sums
    assert Sums().merge(sums) == sums


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("level", [0.0, 250_000.0, 1e9])
def test_metrics_agree_with_scikit_learn(seed: int, level: float):
    random = np.random.default_rng(seed)
    actual = level + random.normal(0, 100, 2000)
    predicted = actual + random.normal(3, 40, 2000)
    pairs = list(zip(predicted.tolist(), actual.tolist(), strict=True))
    merged = Sums()
    for start in range(0, 2000, 137):
        merged = merged.merge(sum_rows(pairs[start : start + 137]))
    assert r2(merged) == pytest.approx(r2_score(actual, predicted), rel=1e-9)
    assert rmse(merged) == pytest.approx(root_mean_squared_error(actual, predicted), rel=1e-9)
    assert mae(merged) == pytest.approx(mean_absolute_error(actual, predicted), rel=1e-9)


def test_r2_is_not_the_squared_correlation():
    doubled = [(2.0 * y, y) for y in (1.0, 2.0, 3.0, 4.0)]  # perfectly correlated, and wrong
    assert r2(sum_rows(doubled)) == pytest.approx(1 - 30 / 5)


@pytest.mark.parametrize("level", [0.0, 0.1, 250_000.0, 1e9, -1e9])
def test_r2_of_constant_actuals_is_undefined(level: float):
    constant = [(level + i, level) for i in range(10)]
    halves = sum_rows(constant[:5]).merge(sum_rows(constant[5:]))
    assert r2(halves) is None
    assert rmse(halves) is not None


@pytest.mark.parametrize("metric", MetricName)
def test_of_no_rows_every_metric_is_undefined(metric: MetricName):
    assert COMPUTE[metric](Sums()) is None


SCORES = ["r2", "accuracy", "precision", "recall", "f1", "roc_auc"]


def test_scores_are_better_when_higher_and_losses_when_lower():
    assert [m.value for m in MetricName if m.higher_is_better] == SCORES


CHANGES = {
    "the guide's minor R2": (0.92, 0.93, -1.0753),
    "the guide's minor RMSE": (3500, 3480, 0.5747),
    "the guide's significant R2": (0.85, 0.93, -8.6022),
    "the guide's significant RMSE": (4200, 3480, 20.6897),
    "of a negative value, towards worse": (-0.6, -0.5, -20.0),
    "of a negative value, towards better": (-0.4, -0.5, 20.0),
    "of nothing": (0.5, 0.5, 0.0),
}


@pytest.mark.parametrize(("current", "previous", "percent"), CHANGES.values(), ids=CHANGES)
def test_change_in_percent(current: float, previous: float, percent: float):
    assert change_percent(current, previous) == pytest.approx(percent, abs=1e-4)


def test_label_coverage_is_the_share_of_predictions_that_count():
    assert a_window(Sums(n=30), predictions=120).coverage_percent == 25.0
    assert a_window(Sums(), predictions=0).coverage_percent == 0.0
