"""What happens, counted as it happens: for the whole operator, never for one resource, so that nothing grows with them.

What stands still between two scrapes is not counted here but read when asked (`scrape`).
"""

from prometheus_client import Counter, Histogram, disable_created_metrics

from modelward.domain.alerts import AlertOn
from modelward.domain.status import Outcome, Phase, Rollback, Status

disable_created_metrics()  # type: ignore[no-untyped-call]  # a second series for each, which nobody asks for
ALERTS = Counter("modelward_alerts", "Alerts by what became of them.", ["reason", "result"])
ROWS = Counter("modelward_audit_rows", "Rows of the audit table by what became of them.", ["result"])
CHECKS = Histogram(
    "modelward_check_duration_seconds",
    "How long a database took to answer for all resources that asked it together.",
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30),
)
ROLLBACKS = Counter(
    "modelward_rollbacks",
    "Rollbacks that reached a phase: Decided is all of them; Verified, Failed, Returned and Superseded are their ends.",
    ["phase", "trigger"],
)
OUTCOMES = Counter("modelward_rollback_outcomes", "Rollbacks by whether they helped, once that is known.", ["outcome"])
AUTOMATIC, REQUEST = "Automatic", "Request"
DELIVERED, FAILED, GIVEN_UP, UNAVAILABLE = "delivered", "failed", "given_up", "unavailable"
LABELS: dict[Counter | Histogram, tuple[str, ...]] = {
    CHECKS: (),
    ROLLBACKS: ("phase", "trigger"),
    OUTCOMES: ("outcome",),
    ALERTS: ("reason", "result"),
    ROWS: ("result",),
}

# Counted from 0 on: an increase that nobody saw the beginning of is none to Prometheus.
for _phase in Phase:
    ROLLBACKS.labels(_phase, AUTOMATIC)
    ROLLBACKS.labels(_phase, REQUEST)
for _outcome in Outcome:
    OUTCOMES.labels(_outcome)
for _result in (DELIVERED, FAILED, GIVEN_UP):
    ROWS.labels(_result)
    for _reason in AlertOn:
        ALERTS.labels(_reason, _result)
ROWS.labels(UNAVAILABLE)


def count_rollback(before: Status, after: Status) -> None:
    """Count what a status that was written says of a rollback, and the one before it did not."""
    old, new = before.last_rollback, after.last_rollback
    if new is None:
        return
    same = old if old is not None and old.id == new.id else None
    again = same is not None and bool(same.refused) and new.phase in {Phase.DECIDED, Phase.FAILED}
    if _phase_of(same) is not new.phase and not again:
        ROLLBACKS.labels(new.phase, AUTOMATIC if new.automatic else REQUEST).inc()
    if new.outcome is not None and (same is None or same.outcome is not new.outcome):
        OUTCOMES.labels(new.outcome).inc()


def _phase_of(rollback: Rollback | None) -> Phase | None:
    return rollback.phase if rollback else None
