"""The adapter of the QualityReader port: one statement for each group of questions about one source."""

from collections.abc import AsyncIterator, Sequence
from datetime import datetime
from typing import Any

from psycopg.sql import Composed

from modelward.database import feed
from modelward.database.answers import answers, parameters, span_parameters, spanned
from modelward.database.fence import Fence
from modelward.database.groups import Group
from modelward.database.inspection import Problem, find_problems, read_catalogue
from modelward.database.links import Bounds, Links, Row
from modelward.database.needs import needed_tables
from modelward.database.relations import bound_values, compose, query_for
from modelward.database.statements import judging, spanning
from modelward.domain.errors import SourceError
from modelward.domain.quality import Quality, Sums, VersionCount
from modelward.domain.questions import Connection, Question, Span
from modelward.domain.reasons import Reason
from modelward.domain.source import OWN, Source, Table

EXPLAINED = frozenset({Reason.SCHEMA_MISMATCH, Reason.PERMISSION_DENIED})
EXACT = "modelward db check prints the exact statements"  # in status, the user's name is nobody's business
MOST_TOLD = 3


class PostgresReader:
    """Reads with short, read-only transactions; `statements` counts the judging statements sent."""

    def __init__(
        self,
        *,
        statement_timeout: float = 5.0,
        lock_timeout: float = 1.0,
        connect_timeout: float = 5.0,
        replica_lag: float = 300.0,
        grace: float = 5.0,
        fence: Fence | None = None,
    ) -> None:
        self._bounds = Bounds(statement_timeout, lock_timeout, connect_timeout, replica_lag, grace, fence)
        self._links = Links(self._bounds)
        self.statements = 0

    @property
    def asked(self) -> int:
        """All statements sent, those that do not judge included."""
        return self._links.asked

    async def read(
        self, connection: Connection, questions: Sequence[Question], source: Source = OWN
    ) -> list[Quality | SourceError]:
        """Answer all questions with one statement; only a group that is very large, or fails, is taken apart."""

        async def ask(asked: Sequence[Question], link: int) -> list[Quality]:
            self.statements += 1
            statement = compose(statement_for(asked), source)
            return answers(asked, await self._ask(connection, statement, parameters(asked, source), source, link))

        return await Group(questions, ask, lambda: self._links.release(connection, 1)).answer()

    async def spans(
        self, connection: Connection, question: Question, spans: Sequence[Span], source: Source = OWN
    ) -> list[dict[str, dict[int, Sums]]]:
        """Sum stretches of time bucket by bucket, for each version that has rows there; raises SourceError."""
        parts = frozenset(span.comparison for span in spans)
        statement = compose(spanning(frozenset(question.families), parts, relative=question.relative), source)
        return spanned(spans, await self._ask(connection, statement, span_parameters(question, spans, source), source))

    async def versions(
        self, connection: Connection, model_name: str, environment: str, source: Source = OWN
    ) -> list[VersionCount]:
        """List the versions with live predictions, then those of the registry alone; raises SourceError."""
        which = _which(model_name, environment, source)
        rows = await self._ask(connection, query_for("versions", source), which, source)
        seen = [VersionCount(r["model_version"], r["predictions"]) for r in rows]
        names = {v.version for v in seen}
        try:
            registered = await self._registered(connection, model_name, environment, source)
        except SourceError as error:
            raise SourceError(error.reason, f"the versions table could not be read: {error}") from None
        return [VersionCount(r["model_version"], 0) for r in registered if r["model_version"] not in names] + seen

    async def last_seen(
        self,
        connection: Connection,
        model_name: str,
        environment: str,
        versions: Sequence[str],
        source: Source = OWN,
    ) -> dict[str, datetime]:
        """Return when each version made its last live prediction within 90 days, if any; raises SourceError."""
        which = {**_which(model_name, environment, source), "versions": list(versions)}
        rows = await self._ask(connection, query_for("last_seen", source), which, source)
        return {row["version"]: row["at"] for row in rows}

    async def seconds_to_settle(
        self, connection: Connection, model_name: str, environment: str, source: Source = OWN
    ) -> float:
        """Return how long to wait until labels that have just come stand in a window; 0 where none have."""
        which = _which(model_name, environment, source)
        rows = await self._ask(connection, query_for("settling", source), which, source)
        return float(rows[0]["seconds"]) if rows else 0.0

    async def archived(
        self, connection: Connection, model_name: str, environment: str, source: Source = OWN
    ) -> tuple[str, ...]:
        """List the versions that the registry, where there is one, calls archived; raises SourceError."""
        rows = await self._registered(connection, model_name, environment, source)
        return tuple(r["model_version"] for r in rows if r["archived"])

    def listen(self, connection: Connection) -> AsyncIterator[tuple[str, str, float]]:
        """Yield what the triggers of our tables announce; SourceError when the connection ends or cannot LISTEN."""
        return feed.listen(connection, self._bounds.connect_timeout, self._bounds.fence)

    async def release(self, connection: Connection) -> None:
        """Hang up on a database that is not asked any more."""
        await self._links.release(connection)

    async def close(self) -> None:
        """Close every connection."""
        await self._links.close()

    async def _registered(self, connection: Connection, model: str, environment: str, source: Source) -> list[Row]:
        versions = source.versions
        if versions is None:
            return []
        if versions.optional:
            which = {"schema": versions.table.schema, "table": versions.table.name}
            (found,) = await self._ask(connection, query_for("has_table", source), which, source)
            if not found["there"]:
                return []
        which = {
            "model": model if versions.model_name else "",
            "environment": environment if versions.environment else "",
        }
        return await self._ask(connection, query_for("registered", source), which, source)

    async def _ask(
        self, connection: Connection, statement: Composed, parameters: dict[str, Any], source: Source, link: int = 0
    ) -> list[Row]:
        values = {**parameters, **bound_values(source)}
        try:
            return await self._links.ask(connection, statement, values, source.time_zone, link)
        except SourceError as error:
            raise await self._explain(connection, source, error) from None

    async def _explain(self, connection: Connection, source: Source, error: SourceError) -> SourceError:
        """Where names, types or rights do not fit, say what there is; the server says only what there is not."""
        if error.reason not in EXPLAINED:
            return error
        try:
            found = await self._problems(connection, source)
        except SourceError:  # the first error is the one to tell
            return error
        problems = [p for p in found if p.reason is error.reason]
        if not problems:
            return error
        if error.reason is Reason.PERMISSION_DENIED:
            grants = dict.fromkeys(m.rstrip(";") for p in problems for m in p.mend)
            return SourceError(error.reason, f"{error}: {'; '.join(grants)}; {EXACT}")
        return SourceError(error.reason, "; ".join(p.sentence for p in problems[:MOST_TOLD]))

    async def _problems(self, connection: Connection, source: Source) -> list[Problem]:
        tables, of = needed_tables(source), source.predictions
        which = {"schemas": [t.schema for t in tables], "tables": [t.name for t in tables]}
        catalogue = read_catalogue(await self._links.ask(connection, query_for("catalog", OWN), which))
        rows = await self._links.ask(connection, query_for("neighbours", OWN), which)
        ours = {"schema": of.schema, "table": of.name}
        (prepared,) = await self._links.ask(connection, query_for("preparation", OWN), ours)
        neighbours = [Table(row["schema"], row["name"]) for row in rows]
        return find_problems(source, catalogue, neighbours, None, initialised=prepared["initialised"])


def _which(model_name: str, environment: str, source: Source) -> dict[str, Any]:
    """Name the model; a table without a model's name holds one model only."""
    return {"model": model_name if source.columns.model_name else "", "environment": environment}


def statement_for(questions: Sequence[Question]) -> str:
    """Return the statement that asks for no more than these questions need."""
    rivals = [q.comparison for q in questions if q.rival is not None]
    return judging(
        frozenset(family for q in questions for family in q.all_families),
        pairs=any(comparison.wants_pairs for comparison in rivals),
        shared=any(comparison.wants_shared_time for comparison in rivals),
        relative=any(q.relative for q in questions),
    )
