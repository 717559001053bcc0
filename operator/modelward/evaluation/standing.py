"""How things stand: the database, the version in production, and whether there is a way back before it is needed."""

from collections.abc import Callable
from typing import Any

from modelward.decide import ledger as decide_ledger
from modelward.domain.errors import RefusedError
from modelward.domain.ledger import Book, VersionRecord
from modelward.domain.quality import Window
from modelward.evaluation import figures
from modelward.evaluation.results import DatabaseState, StatusReport, TargetState
from modelward.evaluation.rules import Rules
from modelward.evaluation.trial import managed

ReadWindows = Callable[[list[str]], dict[str, Window]]
NO_WAY_BACK = "there is no way back: register and keep at least one earlier version"


def unreachable(message: str) -> StatusReport:
    """Tell that the database does not answer, and nothing else."""
    state = DatabaseState(reachable=False, version=None, database=None, role=None, read_only=None, message=message)
    return StatusReport(
        database=state,
        model=None,
        environment=None,
        production=None,
        rollback_target=None,
        versions=0,
        last_rollback=None,
        managed_by=None,
        notes=[message],
    )


def describe_standing(pulse: dict[str, Any], book: Book, rules: Rules, read_windows: ReadWindows) -> StatusReport:
    """Tell how a model stands."""
    current = book.production
    target, refusal = _find_target(book, rules)
    seen = [v.version for v in (current, target) if v is not None and v.last_prediction_at is not None]
    windows = read_windows(seen)
    state = _target_state(target, refusal, rules, windows)
    return StatusReport(
        database=_database_state(pulse),
        model=book.key.model,
        environment=book.key.environment,
        production=figures.history_entry(current, windows.get(current.version), rules, book.rollbacks)
        if current
        else None,
        rollback_target=state,
        versions=len(book.versions),
        last_rollback=figures.rollback(book.rollbacks[-1]) if book.rollbacks else None,
        managed_by=book.managed_by.resource if book.managed_by else None,
        notes=_notes(book, state),
    )


def _find_target(book: Book, rules: Rules) -> tuple[VersionRecord | None, str]:
    try:
        spec = rules.spec(book.key.model, book.key.environment)
        return decide_ledger.find_target(spec, book, None), ""
    except RefusedError as error:
        return None, str(error)


def _target_state(target: VersionRecord | None, refusal: str, rules: Rules, windows: dict[str, Window]) -> TargetState:
    if target is None:
        return TargetState(model_version=None, ready=False, message=refusal, quality=None)
    quality = figures.version_quality(target.version, windows.get(target.version), rules)
    if not quality["samples"]:
        message = f"{target.version} has no labelled live prediction within 90 days: nothing says that it is good"
        return TargetState(model_version=target.version, ready=False, message=message, quality=quality)
    return TargetState(model_version=target.version, ready=True, message="ready", quality=quality)


def _database_state(pulse: dict[str, Any]) -> DatabaseState:
    only = "answers, but takes no writes: rollbacks are not possible here" if pulse["read_only"] else "answers"
    return DatabaseState(
        reachable=True,
        version=pulse["version"],
        database=pulse["database"],
        role=pulse["role"],
        read_only=pulse["read_only"],
        message=only,
    )


def _notes(book: Book, target: TargetState) -> list[str]:
    notes = [managed(book)] if book.managed_by else []
    alone = len([v for v in book.versions if v.archived_at is None]) < 2
    if book.production is None or not (target["ready"] or alone):
        notes.append(target["message"])
    if alone:
        notes.append(NO_WAY_BACK)
    return notes
