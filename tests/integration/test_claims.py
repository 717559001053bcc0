"""Rows of modelward.managed in a real database: written, moved, taken back, swept; and a user who may not."""

from collections.abc import Iterator

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from modelward.database.claims import PostgresClaims
from modelward.database.secrets import read_connection
from modelward.domain.claims import Claim, Sweep
from modelward.domain.errors import SourceError
from modelward.domain.questions import Connection
from modelward.domain.reasons import Reason
from registry import BAD, Registry, guide, shell

HERE, THERE = "8f14e45f-0000-4000-8000-000000000001", "8f14e45f-0000-4000-8000-000000000002"
PRICES, FLATS = Claim("house-prices", "", "ml/house-prices"), Claim("flats", "", "ml/flats")
BOOK = PostgresClaims()


@pytest.fixture
def connection(database_url: str) -> Connection:
    return read_connection("db", {"uri": database_url})


@pytest.fixture
def guest(database_url: str) -> Iterator[str]:
    """A user who may only look at predictions."""
    registry = Registry(database_url)
    registry.ask("CREATE ROLE claims_guest LOGIN PASSWORD 'guest'")
    registry.ask("GRANT SELECT ON model_predictions TO claims_guest")
    yield make_conninfo(**{**conninfo_to_dict(database_url), "user": "claims_guest", "password": "guest"})
    registry.ask("DROP OWNED BY claims_guest")
    registry.ask("DROP ROLE claims_guest")


def rows(url: str) -> list[tuple[str, str, str]]:
    with psycopg.connect(url) as link:
        return link.execute("SELECT model_name, resource, cluster FROM modelward.managed ORDER BY 1").fetchall()


async def test_what_a_cluster_looks_after_is_left_to_it_by_the_verbs_on_the_database(
    database_url: str, connection: Connection
):
    registry = guide(database_url, BAD)
    await BOOK.write(connection, HERE, [PRICES], [], None)
    refused = shell(database_url)("rollback", "--yes")
    assert refused.exit_code == 1
    assert f"ModelDeployment ml/house-prices in cluster {HERE} looks after house-prices" in refused.stderr
    await BOOK.write(connection, HERE, [], [PRICES], None)
    assert shell(database_url)("rollback", "--yes").exit_code == 0
    assert len(registry.audited) == 1


async def test_said_twice_it_is_one_row_that_keeps_its_time(database_url: str, connection: Connection):
    await BOOK.write(connection, HERE, [PRICES], [], None)
    before = Registry(database_url).ask("SELECT since FROM modelward.managed")
    await BOOK.write(connection, HERE, [PRICES, FLATS, PRICES], [], None)
    assert rows(database_url) == [("flats", "ml/flats", HERE), ("house-prices", "ml/house-prices", HERE)]
    assert Registry(database_url).ask("SELECT since FROM modelward.managed WHERE model_name = 'house-prices'") == before


async def test_a_new_cluster_takes_over_and_the_old_one_takes_nothing_back(database_url: str, connection: Connection):
    await BOOK.write(connection, HERE, [PRICES], [], None)
    await BOOK.write(connection, THERE, [PRICES], [], None)
    await BOOK.write(connection, HERE, [], [PRICES], None)
    assert rows(database_url) == [("house-prices", "ml/house-prices", THERE)]


@pytest.mark.parametrize(
    ("namespaces", "left"), [((), ["other"]), (("ml",), ["batch", "other"]), (("batch",), ["flats", "other"])]
)
async def test_a_sweep_clears_only_what_this_operator_would_look_after(
    database_url: str, connection: Connection, namespaces: tuple[str, ...], left: list[str]
):
    await BOOK.write(connection, HERE, [FLATS, Claim("batch", "", "batch/batch")], [], None)
    await BOOK.write(connection, THERE, [Claim("other", "", "ml/other")], [], None)
    await BOOK.write(connection, HERE, [PRICES], [], Sweep(("ml/house-prices",), namespaces))
    assert [model for model, _, _ in rows(database_url)] == sorted([*left, "house-prices"])


async def test_an_unknown_cluster_sweeps_nothing(database_url: str, connection: Connection):
    await BOOK.write(connection, "", [FLATS], [], None)
    await BOOK.write(connection, "", [PRICES], [], Sweep(("ml/house-prices",)))
    assert len(rows(database_url)) == 2


async def test_a_user_without_the_right_is_told_where_the_grant_stands(guest: str):
    with pytest.raises(SourceError, match=r"may not write modelward\.managed: docs/alerts\.md has the GRANT") as raised:
        await BOOK.write(read_connection("db", {"uri": guest}), HERE, [PRICES], [], None)
    assert raised.value.reason is Reason.AUDIT_UNAVAILABLE


async def test_a_database_that_was_never_prepared_has_no_such_book(url: str):
    with pytest.raises(SourceError, match=r"modelward\.managed is not there|schema modelward is not there") as raised:
        await BOOK.write(read_connection("db", {"uri": url}), HERE, [PRICES], [], None)
    assert raised.value.reason is Reason.AUDIT_UNAVAILABLE
