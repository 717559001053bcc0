"""Labels announce themselves: what a listener hears of what writers commit."""

import asyncio
import math
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager

import psycopg
import pytest

from modelward.database.reader import PostgresReader
from modelward.database.secrets import read_connection
from modelward.domain.errors import SourceError
from modelward.domain.reasons import Reason

INSERT = "INSERT INTO model_predictions (model_name, environment, model_version, prediction, actual) VALUES "
HEARD_WITHIN = 10
Announced = tuple[str, str, float]


@asynccontextmanager
async def listening(url: str) -> AsyncIterator[AsyncIterator[Announced]]:
    """Listen, and make sure that it has begun: the server shows the session as idle after LISTEN."""
    feed = PostgresReader().listen(read_connection("db", {"uri": url}))
    async with aclosing(feed):
        first = asyncio.ensure_future(anext(feed))
        await _until_listening(url)
        yield _after(first, feed)
        if not first.done():
            first.cancel()
            await asyncio.gather(first, return_exceptions=True)


async def _after(first: asyncio.Future[Announced], feed: AsyncIterator[Announced]) -> AsyncIterator[Announced]:
    yield await first
    async for announced in feed:
        yield announced


async def _until_listening(url: str) -> None:
    query = (  # of this test's database: the session of a test before may still be ending
        "SELECT count(*) FROM pg_stat_activity WHERE query = 'LISTEN modelward' AND state = 'idle'"
        " AND datname = current_database()"
    )
    async with asyncio.timeout(HEARD_WITHIN), await psycopg.AsyncConnection.connect(url, autocommit=True) as asking:
        while (await (await asking.execute(query)).fetchone()) == (0,):
            await asking.execute("SELECT pg_sleep(0.01)")


async def hear(feed: AsyncIterator[Announced]) -> Announced:
    return await asyncio.wait_for(anext(feed), HEARD_WITHIN)


async def test_a_row_inserted_with_its_label_is_announced_with_its_time(database_url: str):
    async with listening(database_url) as feed:
        with psycopg.connect(database_url) as writer:
            (at,) = writer.execute(
                INSERT + "('m', 'prod', 'v1', 1, 2) RETURNING extract(epoch FROM predicted_at)"
            ).fetchone()
        assert await hear(feed) == ("m", "prod", pytest.approx(float(at)))


async def test_a_label_that_comes_later_is_announced_and_a_bare_prediction_is_not(database_url: str):
    async with listening(database_url) as feed:
        with psycopg.connect(database_url) as writer:
            writer.execute(INSERT + "('unlabelled', '', 'v1', 1, NULL), ('later', '', 'v1', 1, NULL)")
            writer.commit()
            writer.execute("UPDATE model_predictions SET actual = 3 WHERE model_name = 'later'")
        assert (await hear(feed))[0] == "later"


async def test_the_label_of_a_classifier_is_announced_too(database_url: str):
    async with listening(database_url) as feed:
        with psycopg.connect(database_url) as writer:
            writer.execute(INSERT + "('spam', '', 'v1', NULL, NULL)")
            writer.commit()
            writer.execute("UPDATE model_predictions SET actual_class = 'ham' WHERE model_name = 'spam'")
        assert (await hear(feed))[0] == "spam"


async def test_many_rows_of_one_statement_are_one_announcement_for_each_model(database_url: str):
    async with listening(database_url) as feed:
        with psycopg.connect(database_url) as writer:
            writer.execute(INSERT + ", ".join(f"('{m}', '', 'v1', {n}, 2)" for n in range(50) for m in ("a", "b")))
            writer.commit()
            writer.execute(INSERT + "('end', '', 'v1', 1, 2)")
        assert sorted([(await hear(feed))[0] for _ in range(3)]) == ["a", "b", "end"]


async def test_a_database_that_is_not_there_is_a_reason_and_no_crash():
    connection = read_connection("db", {"uri": "postgresql://nobody:x@127.0.0.1:1/none"})
    with pytest.raises(SourceError) as caught:
        await anext(PostgresReader().listen(connection))
    assert caught.value.reason is Reason.DATABASE_UNREACHABLE


HOSTILE = {
    "a name that holds the separator": ("a\x1fb", "now()"),
    "a prediction at the end of time": ("m", "'infinity'"),
    "a prediction before all time": ("m", "'-infinity'"),
    "a name of signs": ("'; NOTIFY x; --", "now()"),
}


@pytest.mark.parametrize(("name", "at"), HOSTILE.values(), ids=HOSTILE)
async def test_whatever_is_written_does_not_end_the_listening(database_url: str, name: str, at: str):
    async with listening(database_url) as feed:
        with psycopg.connect(database_url) as writer:
            columns = "model_name, model_version, prediction, actual, predicted_at"
            row = f"INSERT INTO model_predictions ({columns}) VALUES (%s, 'v', 1, 1, {at})"
            writer.execute(row.encode(), (name,))
            writer.commit()
            writer.execute("NOTIFY modelward, 'nonsense'")
            writer.execute(INSERT + "('after', '', 'v1', 1, 2)")
        heard = [await hear(feed)]
        while heard[-1][0] != "after":
            heard.append(await hear(feed))
        assert all(math.isfinite(moment) for _, _, moment in heard)
