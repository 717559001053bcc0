"""Whom to tell, as the resource says it: a name, a Secret with an address, and what to tell of."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from modelward.domain.errors import InvalidSpecError


class AlertOn(StrEnum):
    """What a receiver can ask to be told of; the names are those of the reasons."""

    ROLLED_BACK = "RolledBack"
    ROLLBACK_FAILED = "RollbackFailed"
    DEGRADED = "Degraded"
    CONTESTED = "Contested"
    METRICS_UNAVAILABLE = "MetricsUnavailable"
    BUDGET_EXHAUSTED = "BudgetExhausted"
    BREAKER_OPEN = "BreakerOpen"
    RECOVERED = "Recovered"


ORDINARY = (AlertOn.ROLLED_BACK, AlertOn.ROLLBACK_FAILED, AlertOn.DEGRADED, AlertOn.CONTESTED)
"""What is told of where the resource does not say."""


@dataclass(frozen=True, slots=True)
class AlertSpec:
    """One receiver: where its address stands, and what it is told of."""

    name: str
    secret_name: str
    key: str = "url"
    reasons: tuple[AlertOn, ...] = ORDINARY


def parse_alerts(raw: Any) -> tuple[AlertSpec, ...]:
    """Read `spec.alerts`; InvalidSpecError names the entry."""
    alerts = tuple(_alert(item) for item in raw or ())
    names = [alert.name for alert in alerts]
    doubled = next((name for name in names if names.count(name) > 1), None)
    if doubled is not None:
        raise InvalidSpecError("alerts", f"two are called {doubled}")
    return alerts


def _alert(raw: dict[str, Any]) -> AlertSpec:
    name, secret = raw.get("name"), raw.get("secretRef") or {}
    if not name:
        raise InvalidSpecError("alerts", "every entry needs a name")
    if not secret.get("name"):
        raise InvalidSpecError(f"alerts[{name}].secretRef.name", "is required")
    try:
        reasons = tuple(AlertOn(kind) for kind in raw.get("reasons") or ORDINARY)
    except ValueError:
        problem = f"{raw['reasons']} holds what cannot be told of; known: {', '.join(AlertOn)}"
        raise InvalidSpecError(f"alerts[{name}].reasons", problem) from None
    return AlertSpec(name, secret["name"], secret.get("key") or "url", reasons)
