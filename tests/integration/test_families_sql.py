"""Every family and comparison on a real PostgreSQL: against sums made by hand, and scikit-learn."""

import math
import random
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import psycopg
import pytest
from sklearn import metrics as sk

from modelward.database.reader import PostgresReader
from modelward.database.secrets import read_connection
from modelward.domain.measures import COMPUTE, roc_auc_error, roc_auc_of
from modelward.domain.metrics import Family, MetricName
from modelward.domain.quality import Quality, SideBySide
from modelward.domain.questions import Comparison, Question, Span
from modelward.domain.sums import Sums
from rows import Row, answer, span_sums

HOUR, MINUTE, TENTH = timedelta(hours=1), timedelta(minutes=1), timedelta(milliseconds=100)
ALL = tuple(Family)
REGRESSION, LABELS, SCORES = ALL
COLUMNS = (
    "model_name, model_version, predicted_at, prediction, actual, actual_at, request_id, role, environment, score, "
    "predicted_class, actual_class"
)
CLASSES = ["1", "0", "käse 🧀", "Robert'); DROP TABLE model_predictions;--", " 1", "", None]
ODD_SCORES = [math.nan, math.inf, -math.inf, -1e-9, 1 + 1e-9, 1e200, None, 0.0, 1.0, 5e-324, 1 - 2**-53, 0.5]
ODD_NUMBERS = [math.nan, math.inf, -math.inf, 1e200, 1e149, -1e149, 5e-324, 1e-170, 0.0, None, 7.0]


def insert(url: str, rows: list[Row]) -> None:
    statement = f"COPY model_predictions ({COLUMNS}) FROM STDIN"
    with psycopg.connect(url) as connection, connection.cursor() as cursor, cursor.copy(statement) as copy:
        for row in rows:
            copy.write_row([getattr(row, name) for name in row.__slots__])


async def ask(url: str, *questions: Question) -> list[Quality]:
    reader = PostgresReader()
    try:
        answers = await reader.read(read_connection("db", {"uri": url}), questions)
    finally:
        await reader.close()
    assert reader.statements == 1
    assert all(isinstance(a, Quality) for a in answers), answers
    return [a for a in answers if isinstance(a, Quality)]


async def ask_spans(url: str, question: Question, *spans: Span) -> list[dict[str, dict[int, Sums]]]:
    reader = PostgresReader()
    try:
        return await reader.spans(read_connection("db", {"uri": url}), question, spans)
    finally:
        await reader.close()


def about(**changes: Any) -> Question:
    plain = Question("m", "", "v2", HOUR, timedelta(0), None, "v1", "v1", Comparison.AUTO, ALL, relative=True)
    return replace(plain, **changes)


def any_rows(seed: int, now: datetime, number: int = 500) -> list[Row]:
    """Make rows of every kind that people write: two versions, all roles, repeated requests, every odd value."""
    dice = random.Random(seed)
    level = [0.0, 250_000.0, 1e9][seed % 3]
    rows = []
    for i in range(number):
        at = now - timedelta(seconds=dice.uniform(-30, 2 * 3600), microseconds=i)
        labelled = dice.random() < 0.8
        late = at + timedelta(seconds=dice.choice([0, 30, 600, 7200]), microseconds=i)
        rows.append(
            Row(
                "m",
                dice.choice(["v1", "v2", "v2", "v3"]),
                at,
                dice.choice([level + dice.gauss(0, 100)] * 30 + ODD_NUMBERS),
                dice.choice([level + dice.gauss(0, 100)] * 30 + ODD_NUMBERS) if labelled else None,
                late if labelled else None,
                f"r{dice.randrange(number // 2)}",
                dice.choice(["live", "live", "shadow", "holdback"]),
                dice.choice([""] * 9 + ["staging"]),
                dice.choice([dice.betavariate(0.4, 0.6)] * 30 + ODD_SCORES),
                dice.choice([*CLASSES[:2] * 5, *CLASSES]),
                dice.choice([*CLASSES[:2] * 5, *CLASSES]) if labelled else None,
            )
        )
    return rows


def assert_same(found: Sums, wanted: Sums) -> None:
    assert [found.count(f) for f in Family] == [wanted.count(f) for f in Family]
    assert found.mean_y == pytest.approx(wanted.mean_y, rel=1e-9, abs=1e-9 * wanted.sum_abs_y / max(wanted.n, 1))
    digits = 1e-15 * abs(wanted.mean_y) * math.sqrt(wanted.m2_y * wanted.n)  # what doubles of this size can tell
    assert found.m2_y == pytest.approx(wanted.m2_y, rel=1e-9, abs=1e-9 + digits)
    for name in ("sum_ae", "sum_e2", "n_nz", "sum_ape", "sum_abs_y"):
        assert getattr(found, name) == pytest.approx(getattr(wanted, name), rel=1e-9, abs=1e-9), name
    assert found.sum_e == pytest.approx(wanted.sum_e, rel=1e-9, abs=1e-9 * max(wanted.sum_ae, 1))
    assert (found.labels or Sums().labels) == wanted.labels
    if found.scores and wanted.scores:
        assert [b.number for b in found.scores.bins] == [b.number for b in wanted.scores.bins]
        for mine, theirs in zip(found.scores.bins, wanted.scores.bins, strict=True):
            assert (mine.positives, mine.negatives) == pytest.approx((theirs.positives, theirs.negatives))
            assert (mine.low, mine.high) == (theirs.low, theirs.high)
        assert found.scores.sum_log_loss == pytest.approx(wanted.scores.sum_log_loss, rel=1e-9)
        assert found.scores.sum_brier == pytest.approx(wanted.scores.sum_brier, rel=1e-9)


