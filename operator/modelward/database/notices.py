"""What was told and what is still to be told of a database that stands alone: the audit table is the outbox.

A rollback has its row anyway; a verdict that a person has to know of gets one (phase Seen). A receiver that has heard
of it is another row, so a message that did not arrive, or a process that was killed, is made up for by the next call.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from modelward.database.ledger import PostgresLedger, run
from modelward.domain.ledger import ModelKey
from modelward.domain.letters import Letter

TOLD = "Told "


@dataclass(frozen=True, slots=True)
class Untold:
    """A row of the last day, and the receivers that have heard of it."""

    event: str
    phase: str
    reason: str
    at: datetime
    from_version: str | None
    to_version: str | None
    actor: str
    evidence: Mapping[str, Any]
    told: frozenset[str]


@dataclass(frozen=True, slots=True)
class Word:
    """What was last seen of a version, empty where nothing was; `after` is the recovery that came before it."""

    event: str = ""
    reason: str = ""
    after: str = ""


def last_word(ledger: PostgresLedger, key: ModelKey, version: str) -> Word:
    """Return what was last seen of a version."""
    with ledger.transaction() as cursor:
        found = run(cursor, "last_word", {**_which(key), "version": version}).fetchone()
    return Word(**found) if found else Word()


def keep(ledger: PostgresLedger, key: ModelKey, letter: Letter, evidence: Mapping[str, Any]) -> None:
    """Write down what was seen, once."""
    said = {**evidence, "message": letter.message}
    with ledger.transaction() as cursor:
        run(
            cursor,
            "keep_notice",
            {
                **_which(key),
                "event_id": letter.event,
                "phase": letter.step.value,
                "at": letter.time,
                "from_version": letter.from_,
                "to_version": letter.to,
                "actor": letter.actor,
                "reason": letter.reason,
                "evidence": json.dumps(said, allow_nan=False),
            },
        )


def untold(ledger: PostgresLedger, key: ModelKey) -> list[Untold]:
    """List what happened within a day, oldest first, with who has heard of it."""
    with ledger.transaction() as cursor:
        rows = run(cursor, "untold", {**_which(key), "told": TOLD}).fetchall()
    return [Untold(**{**row, "told": frozenset(t.removeprefix(TOLD) for t in row["told"])}) for row in rows]


def note_told(ledger: PostgresLedger, key: ModelKey, event: str, reason: str, receiver: str) -> None:
    """Write down that a receiver has heard of something."""
    row = {**_which(key), "event_id": event, "phase": f"{TOLD}{receiver}", "at": None, "reason": reason}
    nobody = {"from_version": None, "to_version": None, "actor": "modelward", "evidence": "{}"}
    with ledger.transaction() as cursor:
        run(cursor, "keep_notice", {**row, **nobody})


def _which(key: ModelKey) -> dict[str, Any]:
    return {"model": key.model, "environment": key.environment}
