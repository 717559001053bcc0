"""The door to a database that stands alone: the registry says what serves, and is what a rollback changes."""

import time

from modelward.database.ledger import PostgresLedger
from modelward.database.reader import PostgresReader
from modelward.decide import ledger as decide_ledger
from modelward.domain.errors import InvalidCallError, RefusedError, SourceError
from modelward.domain.ledger import ModelKey
from modelward.domain.reasons import Reason
from modelward.domain.status import Verdict
from modelward.evaluation import figures
from modelward.evaluation.finding import find_connection, find_model
from modelward.evaluation.moving import automatic_move, manual_move, refuse_changed
from modelward.evaluation.reading import BlockingReader
from modelward.evaluation.results import (
    CheckResult,
    CheckStatus,
    Comparison,
    Explanation,
    HistoryEntry,
    Rollback,
    RollbackPlan,
    StatusReport,
)
from modelward.evaluation.rules import Rules, read_threshold
from modelward.evaluation.standing import describe_standing, unreachable
from modelward.evaluation.trial import Trial, managed, read_windows, try_model

PATIENCE = 60.0
"""How long a statement may take: a person or a cron job waits, where the operator would go on to the next model."""
STATUSES: dict[Verdict, CheckStatus] = {Verdict.HEALTHY: "OK", Verdict.DEGRADED: "DEGRADED"}


class DatabaseDoor:
    """The verbs on one model of one database; the model is looked for when it is first needed."""

    def __init__(self, database_url: str | None, model: str | None = None, environment: str | None = None) -> None:
        connection = find_connection(database_url)
        self.ledger = PostgresLedger(connection, statement_timeout=PATIENCE)
        self._postgres = PostgresReader(statement_timeout=PATIENCE)
        self._reader = BlockingReader(self._postgres, connection)
        self._asked = (model, environment)
        self._key: ModelKey | None = None

    @property
    def key(self) -> ModelKey:
        """The model that is meant."""
        if self._key is None:
            self._key = find_model(self.ledger, *self._asked)
        return self._key

    def status(self) -> StatusReport:
        """Tell how things stand."""
        try:
            pulse = self.ledger.pulse()
        except SourceError as error:
            return unreachable(str(error))
        book = self.ledger.book(self.key)
        return describe_standing(pulse, book, lambda names: read_windows(book, names, Rules().window, self._reader))

    def history(self, limit: int = 10) -> list[HistoryEntry]:
        """List the last versions, the newest first."""
        if limit < 1:
            raise InvalidCallError(f"the number of versions must be at least 1, not {limit}")
        book = self.ledger.book(self.key)
        self._settle()
        shown = sorted(book.versions, key=lambda v: v.order, reverse=True)[:limit]
        seen = [v.version for v in shown if v.last_prediction_at is not None]
        windows = read_windows(book, seen, Rules().window, self._reader)
        return [figures.history_entry(v, windows.get(v.version), book.rollbacks) for v in shown]

    def compare(self, current: str, previous: str, threshold_percent: float) -> Comparison:
        """Compare two versions by their last windows with live rows."""
        limit = read_threshold(threshold_percent)
        if current == previous:
            raise InvalidCallError(f"{current} cannot be compared with itself: name two versions")
        book = self.ledger.book(self.key)
        for version in (current, previous):
            decide_ledger.find_version(book, version)
        self._settle()
        windows = read_windows(book, [current, previous], Rules().window, self._reader)
        return figures.comparison(book, (current, previous), (windows.get(current), windows.get(previous)), limit)

    def check(self, rules: Rules) -> CheckResult:
        """Judge, and put the previous version back where the rules say so and nothing holds."""
        trial = self._try(rules)
        degraded = trial.judgement.verdict is Verdict.DEGRADED
        if not degraded or rules.dry_run or not rules.auto_rollback or trial.holds:
            return figures.check_result(trial, STATUSES.get(trial.judgement.verdict, "INSUFFICIENT_DATA"))
        move = automatic_move(trial)
        done = self.ledger.move(move, lambda book: refuse_changed(move, book))
        return figures.check_result(trial, "ROLLED_BACK", done)

    def explain(self, rules: Rules) -> Explanation:
        """Tell what a check rests on."""
        return figures.explanation(self._try(rules))

    def plan_rollback(self, target: str | None, *, force: bool) -> RollbackPlan:
        """Find the target, and how good both versions were last."""
        book = self.ledger.book(self.key)
        found = decide_ledger.find_target(Rules().spec(book.key.model, book.key.environment), book, target)
        current = decide_ledger.find_production(book)
        if book.managed_by is not None and not force:
            raise RefusedError(Reason.MANAGED_BY_CLUSTER, managed(book))
        self._settle()
        names = [current.version, found.version]
        windows = read_windows(book, names, Rules().window, self._reader)
        return RollbackPlan(
            model=book.key.model,
            environment=book.key.environment,
            from_version=current.version,
            to_version=found.version,
            from_quality=figures.version_quality(current.version, windows.get(current.version)),
            to_quality=figures.version_quality(found.version, windows.get(found.version)),
            forced=force,
        )

    def roll_back(self, plan: RollbackPlan, reason: str) -> Rollback:
        """Carry a plan out."""
        move = manual_move(plan, reason)
        return figures.rollback(self.ledger.move(move, lambda book: refuse_changed(move, book)))

    def version_names(self) -> list[str]:
        """List the versions that are not archived, the newest first."""
        book = self.ledger.book(self.key)
        line = sorted(book.versions, key=lambda v: v.order, reverse=True)
        return [v.version for v in line if v.archived_at is None]

    def close(self) -> None:
        """Hang up."""
        self.ledger.close()
        self._reader.close(self._postgres.close())

    def _try(self, rules: Rules) -> Trial:
        self._settle()
        return try_model(self.ledger.book(self.key), rules, self._reader)

    def _settle(self) -> None:
        """Let the second that runs go by where rows of it would otherwise not be seen."""
        time.sleep(self.ledger.seconds_to_settle(self.key))
