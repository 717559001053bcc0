"""Any rows in columns of any type: the answer is figures that are numbers, or a reason, never an exception."""

import asyncio
import math
from collections.abc import Callable, Iterator
from datetime import timedelta

import psycopg
import pytest
from hypothesis import given
from hypothesis import strategies as st
from psycopg import sql

from fuzz import searching
from integration.tables import Raw
from modelward.database.reader import PostgresReader
from modelward.database.secrets import read_connection
from modelward.domain.codec import encode
from modelward.domain.errors import SourceError
from modelward.domain.mapping import parse_source
from modelward.domain.metrics import Family
from modelward.domain.quality import Quality
from modelward.domain.questions import Question

NUMBERS = ["1", "-0", "2.5", "1e308", "-1e308", "1e-320", "NaN", "Infinity", "-Infinity", "9" * 30, "0.1"]
TIMES = [
    "today",
    "today",
    "today",
    "now",
    "yesterday",
    "tomorrow",
    "infinity",
    "-infinity",
    "epoch",
    "0044-03-15 BC",
    "294276-12-31",
]
TEXTS = ["v1", "v2", "", " ", "NULL", "'; DROP TABLE odd; --", "\x1b[2J", "%s", "x" * 2000, "1"]
VALUES = {
    "float8": NUMBERS,
    "real": ["1", "NaN", "Infinity", "3e38"],
    "numeric": ["1", "NaN", "9" * 200, "1e-200", "0"],
    "int": ["1", "-2147483648"],
    "bigint": ["9223372036854775807", "0"],
    "boolean": ["true", "false"],
    "text": TEXTS,
    "varchar(3000)": TEXTS,
    "date": ["today", "infinity", "0044-03-15 BC"],
    "timestamptz": TIMES,
    "timestamp": TIMES,
    "time": ["12:00", "24:00"],
    "interval": ["1 day", "-178000000 years"],
    "jsonb": ['{"a": 1}', '"v1"', "1", "null"],
    "bytea": ["\\x00ff"],
    "uuid": ["00000000-0000-0000-0000-000000000001"],
    "inet": ["127.0.0.1"],
    "float8[]": ["{1,NaN}", "{}"],
    "money": ["1"],
    "xid": ["1"],
}
KINDS = st.sampled_from(list(VALUES))
USUAL = {"v": "text", "t": "timestamptz", "p": "float8", "a": "float8"}
Columns = dict[str, str]
SOURCE: Raw = {
    "predictions": {
        "table": "odd",
        "columns": {"modelVersion": "v", "predictedAt": "t", "prediction": "p", "actual": "a"},
        "absent": ["modelName", "environment", "requestId", "role"],
    }
}


@st.composite
def tables(draw: Callable[[st.SearchStrategy[object]], object]) -> tuple[Columns, list[list[str | None]]]:
    """Draw the types of the four columns, most of them usual ones, and rows."""
    odd = draw(st.dictionaries(st.sampled_from(list(USUAL)), KINDS, max_size=2))
    columns: Columns = {**USUAL, **odd}  # type: ignore[dict-item]
    cells = [st.one_of(st.none(), *[st.sampled_from(VALUES[kind])] * 3) for kind in columns.values()]
    rows = draw(st.lists(st.tuples(*cells), max_size=12))
    return columns, [list(row) for row in rows]  # type: ignore[attr-defined]


@pytest.fixture(scope="module")
def place(postgres: object) -> Iterator[str]:
    """A database for the whole search."""
    url: str = postgres.url  # type: ignore[attr-defined]
    name = "any_rows"
    with psycopg.connect(url, autocommit=True) as server:
        server.execute(f"CREATE DATABASE {name}")
        yield f"{url.rpartition('/')[0]}/{name}"
        server.execute(f"DROP DATABASE {name} WITH (FORCE)")


def write(url: str, columns: Columns, rows: list[list[str | None]]) -> None:
    kinds = sql.SQL(", ").join(sql.SQL(f"{name} {kind}") for name, kind in columns.items())
    with psycopg.connect(url, autocommit=True) as link:
        link.execute("DROP TABLE IF EXISTS odd")
        link.execute(sql.SQL("CREATE TABLE odd ({})").format(kinds))
        casts = sql.SQL(", ").join(sql.SQL(f"%s::text::{kind}") for kind in columns.values())
        statement = sql.SQL("INSERT INTO odd VALUES ({})").format(casts)
        for row in rows:
            link.execute(statement, row)


async def ask(url: str, families: tuple[Family, ...]) -> Quality | SourceError:
    window = timedelta(hours=30)
    question = Question("m", "", "v2", window, timedelta(0), None, "v1", "v1", families=families)
    reader = PostgresReader()
    try:
        (answer,) = await reader.read(read_connection("db", {"uri": url}), [question], parse_source(SOURCE))
        return answer
    finally:
        await reader.close()


@searching(40)
@given(table=tables(), families=st.sampled_from([(Family.REGRESSION,), (Family.LABELS,), (Family.SCORES,)]))
def test_are_summed_or_told(place: str, table: tuple[Columns, list[list[str | None]]], families: tuple[Family, ...]):
    write(place, *table)
    answer = asyncio.run(ask(place, families))
    if isinstance(answer, SourceError):
        assert len(str(answer)) < 2000
        return
    for text in numbers_in(encode(answer.current.sums)):
        assert math.isfinite(float(text)), "what is not finite was summed"


def numbers_in(value: object) -> Iterator[str]:
    """List every number inside what would be written."""
    if isinstance(value, dict | list):
        for inner in value.values() if isinstance(value, dict) else value:
            yield from numbers_in(inner)
    elif isinstance(value, int | float) or (isinstance(value, str) and value[:1] in "0123456789-ni"):
        yield str(value)


async def test_the_usual_rows_are_summed(place: str):
    write(place, USUAL, [["v2", "today", "2", "1"], ["v2", "today", "NaN", "1"], ["v2", "infinity", "2", "1"]])
    answer = await ask(place, (Family.REGRESSION,))
    assert isinstance(answer, Quality)
    assert answer.current.sums.n == 1
