"""The names of the metrics: what people call them, which direction is better, and which columns they are made of."""

from collections.abc import Iterable
from enum import StrEnum


class Family(StrEnum):
    """What kind of sample a metric is made of: which answer is held against which truth."""

    REGRESSION = "regression"
    """Columns prediction and actual: numbers."""
    LABELS = "labels"
    """Columns predicted_class and actual_class: texts."""
    SCORES = "scores"
    """Columns score and actual_class: the probability of the positive class, 0 to 1, and a text."""


class MetricName(StrEnum):
    """The metrics that can gate; each knows its family and which direction is better."""

    R2 = "r2"
    RMSE = "rmse"
    MAE = "mae"
    BIAS = "bias"
    MAPE = "mape"
    WAPE = "wape"
    ACCURACY = "accuracy"
    PRECISION = "precision"
    RECALL = "recall"
    F1 = "f1"
    LOG_LOSS = "log_loss"
    BRIER = "brier"
    ROC_AUC = "roc_auc"

    @property
    def higher_is_better(self) -> bool:
        """Scores fall when a model gets worse; losses rise."""
        return self in HIGHER_IS_BETTER

    @property
    def family(self) -> Family:
        """Which samples it is made of."""
        return FAMILIES[self]

    @property
    def label(self) -> str:
        """How people write it: R2, RMSE, accuracy, log loss."""
        return LABELS.get(self, self.value.upper())


HIGHER_IS_BETTER = frozenset(
    {
        MetricName.R2,
        MetricName.ACCURACY,
        MetricName.PRECISION,
        MetricName.RECALL,
        MetricName.F1,
        MetricName.ROC_AUC,
    }
)
LABELS = {
    MetricName.BIAS: "bias",
    MetricName.ACCURACY: "accuracy",
    MetricName.PRECISION: "precision",
    MetricName.RECALL: "recall",
    MetricName.LOG_LOSS: "log loss",
    MetricName.BRIER: "Brier score",
    MetricName.ROC_AUC: "ROC AUC",
}
FAMILIES = {
    **dict.fromkeys(MetricName, Family.REGRESSION),
    **dict.fromkeys((MetricName.ACCURACY, MetricName.PRECISION, MetricName.RECALL, MetricName.F1), Family.LABELS),
    **dict.fromkeys((MetricName.LOG_LOSS, MetricName.BRIER, MetricName.ROC_AUC), Family.SCORES),
}


def families_of(names: Iterable[MetricName]) -> tuple[Family, ...]:
    """List the families that some metrics are made of, each once, in a fixed order."""
    needed = {name.family for name in names}
    return tuple(family for family in Family if family in needed)
