"""Where a verb enters: a database alone today; a cluster can have a door of its own."""

from typing import Protocol

from modelward.evaluation.results import (
    AlertOutcome,
    CheckResult,
    Comparison,
    Explanation,
    HistoryEntry,
    Rollback,
    RollbackPlan,
    StatusReport,
)
from modelward.evaluation.rules import Rules


class Door(Protocol):
    """The verbs on one model; RefusedError, InvalidCallError and SourceError say why one cannot be done."""

    def status(self) -> StatusReport:
        """Tell how things stand; a database that does not answer is part of the answer."""
        ...

    def history(self, limit: int) -> list[HistoryEntry]:
        """List the last versions, the newest first."""
        ...

    def compare(self, current: str, previous: str, threshold_percent: float | None = None) -> Comparison:
        """Compare two versions, whichever is in production; None is the door's own limit."""
        ...

    def check(self, rules: Rules) -> CheckResult:
        """Judge the version in production and, where the rules say so, put the previous one back."""
        ...

    def tell(self) -> list[AlertOutcome]:
        """Tell whom it concerns of what happened and was not told yet."""
        ...

    def explain(self, rules: Rules) -> Explanation:
        """Tell why a check says what it says; changes nothing."""
        ...

    def plan_rollback(self, target: str | None, *, force: bool) -> RollbackPlan:
        """Find out what a rollback would change; None is the previous version."""
        ...

    def roll_back(self, plan: RollbackPlan, reason: str) -> Rollback:
        """Carry a plan out, if things still stand as they did when it was made."""
        ...

    def version_names(self) -> list[str]:
        """List the versions there are."""
        ...

    def close(self) -> None:
        """Hang up."""
        ...
