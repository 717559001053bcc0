"""What a check is asked to do: limits, windows, and what may follow from it."""

import math
from dataclasses import dataclass
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

    def __post_init__(self) -> None:
        """Refuse what cannot be meant."""
        read_threshold(self.threshold_percent)
        _at_least("the window", self.window, timedelta(seconds=1))
        _at_least("the label delay", self.label_delay, timedelta(0))
        _at_least("the cooldown", self.cooldown, timedelta(0))
        _at_least("the least number of samples", self.min_samples, 2)
        _at_least("the number of automatic rollbacks a day", self.max_per_day, 0)

    def spec(self, model: str, environment: str) -> Spec:
        """Say the same in the words of a resource, so that the operator's rules judge."""
        return Spec(
            model_name=model,
            environment=environment,
            target_name="",
            secret_name="",
            auto_rollback=self.auto_rollback,
            metrics=tuple(MetricSpec(name, self.threshold_percent) for name in METRICS),
            evaluation=Evaluation(
                window=self.window, min_samples=self.min_samples, label_delay=self.label_delay, act_on=ActOn.VERDICT
            ),
            rollback=RollbackRules(cooldown=self.cooldown, max_per_day=self.max_per_day),
        )


def read_threshold(threshold: float) -> float:
    """Return a limit in percent; InvalidCallError where it is none."""
    number = not isinstance(threshold, bool) and isinstance(threshold, int | float)
    if not number or not math.isfinite(threshold) or not 0 < threshold <= 100:
        raise InvalidCallError(f"the threshold must be a number of percent above 0 and up to 100, not {threshold!r}")
    return float(threshold)


def _at_least(what: str, value: timedelta | float, least: timedelta | float) -> None:
    if value < least:  # type: ignore[operator]  # both are of one kind
        raise InvalidCallError(f"{what} must be at least {least}, not {value}")
