"""A real streaming standby: judged from while it follows, refused when it has fallen behind, and not for being idle."""

import asyncio
from collections.abc import Iterator

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from integration.tables import about, execute
from modelward.database.links import find_staleness
from modelward.database.migrate import migrate
from modelward.database.reader import PostgresReader
from modelward.database.secrets import read_connection
from modelward.domain.errors import SourceError
from modelward.domain.quality import Quality
from modelward.domain.reasons import Reason
from sandbox.database import EmbeddedDatabase, start_embedded, start_standby
from sandbox.waiting import wait_until
from toxiproxy import a_network

INSERT = (
    "INSERT INTO model_predictions (model_name, model_version, prediction, actual, predicted_at) "
    "VALUES ('m', 'v2', 1, 3, now() - interval '1 minute')"
)
CAUGHT_UP = "SELECT pg_last_wal_replay_lsn() >= %s::pg_lsn"
RECEIVED = "SELECT pg_last_wal_receive_lsn() >= %s::pg_lsn"


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[EmbeddedDatabase, EmbeddedDatabase]]:
    """A primary with our tables, and its standby."""
    primary = start_embedded(tmp_path_factory.mktemp("primary"))
    try:
        migrate(primary.url)
        standby = start_standby(primary, tmp_path_factory.mktemp("standby"))
        try:
            yield primary, standby
        finally:
            standby.stop()
    finally:
        primary.stop()


@pytest.fixture
def following(pair: tuple[EmbeddedDatabase, EmbeddedDatabase]) -> Iterator[tuple[str, str]]:
    """The URLs of both, with one row that the standby has; whatever a test paused goes on."""
    primary, standby = (server.url for server in pair)
    execute(primary, "DELETE FROM model_predictions", INSERT)
    until(standby, CAUGHT_UP, position(primary))
    yield primary, standby
    execute(standby, "SELECT pg_wal_replay_resume() WHERE pg_is_wal_replay_paused()")


def position(url: str) -> str:
    with psycopg.connect(url) as connection:
        row = connection.execute("SELECT pg_current_wal_flush_lsn()::text").fetchone()
    assert row is not None
    return str(row[0])


def until(url: str, query: str, lsn: str) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        wait_until(lambda: connection.execute(query.encode(), (lsn,)).fetchone() == (True,), for_=query, timeout=30)


def ask(url: str, limit: float) -> Quality | SourceError:
    async def read() -> Quality | SourceError:
        reader = PostgresReader(replica_lag=limit)
        try:
            return (await reader.read(read_connection("db", {"uri": url}), [about()]))[0]
        finally:
            await reader.close()

    return asyncio.run(read())


def test_a_standby_that_follows_is_judged_from_however_idle_its_primary(following: tuple[str, str]):
    found = ask(following[1], limit=0.0)
    assert isinstance(found, Quality), found
    assert found.current.predictions == 1


def test_one_that_has_fallen_behind_is_no_source(following: tuple[str, str]):
    primary, standby = following
    execute(standby, "SELECT pg_wal_replay_pause()")
    execute(primary, INSERT)
    until(standby, RECEIVED, position(primary))
    error = ask(standby, limit=0.0)
    assert isinstance(error, SourceError)
    assert error.reason is Reason.REPLICA_STALE
    assert "behind its primary" in str(error)
    patient = ask(standby, limit=3600.0)
    assert isinstance(patient, Quality)
    execute(standby, "SELECT pg_wal_replay_resume()")
    until(standby, CAUGHT_UP, position(primary))
    again = ask(standby, limit=0.0)
    assert isinstance(again, Quality)
    assert again.current.predictions == 2


def test_labels_are_not_announced_by_a_standby_and_that_is_a_reason_and_no_crash(following: tuple[str, str]):
    async def listen() -> None:
        await anext(PostgresReader().listen(read_connection("db", {"uri": following[1]})))

    with pytest.raises(SourceError, match="during recovery"):
        asyncio.run(listen())


@pytest.mark.parametrize(("attributes", "place"), [("read-write", 0), ("standby", 1), ("read-only", 1)])
def test_of_several_hosts_the_kind_asked_for_is_found(following: tuple[str, str], attributes: str, place: int):
    parts = [conninfo_to_dict(url) for url in following]
    ports = ",".join(str(p["port"]) for p in parts)
    url = make_conninfo(following[0], host="127.0.0.1,127.0.0.1", port=ports, target_session_attrs=attributes)

    async def port() -> int:
        reader = PostgresReader()
        connection = read_connection("db", {"uri": url})
        try:
            await reader.read(connection, [about()])
            link = reader._links._lines[connection, 0].link
            assert link is not None
            return link.info.port
        finally:
            await reader.close()

    assert asyncio.run(port()) == parts[place]["port"] or str(asyncio.run(port())) == parts[place]["port"]


def test_one_whose_primary_is_gone_is_refused_when_its_last_change_is_old(
    pair: tuple[EmbeddedDatabase, EmbeddedDatabase], following: tuple[str, str]
):
    pair[0].pause()
    try:
        with psycopg.connect(following[1], autocommit=True) as watching:
            alone = "SELECT count(*) FROM pg_stat_get_wal_receiver() r WHERE r.pid IS NOT NULL"
            wait_until(lambda: watching.execute(alone).fetchone() == (0,), for_="the receiver to end", timeout=30)
        error = ask(following[1], limit=0.0)
        assert isinstance(error, SourceError)
        assert "receives nothing from its primary" in str(error)
        assert isinstance(ask(following[1], limit=3600.0), Quality)
    finally:
        pair[0].resume()


SAYS = {
    "it never replayed anything": (None, True, True, False),
    "all is fresh": (1.0, True, False, False),
    "its primary is idle": (9e9, True, True, False),
    "it lags": (11.0, True, False, True),
    "it is cut off": (11.0, False, True, True),
    "it is cut off, but not for long": (9.0, False, True, False),
}


@pytest.mark.parametrize(("behind", "receiving", "caught_up", "stale"), SAYS.values(), ids=SAYS)
def test_it_is_stale_where(behind: float | None, receiving: bool, caught_up: bool, stale: bool):  # noqa: FBT001  a table
    row = {"behind": behind, "receiving": receiving, "caught_up": caught_up}
    assert (find_staleness(row, 10.0) is not None) is stale


async def test_a_failover_to_a_standby_that_is_behind_is_noticed_and_the_way_back_too(following: tuple[str, str]):
    primary, standby = following
    reader = PostgresReader(replica_lag=0.0)
    execute(standby, "SELECT pg_wal_replay_pause()")
    execute(primary, INSERT)
    until(standby, RECEIVED, position(primary))
    with a_network() as network:
        way = network.way_to(primary)
        connection, found = read_connection("db", {"uri": way.url}), []
        for server in (primary, standby, primary):
            way.lead_to(int(conninfo_to_dict(server)["port"]))  # type: ignore[arg-type]
            found += await reader.read(connection, [about()])
        await reader.close()
    assert [f.reason if isinstance(f, SourceError) else f.current.predictions for f in found] == [
        2,
        Reason.REPLICA_STALE,
        2,
    ]
