"""Rows of model_predictions in memory, summed one by one and by the book: what the SQL has to agree with."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from modelward.domain.errors import SourceError
from modelward.domain.quality import Quality, SideBySide, Sums, VersionCount, Window, balance
from modelward.domain.questions import Comparison, Connection, Question, Span
from modelward.domain.source import OWN, Source
from samples import LIMIT, Row, Sample, answer_of, requests_of, sample_of, sum_samples, truth_of
from summing import sum_rows

if TYPE_CHECKING:
    from modelward.domain.metrics import Family

__all__ = ["LIMIT", "FixedClock", "InMemoryReader", "Row", "answer", "sum_rows"]


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
        self.spanned: list[list[Span]] = []
        self.spans_error: SourceError | None = None

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

    async def spans(
        self, connection: Connection, question: Question, spans: Sequence[Span], source: Source = OWN
    ) -> list[dict[str, dict[int, Sums]]]:
        """Sum stretches of time, bucket by bucket."""
        del connection, source
        self.spanned.append(list(spans))
        if error := self.down or self.spans_error:
            raise error
        rows = self._rows(question)
        return [span_sums(rows, question, span) for span in spans]

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
        return answer(self._rows(question), question, self.clock.now() + self.offset)

    def _rows(self, question: Question) -> list[Row]:
        return [r for r in self.rows.get(question.model_name, ()) if r.environment == question.environment]


# -- answers ---------------------------------------------------------------------------------------------------------

ROLES = {
    Comparison.BEFORE_AFTER: {"live"},
    Comparison.CONCURRENT: {"live", "holdback"},
    Comparison.PAIRED: {"live", "shadow"},
}
MICROSECOND = timedelta(microseconds=1)


def answer(rows: Sequence[Row], question: Question, now: datetime) -> Quality:
    """Answer a question from the rows of its model and environment."""
    closes = (now - question.label_delay).replace(microsecond=0)
    opens = closes - question.window
    inside = [r for r in rows if opens <= r.predicted_at < closes and not _is_cut_off(r, question)]
    live = [r for r in inside if r.role == "live"]
    versions = sorted({r.version for r in live})
    windows = {v: _window([r for r in live if r.version == v], question, opens, closes) for v in versions}
    current = windows.pop(question.version, Window(opens, closes, families=question.families))
    others = tuple(VersionCount(version, window.predictions) for version, window in windows.items())
    return Quality(
        now,
        current,
        _baseline([r for r in rows if r.role == "live"], question, closes),
        others,
        paired=_paired(inside, question),
        concurrent=_concurrent(inside, question, opens),
    )


def span_sums(rows: Sequence[Row], question: Question, span: Span) -> dict[str, dict[int, Sums]]:
    """Sum a span's rows by version and bucket."""
    kept = [
        r
        for r in rows
        if span.start <= r.predicted_at < span.end
        and r.role in ROLES[span.comparison]
        and r.version in {span.version, span.rival}
        and (span.not_before is None or r.version != span.version or r.predicted_at >= span.not_before)
    ]
    step = (span.end - span.start) / span.buckets
    if span.comparison is Comparison.PAIRED:
        return _pair(kept, question, span.start, step)
    versions = {r.version for r in kept}
    return {v: _buckets([r for r in kept if r.version == v], question, span.start, step) for v in versions}


def _is_cut_off(row: Row, question: Question) -> bool:
    before = question.not_before
    return before is not None and row.version == question.version and row.predicted_at < before


def _baseline(rows: Sequence[Row], question: Question, closes: datetime) -> Window | None:
    own = [r for r in rows if r.version == question.baseline_version]
    recent = [r.predicted_at for r in own if closes - timedelta(days=90) < r.predicted_at < closes]
    if not recent:
        return None
    last = max(recent)
    opens, end = last - question.window, last + MICROSECOND
    return _window([r for r in own if opens <= r.predicted_at < end], question, opens, end)


def _window(rows: Sequence[Row], question: Question, opens: datetime, closes: datetime) -> Window:
    requests = requests_of(rows)
    samples = {f: [sample_of(f, each, question) for each in requests.values()] for f in question.all_families}
    gating = [samples[f] for f in question.families]
    asked = [min(r.predicted_at for r in group) for group in requests.values()]
    labelled = [at for each in gating for at, s in zip(asked, each, strict=True) if s.fit and s.true]
    return Window(
        opens,
        closes,
        predictions=len(requests),
        bad_predictions=max(sum(not s.fit for s in each) for each in gating),
        bad_labels=max(sum(s.truth is not None and not s.true for s in each) for each in gating),
        sums=sum_samples(samples, question),
        families=question.families,
        newest_label=max(labelled, default=None),
    )


def _paired(rows: Sequence[Row], question: Question) -> SideBySide | None:
    if question.rival is None or not question.comparison.wants_pairs:
        return None
    kept = [r for r in rows if r.version in {question.version, question.rival} and r.role in {"live", "shadow"}]
    sides = {v: buckets[0] for v, buckets in _pair(kept, question, None, None).items()}
    if not sides:
        return None
    return SideBySide(sides[question.version], sides[question.rival], 1)


def _pair(
    rows: Sequence[Row], question: Question, origin: datetime | None, step: timedelta | None
) -> dict[str, dict[int, Sums]]:
    found: dict[str, dict[int, dict[Family, list[Sample]]]] = {}
    for group in requests_of(rows).values():
        roles = {(r.version == question.version, r.role) for r in group}
        if not ({(True, "live"), (False, "shadow")} <= roles or {(True, "shadow"), (False, "live")} <= roles):
            continue
        bucket = _bucket(min(r.predicted_at for r in group), origin, step)
        for family in question.all_families:
            truth = truth_of(family, group, question.label_delay)
            sides = {
                v: Sample(family, answer_of(family, [r for r in group if r.version == v]), truth)
                for v in (question.version, question.rival or "")
            }
            fit = all(s.fit for s in sides.values())
            for version, sample in sides.items():
                kept = found.setdefault(version, {}).setdefault(bucket, {}).setdefault(family, [])
                kept.append(sample if fit else Sample(family, sample.answer, None))
    return {v: {b: sum_samples(samples, question) for b, samples in each.items()} for v, each in found.items()}


def _concurrent(rows: Sequence[Row], question: Question, opens: datetime) -> SideBySide | None:
    if question.rival is None or not question.comparison.wants_shared_time:
        return None
    sides = [
        [r for r in rows if r.version == v and r.role in {"live", "holdback"}]
        for v in (question.version, question.rival)
    ]
    if not all(sides):
        return None
    first = max(min(r.predicted_at for r in side) for side in sides)
    last = min(max(r.predicted_at for r in side) for side in sides)
    mine, theirs = (
        _buckets([r for r in side if first <= r.predicted_at <= last], question, opens, question.window / 24)
        for side in sides
    )
    return balance(mine, theirs, question.all_families)


def _buckets(rows: Sequence[Row], question: Question, origin: datetime, step: timedelta) -> dict[int, Sums]:
    buckets: dict[int, list[list[Row]]] = {}
    for group in requests_of(rows).values():
        buckets.setdefault(_bucket(min(r.predicted_at for r in group), origin, step), []).append(group)
    return {
        b: sum_samples({f: [sample_of(f, each, question) for each in groups] for f in question.all_families}, question)
        for b, groups in buckets.items()
    }


def _bucket(moment: datetime, origin: datetime | None, step: timedelta | None) -> int:
    return 0 if origin is None or step is None else math.floor((moment - origin) / step)
