"""The adapter of the AuditBook port: rows of modelward.audit, over connections of their own that end with the work.

The connection that reads quality stays read-only. A table that is not there, or may not be written, is no failure.
"""

import uuid
from collections.abc import Sequence
from typing import Any

import psycopg
from psycopg.rows import DictRow
from psycopg.types.json import Jsonb

from modelward.database.errors import explain_query
from modelward.database.links import Bounds, Link, brief_link, run_on
from modelward.domain.codec import encode
from modelward.domain.errors import SourceError
from modelward.domain.letters import Past, Row, Step
from modelward.domain.messages import About
from modelward.domain.questions import Connection
from modelward.domain.reasons import Reason

UNAVAILABLE: dict[str, str] = {
    "42P01": "the table modelward.audit is not there: modelward db init makes it",
    "3F000": "the schema modelward is not there: modelward db init makes it",
    "42703": "the table modelward.audit lacks a column",
    "42501": "the database user may not write modelward.audit: docs/alerts.md has the GRANT",
    "25006": "the database is read-only, so modelward.audit is not written",
}


class PostgresAudit:
    """Writes and reads modelward.audit."""

    def __init__(self, bounds: Bounds | None = None) -> None:
        self._bounds = bounds or Bounds()

    async def write(self, connection: Connection, rows: Sequence[Row], cluster_uid: str) -> list[SourceError | None]:
        """Write rows one by one over one connection; one that the database refuses stops no other."""
        results: list[SourceError | None] = []
        try:
            async with brief_link(connection, self._bounds) as link:
                results = [await self._record(link, row, cluster_uid) for row in rows]
        except SourceError as error:
            results = [error] * len(rows)
        return results

    async def past(self, connection: Connection) -> list[Past]:
        """Read what put versions into quarantine or took them out; SourceError where it cannot be read."""
        async with brief_link(connection, self._bounds) as link:
            try:
                rows = await run_on(link, self._bounds, "past", {})
            except psycopg.Error as error:
                raise _explain(error) from None
        return [_past(row) for row in rows]

    async def _record(self, link: Link, row: Row, cluster_uid: str) -> SourceError | None:
        try:
            await run_on(link, self._bounds, "record", _parameters(row, cluster_uid))
        except psycopg.Error as error:
            return _explain(error)
        return None


def _explain(error: psycopg.Error) -> SourceError:
    sentence = UNAVAILABLE.get(error.sqlstate or "")
    return SourceError(Reason.AUDIT_UNAVAILABLE, sentence) if sentence else explain_query(error)


def _parameters(row: Row, cluster_uid: str) -> dict[str, Any]:
    letter, about = row.letter, row.about
    return {
        "event": letter.event,
        "step": letter.step,
        "at": letter.time,
        "cluster": _uuid(cluster_uid),
        "resource": _uuid(row.uid),
        "namespace": about.namespace,
        "name": about.name,
        "model": about.model_name,
        "environment": about.environment,
        "from_version": letter.from_,
        "to_version": letter.to,
        "from_image": letter.from_value,  # the table speaks of images; a variable's value stands there as well
        "to_image": letter.to_value,
        "actor": letter.actor,
        "reason": letter.reason,
        "evidence": Jsonb({"message": letter.message, **encode(letter.evidence)}),
    }


def _uuid(text: str) -> uuid.UUID | None:
    try:
        return uuid.UUID(text)
    except ValueError:
        return None


def _past(row: DictRow) -> Past:
    about = About(row["namespace"], row["name"], row["model_name"], row["environment"])
    versions = (row["from_version"] or "", row["to_version"] or "")
    return Past(about, Step(row["phase"]), row["event_id"], row["at"], *versions, row["message"] or "")