def assert_same_sides(found: SideBySide | None, wanted: SideBySide | None) -> None:
    assert (found is None) is (wanted is None)
    if found and wanted:
        assert found.buckets == wanted.buckets
        assert_same(found.current, wanted.current)
        assert_same(found.previous, wanted.previous)


def assert_same_answer(found: Quality, rows: list[Row], question: Question) -> None:
    kept = [r for r in rows if r.environment == question.environment]
    wanted = answer(kept, question, found.now)
    for one, other in ((found.current, wanted.current), (found.baseline, wanted.baseline)):
        assert (one is None) is (other is None)
        if one and other:
            assert (one.predictions, one.bad_predictions, one.bad_labels, one.samples) == (
                other.predictions,
                other.bad_predictions,
                other.bad_labels,
                other.samples,
            )
            assert one.newest_label == other.newest_label
            assert_same(one.sums, other.sums)
    assert_same_sides(found.paired, wanted.paired)
    assert_same_sides(found.concurrent, wanted.concurrent)
    assert {o.version: o.predictions for o in found.others} == {o.version: o.predictions for o in wanted.others}


QUESTIONS: dict[str, Question] = {
    "all families": about(),
    "one family, the others shown": about(families=(SCORES,), shown=(REGRESSION, LABELS)),
    "classes alone": about(families=(LABELS,)),
    "labels within a minute": about(label_delay=MINUTE),
    "another positive class": about(positive_class="käse 🧀"),
    "a positive class that nobody has": about(positive_class="maybe"),
    "pairs alone": about(comparison=Comparison.PAIRED),
    "shared times alone": about(comparison=Comparison.CONCURRENT),
    "no rival": about(rival=None),
    "a rival without rows": about(rival="v9"),
    "the other way round": about(version="v1", rival="v2", baseline_version="v2"),
    "another environment": about(environment="staging"),
}


@pytest.mark.parametrize("seed", range(4))
async def test_random_rows_are_summed_as_by_hand(database_url: str, seed: int):
    rows = any_rows(seed, datetime.now(UTC))
    insert(database_url, rows)
    for question, found in zip(QUESTIONS.values(), await ask(database_url, *QUESTIONS.values()), strict=True):
        assert_same_answer(found, rows, question)


@pytest.mark.parametrize("seed", range(3))
async def test_rows_of_an_earlier_epoch_are_left_out_of_pairs_and_shared_times_too(database_url: str, seed: int):
    rows = any_rows(seed, datetime.now(UTC))
    insert(database_url, rows)
    question = about(not_before=datetime.now(UTC) - 30 * MINUTE)
    (found,) = await ask(database_url, question)
    assert_same_answer(found, rows, question)


@pytest.mark.parametrize("seed", range(3))
async def test_spans_are_summed_bucket_by_bucket(database_url: str, seed: int):
    now = datetime.now(UTC)
    rows = any_rows(seed, now)
    insert(database_url, rows)
    spans = [Span("v2", now - HOUR, now, 12, "v1", comparison) for comparison in list(Comparison)[1:3]]
    spans += [Span("v1", now - 2 * HOUR, now, 7), Span("v9", now - HOUR, now, 3)]
    spans += [Span("v2", now - HOUR, now, 5, not_before=now - 20 * MINUTE)]
    question = about()
    kept = [r for r in rows if not r.environment]
    for span, found in zip(spans, await ask_spans(database_url, question, *spans), strict=True):
        wanted = span_sums(kept, question, span)
        assert found.keys() == wanted.keys()
        for version, buckets in found.items():
            assert buckets.keys() == wanted[version].keys()
            for number, sums in buckets.items():
                assert_same(sums, wanted[version][number])


# -- against scikit-learn --------------------------------------------------------------------------------------------

START = datetime.now(UTC).replace(microsecond=0) - 30 * MINUTE


def classified(seed: int, number: int = 3000) -> tuple[Any, Any, Any]:
    """Make scores, predicted and actual classes; some scores are exactly 0, 1, or the same as others."""
    dice = np.random.default_rng(seed)
    actual = dice.random(number) < [0.5, 0.02][seed % 2]
    score = np.where(actual, dice.beta(2, 3 + 3 * seed, number), dice.beta(1, 4 + 9 * seed, number))
    score[dice.integers(0, number, 100)] = dice.choice([0.0, 1.0, 0.25], 100)
    return score, np.where(score > 0.3, "1", "0"), np.where(actual, "1", "0")


