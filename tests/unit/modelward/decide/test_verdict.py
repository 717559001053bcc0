"""Is this version worse? The guide's scenarios with its numbers, the limit to the digit, and every doubt."""

from dataclasses import replace
from typing import Any

import pytest

from builders import DAY, NOW, A, B, C, a_baseline, a_previous, a_quality, a_spec, a_status, sums
from modelward.decide.verdict import LOWEST_R2, compare_metrics, judge
from modelward.domain.decision import Judgement, MetricChange
from modelward.domain.quality import MetricName, Quality, Sums
from modelward.domain.reasons import Reason
from modelward.domain.spec import MetricSpec, Role
from modelward.domain.status import Status, Verdict

GOOD, MINOR, BAD = sums(0.93, 3480), sums(0.92, 3500), sums(0.85, 4200)


def judged(
    quality: Quality | None = None, *, spec: dict[str, Any] | None = None, status: Status | None = None, **more: Any
) -> Judgement:
    previous = more.get("previous", a_previous())
    return judge(a_spec(**spec or {}), status or a_status(A, B), quality or a_quality(BAD), previous)


def change(judgement: Judgement, name: str) -> MetricChange:
    return next(c for c in judgement.metrics if c.name == name)


# -- the guide's scenarios -------------------------------------------------------------------------------------------


def test_scenario_1_a_minor_change_is_healthy():
    judgement = judged(a_quality(MINOR, GOOD))
    assert (judgement.verdict, judgement.reason) == (Verdict.HEALTHY, Reason.WITHIN_LIMITS)
    assert change(judgement, "r2").change_percent == pytest.approx(-1.08, abs=0.005)
    assert change(judgement, "rmse").change_percent == pytest.approx(0.57, abs=0.005)
    assert judgement.message == (
        f"{B} against {A}: "
        "R2 0.930 -> 0.920 (-1.08 %, limit 5 %), RMSE 3480 -> 3500 (+0.57 %, limit 5 %), 1,204 samples"
    )


@pytest.mark.parametrize(("named", "said"), [(B, True), (A, False), (None, False)])
def test_a_previous_version_that_serves_itself_is_looked_past_aloud(named: str | None, said: bool):  # noqa: FBT001
    judgement = judged(a_quality(MINOR, GOOD), spec={"previousVersion": named} if named else {})
    assert judgement.verdict is Verdict.HEALTHY
    assert (f"spec.previousVersion names {B}, which serves itself: it is looked past" in judgement.message) is said


def test_scenario_2_a_significant_change_is_degraded():
    judgement = judged(a_quality(BAD, GOOD))
    assert (judgement.verdict, judgement.reason) == (Verdict.DEGRADED, Reason.BEYOND_LIMIT)
    assert change(judgement, "r2").change_percent == pytest.approx(-8.6, abs=0.05)
    assert change(judgement, "rmse").change_percent == pytest.approx(20.7, abs=0.05)
    assert all(c.breached for c in judgement.metrics)
    assert judgement.numbers == (
        "R2 0.930 -> 0.850 (-8.6 %, limit 5 %), RMSE 3480 -> 4200 (+20.7 %, limit 5 %), 1,204 samples"
    )


def test_scenario_3_predictions_that_drift_away_are_degraded():
    drifted = Sums(1204, 250_000.0, GOOD.m2_y, 9000.0 * 1204, 9000.0 * 1204, 9000.0**2 * 1204)
    assert judged(a_quality(drifted, GOOD)).verdict is Verdict.DEGRADED


# -- the limit -------------------------------------------------------------------------------------------------------

AT_THE_LIMIT: dict[str, tuple[str, float, Sums, bool]] = {
    "a loss that rose by exactly the limit": ("rmse", 5, sums(0.93, 105.0), False),
    "a loss that rose by the limit and the slack": ("rmse", 5, sums(0.93, 105.0 * (1 + 4e-12)), False),
    "a loss that rose by a millionth more": ("rmse", 5, sums(0.93, 105.0001), True),
    "a loss that fell by far": ("rmse", 5, sums(0.93, 10.0), False),
    "R2 that fell by exactly the limit": ("r2", 10, sums(0.72, 100.0), False),
    "R2 that fell by a little more": ("r2", 10, sums(0.7199, 100.0), True),
    "R2 that rose by far": ("r2", 10, sums(0.99, 100.0), False),
    "mae that rose by more than a strict limit": ("mae", 3, sums(0.9, 100.0, mae=103.01), True),
    "mae within a strict limit": ("mae", 3, sums(0.9, 100.0, mae=102.99), False),
}


@pytest.mark.parametrize(("name", "limit", "current", "breached"), AT_THE_LIMIT.values(), ids=AT_THE_LIMIT)
def test_only_what_is_strictly_beyond_the_limit_breaches(name: str, limit: float, current: Sums, breached: bool):  # noqa: FBT001
    before = sums({"rmse": 0.93, "r2": 0.80, "mae": 0.9}[name], 100.0)
    (found,) = compare_metrics((MetricSpec(MetricName(name), limit),), current, before)
    assert found.breached is breached


THRESHOLDS = {
    "3 % is strict": (3, Verdict.DEGRADED),
    "5 %": (5, Verdict.DEGRADED),
    "10 % is lenient": (10, Verdict.HEALTHY),
}


