"""SQL that pages give to people: the rows of the README are judged, and the rights of the command line are enough."""

import re
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from builders import A, B
from pages import DOCS, read_blocks
from registry import BAD, Registry, guide, shell


def statements(page: Path, mark: str) -> list[str]:
    """Return the statements of the page's SQL block that has a mark in it."""
    (block,) = [b for b in read_blocks(page) if b.language == "sql" and mark in b.text]
    return [statement.strip() for statement in block.text.split(";") if statement.strip()]


def test_the_readmes_rows_are_a_labelled_prediction(database_url: str):
    registry = Registry(database_url)
    for statement in statements(DOCS.parent / "README.md", "order-4711"):
        registry.ask(statement)
    rows = registry.ask("SELECT model_name, model_version, prediction, actual FROM model_predictions")
    assert rows == [("house-prices", "20260105_143022", 312000.0, 298500.0)]


GRANTS = statements(DOCS / "command-line.md", "TO mlops")
LOOKING = (("status",), ("history",), ("compare", B, A), ("explain",), ("check", "--dry-run"))


@pytest.fixture
def mlops(database_url: str) -> Iterator[str]:
    """A user who may nothing yet, in the guide's situation."""
    guide(database_url, BAD)
    registry = Registry(database_url)
    registry.ask("CREATE ROLE mlops LOGIN PASSWORD 'mlops'")
    yield make_conninfo(**{**conninfo_to_dict(database_url), "user": "mlops", "password": "mlops"})
    registry.ask("DROP OWNED BY mlops")
    registry.ask("DROP ROLE mlops")


def grant(url: str, statements: list[str]) -> None:
    """Run GRANTs as the owner."""
    with psycopg.connect(url, autocommit=True) as connection:
        for statement in statements:
            connection.execute(statement.encode())


def test_the_first_three_rights_are_enough_to_look_and_all_of_them_to_act(database_url: str, mlops: str):
    grant(database_url, GRANTS[:3])
    run = shell(mlops)
    assert [run(*verb).exit_code for verb in LOOKING] == [0, 0, 3, 0, 3]
    assert run("rollback", "--yes").exit_code == 1
    grant(database_url, GRANTS[3:])
    assert run("check").exit_code == 4
    assert Registry(database_url).production == [A]


def test_a_database_check_by_a_user_without_rights_prints_what_the_page_says(database_url: str):
    page = (DOCS / "databases.md").read_text()
    (shown,) = re.findall(r"^         mend +(GRANT .*;)$", page, re.MULTILINE)
    registry = Registry(database_url)
    registry.ask("CREATE ROLE modelward_reader LOGIN PASSWORD 'reader'")
    try:
        url = make_conninfo(**{**conninfo_to_dict(database_url), "user": "modelward_reader", "password": "reader"})
        assert shown in shell(url)("db", "check").output
    finally:
        registry.ask("DROP OWNED BY modelward_reader")
        registry.ask("DROP ROLE modelward_reader")
