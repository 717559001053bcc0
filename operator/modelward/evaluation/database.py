"""The door to a database that stands alone: the registry says what serves, and is what a rollback changes."""

from collections.abc import Sequence

from modelward.database.ledger import PostgresLedger
from modelward.database.reader import PostgresReader
from modelward.decide import ledger as decide_ledger
from modelward.domain.errors import InvalidCallError, RefusedError, SourceError
from modelward.domain.ledger import Book, ModelKey, RollbackRecord
from modelward.domain.quality import Window
from modelward.domain.questions import Connection
from modelward.domain.reasons import Reason
from modelward.domain.source import OWN, Source
from modelward.domain.status import Verdict
from modelward.evaluation import figures, notices
from modelward.evaluation.alerting import Receiver, Teller
from modelward.evaluation.finding import find_connection, find_model
from modelward.evaluation.moving import automatic_move, manual_move, refuse_changed
from modelward.evaluation.reading import BlockingReader
from modelward.evaluation.results import (
    AlertOutcome,
    CheckResult,
    CheckStatus,
    Comparison,
    Explanation,
    HistoryEntry,
    Rollback,
    RollbackPlan,
    StatusReport,
)
from modelward.evaluation.rules import Rules
from modelward.evaluation.standing import describe_standing, unreachable
from modelward.evaluation.trial import Trial, managed, read_windows, try_model

PATIENCE = 60.0
"""How long a statement may take: a person or a cron job waits, where the operator would go on to the next model."""
STATUSES: dict[Verdict, CheckStatus] = {Verdict.HEALTHY: "OK", Verdict.DEGRADED: "DEGRADED"}


