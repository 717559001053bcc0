"""Rows of model_predictions in memory, summed one by one and by the book: what the SQL has to agree with."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import cast

from modelward.domain.errors import SourceError
from modelward.domain.quality import Quality, Sums, VersionCount, Window
from modelward.domain.questions import Connection, Question
from modelward.domain.source import OWN, Source

LIMIT = 1e150


@dataclass(frozen=True, slots=True)
class Row:
    """One row of model_predictions."""

    model: str
    version: str
    predicted_at: datetime
    prediction: float | None
    actual: float | None = None
    actual_at: datetime | None = None
    request_id: str = ""
    role: str = "live"
    environment: str = ""


@dataclass(slots=True)
class FixedClock:
    """Stands still until it is told to go on."""

    moment: datetime = field(default_factory=lambda: datetime(2026, 1, 8, 14, 32, 23, tzinfo=UTC))

    def now(self) -> datetime:
        """Return the moment."""
        return self.moment

    def advance(self, length: timedelta) -> None:
        """Let time pass."""
        self.moment += length


class InMemoryReader:
    """Answers from rows, one at a time and by the book; fails when it is told to."""

    def __init__(self, clock: FixedClock) -> None:
        self.clock = clock
        self.offset = timedelta(0)
        """How far the database's clock is ahead."""
        self.rows: dict[str, list[Row]] = {}
        self.down: SourceError | None = None
        self.broken: dict[str, SourceError] = {}
        """What a single model's rows make of the statement."""
        self.unfit: dict[Source, SourceError] = {}
        """Sources whose names do not fit."""
        self.registered: dict[str, bool] = {}
        """Versions of the registry, and whether they are archived."""
        self.registered_error: SourceError | None = None
        self.asked: list[list[Question]] = []
        self.released: list[Connection] = []

    @property
    def statements(self) -> int:
        """How many judging statements were sent."""
        return len(self.asked)

    def add(self, rows: Iterable[Row]) -> None:
        """Insert rows."""
        for row in rows:
            self.rows.setdefault(row.model, []).append(row)

    async def read(
        self, connection: Connection, questions: Sequence[Question], source: Source = OWN
    ) -> list[Quality | SourceError]:
        """Answer all questions."""
        del connection
        self.asked.append(list(questions))
        wrong = self.down or self.unfit.get(source)
        return [wrong or self.broken.get(q.model_name) or self.answer(q) for q in questions]

    async def versions(
        self, connection: Connection, model_name: str, environment: str, source: Source = OWN
    ) -> list[VersionCount]:
        """List versions, the registry's first, the newest last."""
        del connection, source
        if self.down:
            raise self.down
        live = [r for r in self.rows.get(model_name, ()) if r.environment == environment and r.role == "live"]
        counts = {r.version: 0 for r in sorted(live, key=lambda r: r.predicted_at)}
        for row in live:
            counts[row.version] += 1
        seen = [VersionCount(version, number) for version, number in counts.items()]
        return [VersionCount(v, 0) for v in self.registered if v not in counts] + seen

    async def release(self, connection: Connection) -> None:
        """Remember who was let go."""
        self.released.append(connection)

    async def archived(
        self, connection: Connection, model_name: str, environment: str, source: Source = OWN
    ) -> tuple[str, ...]:
        """List the archived versions."""
        del connection, model_name, environment, source
        if error := self.down or self.registered_error:
            raise error
        return tuple(version for version, archived in self.registered.items() if archived)

    def answer(self, question: Question) -> Quality:
        """Answer one question from its rows."""
        rows = [
            r
            for r in self.rows.get(question.model_name, ())
            if r.environment == question.environment and r.role == "live"
        ]
        return answer(rows, question, self.clock.now() + self.offset)


# -- the API server --------------------------------------------------------------------------------------------------


def answer(rows: Sequence[Row], question: Question, now: datetime) -> Quality:
    """Answer a question from the live rows of its model and environment."""
    closes = (now - question.label_delay).replace(microsecond=0)
    opens = closes - question.window
    inside = [r for r in rows if opens <= r.predicted_at < closes and not _is_cut_off(r, question)]
    versions = sorted({r.version for r in inside})
    windows = {v: _window([r for r in inside if r.version == v], question, opens, closes) for v in versions}
    current = windows.pop(question.version, Window(opens, closes))
    others = tuple(VersionCount(version, window.predictions) for version, window in windows.items())
    return Quality(now, current, _baseline(rows, question, closes), others)


def sum_rows(pairs: Iterable[tuple[float, float]]) -> Sums:
    """Sum (prediction, actual) pairs, all of them finite."""
    kept = list(pairs)
    if not kept:
        return Sums()
    n, actuals, errors = len(kept), [y for _, y in kept], [p - y for p, y in kept]
    mean = math.fsum(actuals) / n
    squares = math.fsum((y - mean) ** 2 for y in actuals)
    return Sums(n, mean, squares, math.fsum(errors), math.fsum(map(abs, errors)), math.fsum(e * e for e in errors))


def _is_cut_off(row: Row, question: Question) -> bool:
    before = question.not_before
    return before is not None and row.version == question.version and row.predicted_at < before


def _baseline(rows: Sequence[Row], question: Question, closes: datetime) -> Window | None:
    own = [r for r in rows if r.version == question.baseline_version]
    recent = [r.predicted_at for r in own if closes - timedelta(days=90) < r.predicted_at < closes]
    if not recent:
        return None
    last = max(recent)
    opens, end = last - question.window, last + timedelta(microseconds=1)
    return _window([r for r in own if opens <= r.predicted_at < end], question, opens, end)


def _window(rows: Sequence[Row], question: Question, opens: datetime, closes: datetime) -> Window:
    requests: dict[str, list[Row]] = {}
    for row in rows:
        requests.setdefault(row.request_id, []).append(row)
    samples = [(_prediction(group), _actual(group, question.label_delay)) for group in requests.values()]
    good = [(p, y) for p, y in samples if _is_finite(p) and _is_finite(y)]
    return Window(
        opens,
        closes,
        predictions=len(samples),
        bad_predictions=sum(not _is_finite(p) for p, _ in samples),
        bad_labels=sum(y is not None and not _is_finite(y) for _, y in samples),
        sums=sum_rows(cast("list[tuple[float, float]]", good)),
    )


def _prediction(rows: Sequence[Row]) -> float | None:
    return min(rows, key=lambda r: r.predicted_at).prediction


def _actual(rows: Sequence[Row], delay: timedelta) -> float | None:
    in_time = [
        r
        for r in rows
        if r.actual is not None and (not delay or (r.actual_at or r.predicted_at) <= r.predicted_at + delay)
    ]
    first = datetime.min.replace(tzinfo=UTC)
    return max(in_time, key=lambda r: r.actual_at or first).actual if in_time else None


def _is_finite(value: float | None) -> bool:
    return value is not None and abs(value) < LIMIT
