"""Worlds in which somebody is to be told: a receiver or two, a mailbox and an audit table."""

from datetime import timedelta
from typing import Any

from component.mail import Mail
from component.world import World, a_degraded_world
from modelward.postman import FLUSH

OPS: dict[str, Any] = {"name": "ops", "secretRef": {"name": "ops-mail"}}
CHAT: dict[str, Any] = {"name": "chat", "secretRef": {"name": "chat"}}
SOON = timedelta(seconds=FLUSH + 1)
ALL = ["RolledBack", "RollbackFailed", "Degraded", "Contested", "MetricsUnavailable", "BudgetExhausted", "BreakerOpen"]
ALL += ["Recovered"]


async def a_told_world(*alerts: dict[str, Any], **spec: Any) -> tuple[World, Mail]:
    """Return a degraded world with a mailbox and an audit table; the check that acts is due."""
    mail = Mail()
    return await a_degraded_world(mail, alerts=list(alerts or (OPS,)), **spec), mail


def waiting(world: World) -> list[tuple[str, str, str]]:
    """List what waits in the outbox: reason, channel, receiver."""
    letters = world.status().outbox.letters
    return [(letter.reason, d.channel, d.to) for letter in letters for d in letter.deliveries]
