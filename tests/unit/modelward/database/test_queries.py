"""SQL lives in named queries, each with its purpose; migrations are numbered without a gap."""

import re
from importlib import resources

import pytest

from modelward.database.migrate import find_migrations
from modelward.database.queries import FILES, named_query

TEXT = "".join(resources.files("modelward.database").joinpath(name).read_text() for name in FILES)
NAMES = re.findall(r"^-- name: (\w+)$", TEXT, re.MULTILINE)
MIGRATIONS = find_migrations()


@pytest.mark.parametrize("name", NAMES)
def test_a_query_says_its_purpose_first(name: str):
    assert re.match(rb"-- [A-Z].+", named_query(name))


@pytest.mark.parametrize("name", NAMES)
def test_a_query_is_one_statement_that_reads(name: str):
    statement = re.sub(rb"--.*", b"", named_query(name)).strip()
    assert b";" not in statement
    assert statement.split()[0] in {b"SELECT", b"WITH"}
    assert not re.search(rb"\b(INSERT|UPDATE|DELETE|CREATE|DROP|ALTER)\b", statement)


def test_names_are_there_once():
    assert len(set(NAMES)) == len(NAMES)


def test_an_unknown_name_is_an_error():
    with pytest.raises(KeyError):
        named_query("nonsense")


def test_migrations_are_numbered_from_one():
    assert [number for number, _, _ in MIGRATIONS] == list(range(1, len(MIGRATIONS) + 1))


@pytest.mark.parametrize("migration", MIGRATIONS, ids=[name for _, name, _ in MIGRATIONS])
def test_a_migration_has_a_name_and_a_purpose(migration: tuple[int, str, str]):
    number, name, sql = migration
    assert re.fullmatch(rf"{number:04d}_[a-z_]+", name)
    assert sql.startswith("-- ")
