"""The adapter of the QualityReader port: one statement for each group of questions about one source."""

from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime
from typing import Any

from modelward.database import feed
from modelward.database.errors import is_about_rows
from modelward.database.inspection import find_problems, needed_tables, read_catalogue
from modelward.database.links import Bounds, Links, Row
from modelward.database.relations import bound_values, query_for
from modelward.domain.errors import SourceError
from modelward.domain.quality import Quality, Sums, VersionCount, Window
from modelward.domain.questions import Connection, Question
from modelward.domain.reasons import Reason
from modelward.domain.source import OWN, Source, Table

EXPLAINED = frozenset({Reason.SCHEMA_MISMATCH, Reason.PERMISSION_DENIED})
WHOEVER = "the user of the Secret"  # its name is nobody's business
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
    ) -> None:
        self._bounds = Bounds(statement_timeout, lock_timeout, connect_timeout, replica_lag)
        self._links = Links(self._bounds)
        self.statements = 0

    async def read(
        self, connection: Connection, questions: Sequence[Question], source: Source = OWN
    ) -> list[Quality | SourceError]:
        """Answer all questions with one statement; a group that fails by its rows is halved down to the culprit."""
        if not questions:
            return []
        try:
            rows = await self._ask(connection, "judge", judging_parameters(questions, source), source)
        except SourceError as error:
            if len(questions) == 1 or not is_about_rows(error):
                return [error] * len(questions)
            middle = len(questions) // 2
            first = await self.read(connection, questions[:middle], source)
            return first + await self.read(connection, questions[middle:], source)
        return _answers(questions, rows)

    async def versions(
        self, connection: Connection, model_name: str, environment: str, source: Source = OWN
    ) -> list[VersionCount]:
        """List the versions with live predictions, then those of the registry alone; raises SourceError."""
        which = {"model": model_name if source.columns.model_name else "", "environment": environment}
        rows = await self._ask(connection, "versions", which, source)
        seen = [VersionCount(r["model_version"], r["predictions"]) for r in rows]
        names = {v.version for v in seen}
        registered = await self._registered(connection, model_name, environment, source)
        return [VersionCount(r["model_version"], 0) for r in registered if r["model_version"] not in names] + seen

    async def archived(
        self, connection: Connection, model_name: str, environment: str, source: Source = OWN
    ) -> tuple[str, ...]:
        """List the versions that the registry, where there is one, calls archived; raises SourceError."""
        rows = await self._registered(connection, model_name, environment, source)
        return tuple(r["model_version"] for r in rows if r["archived"])

    def listen(self, connection: Connection) -> AsyncIterator[tuple[str, str, float]]:
        """Yield what the triggers of our tables announce; SourceError when the connection ends or cannot LISTEN."""
        return feed.listen(connection, self._bounds.connect_timeout)

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
            (found,) = await self._ask(connection, "has_table", which, source)
            if not found["there"]:
                return []
        which = {
            "model": model if versions.model_name else "",
            "environment": environment if versions.environment else "",
        }
        return await self._ask(connection, "registered", which, source)

    async def _ask(self, connection: Connection, query: str, parameters: dict[str, Any], source: Source) -> list[Row]:
        self.statements += query == "judge"
        values = {**parameters, **bound_values(source)}
        try:
            return await self._links.ask(connection, query_for(query, source), values, source.time_zone)
        except SourceError as error:
            raise await self._explain(connection, source, error) from None

    async def _explain(self, connection: Connection, source: Source, error: SourceError) -> SourceError:
        """Where names, types or rights do not fit, say what there is; the server says only what there is not."""
        if error.reason not in EXPLAINED:
            return error
        tables = needed_tables(source)
        which = {"schemas": [t.schema for t in tables], "tables": [t.name for t in tables]}
        try:
            catalogue = read_catalogue(await self._links.ask(connection, query_for("catalog", OWN), which))
            rows = await self._links.ask(connection, query_for("neighbours", OWN), which)
        except SourceError:  # the first error is the one to tell
            return error
        neighbours = [Table(row["schema"], row["name"]) for row in rows]
        problems = [p for p in find_problems(source, catalogue, neighbours, WHOEVER) if p.reason is error.reason]
        if not problems:
            return error
        if error.reason is Reason.PERMISSION_DENIED:
            return SourceError(error.reason, f"{error}: {'; '.join(m for p in problems for m in p.mend)}")
        return SourceError(error.reason, "; ".join(p.sentence for p in problems[:MOST_TOLD]))


def judging_parameters(questions: Sequence[Question], source: Source) -> dict[str, Any]:
    """Return what the judging statement wants bound; a table without a model's name holds one model only."""
    return {
        "id": list(range(len(questions))),
        "model": [q.model_name if source.columns.model_name else "" for q in questions],
        "environment": [q.environment for q in questions],
        "version": [q.version for q in questions],
        "length": [q.window.total_seconds() for q in questions],
        "label_delay": [q.label_delay.total_seconds() for q in questions],
        "not_before": [q.not_before for q in questions],
        "baseline": [q.baseline_version for q in questions],
    }


def _answers(questions: Sequence[Question], rows: list[Row]) -> list[Quality | SourceError]:
    by_question: dict[int, list[Row]] = {}
    for row in rows:
        by_question.setdefault(row["id"], []).append(row)
    return [_quality(question, by_question[i]) for i, question in enumerate(questions)]


def _quality(question: Question, rows: list[Row]) -> Quality:
    current = [r for r in rows if r["part"] == "current"]
    own = next((r for r in current if r["model_version"] == question.version), None)
    baseline = next((r for r in rows if r["part"] == "baseline" and r["model_version"] is not None), None)
    others = (r for r in current if r["model_version"] not in {None, question.version})
    opens, closes, moment = (_utc(current[0][name]) for name in ("opens", "closes", "moment"))
    return Quality(
        now=moment,
        current=_window(own) if own else _empty(opens, closes),
        baseline=_window(baseline) if baseline else None,
        others=tuple(VersionCount(r["model_version"], r["predictions"]) for r in others),
    )


def _empty(opens: datetime, closes: datetime) -> Window:
    return Window(opens, closes)


def _window(row: Row) -> Window:
    sums = Sums(row["n"], row["mean_y"], row["m2_y"], row["sum_e"], row["sum_ae"], row["sum_e2"])
    return Window(
        _utc(row["opens"]), _utc(row["closes"]), row["predictions"], row["bad_predictions"], row["bad_labels"], sums
    )


def _utc(moment: datetime) -> datetime:
    """Leave the session's zone: differences of two moments of a zone are taken by its wall clock."""
    return moment.astimezone(UTC)
