"""The reader on a real PostgreSQL: what it may not do, and what it says when it cannot answer."""

from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from datetime import timedelta

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict

from modelward.database.reader import PostgresReader
from modelward.database.secrets import read_connection
from modelward.domain.errors import SourceError
from modelward.domain.quality import Quality, VersionCount
from modelward.domain.questions import Connection, Question
from modelward.domain.reasons import Reason

HOUR = timedelta(hours=1)
OURS = "application_name = 'modelward' AND datname = current_database()"
ROW = "INSERT INTO model_predictions (model_name, model_version, prediction, actual, predicted_at) "


@pytest.fixture
async def reader() -> AsyncIterator[PostgresReader]:
    reader = PostgresReader()
    yield reader
    await reader.close()


def about(model: str = "m") -> Question:
    return Question(model, "", "v2", HOUR, timedelta(0), None, "v1")


def connect(url: str, **changes: str) -> Connection:
    """Read a Secret of single keys, some of them changed."""
    keys = {key: str(value) for key, value in conninfo_to_dict(url).items()}
    return read_connection("db", {**keys, **changes})


def run(url: str, statement: str) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(statement.encode())


async def refusal(reader: PostgresReader, connection: Connection, *questions: Question) -> SourceError:
    answers = await reader.read(connection, questions or [about()])
    assert all(isinstance(a, SourceError) for a in answers), answers
    assert isinstance(answers[0], SourceError)
    return answers[0]


# -- connecting ------------------------------------------------------------------------------------------------------

CONNECTING: dict[str, tuple[dict[str, str], Reason]] = {
    "a wrong password": ({"password": "s3cr3t-wrong"}, Reason.AUTHENTICATION_FAILED),
    "no password": ({"password": ""}, Reason.AUTHENTICATION_FAILED),
    "an unknown user": ({"user": "s3cr3t-user"}, Reason.AUTHENTICATION_FAILED),
    "a port where nobody listens": ({"port": "1"}, Reason.DATABASE_UNREACHABLE),
    "a host that there is not": ({"host": "s3cr3t.invalid"}, Reason.DATABASE_UNREACHABLE),
    "a port that is no number": ({"port": "s3cr3t"}, Reason.DATABASE_UNREACHABLE),
    "an unknown database": ({"dbname": "s3cr3t-db"}, Reason.DATABASE_MISSING),
    "TLS that the server does not offer": ({"sslmode": "require"}, Reason.TLS_FAILED),
    "a mode of TLS that there is not": ({"sslmode": "s3cr3t"}, Reason.TLS_FAILED),
}


@pytest.mark.parametrize(("changes", "reason"), CONNECTING.values(), ids=CONNECTING)
async def test_connecting_fails_by(reader: PostgresReader, database_url: str, changes: dict[str, str], reason: Reason):
    error = await refusal(reader, connect(database_url, **changes))
    assert error.reason is reason
    parts = conninfo_to_dict(database_url)
    for secret in ("s3cr3t", str(parts["password"]), str(parts["user"]), str(parts["port"]), str(parts["host"])):
        assert secret not in str(error).replace("modelward_", "")


async def test_every_question_of_the_group_gets_the_reason(reader: PostgresReader, database_url: str):
    answers = await reader.read(connect(database_url, port="1"), [about(f"m{i}") for i in range(5)])
    assert [isinstance(a, SourceError) for a in answers] == [True] * 5


async def test_no_question_costs_no_connection(reader: PostgresReader):
    assert await reader.read(read_connection("db", {"uri": "postgresql://nowhere.invalid/x"}), []) == []


async def test_a_connection_is_kept_for_the_next_time(reader: PostgresReader, database_url: str):
    for _ in range(3):
        await reader.read(connect(database_url), [about()])
    with psycopg.connect(database_url) as connection:
        assert connection.execute(f"SELECT count(*) FROM pg_stat_activity WHERE {OURS}").fetchone() == (1,)


async def test_a_connection_that_was_cut_is_made_anew(reader: PostgresReader, database_url: str):
    connection = connect(database_url)
    await reader.read(connection, [about()])
    run(
        database_url,
        f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE {OURS}",
    )
    assert isinstance((await reader.read(connection, [about()]))[0], Quality)


