"""The orders that change the version in production, and what must still be true when they are carried out."""

import secrets

from modelward.decide import ledger as decide_ledger
from modelward.domain.errors import RefusedError
from modelward.domain.ledger import Book, ModelKey, Move
from modelward.domain.reasons import Reason
from modelward.evaluation import figures
from modelward.evaluation.actor import find_actor
from modelward.evaluation.results import RollbackPlan
from modelward.evaluation.rules import Rules
from modelward.evaluation.trial import Trial, managed


def automatic_move(trial: Trial) -> Move:
    """Order what a degraded verdict asks for, with the numbers that it rests on."""
    assert trial.previous is not None  # a degraded version was compared with something
    return Move(
        event_id=secrets.token_hex(8),
        key=trial.book.key,
        from_version=trial.current,
        to_version=trial.previous.version,
        automatic=True,
        actor=find_actor(),
        reason=trial.judgement.numbers,
        evidence={**figures.degradation_check(trial), "metrics": figures.metrics(trial)},
        force=trial.rules.force,
    )


def manual_move(plan: RollbackPlan, reason: str) -> Move:
    """Order what a person planned."""
    return Move(
        event_id=secrets.token_hex(8),
        key=ModelKey(plan["model"], plan["environment"]),
        from_version=plan["from_version"],
        to_version=plan["to_version"],
        automatic=False,
        actor=find_actor(),
        reason=reason,
        evidence={"from": plan["from_quality"], "to": plan["to_quality"]},
        force=plan["forced"],
    )


def refuse_changed(move: Move, book: Book) -> None:
    """Refuse where somebody changed in between what the order rests on; asked while the registry is locked."""
    current = decide_ledger.find_production(book)
    if current.version != move.from_version:
        message = (
            f"{current.version} came into production meanwhile, {move.from_version} is no longer there: "
            "nothing was changed"
        )
        raise RefusedError(Reason.PRODUCTION_CHANGED, message)
    decide_ledger.find_target(Rules().spec(move.key.model, move.key.environment), book, move.to_version)
    if book.managed_by is not None and not move.force:
        raise RefusedError(Reason.MANAGED_BY_CLUSTER, managed(book))
