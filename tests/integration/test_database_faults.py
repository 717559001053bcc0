"""A real network between a whole operator and a real PostgreSQL: slow, dripping, silent, cut in the middle, gone.

Whatever befalls it: nothing is rolled back that is not known to be worse, and when it is over the right verdict comes
by itself.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest
from psycopg.conninfo import conninfo_to_dict

from builders import NAMESPACE, A, B, image_of
from component.world import CHECK, MINUTE, World
from integration.real_world import GOOD, WORSE, RealWorld, predict
from integration.tables import about, execute
from modelward.database.reader import PostgresReader
from modelward.database.secrets import read_connection
from modelward.domain.errors import SourceError
from modelward.domain.quality import Quality
from modelward.domain.status import Verdict
from toxiproxy import Network, Way, a_network

BOUNDS = {"statement_timeout": 0.3, "connect_timeout": 2.0, "grace": 0.4}  # libpq takes no less to connect
STRICTEST = 12.0  # seconds: less than psycopg takes by itself to give up a server that is silent
FAULTS: dict[str, Callable[[Way], None]] = {
    "gone": lambda way: way.close(),
    "silent": lambda way: way.add("timeout", timeout=0),
    "swallowing what is sent": lambda way: way.add("timeout", "upstream", timeout=0),
    "cut at once": lambda way: way.add("reset_peer", timeout=0),
    "cut in the middle of an answer": lambda way: way.add("limit_data", bytes=700),
    "dripping byte by byte": lambda way: way.add("slicer", average_size=1, size_variation=0, delay=20_000),
    "seconds away": lambda way: way.add("latency", latency=5_000),
}


@pytest.fixture(scope="module")
def network() -> Iterator[Network]:
    """Where ways to databases are made."""
    with a_network() as network:
        yield network


@pytest.fixture
def way(network: Network, database_url: str) -> Way:
    """A way to the test's own database, in which A has good rows."""
    predict(database_url, A, GOOD)
    return network.way_to(database_url)


@pytest.fixture
async def reader() -> AsyncIterator[PostgresReader]:
    reader = PostgresReader(**BOUNDS)
    yield reader
    await reader.close()


async def a_world(reader: PostgresReader, way: Way) -> World:
    """A serves, and was judged."""
    world = RealWorld(reader, way.url)
    world.model()
    world.deploy(A)
    await world.turn()
    assert world.status().verdict is Verdict.INSUFFICIENT_DATA, world.status()
    return world


async def patiently(waited_for: Any) -> Any:
    """Wait for something that must not take long."""
    began = time.monotonic()
    found = await waited_for
    assert time.monotonic() - began < STRICTEST
    return found


async def live_through(world: World, way: Way, fault: Callable[[Way], None]) -> None:
    """Deploy B just when the fault begins, and look at how it ends."""
    fault(way)
    world.deploy(B)
    await patiently(world.turn(MINUTE))
    assert (world.status().verdict, world.serving()) == (Verdict.SOURCE_ERROR, B)
    assert world.condition("MetricsAvailable") == ("False", "DatabaseUnreachable")
    assert world.cluster.images == []
    way.heal()
    await world.turn(MINUTE)
    await world.turn(CHECK)


ENDS = {"a worse version": (WORSE, A, [image_of(A)]), "a good version": (GOOD, B, [])}


@pytest.mark.parametrize(("rmse", "serves", "images"), ENDS.values(), ids=ENDS)
async def test_nothing_is_rolled_back_while_it_lasts_and_afterwards_what_has_to_be(
    reader: PostgresReader, network: Network, database_url: str, rmse: float, serves: str, images: list[str]
):
    predict(database_url, A, GOOD)
    ways = [network.way_to(database_url) for _ in FAULTS]
    worlds = [await a_world(reader, way) for way in ways]
    predict(database_url, B, rmse)
    await asyncio.gather(*map(live_through, worlds, ways, FAULTS.values()))
    for fault, world in zip(FAULTS, worlds, strict=True):
        assert (fault, world.serving(), world.cluster.images) == (fault, serves, images)
        assert world.told().count("RolledBack") == len(images)
    for way in ways:  # a server that waits for its slow reader cannot be told to end
        way.close()


async def ask(reader: PostgresReader, url: str) -> Quality | SourceError:
    (found,) = await reader.read(read_connection("db", {"uri": url}), [about("house-prices", A)])
    return found


async def test_cut_at_any_byte_the_answer_is_whole_or_none(reader: PostgresReader, way: Way):
    whole = await ask(reader, way.url)
    assert isinstance(whole, Quality)
    answers = []
    for after in range(0, 2400, 96):
        way.add("limit_data", bytes=after)
        answers.append(await ask(reader, way.url))
        way.heal()
    wholes = [a for a in answers if isinstance(a, Quality)]
    assert {a.current.predictions for a in wholes} <= {whole.current.predictions}
    assert 0 < len(wholes) < len(answers)  # it was cut within the answer as well as behind it
    assert isinstance(await ask(reader, way.url), Quality)


async def test_a_link_that_leads_nowhere_any_more_is_noticed_within_the_question(way: Way):
    patient = PostgresReader(statement_timeout=5, connect_timeout=2)
    assert isinstance(await ask(patient, way.url), Quality)
    way.add("timeout", "upstream", timeout=0)  # a firewall forgot it: nothing arrives, and nobody says so
    asyncio.get_running_loop().call_later(1, way.heal)  # what is opened from then on is fine, what was sent is lost
    assert isinstance(await patiently(ask(patient, way.url)), Quality)
    await patient.close()


async def test_a_hanging_database_delays_none_beside_it(reader: PostgresReader, database_url: str, way: Way):
    way.add("timeout", timeout=0)
    hanging = asyncio.ensure_future(ask(reader, way.url))
    for _ in range(5):
        assert isinstance(await ask(reader, database_url), Quality)
    assert not hanging.done()
    assert isinstance(await patiently(hanging), SourceError)


async def test_slow_is_not_broken(reader: PostgresReader, way: Way):
    way.add("latency", latency=80, jitter=20)
    assert isinstance(await ask(reader, way.url), Quality)


async def test_a_password_that_is_changed_during_an_outage_is_taken_up(
    reader: PostgresReader, database_url: str, way: Way
):
    role = f"rotated_{conninfo_to_dict(database_url)['dbname']}"
    grant = f"GRANT SELECT ON ALL TABLES IN SCHEMA public TO {role}"
    execute(database_url, f"CREATE ROLE {role} LOGIN PASSWORD 'first'", grant)
    where = way.url.rpartition("@")[2]
    first, second = (replace(way, url=f"postgresql://{role}:{word}@{where}") for word in ("first", "second"))
    try:
        world = await a_world(reader, first)
        way.close()
        execute(database_url, f"ALTER ROLE {role} PASSWORD 'second'")
        way.open()
        await world.turn(CHECK)
        assert world.condition("MetricsAvailable") == ("False", "AuthenticationFailed")
        world.cluster.secrets[NAMESPACE, "house-prices-db"] = {"uri": second.url}
        await world.turn(CHECK)
        assert world.condition("MetricsAvailable")[0] == "True"
    finally:
        await reader.close()
        execute(database_url, f"DROP OWNED BY {role}", f"DROP ROLE {role}")