# -- the schema ------------------------------------------------------------------------------------------------------

SCHEMA: dict[str, tuple[str, Reason, str]] = {
    "the table is missing": (
        "DROP TABLE model_predictions",
        Reason.SCHEMA_MISMATCH,
        "there is no table public.model_predictions; schema public has: model_versions",
    ),
    "a column is missing": (
        "ALTER TABLE model_predictions DROP COLUMN actual_at",
        Reason.SCHEMA_MISMATCH,
        "public.model_predictions has no column actual_at; it has: model_name (text), environment (text), ",
    ),
    "a column is of another type": (
        "ALTER TABLE model_predictions ALTER COLUMN prediction TYPE text",
        Reason.SCHEMA_MISMATCH,
        "column prediction of public.model_predictions is text; it must be a number",
    ),
}


@pytest.mark.parametrize(("change", "reason", "words"), SCHEMA.values(), ids=SCHEMA)
async def test_is_named_where(reader: PostgresReader, database_url: str, change: str, reason: Reason, words: str):
    run(database_url, change)
    error = await refusal(reader, connect(database_url), about("one"), about("two"))
    assert error.reason is reason
    assert words in str(error)
    assert reader.statements == 1, "what no row can cause is not looked for among them"


@pytest.fixture
def visitor(database_url: str) -> Iterator[dict[str, str]]:
    """A user who may log in and nothing else."""
    run(database_url, "DROP ROLE IF EXISTS visitor")
    run(database_url, "CREATE ROLE visitor LOGIN PASSWORD 'visitor'")
    yield {"user": "visitor", "password": "visitor"}
    run(database_url, "DROP OWNED BY visitor")
    run(database_url, "DROP ROLE visitor")


async def test_a_user_who_may_not_read_is_told_so(reader: PostgresReader, database_url: str, visitor: dict[str, str]):
    error = await refusal(reader, connect(database_url, **visitor))
    assert error.reason is Reason.PERMISSION_DENIED
    assert str(error) == (
        "permission denied for table model_predictions (SQLSTATE 42501): "
        'GRANT SELECT ON "public"."model_predictions" TO <user>; '
        'GRANT SELECT ON "public"."model_versions" TO <user>; modelward db check prints the exact statements'
    )


async def test_reading_needs_select_and_nothing_else(
    reader: PostgresReader, database_url: str, visitor: dict[str, str]
):
    run(database_url, "GRANT SELECT ON model_predictions, model_versions TO visitor")
    connection = connect(database_url, **visitor)
    assert isinstance((await reader.read(connection, [about()]))[0], Quality)
    assert await reader.versions(connection, "m", "") == []
    assert await reader.archived(connection, "m", "") == ()


# -- bounds ----------------------------------------------------------------------------------------------------------


@contextmanager
def locked(url: str) -> Iterator[None]:
    """Hold the table so that nobody can read it."""
    with psycopg.connect(url) as connection:
        connection.execute("LOCK TABLE model_predictions IN ACCESS EXCLUSIVE MODE")
        yield
        connection.rollback()


async def test_a_table_that_is_locked_is_not_waited_for(database_url: str):
    reader = PostgresReader(lock_timeout=0.05)
    with locked(database_url):
        error = await refusal(reader, connect(database_url), about("one"), about("two"))
    assert error.reason is Reason.TABLE_LOCKED
    assert reader.statements == 1, "a lock is no resource's own, so nobody is looked for"
    assert isinstance((await reader.read(connect(database_url), [about()]))[0], Quality)
    await reader.close()


async def test_a_statement_that_takes_too_long_is_ended(database_url: str):
    reader = PostgresReader(statement_timeout=0.05, lock_timeout=10)
    with locked(database_url):
        error = await refusal(reader, connect(database_url))
    assert error.reason is Reason.QUERY_TOO_COSTLY
    assert "statement timeout" in str(error)
    await reader.close()


FORBIDDEN = {
    "a row is written": ROW + "VALUES ('m', 'v1', 1, 1, now())",
    "a row is deleted": "DELETE FROM model_predictions",
    "a table is made": "CREATE TABLE mine (x int)",
}


