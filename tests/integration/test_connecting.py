"""What stands between us and the rows: a pooler, TLS, several hosts; real ones, with a real PostgreSQL behind them."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import aclosing
from pathlib import Path

import psycopg
import pytest
from click.testing import CliRunner
from psycopg.conninfo import conninfo_to_dict

from integration.tables import ALL, PLAIN, about, execute
from modelward.__main__ import main
from modelward.database.reader import PostgresReader
from modelward.database.secrets import read_connection
from modelward.domain.errors import SourceError
from modelward.domain.mapping import parse_source
from modelward.domain.quality import Quality
from modelward.domain.questions import Connection
from modelward.domain.reasons import Reason
from servers import PGBOUNCER, make_certificate, pgbouncer, tls_front

ROW = "INSERT INTO model_predictions (model_name, model_version, prediction, actual, predicted_at) "
OURS = "application_name = 'modelward'"
INSERT = ROW + "VALUES ('m', 'v2', 1, 3, now() - interval '1 minute')"
needs_pgbouncer = pytest.mark.skipif(PGBOUNCER is None, reason="pgbouncer is not installed; .ci/run installs it")


@pytest.fixture
async def reader() -> AsyncIterator[PostgresReader]:
    reader = PostgresReader()
    yield reader
    await reader.close()


async def predictions(reader: PostgresReader, connection: Connection) -> int | SourceError:
    (found,) = await reader.read(connection, [about()])
    return found.current.predictions if isinstance(found, Quality) else found


# -- a pooler --------------------------------------------------------------------------------------------------------


@needs_pgbouncer
async def test_through_a_pooler_many_read_by_turns_and_leave_nothing_behind(database_url: str):
    execute(database_url, INSERT, f"CREATE TABLE public.p ({ALL.replace('timestamptz', 'timestamp')})")
    execute(database_url, "INSERT INTO public.p VALUES ('m', '', 'r', 'v2', 'live', now() - interval '1 minute', 1, 3)")
    source = parse_source({"timeZone": "Asia/Tokyo", **PLAIN})
    with pgbouncer(database_url) as url:
        readers = [PostgresReader() for _ in range(4)]
        connection = read_connection("db", {"uri": url})
        asked = [r.read(connection, [about()]) for r in readers for _ in range(3)]
        foreign = [r.read(connection, [about()], source) for r in readers]
        answers = [answer for (answer,) in await asyncio.gather(*asked, *foreign)]
        assert [a for a in answers if not isinstance(a, Quality)] == []
        assert {a.current.predictions for a in answers[:12] if isinstance(a, Quality)} == {1}
        with psycopg.connect(url, autocommit=True, prepare_threshold=None) as other:
            for setting, value in (
                ("statement_timeout", "0"),
                ("search_path", '"$user", public'),
                ("lock_timeout", "0"),
            ):
                assert other.execute(f"SHOW {setting}".encode()).fetchone() == (value,)
            assert other.execute("SHOW TimeZone").fetchone() != ("Asia/Tokyo",)
            assert other.execute("SELECT count(*) FROM pg_prepared_statements").fetchone() == (0,)
            assert other.execute("SHOW transaction_read_only").fetchone() == ("off",)
        for r in readers:
            await r.close()


@needs_pgbouncer
async def test_through_a_pooler_a_statement_that_takes_too_long_is_ended(database_url: str):
    with pgbouncer(database_url) as url, psycopg.connect(database_url) as writer:
        writer.execute("LOCK TABLE model_predictions IN ACCESS EXCLUSIVE MODE")
        reader = PostgresReader(statement_timeout=0.05, lock_timeout=10)
        error = await predictions(reader, read_connection("db", {"uri": url}))
        assert isinstance(error, SourceError)
        assert error.reason is Reason.QUERY_TOO_COSTLY
        await reader.close()


@needs_pgbouncer
async def test_listening_gives_way_to_a_pooler_and_goes_past_it_where_it_may(database_url: str, reader: PostgresReader):
    with pgbouncer(database_url) as url:
        with pytest.raises(SourceError, match=r"a pooler stands in between, .* put directUri into the Secret"):
            await anext(reader.listen(read_connection("db", {"uri": url})))
        both = read_connection("db", {"uri": url, "directUri": database_url})
        async with aclosing(reader.listen(both)) as feed:
            heard = asyncio.ensure_future(anext(feed))
            await _until(database_url, "query = 'LISTEN modelward' AND state = 'idle'", 1)
            execute(database_url, INSERT)
            assert (await asyncio.wait_for(heard, 10))[0] == "m"
        assert await predictions(reader, both) == 1


@needs_pgbouncer
def test_db_check_sees_the_pooler(database_url: str):
    with pgbouncer(database_url) as url:
        done = CliRunner().invoke(main, ["db", "check", "--database-url", url])
    assert done.exit_code == 0, done.output
    assert "note     pooler     a pooler stands in between" in done.stdout


async def _until(url: str, which: str, number: int) -> None:
    """Wait until so many sessions of the test's own database are such."""
    query = f"SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND {which}"
    async with asyncio.timeout(10), await psycopg.AsyncConnection.connect(url, autocommit=True) as asking:
        while (await (await asking.execute(query.encode())).fetchone()) != (number,):
            await asking.execute("SELECT pg_sleep(0.01)")


