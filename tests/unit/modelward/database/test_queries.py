"""SQL lives in named queries, each with its purpose; migrations are numbered without a gap."""

import re
from importlib import resources

import pytest

from modelward.database.migrate import find_migrations
from modelward.database.queries import FILES, LEDGER, named_query

TEXT = "".join(resources.files("modelward.database").joinpath(name).read_text() for name in FILES)
NAMES = re.findall(r"^-- name: (\w+)$", TEXT, re.MULTILINE)
KEEPING = re.findall(
    r"^-- name: (\w+)$",
    resources.files("modelward.database").joinpath("ledger.sql").read_text(),
    re.MULTILINE,
)
MIGRATIONS = find_migrations()


@pytest.mark.parametrize("name", NAMES)
def test_a_query_says_its_purpose_first(name: str):
    assert re.match(r"-- [A-Z].+", named_query(name))


def statement_of(name: str) -> str:
    return re.sub(r"--.*", "", named_query(name)).strip()


@pytest.mark.parametrize("name", KEEPING)
def test_a_query_of_the_ledger_says_its_purpose_first_and_is_one_statement(name: str):
    query = named_query(name, LEDGER)
    assert re.match(r"-- [A-Z].+", query)
    assert ";" not in re.sub(r"--.*", "", query)


def test_only_these_write():
    writing = {n for n in KEEPING if re.search(r"\b(INSERT|UPDATE|DELETE)\b (INTO|FROM|model)", named_query(n, LEDGER))}
    assert writing == {
        "leave_production",
        "enter_production",
        "record_rollback",
        "archive_versions",
        "keep_notice",
        "delete_predictions",
        "restore_version",
        "restore_predictions",
    }


@pytest.mark.parametrize("name", NAMES)
def test_a_query_is_one_statement(name: str):
    assert ";" not in statement_of(name)


OWN = {"record": "modelward.audit", "claim": "modelward.managed", "release": "modelward.managed"}
OWN |= {"sweep_claims": "modelward.managed"}
WORDS = re.compile(r"\b(INSERT INTO|UPDATE|DELETE FROM|CREATE|DROP|ALTER|TRUNCATE)\s+(\S+)")


def writes(name: str) -> set[str]:
    """Return the tables that a statement writes to; privileges in quotes are only spoken of."""
    return {table for _, table in WORDS.findall(re.sub(r"'[^']*'|ON CONFLICT.*", "", statement_of(name)))}


@pytest.mark.parametrize(("name", "table"), OWN.items())
def test_what_writes_writes_to_one_table_of_our_own(name: str, table: str):
    assert writes(name) == {table}


@pytest.mark.parametrize("name", [name for name in NAMES if name not in OWN])
def test_every_other_query_reads(name: str):
    assert statement_of(name).split()[0] in {"SELECT", "WITH"}
    assert writes(name) == set()


def test_names_are_there_once():
    assert len({*NAMES, *KEEPING}) == len(NAMES) + len(KEEPING)


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
