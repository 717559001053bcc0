"""Whether a rollback would last: who owns the version's field, and what stops them from writing over it.

The condition RollbackProtected stands only while it is False. What is owned is all that can be seen: a program that was
told to leave the field alone may still own it, and is still named.
"""

from dataclasses import replace
from datetime import datetime

from modelward.decide.conditions import ROLLBACK_PROTECTED
from modelward.domain.keepers import KEEPERS
from modelward.domain.recipes import Field
from modelward.domain.serving import Place, Serving
from modelward.domain.status import Condition, Status


def protect(status: Status, serving: Serving, generation: int, now: datetime) -> Status:
    """Name, in a condition, the program that owns the version's field; say nothing where none does."""
    before = status.condition(ROLLBACK_PROTECTED)
    others = tuple(c for c in status.conditions if c.type != ROLLBACK_PROTECTED)
    keeper = KEEPERS.get(serving.place.keeper)
    if keeper is None:
        return status if before is None else replace(status, conditions=others)
    since = before.last_transition_time if before is not None else now
    message = f"{_owner(serving.place)} and will write over a rollback at its next round: {recipe(serving)}"
    line = Condition(ROLLBACK_PROTECTED, "False", keeper.reason, message, since, generation)
    return replace(status, conditions=(*others, line))


def recipe(serving: Serving) -> str:
    """Say what whoever keeps the field has to be told; empty where nobody does."""
    keeper = KEEPERS.get(serving.place.keeper)
    deployment = serving.deployment
    return keeper.advise(Field(deployment.namespace, deployment.name, serving.place)) if keeper else ""


def _owner(place: Place) -> str:
    return f"field manager {place.keeper} ({KEEPERS[place.keeper].program}) owns the {place.label}"