class DatabaseDoor:
    """The verbs on one model of one database; the model is looked for when it is first needed.

    `source` says where the predictions stand, `rules` what the verbs that only look compare, `receivers` whom to tell.
    """

    def __init__(
        self,
        database_url: str | Connection | None,
        model: str | None = None,
        environment: str | None = None,
        *,
        source: Source = OWN,
        rules: Rules | None = None,
        receivers: Sequence[Receiver] = (),
    ) -> None:
        connection = find_connection(database_url)
        self.ledger = PostgresLedger(connection, statement_timeout=PATIENCE)
        self.rules = rules or Rules()
        self._postgres = PostgresReader(statement_timeout=PATIENCE)
        self._reader = BlockingReader(self._postgres, connection, source)
        self._teller = Teller(self.ledger, self._reader.wait, receivers)
        self._asked = (model, environment)
        self._key: ModelKey | None = None

    @property
    def key(self) -> ModelKey:
        """The model that is meant."""
        if self._key is None:
            self._key = find_model(self.ledger, *self._asked)
        return self._key

    @property
    def source(self) -> Source:
        """Where the predictions stand."""
        return self._reader.source

    def book(self) -> Book:
        """Read all that is known of the model."""
        book = self.ledger.book(self.key)
        return book.with_seen(self._reader.last_seen(self.key, [v.version for v in book.versions]))

    def status(self) -> StatusReport:
        """Tell how things stand."""
        try:
            pulse = self.ledger.pulse()
        except SourceError as error:
            return unreachable(str(error))
        book = self.book()
        return describe_standing(pulse, book, self.rules, lambda names: self._windows(book, names))

    def history(self, limit: int = 10) -> list[HistoryEntry]:
        """List the last versions, the newest first."""
        if not isinstance(limit, int) or limit < 1:
            raise InvalidCallError(f"the number of versions must be a whole number, at least 1, not {limit!r}")
        self._reader.settle(self.key)
        book = self.book()
        shown = sorted(book.versions, key=lambda v: v.order, reverse=True)[:limit]
        windows = self._windows(book, [v.version for v in shown])
        return [figures.history_entry(v, windows.get(v.version), self.rules, book.rollbacks) for v in shown]

    def compare(self, current: str, previous: str, threshold_percent: float | None = None) -> Comparison:
        """Compare two versions by their last windows with live rows; without a threshold, by the door's own rules."""
        rules = self.rules if threshold_percent is None else self.rules.with_threshold(threshold_percent)
        if current == previous:
            raise InvalidCallError(f"{current} cannot be compared with itself: name two versions")
        self._reader.settle(self.key)
        book = self.book()
        for version in (current, previous):
            decide_ledger.find_version(book, version)
        windows = self._windows(book, [current, previous])
        return figures.comparison(book, (current, previous), (windows.get(current), windows.get(previous)), rules)

    def check(self, rules: Rules) -> CheckResult:
        """Judge, and put the previous version back where the rules say so and nothing holds."""
        trial = self._try(rules)
        status = STATUSES.get(trial.judgement.verdict, "INSUFFICIENT_DATA")
        if status == "DEGRADED" and rules.auto_rollback and not rules.dry_run and not trial.holds:
            return figures.check_result(trial, "ROLLED_BACK", self._respond(trial))
        result = figures.check_result(trial, status)
        if not rules.dry_run:
            self._teller.note(trial, result)
        return result

    def tell(self) -> list[AlertOutcome]:
        """Tell whom it concerns of what happened, now and since yesterday, and was not told yet."""
        return self._teller.tell(self.key)

    def explain(self, rules: Rules) -> Explanation:
        """Tell what a check rests on."""
        return figures.explanation(self._try(rules))

    def plan_rollback(self, target: str | None, *, force: bool) -> RollbackPlan:
        """Find the target, and how good both versions were last."""
        self._reader.settle(self.key)
        book = self.book()
        found = decide_ledger.find_target(self.rules.spec(book.key.model, book.key.environment), book, target)
        current = decide_ledger.find_production(book)
        if book.managed_by is not None and not force:
            raise RefusedError(Reason.MANAGED_BY_CLUSTER, managed(book))
        windows = self._windows(book, [current.version, found.version])
        return RollbackPlan(
            model=book.key.model,
            environment=book.key.environment,
            from_version=current.version,
            to_version=found.version,
            from_quality=figures.version_quality(current.version, windows.get(current.version), self.rules),
            to_quality=figures.version_quality(found.version, windows.get(found.version), self.rules),
            forced=force,
        )

    def roll_back(self, plan: RollbackPlan, reason: str) -> Rollback:
        """Carry a plan out."""
        move = manual_move(plan, reason)
        seen = self._reader.last_seen(move.key, [plan["from_version"], plan["to_version"]])
        return figures.rollback(self.ledger.move(move, lambda book: refuse_changed(move, book.with_seen(seen))))

    def version_names(self) -> list[str]:
        """List the versions that are not archived, the newest first."""
        book = self.ledger.book(self.key)
        line = sorted(book.versions, key=lambda v: v.order, reverse=True)
        return [v.version for v in line if v.archived_at is None]

    def close(self) -> None:
        """Hang up."""
        self.ledger.close()
        self._reader.close(self._postgres.close())

    def _respond(self, trial: Trial) -> RollbackRecord:
        """Put the previous version back; where that fails, a person has to know."""
        move = automatic_move(trial)
        seen = trial.book.seen
        try:
            return self.ledger.move(move, lambda book: refuse_changed(move, book.with_seen(seen)))
        except SourceError as error:
            lost = [o for o in self._teller.send([notices.failed(move, str(error))]) if not o["delivered"]]
            if not lost:
                raise
            said = "; ".join(f"{outcome['to']}: {outcome['error']}" for outcome in lost)
            raise SourceError(error.reason, f"{error}. And not everybody could be told: {said}") from None

    def _try(self, rules: Rules) -> Trial:
        self._reader.settle(self.key)
        return try_model(self.book(), rules, self._reader)

    def _windows(self, book: Book, names: Sequence[str]) -> dict[str, Window]:
        return read_windows(book, names, self.rules, self._reader)
