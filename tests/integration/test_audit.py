"""The audit table on a real PostgreSQL: written once, by who may, and read back when a memory is lost."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict
from psycopg.rows import dict_row

from builders import HOUR, NOW, A, B, image_of
from modelward.database.audit import PostgresAudit
from modelward.database.secrets import read_connection
from modelward.domain.errors import SourceError
from modelward.domain.letters import Evidence, Figure, Letter, Row, Step
from modelward.domain.messages import About
from modelward.domain.questions import Connection
from modelward.domain.reasons import Reason

CLUSTER, RESOURCE = "11111111-2222-3333-4444-555555555555", "aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee"
ABOUT = About("ml", "house-prices", "prices", "production")
EVIDENCE = Evidence((Figure("r2", "0.930", "0.850", "-8.6", "5", breached=True),), 1204, NOW - HOUR, NOW, "BeforeAfter")


def a_row(step: Step = Step.PATCHED, **changes: Any) -> Row:
    letter = Letter("id", "0123456789abcdef", step, "RolledBack", NOW, "R2 fell", "modelward", B, A)
    images = replace(letter, from_value=image_of(B), to_value=image_of(A), evidence=EVIDENCE)
    return Row(replace(images, **changes), ABOUT, RESOURCE)


def connect(url: str, **changes: str) -> Connection:
    keys = {key: str(value) for key, value in conninfo_to_dict(url).items()}
    return read_connection("db", {**keys, **changes})


def run(url: str, statement: str) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(statement.encode())


def rows(url: str) -> list[dict[str, Any]]:
    with psycopg.connect(url, row_factory=dict_row) as connection:
        return connection.execute("SELECT * FROM modelward.audit ORDER BY audit_id").fetchall()


async def write(connection: Connection, *written: Row, cluster: str = CLUSTER) -> list[Reason | None]:
    results = await PostgresAudit().write(connection, written, cluster)
    return [None if error is None else error.reason for error in results]


async def test_a_row_says_what_was_done_and_why(database_url: str):
    assert await write(connect(database_url), a_row()) == [None]
    (row,) = rows(database_url)
    assert (row["event_id"], row["phase"], row["at"]) == ("0123456789abcdef", "Patched", NOW)
    assert (str(row["cluster_uid"]), str(row["resource_uid"])) == (CLUSTER, RESOURCE)
    assert (row["model_name"], row["environment"]) == ("prices", "production")
    assert (row["from_version"], row["to_version"], row["to_image"]) == (B, A, image_of(A))
    assert (row["actor"], row["reason"]) == ("modelward", "RolledBack")
    assert row["evidence"]["message"] == "R2 fell"
    assert row["evidence"]["samples"] == 1204
    assert row["evidence"]["comparison"] == "BeforeAfter"
    assert row["evidence"]["metrics"][0] == {
        "name": "r2",
        "previous": "0.930",
        "current": "0.850",
        "changePercent": "-8.6",
        "limitPercent": "5",
        "breached": True,
    }


async def test_written_twice_it_is_one_row_and_another_step_another(database_url: str):
    connection = connect(database_url)
    assert await write(connection, a_row(), a_row()) == [None, None]
    assert await write(connection, a_row(), a_row(Step.VERIFIED)) == [None, None]
    assert [row["phase"] for row in rows(database_url)] == ["Patched", "Verified"]


async def test_a_cluster_that_may_not_be_named_is_left_empty(database_url: str):
    assert await write(connect(database_url), a_row(), cluster="") == [None]
    assert rows(database_url)[0]["cluster_uid"] is None


async def test_a_table_that_is_not_there_is_no_failure(make_database: Callable[..., str]):
    assert await write(connect(make_database(migrated=False)), a_row()) == [Reason.AUDIT_UNAVAILABLE]


@pytest.mark.parametrize(
    ("grants", "reason"),
    {
        "no right at all": ("", Reason.AUDIT_UNAVAILABLE),
        "the schema alone": ("GRANT USAGE ON SCHEMA modelward TO {0};", Reason.AUDIT_UNAVAILABLE),
        "the right to insert": (
            "GRANT USAGE ON SCHEMA modelward TO {0}; GRANT INSERT ON modelward.audit TO {0};",
            None,
        ),
    }.values(),
    ids=["no right at all", "the schema alone", "the right to insert"],
)
async def test_what_a_role_needs(database_url: str, grants: str, reason: Reason | None):
    role = f"teller_{abs(hash(database_url + grants)) % 10**8}"
    run(database_url, f"CREATE ROLE {role} LOGIN PASSWORD 'p'; {grants.format(role)}")
    try:
        assert await write(connect(database_url, user=role, password="p"), a_row()) == [reason]
    finally:
        run(database_url, f"DROP OWNED BY {role}; DROP ROLE {role}")


async def test_a_read_only_database_is_no_failure(database_url: str):
    name = conninfo_to_dict(database_url)["dbname"]
    run(database_url, f"ALTER DATABASE {name} SET default_transaction_read_only = on")
    assert await write(connect(database_url), a_row()) == [Reason.AUDIT_UNAVAILABLE]


async def test_a_database_that_is_down_is_tried_again(database_url: str):
    assert await write(connect(database_url, port="1"), a_row()) == [Reason.DATABASE_UNREACHABLE]


async def test_one_row_that_is_refused_stops_no_other(database_url: str):
    run(database_url, "ALTER TABLE modelward.audit ADD CHECK (reason <> 'Odd')")
    written = await write(connect(database_url), a_row(reason="Odd"), a_row(Step.VERIFIED))
    assert written == [Reason.QUERY_FAILED, None]
    assert [row["phase"] for row in rows(database_url)] == ["Verified"]


async def test_the_past_is_read_oldest_first(database_url: str):
    connection = connect(database_url)
    cleared = a_row(Step.CLEARED, event="e2", time=NOW + HOUR, to=None)
    await write(connection, cleared, a_row(), a_row(Step.VERIFIED))
    past = await PostgresAudit().past(connection)
    assert [(p.step, p.about, p.from_version) for p in past] == [(Step.PATCHED, ABOUT, B), (Step.CLEARED, ABOUT, B)]
    assert past[0].message == "R2 fell"


async def test_a_past_that_is_not_there_says_so(make_database: Callable[..., str]):
    with pytest.raises(SourceError) as caught:
        await PostgresAudit().past(connect(make_database(migrated=False)))
    assert caught.value.reason is Reason.AUDIT_UNAVAILABLE
