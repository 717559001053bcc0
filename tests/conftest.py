"""What more than one layer of tests needs: a real PostgreSQL, and a fresh database on it for each test."""

import secrets
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest
from psycopg import sql

from modelward.database.migrate import migrate
from sandbox.database import EmbeddedDatabase, start_embedded

TEMPLATE = "modelward_template"


@pytest.fixture(scope="session")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedDatabase]:
    """One server for the session, with a migrated database to copy from."""
    server = start_embedded(tmp_path_factory.mktemp("postgres"))
    try:
        execute(server.url, f"CREATE DATABASE {TEMPLATE}")
        migrate(at(server.url, TEMPLATE))
        yield server
    finally:
        server.stop()


@pytest.fixture
def make_database(postgres: EmbeddedDatabase) -> Iterator[Callable[..., str]]:
    """Make databases and drop them when the test has ended."""
    names: list[str] = []

    def make(*, migrated: bool = True) -> str:
        name = f"test_{secrets.token_hex(6)}"
        template = f" TEMPLATE {TEMPLATE}" if migrated else ""
        execute(postgres.url, f"CREATE DATABASE {name}{template}")
        names.append(name)
        return at(postgres.url, name)

    yield make
    for name in names:
        execute(postgres.url, f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")


@pytest.fixture
def database_url(make_database: Callable[..., str]) -> str:
    """A fresh database with our tables."""
    return make_database()


@pytest.fixture(scope="session")
def root() -> Path:
    """The project's folder."""
    return Path(__file__).parent.parent


def execute(url: str, statement: str) -> None:
    """Run one statement outside a transaction."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(sql.SQL(statement))  # type: ignore[arg-type]


def at(url: str, name: str) -> str:
    """Name another database of the same server."""
    return f"{url.rpartition('/')[0]}/{name}"