# -- TLS -------------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two authorities, and a server's certificate by the first one for localhost, and one for another name."""
    folder = tmp_path_factory.mktemp("certificates")
    for authority in ("ca", "other-ca"):
        make_certificate(folder, authority)
    for name in ("localhost", "elsewhere.example"):
        make_certificate(folder, name, "ca")
    return folder


def keys(url: str, port: int, **changes: str) -> dict[str, str]:
    parts = {key: str(value) for key, value in conninfo_to_dict(url).items()}
    return {**parts, "host": "localhost", "port": str(port), **changes}


async def test_a_private_ca_is_enough_to_trust_the_server(
    database_url: str, certificates: Path, reader: PostgresReader
):
    execute(database_url, INSERT)
    ca = (certificates / "ca.crt").read_text()
    with tls_front(database_url, certificates / "localhost.crt") as port:
        for mode in ({}, {"sslmode": "verify-full"}):
            connection = read_connection("db", keys(database_url, port, sslrootcert=ca, **mode))
            assert ("sslmode", "verify-full") in connection.parameters
            assert await predictions(reader, connection) == 1


UNTRUSTED = {
    "a server of another CA": ("localhost", "other-ca", "was not made by a CA of sslrootcert, or has expired"),
    "a server of another name": ("elsewhere.example", "ca", "was made for another host name"),
}


@pytest.mark.parametrize(("server", "authority", "words"), UNTRUSTED.values(), ids=UNTRUSTED)
async def test_is_not_trusted(
    database_url: str, certificates: Path, reader: PostgresReader, server: str, authority: str, words: str
):
    with tls_front(database_url, certificates / f"{server}.crt") as port:
        ca = (certificates / f"{authority}.crt").read_text()
        error = await predictions(reader, read_connection("db", keys(database_url, port, sslrootcert=ca)))
    assert isinstance(error, SourceError)
    assert (error.reason, words in str(error)) == (Reason.TLS_FAILED, True), error


async def test_to_check_without_a_ca_to_check_with_is_told(
    database_url: str, certificates: Path, reader: PostgresReader, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
):
    monkeypatch.setenv("HOME", str(tmp_path))
    with tls_front(database_url, certificates / "localhost.crt") as port:
        error = await predictions(reader, read_connection("db", keys(database_url, port, sslmode="verify-full")))
    assert isinstance(error, SourceError)
    assert (error.reason, "no sslrootcert" in str(error)) == (Reason.TLS_FAILED, True), error


# -- a database that hangs -------------------------------------------------------------------------------------------


async def test_a_database_that_hangs_delays_none_beside_it(database_url: str, reader: PostgresReader):
    execute(database_url, INSERT)
    with socket.create_server(("127.0.0.1", 0)) as mute:
        port = str(mute.getsockname()[1])
        hanging = asyncio.ensure_future(predictions(reader, read_connection("db", keys(database_url, int(port)))))
        healthy = [await predictions(reader, read_connection("db", {"uri": database_url})) for _ in range(3)]
        assert healthy == [1, 1, 1]
        assert not hanging.done()
        hanging.cancel()
        await asyncio.gather(hanging, return_exceptions=True)


async def test_a_table_that_is_locked_blinds_no_other_on_the_same_connection(database_url: str):
    execute(database_url, INSERT, f"CREATE TABLE public.p ({ALL})")
    reader, connection = PostgresReader(lock_timeout=0.05), read_connection("db", {"uri": database_url})
    with psycopg.connect(database_url) as writer:
        writer.execute("LOCK TABLE public.p IN ACCESS EXCLUSIVE MODE")
        theirs, ours = await asyncio.gather(
            reader.read(connection, [about()], parse_source(PLAIN)), predictions(reader, connection)
        )
    assert isinstance(theirs[0], SourceError)
    assert theirs[0].reason is Reason.TABLE_LOCKED
    assert ours == 1
    await reader.close()


# -- several hosts, and changes ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("attributes", ["any", "read-write", "primary"])
async def test_of_several_hosts_one_that_answers_is_enough(database_url: str, reader: PostgresReader, attributes: str):
    execute(database_url, INSERT)
    parts = conninfo_to_dict(database_url)
    where = f"127.0.0.1:1,127.0.0.1:{parts['port']}"
    uri = (
        f"postgresql://{parts['user']}:{parts['password']}@{where}/{parts['dbname']}?target_session_attrs={attributes}"
    )
    assert await predictions(reader, read_connection("db", {"uri": uri})) == 1


async def test_what_is_let_go_is_hung_up_and_whoever_asks_just_then_gets_an_answer(
    database_url: str, reader: PostgresReader
):
    connection = read_connection("db", {"uri": database_url})
    assert await predictions(reader, connection) == 0
    await reader.release(connection)
    await _until(database_url, OURS, 0)
    with psycopg.connect(database_url) as writer:
        writer.execute("LOCK TABLE model_predictions IN ACCESS EXCLUSIVE MODE")
        asking = asyncio.ensure_future(predictions(reader, connection))
        await _until(database_url, f"{OURS} AND wait_event_type = 'Lock'", 1)
        await reader.release(connection)
    assert await asking == 0
    await _until(database_url, OURS, 0)
