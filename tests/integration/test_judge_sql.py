"""The one statement that judges, on a real PostgreSQL, against the same sums made row by row in Python."""

import math
import random
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

import numpy as np
import psycopg
import pytest
from sklearn.metrics import r2_score, root_mean_squared_error

from modelward.database.reader import PostgresReader
from modelward.database.secrets import read_connection
from modelward.domain.quality import Quality, Sums, VersionCount, Window, r2, rmse
from modelward.domain.questions import Question
from rows import Row, answer

HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)
VERSIONS, HOSTILE = ["v1", "v2", "v3"], "'; DROP TABLE model_predictions; --"
VALUES = [float("nan"), float("inf"), float("-inf"), 1e200, -1e150, 1e150, None]
COLUMNS = "model_name, model_version, predicted_at, prediction, actual, actual_at, request_id, role, environment"


def insert(url: str, rows: Iterable[Row]) -> None:
    """Write rows as they are."""
    statement = f"COPY model_predictions ({COLUMNS}) FROM STDIN"
    with psycopg.connect(url) as connection, connection.cursor() as cursor, cursor.copy(statement) as copy:
        for r in rows:
            values = (r.model, r.version, r.predicted_at, r.prediction, r.actual)
            copy.write_row((*values, r.actual_at, r.request_id, r.role, r.environment))


async def ask(url: str, *questions: Question) -> list[Quality]:
    reader = PostgresReader()
    try:
        answers = await reader.read(read_connection("db", {"uri": url}), questions)
    finally:
        await reader.close()
    assert all(isinstance(a, Quality) for a in answers), answers
    assert reader.statements == 1
    return [a for a in answers if isinstance(a, Quality)]


def about(version: str = "v2", model: str = "m", **changes: object) -> Question:
    plain = {"environment": "", "window": HOUR, "label_delay": timedelta(0), "baseline_version": "v1"}
    return Question(model_name=model, version=version, **{**plain, **changes})  # type: ignore[arg-type]


def any_rows(seed: int, now: datetime, number: int = 400) -> list[Row]:
    """Make rows of every kind that people write, more of them than there are requests."""
    dice = random.Random(seed)
    rows = []
    for i in range(number):
        level = dice.choice([0.0, 250_000.0, 1e9])
        actual: float | None = dice.choice([level + dice.gauss(0, 100)] * 12 + VALUES)
        prediction = dice.choice([level + dice.gauss(0, 100)] * 20 + VALUES)
        at = now - timedelta(seconds=dice.uniform(-60, 3 * 3600), microseconds=i)
        row = Row("m", dice.choice(VERSIONS), at, prediction, actual, None, f"r{dice.randrange(number * 2)}")
        late = at + timedelta(seconds=dice.choice([-5, 0, 1, 60, 600, 7200]), microseconds=i)
        labelled = Row(*_fields(row)[:5], late if actual is not None else None, row.request_id)
        role = dice.choice(["live"] * 8 + ["shadow", "holdback"])
        rows.append(Row(*_fields(labelled)[:7], role, dice.choice([""] * 8 + ["staging"])))
    return rows


def _fields(row: Row) -> list[object]:
    return [getattr(row, name) for name in row.__slots__]


def expected(rows: list[Row], question: Question, now: datetime) -> Quality:
    kept = [r for r in rows if (r.model, r.environment) == (question.model_name, question.environment)]
    return answer(kept, question, now)


def assert_same(found: Quality, wanted: Quality) -> None:
    assert_same_window(found.current, wanted.current)
    assert (found.baseline is None) is (wanted.baseline is None)
    if found.baseline and wanted.baseline:
        assert_same_window(found.baseline, wanted.baseline)
    assert by_name(found.others) == by_name(wanted.others)


def by_name(others: tuple[VersionCount, ...]) -> list[tuple[str, int]]:
    return sorted((o.version, o.predictions) for o in others)


def assert_same_window(found: Window, wanted: Window) -> None:
    counts = ("start", "end", "predictions", "bad_predictions", "bad_labels")
    assert [getattr(found, name) for name in counts] == [getattr(wanted, name) for name in counts]
    assert found.sums.n == wanted.sums.n
    for name in ("mean_y", "m2_y", "sum_ae", "sum_e2"):
        assert getattr(found.sums, name) == pytest.approx(getattr(wanted.sums, name), rel=1e-9, abs=1e-9)
    assert found.sums.sum_e == pytest.approx(wanted.sums.sum_e, abs=1e-9 * max(wanted.sums.sum_ae, 1.0))


# -- against brute force ---------------------------------------------------------------------------------------------

QUESTIONS: dict[str, Question] = {
    "a version and its baseline": about(),
    "no baseline": about(baseline_version=None),
    "a baseline that has no rows": about(baseline_version="v9"),
    "a version that has no rows": about("v9"),
    "labels within a minute": about(label_delay=MINUTE),
    "labels within ten minutes": about(label_delay=10 * MINUTE),
    "labels within two hours": about(label_delay=2 * HOUR),
    "a window of a second": about(window=timedelta(seconds=1)),
    "a window of a day": about(window=24 * HOUR),
    "another environment": about(environment="staging"),
    "a model without rows": about(model="nobody"),
}


