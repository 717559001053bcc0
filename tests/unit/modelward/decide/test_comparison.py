"""Which rows are held against each other, what is said where they are missing, and when both versions got worse."""

from dataclasses import replace
from typing import Any

import pytest

from builders import NOW, A, B, a_baseline, a_previous, a_quality, a_serving, a_spec, a_status, a_window, sums
from modelward.decide.comparison import frozen_baseline
from modelward.decide.decide import record
from modelward.decide.guards import Fleet, Scene, find_holds
from modelward.decide.verdict import judge
from modelward.domain.decision import Judgement
from modelward.domain.metrics import MetricName
from modelward.domain.quality import SideBySide, Sums
from modelward.domain.questions import Comparison
from modelward.domain.reasons import Reason
from modelward.domain.status import Breaches, Verdict
from summing import sum_labels, sum_scores

GOOD, BAD = sums(0.93, 3480), sums(0.85, 4200)
FEW = sums(0.93, 3480, n=99)
PAIRS, SHARED = "paired", "concurrent"


def judged(
    comparison: str = "Auto",
    *,
    now: Sums = GOOD,
    before: Sums = GOOD,
    paired: tuple[Sums, Sums] | None = None,
    concurrent: tuple[Sums, Sums] | None = None,
    buckets: int = 24,
    **evaluation: Any,
) -> Judgement:
    quality = replace(
        a_quality(now, before),
        paired=SideBySide(*paired, 1) if paired else None,
        concurrent=SideBySide(*concurrent, buckets) if concurrent else None,
    )
    spec = a_spec(evaluation={"comparison": comparison, **evaluation})
    return judge(spec, a_status(A, B), quality, a_previous())


CHOSEN: dict[str, tuple[dict[str, Any], Comparison]] = {
    "pairs before all others": ({"paired": (GOOD, GOOD), "concurrent": (GOOD, GOOD)}, Comparison.PAIRED),
    "shared times where there is no pair": ({"concurrent": (GOOD, GOOD)}, Comparison.CONCURRENT),
    "shared times where there are too few pairs": (
        {"paired": (FEW, GOOD), "concurrent": (GOOD, GOOD)},
        Comparison.CONCURRENT,
    ),
    "then and now where nothing is side by side": ({}, Comparison.BEFORE_AFTER),
    "then and now where the shadow never answers": ({"paired": (Sums(), Sums())}, Comparison.BEFORE_AFTER),
    "then and now where too little is shared": ({"concurrent": (GOOD, FEW)}, Comparison.BEFORE_AFTER),
    "then and now during a rollout": ({"concurrent": (GOOD, GOOD), "buckets": 7}, Comparison.BEFORE_AFTER),
    "few buckets where that is asked for": (
        {"comparison": "Concurrent", "concurrent": (GOOD, GOOD), "buckets": 1},
        Comparison.CONCURRENT,
    ),
    "then and now where that is asked for": (
        {"comparison": "BeforeAfter", "paired": (GOOD, GOOD)},
        Comparison.BEFORE_AFTER,
    ),
}


@pytest.mark.parametrize(("given", "comparison"), CHOSEN.values(), ids=CHOSEN)
def test_compares(given: dict[str, Any], comparison: Comparison):
    judgement = judged(**given)
    assert (judgement.verdict, judgement.comparison) == (Verdict.HEALTHY, comparison)
    assert record(a_status(A, B), judgement, a_previous()).comparison == comparison.value


MISSING: dict[str, tuple[dict[str, Any], Reason, str]] = {
    "pairs, where there is none": (
        {"comparison": "Paired"},
        Reason.TOO_FEW_PAIRS,
        f"0 labelled requests answered by both {B} and {A} in the window, 100 needed: comparison Paired needs rows",
    ),
    "pairs, where there are too few": (
        {"comparison": "Paired", "paired": (FEW, FEW), "concurrent": (GOOD, GOOD)},
        Reason.TOO_FEW_PAIRS,
        "99 labelled requests answered by both",
    ),
    "shared times": (
        {"comparison": "Concurrent", "paired": (GOOD, GOOD)},
        Reason.TOO_FEW_SHARED,
        f"0 samples of times in which both {B} and {A} answered in the window, 100 needed: comparison Concurrent",
    ),
}


