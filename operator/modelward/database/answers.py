"""Questions into the parameters of a statement, and its rows into answers."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from modelward.domain.metrics import Family
from modelward.domain.quality import Quality, SideBySide, VersionCount, Window, balance
from modelward.domain.questions import Comparison, Question, Span
from modelward.domain.source import Source
from modelward.domain.sums import Bin, Labels, Scores, Sums

Row = dict[str, Any]
PARTS = {Comparison.PAIRED: "paired", Comparison.CONCURRENT: "concurrent", Comparison.BEFORE_AFTER: "current"}


def parameters(questions: Sequence[Question], source: Source) -> dict[str, Any]:
    """Write one column for each field, and one row for each question and family."""
    asked = [(i, q, family) for i, q in enumerate(questions) for family in q.all_families]
    return {
        "id": [i for i, _, _ in asked],
        "family": [str(family) for _, _, family in asked],
        "model": [_model(q, source) for _, q, _ in asked],
        "environment": [q.environment for _, q, _ in asked],
        "version": [q.version for _, q, _ in asked],
        "length": [q.window.total_seconds() for _, q, _ in asked],
        "label_delay": [q.label_delay.total_seconds() for _, q, _ in asked],
        "not_before": [q.not_before for _, q, _ in asked],
        "baseline": [q.baseline_version for _, q, _ in asked],
        "rival": [q.rival for _, q, _ in asked],
        "pairs": [q.comparison.wants_pairs for _, q, _ in asked],
        "shared": [q.comparison.wants_shared_time for _, q, _ in asked],
        "positive": [q.positive_class for _, q, _ in asked],
    }


def span_parameters(question: Question, spans: Sequence[Span], source: Source) -> dict[str, Any]:
    """Write one row for each span."""
    return {
        "model": _model(question, source),
        "environment": question.environment,
        "label_delay": question.label_delay.total_seconds(),
        "positive": question.positive_class,
        "family": [str(family) for family in question.families],
        "id": list(range(len(spans))),
        "part": [PARTS[s.comparison] for s in spans],
        "version": [s.version for s in spans],
        "rival": [s.rival for s in spans],
        "opens": [s.start for s in spans],
        "closes": [s.end for s in spans],
        "step": [(s.end - s.start).total_seconds() / s.buckets for s in spans],
        "not_before": [s.not_before for s in spans],
    }


def answers(questions: Sequence[Question], rows: Iterable[Row]) -> list[Quality]:
    """Give each question its rows."""
    by_question: dict[int, list[Row]] = {}
    for row in rows:
        by_question.setdefault(row["id"], []).append(row)
    return [_quality(question, by_question[i]) for i, question in enumerate(questions)]


def spanned(spans: Sequence[Span], rows: Iterable[Row]) -> list[dict[str, dict[int, Sums]]]:
    """Give each span the sums of its buckets, by version."""
    by_span: list[list[Row]] = [[] for _ in spans]
    for row in rows:
        by_span[row["id"]].append(row)
    return [_by_version(found) for found in by_span]


def _model(question: Question, source: Source) -> str:
    """A table without a model's name holds one model only."""
    return question.model_name if source.columns.model_name else ""


def _utc(moment: datetime) -> datetime:
    """Leave the session's zone: differences of two moments of a zone are taken by its wall clock."""
    return moment.astimezone(UTC)


def _quality(question: Question, rows: Sequence[Row]) -> Quality:
    current = [r for r in rows if r["part"] == "current"]
    opens, closes, moment = (_utc(current[0][name]) for name in ("opens", "closes", "moment"))
    baseline = [r for r in rows if r["part"] == "baseline" and r["model_version"] is not None]
    first = question.all_families[0]
    return Quality(
        now=moment,
        current=_window(question, opens, closes, [r for r in current if r["model_version"] == question.version]),
        baseline=_window(question, _utc(baseline[0]["opens"]), _utc(baseline[0]["closes"]), baseline)
        if baseline
        else None,
        others=tuple(
            VersionCount(r["model_version"], r["predictions"])
            for r in current
            if r["model_version"] not in {None, question.version} and r["family"] == first
        ),
        paired=_paired(question, [r for r in rows if r["part"] == "paired"]),
        concurrent=_concurrent(question, [r for r in rows if r["part"] == "concurrent"]),
    )


def _window(question: Question, opens: datetime, closes: datetime, rows: Sequence[Row]) -> Window:
    if not rows:
        return Window(opens, closes, families=question.families)
    gating = [r for r in rows if r["family"] in question.families]
    return Window(
        opens,
        closes,
        rows[0]["predictions"],
        max(r["bad_predictions"] for r in gating),
        max(r["bad_labels"] for r in gating),
        _sums(rows),
        question.families,
        max((_utc(r["newest_label"]) for r in gating if r["newest_label"] is not None), default=None),
    )


def _paired(question: Question, rows: Sequence[Row]) -> SideBySide | None:
    sides = {version: buckets[0] for version, buckets in _by_version(rows).items()}
    if not sides or question.rival is None:
        return None
    return SideBySide(sides.get(question.version, Sums()), sides.get(question.rival, Sums()), 1)


def _concurrent(question: Question, rows: Sequence[Row]) -> SideBySide | None:
    sides = _by_version(rows)
    if question.rival is None:
        return None
    return balance(sides.get(question.version, {}), sides.get(question.rival, {}), question.all_families)


def _by_version(rows: Iterable[Row]) -> dict[str, dict[int, Sums]]:
    gathered: dict[str, dict[int, list[Row]]] = {}
    for row in rows:
        if row["model_version"] is not None:
            gathered.setdefault(row["model_version"], {}).setdefault(row["bucket"], []).append(row)
    return {
        version: {bucket: _sums(found) for bucket, found in buckets.items()} for version, buckets in gathered.items()
    }


def _sums(rows: Iterable[Row]) -> Sums:
    """Put the families of one set of rows together."""
    sums = Sums()
    for row in rows:
        n, values = row["n"], row["sums"]
        if row["family"] == Family.REGRESSION:
            sums = replace(Sums(n, *values), labels=sums.labels, scores=sums.scores)
        elif row["family"] == Family.LABELS:
            sums = replace(sums, labels=Labels(n, *values))
        else:
            sums = replace(sums, scores=_scores(n, values))
    return sums


def _scores(n: int, values: Sequence[float]) -> Scores:
    positives, log_loss, brier, *rest = values
    count = len(rest) // 5
    columns = (rest[i * count : (i + 1) * count] for i in range(5))
    bins = tuple(Bin(int(k), p, q, low, high) for k, p, q, low, high in zip(*columns, strict=True))
    return Scores(n, positives, log_loss, brier, bins)
