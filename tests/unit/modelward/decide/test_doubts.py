"""Every case in which the question `is it worse?` cannot be answered; then nothing is compared."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from builders import DAY, HOUR, NOW, A, B, a_previous, a_quality, a_spec, a_status, a_window, sums
from modelward.decide.verdict import judge
from modelward.domain.decision import Judgement, MetricChange
from modelward.domain.quality import Quality, Sums
from modelward.domain.reasons import Reason
from modelward.domain.status import Status, Verdict

GOOD, MINOR, BAD = sums(0.93, 3480), sums(0.92, 3500), sums(0.85, 4200)


def judged(
    quality: Quality | None = None, *, spec: dict[str, Any] | None = None, status: Status | None = None, **more: Any
) -> Judgement:
    previous = more.get("previous", a_previous())
    return judge(a_spec(**spec or {}), status or a_status(A, B), quality or a_quality(BAD), previous)


def change(judgement: Judgement, name: str) -> MetricChange:
    return next(c for c in judgement.metrics if c.name == name)


# -- the doubts ------------------------------------------------------------------------------------------------------

NOTHING = a_window(Sums())
NO_LABELS = a_window(Sums(), predictions=400)

DOUBTS: dict[str, tuple[dict[str, Any], Verdict, Reason, list[str]]] = {
    "no row at all": (
        {"quality": a_quality(NOTHING)},
        Verdict.NO_DATA,
        Reason.NO_PREDICTIONS,
        ["model 'house-prices' has no live prediction in the last 24h"],
    ),
    "no row in this environment": (
        {"quality": a_quality(NOTHING), "spec": {"environment": "staging"}},
        Verdict.NO_DATA,
        Reason.NO_PREDICTIONS,
        ["model 'house-prices' in 'staging' has no live prediction"],
    ),
    "rows of other names than the Deployment's": (
        {"quality": a_quality(NOTHING, others={"v8": 1204, "v9": 88})},
        Verdict.NO_DATA,
        Reason.VERSION_NOT_SEEN,
        [f"no live prediction of version {B}", "there are predictions of v8 (1,204), v9 (88)"],
    ),
    "many other names are cut": (
        {"quality": a_quality(NOTHING, others={f"v{i}": 1 for i in range(13)})},
        Verdict.NO_DATA,
        Reason.VERSION_NOT_SEEN,
        ["v9 (1) and 3 more"],
    ),
    "just deployed, and only the version before is there": (
        {"quality": a_quality(NOTHING, others={A: 900}), "status": a_status(A, B, since=NOW - HOUR)},
        Verdict.NO_DATA,
        Reason.NO_PREDICTIONS,
        [f"no live prediction of {B} since it serves", f"{A} (900) from before"],
    ),
    "deployed long ago, and only the version before is there": (
        {"quality": a_quality(NOTHING, others={A: 900})},
        Verdict.NO_DATA,
        Reason.VERSION_NOT_SEEN,
        [f"{A} (900)"],
    ),
    "it served before, and nothing has come since it is back": (
        {"quality": a_quality(NOTHING, others={A: 900}), "status": a_status(B, A, B, since=NOW - HOUR)},
        Verdict.NO_DATA,
        Reason.NO_PREDICTIONS,
        [f"no live prediction of {B} since it came back at 2026-01-08 13:32 UTC", "when it served before does not"],
    ),
    "just deployed, and an unknown name is there": (
        {"quality": a_quality(NOTHING, others={A: 900, "x": 1}), "status": a_status(A, B, since=NOW - HOUR)},
        Verdict.NO_DATA,
        Reason.VERSION_NOT_SEEN,
        ["x (1)"],
    ),
    "all predictions NaN": (
        {"quality": a_quality(a_window(Sums(), predictions=500, bad_predictions=500))},
        Verdict.INSUFFICIENT_DATA,
        Reason.NON_FINITE_PREDICTIONS,
        ["500 of 500 predictions of", "missing, NaN, infinite or beyond 1e150"],
    ),
    "more than one prediction in a hundred bad": (
        {"quality": a_quality(a_window(sums(n=1188), predictions=1200, bad_predictions=13))},
        Verdict.INSUFFICIENT_DATA,
        Reason.NON_FINITE_PREDICTIONS,
        ["13 of 1,200 predictions"],
    ),
    "bad predictions of a version that looks fine are never Healthy": (
        {"quality": a_quality(a_window(GOOD, predictions=1300, bad_predictions=96))},
        Verdict.INSUFFICIENT_DATA,
        Reason.NON_FINITE_PREDICTIONS,
        ["96 of 1,300"],
    ),
    "too few samples": (
        {"quality": a_quality(sums(0.1, 9999, n=99))},
        Verdict.INSUFFICIENT_DATA,
        Reason.TOO_FEW_SAMPLES,
        [f"99 samples of {B}, 100 needed (99 predictions)"],
    ),
    "no label yet": (
        {"quality": a_quality(NO_LABELS)},
        Verdict.INSUFFICIENT_DATA,
        Reason.TOO_FEW_SAMPLES,
        ["0 samples", "(400 predictions)"],
    ),
    "labels that are not finite": (
        {"quality": a_quality(a_window(sums(n=50), predictions=400, bad_labels=350, bad_predictions=2))},
        Verdict.INSUFFICIENT_DATA,
        Reason.TOO_FEW_SAMPLES,
        ["(400 predictions, 2 of them not finite, 350 labels not finite)"],
    ),
    "few of the predictions labelled": (
        {
            "quality": a_quality(a_window(sums(n=1000), predictions=3000)),
            "spec": {"evaluation": {"minLabelCoveragePercent": 50}},
        },
        Verdict.INSUFFICIENT_DATA,
        Reason.LABEL_COVERAGE_LOW,
        ["33.3 % of 3,000 predictions", "50 % needed"],
    ),
    "no earlier version": (
        {"previous": None},
        Verdict.INSUFFICIENT_DATA,
        Reason.NO_BASELINE,
        [f"no earlier version of {B} is known here"],
    ),
    "no earlier version here, but in the database": (
        {"previous": None, "quality": a_quality(BAD, others={"v8": 7})},
        Verdict.INSUFFICIENT_DATA,
        Reason.NO_BASELINE,
        ["v8 (7)", "spec.previousVersion"],
    ),
    "an earlier version without rows": (
        {"quality": replace(a_quality(BAD), baseline=None)},
        Verdict.INSUFFICIENT_DATA,
        Reason.NO_BASELINE,
        [f"the previous version {A} has 0 samples to compare with, 100 needed"],
    ),
    "an earlier version with one row": (
        {"quality": a_quality(BAD, sums(n=1))},
        Verdict.INSUFFICIENT_DATA,
        Reason.NO_BASELINE,
        ["has 1 sample to compare with"],
    ),
}


@pytest.mark.parametrize(("given", "verdict", "reason", "words"), DOUBTS.values(), ids=DOUBTS)
def test_a_doubt_is_said_and_nothing_is_compared(
    given: dict[str, Any], verdict: Verdict, reason: Reason, words: list[str]
):
    judgement = judged(**given)
    assert (judgement.verdict, judgement.reason) == (verdict, reason)
    for word in words:
        assert word in judgement.message
    assert not any(c.breached or c.change_percent is not None for c in judgement.metrics)


ENOUGH: dict[str, dict[str, Any]] = {
    "exactly as many samples as needed": {"quality": a_quality(sums(0.85, 4200, n=100), sums(n=100))},
    "exactly one bad prediction in a hundred": {
        "quality": a_quality(a_window(BAD, predictions=1300, bad_predictions=13))
    },
    "exactly the label coverage asked for": {
        "quality": a_quality(a_window(sums(0.85, 4200, n=1000), predictions=2000)),
        "spec": {"evaluation": {"minLabelCoveragePercent": 50}},
    },
    "no label coverage asked for": {"quality": a_quality(a_window(BAD, predictions=100_000))},
}


@pytest.mark.parametrize("given", ENOUGH.values(), ids=ENOUGH)
def test_what_is_just_enough_is_compared(given: dict[str, Any]):
    assert judged(**given).verdict is Verdict.DEGRADED


def test_figures_of_the_current_version_are_shown_even_where_nothing_can_be_compared():
    found = change(judged(previous=None), "rmse")
    assert found.current == pytest.approx(4200)
    assert (found.previous, found.undefined) == (None, "not compared")


def test_a_version_is_fresh_for_one_window():
    quality = a_quality(NOTHING, others={A: 1})
    almost = a_status(A, B, since=NOW - DAY + timedelta(seconds=1))
    assert judged(quality, status=almost).reason is Reason.NO_PREDICTIONS
    assert judged(quality, status=a_status(A, B, since=NOW - DAY)).reason is Reason.VERSION_NOT_SEEN