@pytest.mark.parametrize(("given", "reason", "words"), MISSING.values(), ids=MISSING)
def test_what_was_asked_for_by_name_is_never_replaced(given: dict[str, Any], reason: Reason, words: str):
    judgement = judged(now=BAD, **given)
    assert (judgement.verdict, judgement.reason) == (Verdict.INSUFFICIENT_DATA, reason)
    assert words in judgement.message


def test_side_by_side_the_sums_of_the_same_rows_decide():
    worse = judged(now=GOOD, paired=(BAD, GOOD))
    assert (worse.verdict, worse.reason) == (Verdict.DEGRADED, Reason.BEYOND_LIMIT)
    assert worse.message.endswith("RMSE 3480 -> 4200 (+20.7 %, limit 5 %), 1,204 pairs")
    alike = judged(now=GOOD, before=sums(0.99, 100), concurrent=(GOOD, BAD), maxBaselineAge="0s")
    assert alike.metrics[1].previous == pytest.approx(4200)


def test_pairs_count_whichever_of_the_two_is_the_shadow():
    quality = replace(a_quality(a_window(Sums()), GOOD), paired=SideBySide(BAD, GOOD, 1))
    judgement = judge(a_spec(), a_status(A, B), quality, a_previous())
    assert (judgement.verdict, judgement.samples) == (Verdict.DEGRADED, 1204)


def test_shadow_rows_are_no_live_samples():
    quality = replace(a_quality(a_window(Sums()), GOOD), paired=SideBySide(FEW, FEW, 1))
    assert judge(a_spec(), a_status(A, B), quality, a_previous()).verdict is Verdict.NO_DATA


# -- both got worse --------------------------------------------------------------------------------------------------


def test_both_worse_is_an_alert_and_no_reason_to_go_back():
    judgement = judged(now=BAD, paired=(BAD, BAD))
    assert (judgement.verdict, judgement.reason) == (Verdict.DEGRADED, Reason.BOTH_WORSE)
    assert f"both are worse than {A} was before" in judgement.message
    assert "RMSE 3480 -> 4200 (+20.7 %, limit 5 %)" in judgement.message
    assert judgement.message.endswith("look at them, and retrain")


@pytest.mark.parametrize("act_on", ["Guarded", "Verdict"])
def test_both_worse_is_held_whatever_acts(act_on: str):
    judgement = judged(now=BAD, paired=(BAD, BAD))
    status = a_status(A, B, breaches=Breaches(9, NOW))
    spec = a_spec(evaluation={"actOn": act_on})
    holds = find_holds(Scene(spec, status, a_serving(), judgement, a_previous(), Fleet(), NOW))
    assert "BothWorse" in [h.guard for h in holds]
    assert "another version would not help" in next(h.message for h in holds if h.guard == "BothWorse")


def test_both_worse_is_no_breach():
    status = a_status(A, B, breaches=Breaches(1, NOW))
    assert record(status, judged(now=BAD, paired=(BAD, BAD)), a_previous()).breaches == Breaches()


NOT_BOTH: dict[str, dict[str, Any]] = {
    "where nothing is worse than before": {"now": GOOD, "paired": (GOOD, GOOD)},
    "where there is no baseline to speak of": {"now": BAD, "before": FEW, "paired": (BAD, BAD)},
    "where the change is within the limit": {"now": sums(0.92, 3500), "paired": (BAD, BAD)},
}


@pytest.mark.parametrize("given", NOT_BOTH.values(), ids=NOT_BOTH)
def test_is_healthy(given: dict[str, Any]):
    assert judged(**given).verdict is Verdict.HEALTHY


# -- families --------------------------------------------------------------------------------------------------------

RIGHT, WRONG = [("1", "1"), ("0", "0")] * 100, [("0", "1"), ("0", "0")] * 100
SURE, UNSURE = [(0.9, "1"), (0.1, "0")] * 100, [(0.6, "1"), (0.4, "0")] * 100