@pytest.mark.parametrize("seed", range(6))
async def test_random_rows_are_summed_as_by_hand(database_url: str, seed: int):
    rows = any_rows(seed, datetime.now(UTC))
    insert(database_url, rows)
    for question, found in zip(QUESTIONS.values(), await ask(database_url, *QUESTIONS.values()), strict=True):
        assert_same(found, expected(rows, question, found.now))


@pytest.mark.parametrize("seed", range(3))
async def test_rows_of_an_earlier_epoch_are_left_out_of_the_version_on_trial_alone(database_url: str, seed: int):
    rows = any_rows(seed, datetime.now(UTC))
    insert(database_url, rows)
    question = about(not_before=rows[0].predicted_at, window=3 * HOUR)
    (found,) = await ask(database_url, question)
    assert_same(found, expected(rows, question, found.now))
    whole = expected(rows, about(window=3 * HOUR), found.now)
    assert found.current.predictions < whole.current.predictions
    assert by_name(found.others) == by_name(whole.others)


async def test_a_row_counts_from_the_windows_first_moment_to_just_before_its_last(database_url: str):
    now = datetime.now(UTC).replace(microsecond=0)
    rows = [Row("m", "v2", now + timedelta(seconds=s), 1.0, 2.0, None, f"r{s}") for s in range(-40, 20)]
    insert(database_url, rows)
    question = about(window=timedelta(seconds=10))
    (found,) = await ask(database_url, question)
    assert found.current.predictions == 10
    assert found.current.end == found.now.replace(microsecond=0)
    assert_same(found, expected(rows, question, found.now))


# -- one request, several rows ---------------------------------------------------------------------------------------

START = datetime.now(UTC).replace(microsecond=0) - 30 * MINUTE


def repeated(*rows: tuple[int, float | None, float | None, int | None]) -> list[Row]:
    """Make rows of one request: minute of prediction, prediction, actual, minute of its label."""
    return [
        Row("m", "v2", START + minute * MINUTE, p, y, None if at is None else START + at * MINUTE, "one")
        for minute, p, y, at in rows
    ]


SAMPLES: dict[str, tuple[list[Row], float, tuple[int, float]]] = {
    "the earliest prediction": (repeated((0, 5.0, 1.0, 0), (1, 9.0, None, None)), 0, (1, 16.0)),
    "the latest actual": (repeated((0, 5.0, 1.0, 0), (1, 9.0, 3.0, 5)), 0, (1, 4.0)),
    "an actual without a time comes before one with": (repeated((0, 5.0, 1.0, None), (1, 9.0, 3.0, 2)), 0, (1, 4.0)),
    "an actual that stands in a later row": (repeated((0, 5.0, None, None), (1, 9.0, 3.0, 1)), 0, (1, 4.0)),
    "a label in time": (repeated((0, 5.0, 1.0, 4)), 5, (1, 16.0)),
    "a label to the minute": (repeated((0, 5.0, 1.0, 5)), 5, (1, 16.0)),
    "a label too late": (repeated((0, 5.0, 1.0, 6)), 5, (0, 0.0)),
    "the first label, where the second came too late": (
        repeated((0, 5.0, 1.0, 1), (1, 9.0, 3.0, 20)),
        5,
        (1, 16.0),
    ),
    "a label without a time is in time": (repeated((0, 5.0, 1.0, None)), 5, (1, 16.0)),
}


@pytest.mark.parametrize(("rows", "delay", "sums"), SAMPLES.values(), ids=SAMPLES)
async def test_a_sample_is(database_url: str, rows: list[Row], delay: int, sums: tuple[int, float]):
    insert(database_url, rows)
    (found,) = await ask(database_url, about(label_delay=delay * MINUTE))
    assert (found.current.sums.n, found.current.sums.sum_e2) == sums
    assert found.current.predictions == 1


async def test_the_same_request_answered_by_two_versions_is_a_sample_of_each(database_url: str):
    rows = [Row("m", v, START, 5.0, 1.0, START, "one") for v in VERSIONS]
    insert(database_url, rows)
    (found,) = await ask(database_url, about())
    assert (found.current.sums.n, by_name(found.others)) == (1, [("v1", 1), ("v3", 1)])


# -- numbers ---------------------------------------------------------------------------------------------------------

LEVELS = {"around nothing": 0.0, "around a price": 250_000.0, "around a billion": 1e9, "around minus a billion": -1e9}


