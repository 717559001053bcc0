"""Metrics computed from sums: a value, or why there is none.

R2 is 1 - SSE/SST of the rows judged (the coefficient of determination, not the squared correlation that SQL's
`regr_r2` gives). Log loss clips probabilities to [eps, 1 - eps] with eps = 2^-52, as scikit-learn does for doubles;
it is clipped where the rows are summed. ROC AUC is the share of pairs in which the positive row scored higher, pairs
of equal scores counting half; scores in one bin count as equal, so it can be off by `roc_auc_error` either way.
"""

import math
from collections.abc import Callable

from modelward.domain.metrics import MetricName
from modelward.domain.sums import Labels, Scores, Sums

EPSILON = 2.0**-52
MOST_AUC_ERROR = 0.01
"""Where the bins leave more than this open, ROC AUC is not judged."""


def r2(sums: Sums) -> float | None:
    """Return 1 - SSE/SST; None where the actuals do not vary (then it is undefined)."""
    floor = sums.n * (1e-12 * abs(sums.mean_y)) ** 2  # what rounding alone leaves of constant actuals
    return 1.0 - sums.sum_e2 / sums.m2_y if sums.n and sums.m2_y > floor else None


def rmse(sums: Sums) -> float | None:
    """Return the root mean squared error, in the target's unit."""
    return math.sqrt(sums.sum_e2 / sums.n) if sums.n else None


def mae(sums: Sums) -> float | None:
    """Return the mean absolute error, in the target's unit."""
    return sums.sum_ae / sums.n if sums.n else None


def bias(sums: Sums) -> float | None:
    """Return the mean error with its sign, in the target's unit: above 0 the model answers too much."""
    if not sums.n:
        return None
    return sums.sum_e / sums.n if abs(sums.sum_e) > 1e-12 * sums.sum_ae else 0.0  # less is rounding


def mape(sums: Sums) -> float | None:
    """Return the mean of |e / y| over the actuals that are not 0, as a fraction; None where all are 0."""
    return sums.sum_ape / sums.n_nz if sums.n_nz else None


def wape(sums: Sums) -> float | None:
    """Return sum |e| / sum |y|, as a fraction; None where all actuals are 0."""
    return sums.sum_ae / sums.sum_abs_y if sums.sum_abs_y else None


def accuracy(sums: Sums) -> float | None:
    """Return the share of rows whose class was predicted."""
    counts = sums.labels or Labels()
    return counts.hits / counts.n if counts.n else None


def precision(sums: Sums) -> float | None:
    """Return the share of predicted positives that are; None where no positive was predicted."""
    counts = sums.labels or Labels()
    return counts.true_positives / counts.predicted_positives if counts.predicted_positives else None


def recall(sums: Sums) -> float | None:
    """Return the share of actual positives that were predicted; None where there is none."""
    counts = sums.labels or Labels()
    return counts.true_positives / counts.actual_positives if counts.actual_positives else None


def f1(sums: Sums) -> float | None:
    """Return the harmonic mean of precision and recall; None where no positive was predicted and none is one."""
    counts = sums.labels or Labels()
    both = counts.predicted_positives + counts.actual_positives
    return 2 * counts.true_positives / both if both else None


def log_loss(sums: Sums) -> float | None:
    """Return the mean of -ln(probability given to what came true), in nats; 0 where clipping is all there is."""
    scores = sums.scores or Scores()
    if not scores.n:
        return None
    loss = scores.sum_log_loss / scores.n
    return loss if loss > 2 * EPSILON else 0.0


def brier(sums: Sums) -> float | None:
    """Return the mean squared difference between score and truth (1 or 0)."""
    scores = sums.scores or Scores()
    return scores.sum_brier / scores.n if scores.n else None


def roc_auc(sums: Sums) -> float | None:
    """Return the area under the ROC curve; None where only one class occurred or the scores lie too close."""
    found, error = roc_auc_of(sums), roc_auc_error(sums)
    return found if error is not None and error <= MOST_AUC_ERROR else None


def roc_auc_of(sums: Sums) -> float | None:
    """Return the area as the bins have it, however well they can tell."""
    all_pairs, pairs = _all_pairs(sums), (sums.scores or Scores()).pairs
    return (pairs.higher + pairs.equal / 2) / all_pairs if all_pairs else None


def roc_auc_error(sums: Sums) -> float | None:
    """Return how far the true area can lie from the binned one, either way: half the pairs that share a bin."""
    all_pairs, pairs = _all_pairs(sums), (sums.scores or Scores()).pairs
    return pairs.unsure / 2 / all_pairs if all_pairs else None


def _all_pairs(sums: Sums) -> float:
    scores = sums.scores or Scores()
    return scores.positives * (scores.n - scores.positives)


COMPUTE: dict[MetricName, Callable[[Sums], float | None]] = {
    MetricName.R2: r2,
    MetricName.RMSE: rmse,
    MetricName.MAE: mae,
    MetricName.BIAS: bias,
    MetricName.MAPE: mape,
    MetricName.WAPE: wape,
    MetricName.ACCURACY: accuracy,
    MetricName.PRECISION: precision,
    MetricName.RECALL: recall,
    MetricName.F1: f1,
    MetricName.LOG_LOSS: log_loss,
    MetricName.BRIER: brier,
    MetricName.ROC_AUC: roc_auc,
}

UNDEFINED = {
    MetricName.R2: "the actuals do not vary",
    MetricName.MAPE: "every actual is 0",
    MetricName.WAPE: "every actual is 0",
    MetricName.PRECISION: "no positive was predicted",
    MetricName.RECALL: "no actual is positive",
    MetricName.F1: "no positive was predicted and no actual is positive",
    MetricName.ROC_AUC: "all actuals are of one class",
}


def why_undefined(name: MetricName, sums: Sums) -> str:
    """Say why a metric has no value for these rows."""
    if not sums.count(name.family):
        return "there is no sample"
    error = roc_auc_error(sums) if name is MetricName.ROC_AUC else None
    if error is not None:
        return f"the scores lie too close together to be ranked ({roc_auc_of(sums):.3f} +- {error:.3f})"
    return UNDEFINED[name]


def change_percent(current: float, previous: float) -> float:
    """Return (current - previous) / |previous| x 100; ZeroDivisionError where previous is 0."""
    return (current - previous) / abs(previous) * 100.0


def metric_change(name: MetricName, current: float, previous: float) -> float:
    """Return a metric's change in percent; of the bias, its size counts and not its side."""
    if name is MetricName.BIAS:
        return change_percent(abs(current), abs(previous))
    return change_percent(current, previous)


def worsening(name: MetricName, change: float) -> float:
    """Turn a change so that above 0 is worse."""
    return -change if name.higher_is_better else change
