"""`ModelEvaluationDB`: the guide's object that asks the database, and changes it when told to."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import replace
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from modelward.domain.errors import RefusedError
from modelward.evaluation.alerting import find_receivers
from modelward.evaluation.database import DatabaseDoor
from modelward.evaluation.finding import read_tables
from modelward.evaluation.results import Comparison, DegradationCheck, HistoryEntry
from modelward.evaluation.rules import DEFAULT_THRESHOLD, Rules
from modelward.evaluation.telling import log_outcomes, log_rollback

if TYPE_CHECKING:
    from modelward.evaluation.door import Door

log = logging.getLogger("modelward.monitor")


class ModelEvaluationDB:
    """Questions to a database about one model's versions; a context manager.

    `database_url` defaults to DATABASE_URL; `model` and `environment` are needed where the database holds more than
    one; `rules` say what is compared, how long windows are and how many samples are needed. `source` and `alert_urls`
    are those of ModelMonitor, and so are the errors.
    """

    def __init__(
        self,
        database_url: str | None = None,
        *,
        model: str | None = None,
        environment: str | None = None,
        rules: Rules | None = None,
        source: Mapping[str, Any] | None = None,
        alert_urls: Sequence[str] | None = None,
    ) -> None:
        self._rules = rules or Rules()
        self._door: Door = DatabaseDoor(
            database_url,
            model,
            environment,
            source=read_tables(source),
            rules=self._rules,
            receivers=find_receivers(alert_urls),
        )

    def check_performance_degradation(self, threshold_percent: float = DEFAULT_THRESHOLD) -> DegradationCheck:
        """Judge the version in production against the previous one; changes nothing."""
        rules = replace(self._rules.with_threshold(threshold_percent), dry_run=True)
        return self._door.check(rules)["degradation_check"]

    def rollback_production_model(
        self, target_version: str | None = None, *, reason: str = "asked for from Python"
    ) -> bool:
        """Put a version in production, the previous one where none is named: True.

        False when refused, with the reason in the log; the database is then as it was.
        """
        try:
            plan = self._door.plan_rollback(target_version, force=self._rules.force)
            done = self._door.roll_back(plan, reason)
        except RefusedError as error:
            log.error("rollback refused: %s", error)  # noqa: TRY400  a sentence, no traceback
            return False
        log_rollback(done)
        log_outcomes(self._door.tell())
        return True

    def compare_models(
        self, current_version: str, previous_version: str, threshold_percent: float = DEFAULT_THRESHOLD
    ) -> Comparison:
        """Compare two versions by their live predictions, whichever is in production."""
        return self._door.compare(current_version, previous_version, threshold_percent)

    def get_model_history(self, limit: int = 10) -> list[HistoryEntry]:
        """Return the last versions, the newest first; r2_score and rmse come from live predictions."""
        return self._door.history(limit)

    def close(self) -> None:
        """Hang up; more than once is harmless."""
        self._door.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()
