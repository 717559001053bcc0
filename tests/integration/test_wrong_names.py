"""Names and types that do not fit: the answer says what is missing, and what there is."""

from datetime import timedelta

import pytest

from integration.tables import APART, APART_DDL, BARE, BARE_DDL, Raw, about, execute, read
from modelward.domain.errors import SourceError
from modelward.domain.reasons import Reason

MINUTE = timedelta(minutes=1)


# -- names that are wrong --------------------------------------------------------------------------------------------

WRONG: dict[str, tuple[str, Raw, str]] = {
    "a table": (
        BARE_DDL,
        {"predictions": {**BARE["predictions"], "table": "nope"}},
        "there is no table public.nope; schema public has: p",
    ),
    "a table with its schema in its name": (
        f"CREATE SCHEMA a; {BARE_DDL.replace('p (', 'a.p (')}",
        {"predictions": {**BARE["predictions"], "table": "a.p"}},
        "there is no table public.a.p; there is a.p",
    ),
    "a schema": (
        BARE_DDL,
        {"predictions": {**BARE["predictions"], "schema": "nope", "table": "q"}},
        "there is no table nope.q; schema nope has no table, or there is no such schema",
    ),
    "a schema of a table that is elsewhere": (
        BARE_DDL,
        {"predictions": {**BARE["predictions"], "schema": "nope"}},
        "there is no table nope.p; there is public.p",
    ),
    "columns": (
        "CREATE TABLE p (version int, ts timestamptz, y_hat float8, y float8)",
        BARE,
        (
            "public.p has no columns v (database.source.predictions.columns.modelVersion), "
            "at (database.source.predictions.columns.predictedAt); it has: version (integer), ts ("
        ),
    ),
    "a number that is text": (
        "CREATE TABLE p (v int, at timestamptz, y_hat text, y float8)",
        BARE,
        "column y_hat of public.p (database.source.predictions.columns.prediction) is text; it must be a number",
    ),
    "an actual that is a truth": (
        "CREATE TABLE p (v int, at timestamptz, y_hat float8, y boolean)",
        BARE,
        "column y of public.p (database.source.predictions.columns.actual) is boolean; it must be a number",
    ),
    "a time that is a number": (
        "CREATE TABLE p (v int, at bigint, y_hat float8, y float8)",
        BARE,
        "column at of public.p (database.source.predictions.columns.predictedAt) is bigint; it must be a time",
    ),
    "a time of a label that is text": (
        f"{APART_DDL}; ALTER TABLE labels ALTER COLUMN known TYPE text",
        APART,
        "column known of public.labels (database.source.actuals.columns.actualAt) is text; it must be a time",
    ),
    "keys that cannot be compared": (
        f"{APART_DDL}; ALTER TABLE labels ALTER COLUMN of TYPE int USING 1",
        APART,
        "column id of public.p is text and column of of public.labels is integer (actuals.key): they must be alike",
    ),
    "a column to filter by": (
        BARE_DDL,
        {"predictions": {**BARE["predictions"], "where": [{"column": "nope", "value": "x"}]}},
        "public.p has no column nope (database.source.predictions.where); it has: v (integer)",
    ),
}


@pytest.mark.parametrize(("ddl", "raw", "words"), WRONG.values(), ids=WRONG)
def test_is_named_with_what_there_is(url: str, ddl: str, raw: Raw, words: str):
    execute(url, ddl)
    (error,) = read(url, raw, about("2"))
    assert isinstance(error, SourceError), error
    assert error.reason is Reason.SCHEMA_MISMATCH
    assert words in str(error)