@pytest.mark.parametrize("statement", FORBIDDEN.values(), ids=FORBIDDEN)
async def test_its_sessions_refuse_that(reader: PostgresReader, database_url: str, statement: str):
    connection = connect(database_url)
    await reader.read(connection, [about()])
    with pytest.raises(SourceError, match="in a read-only transaction"):
        async with reader._links._transaction(reader._links._lines[connection, 0], connection, "UTC") as cursor:
            await cursor.execute(statement.encode())


async def test_nothing_outlives_its_transaction(reader: PostgresReader, database_url: str):
    connection = connect(database_url)
    await reader.read(connection, [about()])
    link = reader._links._lines[connection, 0].link
    assert link is not None
    found = await (await link.execute("SELECT current_setting('statement_timeout') AS t, pg_backend_pid()")).fetchone()
    assert found is not None
    assert found["t"] == "0"
    prepared = await (await link.execute("SELECT count(*) AS n FROM pg_prepared_statements")).fetchone()
    assert prepared == {"n": 0}


async def test_a_search_path_of_the_users_own_is_not_followed(reader: PostgresReader, database_url: str):
    name = conninfo_to_dict(database_url)["dbname"]
    run(database_url, "CREATE SCHEMA evil")
    run(database_url, "CREATE VIEW evil.model_predictions AS SELECT 1 AS nothing")
    run(database_url, f"ALTER DATABASE {name} SET search_path = evil, public")
    assert isinstance((await reader.read(connect(database_url), [about()]))[0], Quality)


# -- halving ---------------------------------------------------------------------------------------------------------

OVERFLOW = (
    ROW
    + "SELECT 'culprit', 'v2', 0, CASE i % 2 WHEN 0 THEN 9e149 ELSE -9e149 END, now() - i * interval '1 millisecond' "
    "FROM generate_series(1000, 30000) i"
)


@pytest.mark.parametrize("place", [0, 3, 7])
async def test_a_model_whose_rows_break_the_statement_is_found_and_the_others_answered(
    reader: PostgresReader, database_url: str, place: int
):
    run(database_url, OVERFLOW)
    models = [f"m{i}" for i in range(7)]
    models.insert(place, "culprit")
    answers = await reader.read(connect(database_url), [about(model) for model in models])
    broken = [i for i, answer in enumerate(answers) if isinstance(answer, SourceError)]
    assert broken == [place]
    error = answers[place]
    assert isinstance(error, SourceError)
    assert error.reason is Reason.VALUE_OUT_OF_RANGE
    assert reader.statements <= 7


# -- versions --------------------------------------------------------------------------------------------------------

VERSIONS = """
INSERT INTO model_versions (model_name, model_version, created_at, archived_at) VALUES
    ('m', 'v0', now() - interval '9 days', now()), ('m', 'v1', now() - interval '8 days', NULL),
    ('m', 'v2', now() - interval '7 days', NULL), ('other', 'w', now(), now())
"""


async def test_versions_are_listed_with_those_of_the_registry_first(reader: PostgresReader, database_url: str):
    run(database_url, VERSIONS)
    run(database_url, ROW + "SELECT 'm', 'v2', 1, 1, now() - i * interval '1 minute' FROM generate_series(10, 12) i")
    run(database_url, ROW + "VALUES ('m', 'v9', 1, 1, now())")
    connection = connect(database_url)
    assert await reader.versions(connection, "m", "") == [
        VersionCount("v0", 0),
        VersionCount("v1", 0),
        VersionCount("v2", 3),
        VersionCount("v9", 1),
    ]
    assert await reader.archived(connection, "m", "") == ("v0",)
    assert await reader.archived(connection, "m", "staging") == ()


async def test_a_database_without_a_registry_archives_nothing(reader: PostgresReader, database_url: str):
    run(database_url, "DROP TABLE model_versions")
    connection = connect(database_url)
    assert await reader.archived(connection, "m", "") == ()
    assert await reader.versions(connection, "m", "") == []


async def test_lists_fail_with_a_reason_too(reader: PostgresReader, database_url: str):
    for ask in (reader.versions, reader.archived):
        with pytest.raises(SourceError) as caught:
            await ask(connect(database_url, port="1"), "m", "")
        assert caught.value.reason is Reason.DATABASE_UNREACHABLE
