"""A real PostgreSQL on this machine, and a fence before it: readers, listeners and writers are held back."""

import logging
import os
import socket
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from threading import Thread
from urllib.parse import urlsplit

import pytest

from builders import A
from modelward.database.audit import PostgresAudit
from modelward.database.fence import Fence
from modelward.database.links import Bounds
from modelward.database.reader import PostgresReader
from modelward.database.secrets import read_connection
from modelward.domain.addresses import parse_networks
from modelward.domain.errors import SourceError
from modelward.domain.quality import Quality
from modelward.domain.questions import Connection, Question
from modelward.domain.reasons import Reason

LOCAL = Fence(parse_networks(["127.0.0.0/8", "::1/128"]))
QUESTION = Question("m", "", A, timedelta(hours=1), timedelta(0))


async def ask(connection: Connection, fence: Fence) -> Quality | SourceError:
    reader = PostgresReader(fence=fence, connect_timeout=2.0)
    try:
        (answer,) = await reader.read(connection, [QUESTION])
        return answer
    finally:
        await reader.close()


def of(url: str, **changes: str) -> Connection:
    """Return what a Secret with keys of their own says, some of them changed."""
    parts = urlsplit(url)
    said = {"host": parts.hostname, "port": parts.port, "user": parts.username, "dbname": parts.path[1:]}
    values = {key: str(value) for key, value in said.items() if value} | {"password": parts.password or ""}
    return read_connection("db", values | changes)


@pytest.fixture
def trap() -> Iterator[socket.socket]:
    """A place that must not be dialled; it hangs up on whoever comes, and remembers it."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server


def was_dialled(trap: socket.socket) -> bool:
    trap.settimeout(0.05)
    try:
        trap.accept()
    except TimeoutError:
        return False
    return True


async def test_where_its_network_is_allowed_the_database_answers(database_url: str):
    assert isinstance(await ask(of(database_url), LOCAL), Quality)


async def test_a_name_with_several_addresses_is_tried_at_each(database_url: str):
    assert isinstance(await ask(of(database_url, host="localhost"), LOCAL), Quality)


async def test_the_first_host_that_answers_is_taken(database_url: str):
    with socket.create_server(("127.0.0.1", 0)) as nobody:
        ports = f"{nobody.getsockname()[1]},{urlsplit(database_url).port}"
    assert isinstance(await ask(of(database_url, host="127.0.0.1,localhost", port=ports), LOCAL), Quality)


async def test_without_that_it_is_not_even_dialled(database_url: str, trap: socket.socket):
    answer = await ask(of(database_url, port=str(trap.getsockname()[1])), Fence())
    assert isinstance(answer, SourceError)
    assert (answer.reason, was_dialled(trap)) == (Reason.DATABASE_NOT_ALLOWED, False)
    assert "databases.networks" in str(answer)


async def test_nor_for_announcements_of_labels(trap: socket.socket):
    port = trap.getsockname()[1]
    direct = f"postgresql://u:c4n4ry@localhost:{port}/db"
    connection = read_connection("db", {"uri": "postgresql://u@db.example.com/db", "directUri": direct})
    reader = PostgresReader(fence=Fence())
    with pytest.raises(SourceError) as caught:
        await anext(aiter(reader.listen(connection)))
    assert (caught.value.reason, was_dialled(trap)) == (Reason.DATABASE_NOT_ALLOWED, False)


async def test_nor_for_the_audit_table(database_url: str, trap: socket.socket):
    book = PostgresAudit(Bounds(fence=Fence()))
    with pytest.raises(SourceError) as caught:
        await book.past(of(database_url, port=str(trap.getsockname()[1])))
    assert (caught.value.reason, was_dialled(trap)) == (Reason.DATABASE_NOT_ALLOWED, False)


TRICKS = {
    "a connection in the name of the database": "host=127.0.0.1 port={port}",
    "a URI in the name of the database": "postgresql://127.0.0.1:{port}/db",
    "a quote that ends the value": "x' hostaddr='127.0.0.1' port='{port}",
}


@pytest.mark.parametrize("trick", TRICKS.values(), ids=TRICKS)
async def test_is_no_way_round(database_url: str, trap: socket.socket, trick: str):
    trick = trick.format(port=trap.getsockname()[1])
    for key in ("dbname", "user", "password"):
        answer = await ask(of(database_url, host="192.0.2.1", port="1", **{key: trick}), Fence())
        assert isinstance(answer, SourceError)
    assert not was_dialled(trap)


async def test_no_password_of_the_operators_own_is_sent(
    database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """A server that asks for a password in the clear gets none of a ~/.pgpass."""
    secrets = tmp_path / "pgpass"
    secrets.touch(mode=0o600)
    secrets.write_text("*:*:*:*:c4n4ry\n")
    monkeypatch.setenv("PGPASSFILE", str(secrets))
    with socket.create_server(("127.0.0.1", 0)) as server:
        heard: list[bytes] = []
        thief = Thread(target=ask_for_a_password, args=(server, heard))
        thief.start()
        changes = {"port": str(server.getsockname()[1]), "password": "", "sslmode": "disable"}
        answer = await ask(of(database_url, **changes), LOCAL)
        thief.join(5)
    assert isinstance(answer, SourceError)
    assert answer.reason is Reason.AUTHENTICATION_FAILED
    assert b"c4n4ry" not in b"".join(heard)


def ask_for_a_password(server: socket.socket, heard: list[bytes]) -> None:
    """Play a server that wants the password as it is."""
    server.settimeout(5)
    with server.accept()[0] as client:
        client.settimeout(2)
        heard.append(client.recv(4096))
        client.sendall(b"R\x00\x00\x00\x08\x00\x00\x00\x03")
        heard.append(client.recv(4096))


FORBIDDEN = ["passfile", "service", "servicefile", "sslkey", "sslcert", "sslcrl", "options", "krbsrvname", "gsslib"]


@pytest.mark.parametrize("option", FORBIDDEN)
def test_an_option_that_reaches_files_or_settings_is_refused(option: str, caplog: pytest.LogCaptureFixture):
    caplog.set_level(logging.DEBUG)
    with pytest.raises(SourceError) as caught:
        read_connection("db", {"uri": f"postgresql://u:c4n4ry@db.example.com/d?{option}=/c4n4ry{os.sep}x"})
    assert option in str(caught.value) or "not a PostgreSQL URI" in str(caught.value)
    assert "c4n4ry" not in str(caught.value) + caplog.text


def test_a_path_in_the_place_of_a_certificate_is_refused():
    for values in ({"uri": "postgresql://u@h/d?sslrootcert=/etc/passwd"}, {"host": "h", "sslrootcert": "/etc/passwd"}):
        with pytest.raises(SourceError, match="must be a PEM certificate"):
            read_connection("db", values)
