"""Rows of model_predictions, and what is judged of them: one sample for each request and family."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from modelward.domain.metrics import Family
from modelward.domain.questions import Question
from modelward.domain.sums import NOTHING, Sums
from summing import sum_family

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
    score: float | None = None
    predicted_class: str | None = None
    actual_class: str | None = None


@dataclass(frozen=True, slots=True)
class Sample:
    """What a version answered to one request, and what came true."""

    family: Family
    answer: float | str | None
    truth: float | str | None

    @property
    def fit(self) -> bool:
        """Whether the answer can be judged."""
        if self.family is Family.SCORES:
            return isinstance(self.answer, float | int) and 0 <= self.answer <= 1
        return _is_finite(self.answer)

    @property
    def true(self) -> bool:
        """Whether the truth can be judged by."""
        return _is_finite(self.truth)


def sum_samples(samples: dict[Family, list[Sample]], question: Question) -> Sums:
    sums = NOTHING
    for family, each in samples.items():
        good = [(s.answer, s.truth) for s in each if s.fit and s.true]
        sums = sums.merge(sum_family(family, good, question.positive_class))
    return sums


def sample_of(family: Family, rows: Sequence[Row], question: Question) -> Sample:
    return Sample(family, answer_of(family, rows), truth_of(family, rows, question.label_delay))


def requests_of(rows: Sequence[Row]) -> dict[str, list[Row]]:
    requests: dict[str, list[Row]] = {}
    for row in rows:
        requests.setdefault(row.request_id, []).append(row)
    return requests


def answer_of(family: Family, rows: Sequence[Row]) -> float | str | None:
    first = min(rows, key=lambda r: r.predicted_at)
    if family is Family.REGRESSION:
        return first.prediction
    return first.predicted_class if family is Family.LABELS else first.score


def truth_of(family: Family, rows: Sequence[Row], delay: timedelta) -> float | str | None:
    def of(row: Row) -> float | str | None:
        return row.actual if family is Family.REGRESSION else row.actual_class

    in_time = [
        r
        for r in rows
        if of(r) is not None and (not delay or (r.actual_at or r.predicted_at) <= r.predicted_at + delay)
    ]
    first = datetime.min.replace(tzinfo=UTC)
    return of(max(in_time, key=lambda r: r.actual_at or first)) if in_time else None


def _is_finite(value: float | str | None) -> bool:
    return isinstance(value, str) or (value is not None and abs(value) < LIMIT)