def classifier(labels: list[tuple[str, str]] = RIGHT, scores: list[tuple[float, str]] = SURE) -> Sums:
    return Sums(labels=sum_labels(labels), scores=sum_scores(scores))


def judged_as(metrics: list[str], now: Sums, before: Sums) -> Judgement:
    spec = a_spec(metrics=[{"name": name} for name in metrics])
    windows = (
        a_window(now, predictions=200, families=spec.gating),
        a_window(before, predictions=200, families=spec.gating),
    )
    return judge(spec, a_status(A, B), a_quality(*windows), a_previous())


CLASSIFIERS: dict[str, tuple[list[str], Sums, Verdict, str]] = {
    "accuracy that fell": (["accuracy"], classifier(WRONG), Verdict.DEGRADED, "accuracy 1.000 -> 0.500 (-50.0 %"),
    "recall that fell to nothing": (["recall"], classifier(WRONG), Verdict.DEGRADED, "recall 1.000 -> 0.000 (-100.0 %"),
    "F1 that fell": (["f1"], classifier(WRONG), Verdict.DEGRADED, "F1 1.000 -> 0.000"),
    "a log loss that rose": (["log_loss"], classifier(scores=UNSURE), Verdict.DEGRADED, "log loss 0.1054 -> 0.5108"),
    "a Brier score that rose": (["brier"], classifier(scores=UNSURE), Verdict.DEGRADED, "Brier score 0.01 -> 0.16"),
    "an area that stayed": (["roc_auc"], classifier(scores=UNSURE), Verdict.HEALTHY, "ROC AUC 1.000 -> 1.000 (+0.00 %"),
    "precision of no positive": (
        ["precision"],
        classifier(WRONG),
        Verdict.INSUFFICIENT_DATA,
        "precision 1.000 -> undefined (no positive was predicted)",
    ),
    "precision undefined beside a metric that is not": (
        ["precision", "accuracy"],
        classifier(WRONG),
        Verdict.DEGRADED,
        "accuracy 1.000 -> 0.500",
    ),
}


@pytest.mark.parametrize(("metrics", "now", "verdict", "words"), CLASSIFIERS.values(), ids=CLASSIFIERS)
def test_a_classifier_is_judged_by(metrics: list[str], now: Sums, verdict: Verdict, words: str):
    judgement = judged_as(metrics, now, classifier())
    assert judgement.verdict is verdict
    assert words in judgement.message
    assert judgement.samples == 200


def test_each_gating_family_needs_its_samples():
    thin = replace(classifier(), scores=sum_scores(SURE[:50]))
    judgement = judged_as(["accuracy", "brier"], thin, classifier())
    assert (judgement.verdict, judgement.reason) == (Verdict.INSUFFICIENT_DATA, Reason.TOO_FEW_SAMPLES)
    assert "50 samples" in judgement.message
    assert judged_as(["accuracy"], thin, classifier()).verdict is Verdict.HEALTHY


# -- the frozen baseline ---------------------------------------------------------------------------------------------

FROZEN = classifier().freeze()
STALE: dict[str, tuple[list[str], str, bool]] = {
    "for the metrics it holds": (["accuracy", "log_loss"], "1", True),
    "not for a family that it lacks": (["rmse"], "1", False),
    "not for another positive class": (["f1"], "yes", False),
}


@pytest.mark.parametrize(("metrics", "positive", "kept"), STALE.values(), ids=STALE)
def test_a_frozen_baseline_is_kept(metrics: list[str], positive: str, kept: bool):  # noqa: FBT001
    spec = a_spec(metrics=[{"name": name} for name in metrics], evaluation={"positiveClass": positive})
    status = a_status(A, B, baseline=replace(a_baseline(rows=FROZEN), positive_class="1"))
    assert (frozen_baseline(spec, status, a_previous()) is not None) is kept


def test_the_names_for_people():
    assert [name.label for name in MetricName] == [
        "R2", "RMSE", "MAE", "bias", "MAPE", "WAPE", "accuracy", "precision", "recall", "F1", "log loss",
        "Brier score", "ROC AUC",
    ]  # fmt: skip