@pytest.mark.parametrize("seed", range(4))
async def test_classifiers_agree_with_scikit_learn(database_url: str, seed: int):
    score, predicted, actual = classified(seed)
    insert(
        database_url,
        [
            Row("m", "v2", START + i * TENTH, None, None, None, str(i), "live", "", float(s), p, y)
            for i, (s, p, y) in enumerate(zip(score, predicted.tolist(), actual.tolist(), strict=True))
        ],
    )
    (found,) = await ask(database_url, about(families=(LABELS, SCORES), baseline_version=None))
    sums, true = found.current.sums, actual == "1"
    assert (found.current.samples, found.current.bad_predictions) == (3000, 0)
    wanted = {
        MetricName.ACCURACY: sk.accuracy_score(actual, predicted),
        MetricName.PRECISION: sk.precision_score(true, predicted == "1"),
        MetricName.RECALL: sk.recall_score(true, predicted == "1"),
        MetricName.F1: sk.f1_score(true, predicted == "1"),
        MetricName.LOG_LOSS: sk.log_loss(true, score),
        MetricName.BRIER: sk.brier_score_loss(true, score),
    }
    assert {name: COMPUTE[name](sums) for name in wanted} == pytest.approx(wanted, rel=1e-9)
    area, error = roc_auc_of(sums), roc_auc_error(sums)
    assert area is not None
    assert error is not None
    assert abs(area - sk.roc_auc_score(true, score)) <= error
    assert error < 0.01


@pytest.mark.parametrize("level", [1.0, -250_000.0, 1e9])
async def test_relative_errors_agree_with_scikit_learn(database_url: str, level: float):
    dice = np.random.default_rng(3)
    actual = level + dice.normal(0, 10, 2000)
    actual[::50] = 0.0
    predicted = actual + dice.normal(1, 4, 2000)
    insert(
        database_url,
        [
            Row("m", "v2", START + i * TENTH, p, y, None, str(i))
            for i, (p, y) in enumerate(zip(predicted.tolist(), actual.tolist(), strict=True))
        ],
    )
    (found,) = await ask(database_url, about(families=(REGRESSION,)))
    sums, kept = found.current.sums, actual != 0
    wanted = {
        MetricName.MAPE: sk.mean_absolute_percentage_error(actual[kept], predicted[kept]),
        MetricName.WAPE: np.abs(predicted - actual).sum() / np.abs(actual).sum(),
        MetricName.BIAS: np.mean(predicted - actual),
        MetricName.MAE: sk.mean_absolute_error(actual, predicted),
    }
    assert {name: COMPUTE[name](sums) for name in wanted} == pytest.approx(wanted, rel=1e-9)


# -- what is asked for -----------------------------------------------------------------------------------------------


async def test_questions_of_different_families_are_one_statement(database_url: str):
    rows = [
        Row(f, "v2", START, 1.0, 2.0, None, str(i), "live", "", 0.5, "1", "0") for f in "abc" for i in range(5)
    ]  # fmt: skip
    insert(database_url, rows)
    found = await ask(
        database_url, *(about(model_name=m, families=(f,)) for m, f in zip("abc", Family, strict=True))
    )  # fmt: skip
    for quality, family in zip(found, Family, strict=True):
        assert [quality.current.sums.count(f) for f in Family] == [5 if f is family else 0 for f in Family]
        assert quality.current.samples == 5


async def test_a_shadow_that_never_answers_makes_no_pair(database_url: str):
    live = [Row("m", "v2", START, 1.0, 2.0, None, str(i)) for i in range(9)]
    silent = [Row("m", "v1", START, None, None, None, str(i), "shadow") for i in range(9)]
    insert(database_url, live + silent)
    (found,) = await ask(database_url, about(families=(REGRESSION,)))
    assert found.current.samples == 9
    assert found.paired is not None
    assert found.paired.samples((REGRESSION,)) == 0
    assert found.baseline is None


async def test_the_truth_of_a_pair_is_the_requests_whichever_row_it_stands_in(database_url: str):
    rows = [Row("m", "v2", START, 3.0, None, None, "a"), Row("m", "v1", START, 5.0, 2.0, START, "a", "shadow")]
    insert(database_url, rows)
    (found,) = await ask(database_url, about(families=(REGRESSION,)))
    assert found.paired is not None
    assert (found.paired.current.sum_e, found.paired.previous.sum_e) == (1.0, 3.0)
    assert found.current.samples == 0


async def test_a_rollout_is_no_shared_time(database_url: str):
    before = [Row("m", "v1", START + i * timedelta(seconds=1), 1.0, 2.0, None, f"a{i}") for i in range(300)]
    after = [Row("m", "v2", START + (300 + i) * timedelta(seconds=1), 1.0, 2.0, None, f"b{i}") for i in range(300)]
    insert(database_url, before + after)
    (found,) = await ask(database_url, about(families=(REGRESSION,)))
    assert found.concurrent is None
    assert found.current.samples == 300
