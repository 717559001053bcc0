"""Whether a rollback would last: who owns the version's field, and what stops them from writing over it.

The condition RollbackProtected stands while such a program owns the field. What is owned is all that can be seen: one
that was told to leave the field alone may own it still, so an annotation on the Deployment says that it was told.
"""

from dataclasses import replace
from datetime import datetime

from modelward.decide.conditions import ROLLBACK_PROTECTED
from modelward.domain.keepers import KEEPERS
from modelward.domain.reasons import Reason
from modelward.domain.recipes import Field
from modelward.domain.serving import LEFT_ALONE_BY, Place, Serving
from modelward.domain.status import Condition, Status


def protect(status: Status, serving: Serving, generation: int, now: datetime) -> Status:
    """Name, in a condition, the program that owns the version's field; say nothing where none does."""
    before = status.condition(ROLLBACK_PROTECTED)
    others = tuple(c for c in status.conditions if c.type != ROLLBACK_PROTECTED)
    if serving.place.keeper not in KEEPERS:
        return status if before is None else replace(status, conditions=others)
    value, reason, message = _judge(serving)
    since = before.last_transition_time if before is not None and before.status == value else now
    line = Condition(ROLLBACK_PROTECTED, value, reason, message, since, generation)
    return replace(status, conditions=(*others, line))


def recipe(serving: Serving) -> str:
    """Say what whoever keeps the field has to be told; empty where nobody does."""
    keeper = KEEPERS.get(serving.place.keeper)
    deployment = serving.deployment
    return keeper.advise(Field(deployment.namespace, deployment.name, serving.place)) if keeper else ""


def _judge(serving: Serving) -> tuple[str, Reason, str]:
    owner, fix = _owner(serving.place), recipe(serving)
    told = {name.strip() for name in (serving.deployment.left_alone_by or "").split(",")}
    if serving.place.keeper in told:
        message = f"{owner}, and {LEFT_ALONE_BY} on the Deployment says that it was told to leave it alone: {fix}"
        return "True", Reason.LEFT_ALONE, message
    message = f"{owner} and will write over a rollback at its next round: {fix}"
    return "False", KEEPERS[serving.place.keeper].reason, message


def _owner(place: Place) -> str:
    return f"field manager {place.keeper} ({KEEPERS[place.keeper].program}) owns the {place.label}"
