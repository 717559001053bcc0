"""`modelward db init`: every migration once, whoever runs it how often; and a reason where it cannot be done."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest
from click.testing import CliRunner
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from modelward.__main__ import main
from modelward.database.migrate import find_migrations, migrate
from modelward.domain.errors import SourceError
from modelward.domain.reasons import Reason

NAMES = [name for _, name, _ in find_migrations()]


@pytest.fixture
def empty(make_database: Callable[..., str]) -> str:
    """A database without our tables."""
    return make_database(migrated=False)


def tables(url: str) -> set[str]:
    with psycopg.connect(url) as connection:
        rows = connection.execute("SELECT table_name FROM information_schema.tables WHERE table_schema = 'public'")
        return {row[0] for row in rows}


def test_an_empty_database_gets_every_migration(empty: str):
    assert migrate(empty) == NAMES
    assert tables(empty) >= {"model_predictions", "model_versions"}


def test_the_second_time_there_is_nothing_to_do(empty: str):
    migrate(empty)
    assert migrate(empty) == []


def test_what_was_written_stays(empty: str):
    migrate(empty)
    with psycopg.connect(empty) as connection:
        connection.execute("INSERT INTO model_predictions (model_name, model_version) VALUES ('m', 'v')")
    migrate(empty)
    with psycopg.connect(empty) as connection:
        assert connection.execute("SELECT count(*) FROM model_predictions").fetchone() == (1,)


def test_several_at_once_apply_each_migration_once(empty: str):
    with ThreadPoolExecutor(4) as pool:
        applied = list(pool.map(migrate, [empty] * 4))
    assert sorted(applied, key=len) == [[], [], [], NAMES]


def test_a_migration_that_fails_leaves_nothing_half_done(empty: str):
    with psycopg.connect(empty) as connection:
        connection.execute("CREATE TABLE model_versions (mine int)")
    with pytest.raises(SourceError, match=r"there is a table public\.model_versions that is not ours"):
        migrate(empty)
    assert tables(empty) == {"model_versions"}


def test_tables_stand_in_public_whatever_the_users_search_path(empty: str):
    parts = conninfo_to_dict(empty)
    with psycopg.connect(empty, autocommit=True) as connection:
        connection.execute("CREATE SCHEMA other")
    migrate(make_conninfo(**{**parts, "options": "-csearch_path=other"}))
    assert "model_predictions" in tables(empty)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"port": "1"}, Reason.DATABASE_UNREACHABLE),
        ({"password": "s3cr3t-wrong"}, Reason.AUTHENTICATION_FAILED),
        ({"dbname": "nowhere"}, Reason.DATABASE_MISSING),
    ],
)
def test_a_database_that_cannot_be_reached_is_a_reason(empty: str, change: dict[str, str], reason: Reason):
    with pytest.raises(SourceError) as caught:
        migrate(make_conninfo(**{**conninfo_to_dict(empty), **change}))
    assert caught.value.reason is reason
    assert "s3cr3t" not in str(caught.value)


def test_the_command_says_what_it_did(empty: str):
    run = CliRunner()
    first = run.invoke(main, ["db", "init", "--database-url", empty])
    second = run.invoke(main, ["db", "init"], env={"DATABASE_URL": empty})
    assert (first.exit_code, first.output) == (0, f"applied: {', '.join(NAMES)}\n")
    assert (second.exit_code, second.output) == (0, "nothing to do: the database is up to date\n")


def test_the_command_fails_with_a_sentence_and_no_traceback(empty: str):
    result = CliRunner().invoke(main, ["db", "init", "--database-url", make_conninfo(empty, port="1")])
    assert result.exit_code == 1
    assert "the database could not be prepared: the connection was refused" in result.output
    assert "Traceback" not in result.output
