"""What is still to be told: letters in `status.outbox`, each with the addresses that have not got it yet.

A letter holds all that its text is made from, since the figures in status have moved on when it is delivered.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from modelward.domain.messages import About


class Step(StrEnum):
    """What happened, as the audit table's column `phase` says it; the first seven are those of a rollback."""

    DECIDED = "Decided"
    PATCHED = "Patched"
    VERIFIED = "Verified"
    FAILED = "Failed"
    SUPERSEDED = "Superseded"
    RETURNING = "Returning"
    RETURNED = "Returned"
    CONTESTED = "Contested"
    REQUESTED = "Requested"
    REFUSED = "Refused"
    CLEARED = "Cleared"
    PLACED = "Placed"
    OBSERVED = "Observed"
    SEEN = "Seen"


class Channel(StrEnum):
    """The two ways that a letter goes."""

    ALERT = "Alert"
    AUDIT = "Audit"


@dataclass(frozen=True, slots=True)
class Figure:
    """One metric, as people read it."""

    name: str
    previous: str | None = None
    current: str | None = None
    change_percent: str | None = None
    limit_percent: str = ""
    breached: bool = False


@dataclass(frozen=True, slots=True)
class Evidence:
    """What a decision rests on."""

    metrics: tuple[Figure, ...] = ()
    samples: int | None = None
    window_start_time: datetime | None = None
    window_end_time: datetime | None = None
    comparison: str | None = None


@dataclass(frozen=True, slots=True)
class Delivery:
    """One address that has not got a letter yet; `to` is the alert's name, empty for the audit table."""

    channel: Channel
    to: str = ""
    attempts: int = 0
    next_time: datetime | None = None
    error: str | None = None


@dataclass(frozen=True, slots=True)
class Letter:
    """One change: told once to each address, and known by its id there."""

    id: str
    event: str
    """What the change belongs to: the rollback's id for all of its steps."""
    step: Step
    reason: str
    time: datetime
    message: str
    actor: str = "modelward"
    from_: str | None = None
    to: str | None = None
    from_value: str | None = None
    to_value: str | None = None
    evidence: Evidence = Evidence()
    deliveries: tuple[Delivery, ...] = ()


@dataclass(frozen=True, slots=True)
class AlertStatus:
    """How one receiver of `spec.alerts` stands."""

    name: str
    reason: str
    message: str
    last_delivered_time: datetime | None = None


@dataclass(frozen=True, slots=True)
class Outbox:
    """What waits, and what was thrown away because too much waited."""

    letters: tuple[Letter, ...] = ()
    dropped: int | None = None
    outage_told_time: datetime | None = None
    """When the outage of the database began that was told of."""


Slot = tuple[str, Channel, str]  # the letter's id, and which of its addresses


@dataclass(frozen=True, slots=True)
class Result:
    """What became of one delivery: done (delivered, or given up), or to be tried again."""

    done: bool
    attempts: int = 0
    next_time: datetime | None = None
    error: str | None = None


@dataclass(frozen=True, slots=True)
class Row:
    """A line of the audit table: a letter, and whose it is."""

    letter: Letter
    about: About
    uid: str


@dataclass(frozen=True, slots=True)
class Past:
    """A line of the audit table, read back: what happened to a version of a model."""

    about: About
    step: Step
    event: str
    time: datetime
    from_version: str
    to_version: str
    message: str