@pytest.mark.parametrize("level", LEVELS.values(), ids=LEVELS)
async def test_metrics_agree_with_scikit_learn(database_url: str, level: float):
    dice = np.random.default_rng(1)
    actual = level + dice.normal(0, 10, 5000)
    predicted = actual + dice.normal(1, 4, 5000)
    pairs = zip(predicted.tolist(), actual.tolist(), strict=True)
    rows = (
        Row("m", "v2", START + i * timedelta(milliseconds=100), p, y, None, str(i)) for i, (p, y) in enumerate(pairs)
    )
    insert(database_url, rows)
    (found,) = await ask(database_url, about())
    assert r2(found.current.sums) == pytest.approx(r2_score(actual, predicted), rel=1e-9)
    assert rmse(found.current.sums) == pytest.approx(root_mean_squared_error(actual, predicted), rel=1e-9)


@pytest.mark.parametrize("level", [0.0, 0.1, 7.0, 1e9, 123_456_789.123])
async def test_constant_actuals_have_no_r2(database_url: str, level: float):
    insert(
        database_url,
        (Row("m", "v2", START + i * timedelta(seconds=1), level + i, level, None, str(i)) for i in range(300)),
    )
    (found,) = await ask(database_url, about())
    assert found.current.sums.n == 300
    assert r2(found.current.sums) is None


BAD: dict[str, tuple[float | None, float | None, tuple[int, int, int]]] = {
    "a prediction that is NaN": (math.nan, 1.0, (1, 0, 0)),
    "a prediction that is infinite": (math.inf, 1.0, (1, 0, 0)),
    "a prediction of 1e200": (1e200, 1.0, (1, 0, 0)),
    "a prediction of -1e150": (-1e150, 1.0, (1, 0, 0)),
    "no prediction": (None, 1.0, (1, 0, 0)),
    "a label that is NaN": (1.0, math.nan, (0, 1, 0)),
    "a label of minus infinity": (1.0, -math.inf, (0, 1, 0)),
    "a label of 1e200": (1.0, 1e200, (0, 1, 0)),
    "no label": (1.0, None, (0, 0, 0)),
    "both NaN": (math.nan, math.nan, (1, 1, 0)),
    "large but fit to be judged": (9e149, -9e149, (0, 0, 1)),
    "so close that the square of the error is no number any more": (1e-170, 0.0, (0, 0, 1)),
    "smaller than any ordinary number": (5e-324, 0.0, (0, 0, 1)),
}


@pytest.mark.parametrize(("prediction", "actual", "counts"), BAD.values(), ids=BAD)
async def test_what_is_not_finite_is_counted_and_left_out(
    database_url: str, prediction: float | None, actual: float | None, counts: tuple[int, int, int]
):
    insert(database_url, [Row("m", "v2", START, prediction, actual, None, "one")])
    (found,) = await ask(database_url, about())
    window = found.current
    assert (window.bad_predictions, window.bad_labels, window.sums.n) == counts
    assert window.predictions == 1
    assert math.isfinite(window.sums.sum_e2)


async def test_no_rows_make_empty_sums(database_url: str):
    (found,) = await ask(database_url, about())
    assert found.current.sums == Sums()
    assert (found.baseline, found.others) == (None, ())
    assert found.current.end - found.current.start == HOUR


# -- many questions --------------------------------------------------------------------------------------------------


async def test_a_thousand_questions_are_one_statement_and_each_gets_its_own_answer(database_url: str):
    insert(
        database_url,
        (
            Row(f"m{m}", v, START + i * timedelta(seconds=1), float(m), 0.0, None, str(i))
            for m in range(1000)
            for v in ("v1", "v2")
            for i in range(3)
        ),
    )
    found = await ask(database_url, *(about(model=f"m{m}") for m in range(1000)))
    assert [quality.current.sums.sum_e for quality in found] == [3.0 * m for m in range(1000)]
    assert all(quality.baseline and quality.baseline.sums.n == 3 for quality in found)


async def test_of_many_versions_the_one_on_trial_and_the_busiest_are_told(database_url: str):
    rows = [
        Row("m", f"v{v}", START + i * timedelta(seconds=1), 1.0, 1.0, None, f"{v}-{i}")
        for v in range(50)
        for i in range(1 if v == 2 else 2 + v)
    ]
    insert(database_url, rows)
    (found,) = await ask(database_url, about())
    assert found.current.predictions == 1
    assert found.others[0] == VersionCount("v49", 51)
    assert len(found.others) >= 10


NAMES = [HOSTILE, 'quoted "name"', "back\\slash", "%s %(model)s", "модель 模型 🦉", "{}", "a;b", "tab\there", ""]


@pytest.mark.parametrize("name", NAMES)
async def test_names_are_only_ever_bound(database_url: str, name: str):
    rows = [
        Row(name, v, START + i * timedelta(seconds=1), 1.0, 0.0, None, f"{v}-{i}", environment=name)
        for v in (name, "v1")
        for i in range(4)
    ]
    insert(database_url, rows)
    (found,) = await ask(database_url, about(name, model=name, environment=name))
    assert (found.current.sums.n, by_name(found.others)) == (4, [("v1", 4)])
    with psycopg.connect(database_url) as connection:
        assert connection.execute("SELECT count(*) FROM model_predictions").fetchone() == (8,)
