"""What a check is asked to do: limits, windows, and what may follow from it."""

import math
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import timedelta

from modelward.domain.errors import InvalidCallError
from modelward.domain.quality import MetricName
from modelward.domain.spec import ActOn, Evaluation, MetricSpec, RollbackRules, Spec

DEFAULT_THRESHOLD = 5.0
METRICS = (MetricName.R2, MetricName.RMSE)


@dataclass(frozen=True, slots=True)
class Rules:
    """The rule of a check, with the operator's own defaults; InvalidCallError names what cannot be meant."""

    threshold_percent: float = DEFAULT_THRESHOLD
    auto_rollback: bool = True
    dry_run: bool = False
    force: bool = False
    window: timedelta = timedelta(hours=24)
    min_samples: int = 100
    label_delay: timedelta = timedelta(0)
    cooldown: timedelta = timedelta(hours=1)
    max_per_day: int = 3
    metrics: tuple[MetricSpec, ...] = ()
    """What is compared, each with its limit; R2 and RMSE with the common one where nothing is named."""
    positive_class: str = "1"
    min_label_coverage_percent: float = 0.0

    def __post_init__(self) -> None:
        """Refuse what cannot be meant."""
        read_threshold(self.threshold_percent)
        _yes_or_no("auto_rollback", self.auto_rollback)
        _yes_or_no("force", self.force)
        _at_least("the window", self.window, timedelta(seconds=1))
        _at_least("the label delay", self.label_delay, timedelta(0))
        _at_least("the cooldown", self.cooldown, timedelta(0))
        _at_least("the least number of samples", self.min_samples, 2)
        _at_least("the number of automatic rollbacks a day", self.max_per_day, 0)

    @classmethod
    def of(cls, spec: Spec) -> "Rules":
        """Return the rules of a ModelDeployment, as far as they mean something without a cluster."""
        evaluation, rollback = spec.evaluation, spec.rollback
        return cls(
            threshold_percent=min((m.limit_percent for m in spec.metrics), default=DEFAULT_THRESHOLD),
            auto_rollback=spec.auto_rollback,
            window=evaluation.window,
            min_samples=evaluation.min_samples,
            label_delay=evaluation.label_delay,
            cooldown=rollback.cooldown,
            max_per_day=rollback.max_per_day,
            metrics=spec.metrics,
            positive_class=evaluation.positive_class,
            min_label_coverage_percent=evaluation.min_label_coverage_percent,
        )

    @property
    def compared(self) -> tuple[MetricSpec, ...]:
        """The metrics that are compared."""
        return self.metrics or tuple(MetricSpec(name, self.threshold_percent) for name in METRICS)

    def with_threshold(self, threshold_percent: float) -> "Rules":
        """Hold every metric to one limit."""
        limit = read_threshold(threshold_percent)
        return replace(
            self, threshold_percent=limit, metrics=tuple(replace(m, limit_percent=limit) for m in self.metrics)
        )

    def with_metrics(self, names: Iterable[str]) -> "Rules":
        """Compare metrics by their names, each held to the common limit; InvalidCallError lists those there are."""
        kept = [_metric(name) for name in dict.fromkeys(names)]
        return replace(self, metrics=tuple(MetricSpec(name, self.threshold_percent) for name in kept))

    def spec(self, model: str, environment: str) -> Spec:
        """Say the same in the words of a resource, so that the operator's rules judge."""
        return Spec(
            model_name=model,
            environment=environment,
            target_name="",
            secret_name="",
            auto_rollback=self.auto_rollback,
            metrics=self.compared,
            evaluation=Evaluation(
                window=self.window,
                min_samples=self.min_samples,
                label_delay=self.label_delay,
                min_label_coverage_percent=self.min_label_coverage_percent,
                positive_class=self.positive_class,
                act_on=ActOn.VERDICT,
            ),
            rollback=RollbackRules(cooldown=self.cooldown, max_per_day=self.max_per_day),
        )


def read_threshold(threshold: float) -> float:
    """Return a limit in percent; InvalidCallError where it is none."""
    number = not isinstance(threshold, bool) and isinstance(threshold, int | float)
    if not number or not math.isfinite(threshold) or not 0 < threshold <= 100:
        raise InvalidCallError(f"the threshold must be a number of percent above 0 and up to 100, not {threshold!r}")
    return float(threshold)


def _metric(name: str) -> MetricName:
    try:
        return MetricName(name)
    except ValueError:
        raise InvalidCallError(f"{name!r} is not a metric; known are {', '.join(MetricName)}") from None


def _yes_or_no(what: str, value: object) -> None:
    """Take no text for a truth: "false" is one, and would roll back."""
    if not isinstance(value, bool):
        raise InvalidCallError(f"{what} must be True or False, not {value!r}")


def _at_least(what: str, value: timedelta | float, least: timedelta | float) -> None:
    if value < least:  # type: ignore[operator]  # both are of one kind
        raise InvalidCallError(f"{what} must be at least {least}, not {value}")
