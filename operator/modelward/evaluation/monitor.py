"""`ModelMonitor`: the guide's object that checks, rolls back and tells."""

import logging
import sys
from collections.abc import Mapping, Sequence
from datetime import timedelta
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from modelward.domain.errors import RefusedError
from modelward.evaluation.alerting import find_receivers
from modelward.evaluation.database import DatabaseDoor
from modelward.evaluation.finding import read_tables
from modelward.evaluation.results import AlertOutcome, CheckResult, Comparison, HistoryEntry
from modelward.evaluation.rules import DEFAULT_THRESHOLD, Rules
from modelward.evaluation.telling import describe_status, log_check, log_outcomes, log_rollback

if TYPE_CHECKING:
    from modelward.evaluation.door import Door
    from modelward.evaluation.results import Rollback

log = logging.getLogger("modelward.monitor")


class ModelMonitor:
    """Watches one model of a database: judges the version in production, and puts the previous one back.

    `degradation_threshold` is in percent (above 0, up to 100). `database_url` defaults to DATABASE_URL; `model` and
    `environment` are needed where the database holds more than one. `window` is how far a version's own last rows
    reach back, `min_samples` the least number of labelled rows for each version, `label_delay` how long labels may
    take; `cooldown` and `max_rollbacks_per_day` bound automatic rollbacks. `metrics` (`accuracy`, `f1`, ...)
    are compared in the place of R2 and RMSE; `positive_class` is what precision, recall, F1 and the scores are about.
    `source` says where the predictions stand, as `spec.database.source` of a resource does. `alert_urls` are told of
    rollbacks and degradations (None: those of MODELWARD_ALERT_URLS or MODELWARD_ALERT_FILE). It is a context manager,
    too.

    Raises InvalidCallError (a ValueError) for arguments that cannot be meant, SourceError where the database does not
    answer (then nothing was changed, or the message says so), and RefusedError where the registry does not allow it.
    """

    def __init__(
        self,
        database_url: str | None = None,
        degradation_threshold: float = DEFAULT_THRESHOLD,
        auto_rollback: bool = True,  # noqa: FBT001, FBT002  the guide's signature
        *,
        model: str | None = None,
        environment: str | None = None,
        window: timedelta = timedelta(hours=24),
        min_samples: int = 100,
        label_delay: timedelta = timedelta(0),
        cooldown: timedelta = timedelta(hours=1),
        max_rollbacks_per_day: int = 3,
        force: bool = False,
        metrics: Sequence[str] = (),
        positive_class: str = "1",
        source: Mapping[str, Any] | None = None,
        alert_urls: Sequence[str] | None = None,
    ) -> None:
        rules = Rules(
            threshold_percent=degradation_threshold,
            auto_rollback=auto_rollback,
            force=force,
            window=window,
            min_samples=min_samples,
            label_delay=label_delay,
            cooldown=cooldown,
            max_per_day=max_rollbacks_per_day,
            positive_class=positive_class,
        )
        self.rules = rules.with_metrics(metrics)
        self._door: Door = DatabaseDoor(
            database_url,
            model,
            environment,
            source=read_tables(source),
            rules=self.rules,
            receivers=find_receivers(alert_urls),
        )
        self.last_rollback: Rollback | None = None
        """The last rollback that this object made."""

    def check_and_respond(self) -> CheckResult:
        """Judge the version in production, respond, and log it.

        `status` is OK; ROLLED_BACK (the previous version is in production now); DEGRADED (worse, and left in place:
        `auto_rollback` is off, or `held_by` says why); or INSUFFICIENT_DATA (nothing can be said, nothing is done).
        """
        result = self._door.check(self.rules)
        log_check(result)
        result["alerts"] = self._tell()
        return result

    def manual_rollback(self, target_version: str | None = None, *, reason: str = "asked for from Python") -> bool:
        """Put a version in production, the previous one where none is named.

        True when done; `last_rollback` then has the record. False when refused, with the reason in the log: the
        version is unknown (those there are get listed), archived or in production already, or there is none earlier.
        """
        try:
            plan = self._door.plan_rollback(target_version, force=self.rules.force)
            self.last_rollback = self._door.roll_back(plan, reason)
        except RefusedError as error:
            log.error("rollback refused: %s", error)  # noqa: TRY400  a sentence, no traceback
            return False
        log_rollback(self.last_rollback)
        self._tell()
        return True

    def _tell(self) -> list[AlertOutcome]:
        outcomes = self._door.tell()
        log_outcomes(outcomes)
        return outcomes

    def print_status(self) -> None:
        """Print how things stand: the database, the version in production, the way back."""
        sys.stdout.write("\n".join(describe_status(self._door.status())) + "\n")

    def get_model_history(self, limit: int = 10) -> list[HistoryEntry]:
        """Return the last versions, the newest first; r2_score and rmse come from live predictions."""
        return self._door.history(limit)

    def compare_versions(self, current_version: str, previous_version: str) -> Comparison:
        """Compare two versions by their live predictions, whichever is in production."""
        return self._door.compare(current_version, previous_version, self.rules.threshold_percent)

    def close(self) -> None:
        """Hang up; more than once is harmless."""
        self._door.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()