@pytest.mark.parametrize(("percent", "verdict"), THRESHOLDS.values(), ids=THRESHOLDS)
def test_the_threshold_decides(percent: int, verdict: Verdict):
    six_percent_worse = sums(0.93, 3480 * 1.06)
    assert judged(a_quality(six_percent_worse, GOOD), spec={"degradationThresholdPercent": percent}).verdict is verdict


METRICS: dict[str, tuple[list[dict[str, Any]], Verdict]] = {
    "one gating metric beyond its limit is enough": (
        [{"name": "r2", "thresholdPercent": 50}, {"name": "rmse"}],
        Verdict.DEGRADED,
    ),
    "each metric has its own limit": (
        [{"name": "r2", "thresholdPercent": 9}, {"name": "rmse", "thresholdPercent": "20.7"}],
        Verdict.HEALTHY,
    ),
    "a metric that is only shown does not decide": (
        [{"name": "r2", "thresholdPercent": 9}, {"name": "rmse", "role": "Show"}],
        Verdict.HEALTHY,
    ),
    "mae decides where it is asked for": ([{"name": "mae"}], Verdict.DEGRADED),
}


@pytest.mark.parametrize(("metrics", "verdict"), METRICS.values(), ids=METRICS)
def test_metrics_with_limits_and_roles_of_their_own(metrics: list[dict[str, Any]], verdict: Verdict):
    judgement = judged(a_quality(BAD, GOOD), spec={"metrics": metrics})
    assert judgement.verdict is verdict
    assert [c.name for c in judgement.metrics] == [m["name"] for m in metrics]
    assert not any(c.breached for c in judgement.metrics if c.role is Role.SHOW)


# -- undefined is not degraded ---------------------------------------------------------------------------------------

CONSTANT = Sums(1204, 7.0, 0.0, 0.0, 1204.0, 1204.0)
PERFECT = Sums(1204, 7.0, 500.0, 0.0, 0.0, 0.0)

UNDEFINED: dict[str, tuple[Sums, Sums, str, str]] = {
    "R2 of constant actuals now": (CONSTANT, GOOD, "r2", "undefined: the actuals do not vary"),
    "R2 of constant actuals before": (GOOD, CONSTANT, "r2", "undefined: the actuals do not vary"),
    "a loss that was 0 before": (GOOD, PERFECT, "rmse", "undefined: the previous value is 0"),
    "R2 that was low before": (BAD, sums(0.199, 3480), "r2", "not judged: previous R2 0.199 is under 0.2"),
    "R2 that was below zero before": (BAD, sums(-3.0, 3480), "r2", "not judged: previous R2 -3.000 is under 0.2"),
}


@pytest.mark.parametrize(("current", "before", "name", "why"), UNDEFINED.values(), ids=UNDEFINED)
def test_what_is_undefined_is_said_and_never_breaches(current: Sums, before: Sums, name: str, why: str):
    found = change(judged(a_quality(current, before)), name)
    assert found.undefined == why
    assert found.change_percent is None
    assert not found.breached


def test_r2_is_judged_from_the_lowest_value_on():
    metric = (MetricSpec(MetricName.R2, 5),)
    assert compare_metrics(metric, sums(0.1), sums(LOWEST_R2 + 0.001))[0].breached
    assert not compare_metrics(metric, sums(0.1), sums(LOWEST_R2 - 0.001))[0].breached


def test_where_one_metric_is_undefined_the_others_judge():
    low = sums(0.1, 3480)
    assert judged(a_quality(sums(0.1, 3480), low)).verdict is Verdict.HEALTHY
    assert judged(a_quality(sums(0.1, 4200), low)).verdict is Verdict.DEGRADED


def test_where_no_gating_metric_is_left_nothing_is_known():
    judgement = judged(a_quality(CONSTANT, GOOD), spec={"metrics": [{"name": "r2"}, {"name": "mae", "role": "Show"}]})
    assert (judgement.verdict, judgement.reason) == (Verdict.INSUFFICIENT_DATA, Reason.METRICS_UNDEFINED)
    assert "the actuals do not vary" in judgement.message


# -- the baseline ----------------------------------------------------------------------------------------------------


def test_the_baseline_is_frozen_with_its_numbers_when_first_computed():
    baseline = judged(a_quality(BAD, GOOD)).baseline
    assert baseline is not None
    assert (baseline.version, baseline.epoch, baseline.samples, baseline.sums) == (A, 2, 1204, GOOD)
    assert (baseline.end_time, baseline.frozen_time) == (NOW - 2 * DAY, NOW)


def test_a_frozen_baseline_is_kept_whatever_the_rows_say_now():
    frozen = a_baseline(rows=BAD)
    judgement = judged(a_quality(BAD, GOOD), status=a_status(A, B, baseline=frozen))
    assert judgement.baseline is frozen
    assert judgement.verdict is Verdict.HEALTHY


def test_a_frozen_baseline_is_enough_when_the_old_rows_are_gone():
    status = a_status(A, B, baseline=a_baseline())
    assert judged(replace(a_quality(BAD), baseline=None), status=status).verdict is Verdict.DEGRADED


def test_a_baseline_of_another_version_is_not_used():
    status = a_status(C, A, B, baseline=a_baseline(C, rows=BAD))
    judgement = judged(a_quality(BAD, GOOD), status=status)
    assert judgement.baseline is not None
    assert judgement.baseline.version == A
    assert judgement.verdict is Verdict.DEGRADED


def test_a_resource_is_adopted_before_it_is_judged():
    with pytest.raises(ValueError, match="adopted"):
        judged(status=Status())
