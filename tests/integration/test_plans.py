"""What a statement reads: the window's rows by an index, whatever the tables are called, and not the whole table."""

from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from psycopg import sql

from integration.tables import ALL, APART, BARE, PLAIN, Raw, about, execute
from modelward.database.answers import parameters
from modelward.database.reader import statement_for
from modelward.database.relations import bound_values, compose, query_for
from modelward.domain.mapping import parse_source
from modelward.domain.source import OWN

OWN_ROWS = (
    "INSERT INTO model_predictions (model_name, model_version, prediction, predicted_at) "
    "SELECT 'm' || i % 20, 'v', 1, now() - i * interval '1 minute' FROM generate_series(1, 40000) i;"
    "ANALYZE model_predictions"
)
P_ROWS = (
    "INSERT INTO p (m, e, r, v, k, at, y_hat) SELECT 'm' || i % 20, '', i, 'v', 'live', now() - i * interval '1 minute'"
    ", 1 FROM generate_series(1, 40000) i; CREATE INDEX ON p (m, e, at, v); ANALYZE p"
)
SERIES = "FROM generate_series(1, 40000) i;"
NAIVE = ALL.replace("timestamptz", "timestamp")
VARCHAR = ALL.replace("m text", "m varchar(99)")
SMALL = "CREATE TABLE p (v int, at timestamptz, y_hat float8, y float8);"
TENANTS = "CREATE TABLE p (v int, at timestamptz, y_hat float8, y float8, tenant text);"
IDS = (
    "CREATE TABLE p (id text, v text, k text, at timestamptz, y_hat float8);"
    "CREATE TABLE labels (of text, y float8, known timestamptz);"
    f"INSERT INTO labels SELECT i, 1, now() {SERIES}"
    "CREATE INDEX ON labels (of); ANALYZE labels;"
)


def filled(table: str, columns: str = "", values: str = "", index: str = "at") -> str:
    """Fill a table that has no model's name."""
    insert = f"INSERT INTO p (v, at, y_hat{columns}) SELECT 1, now() - i * interval '1 minute', 1{values} {SERIES}"
    return f"{table} {insert} CREATE INDEX ON p ({index}); ANALYZE p"


VIEW = "CREATE VIEW w AS SELECT m, e, r, v, k, at, y_hat * 2 AS y_hat, y, y_at FROM p WHERE v <> ''"
TENANT = [{"column": "tenant", "value": "7"}]
LAYOUTS: dict[str, tuple[str, Raw, str | None]] = {
    "our own": (OWN_ROWS, {}, "w"),
    "other names": (f"CREATE TABLE p ({ALL}); {P_ROWS}", PLAIN, "w"),
    "names of limited length": (f"CREATE TABLE p ({VARCHAR}); {P_ROWS}", PLAIN, "w"),
    "wall clocks": (
        f"SET TimeZone = 'Asia/Tokyo'; CREATE TABLE p ({NAIVE}); {P_ROWS}",
        {"timeZone": "Asia/Tokyo", **PLAIN},
        "w",
    ),
    "a view": (
        f"CREATE TABLE p ({ALL}); {P_ROWS}; {VIEW}",
        {"predictions": {**PLAIN["predictions"], "table": "w"}},
        "w",
    ),
    "a table of one model": (filled(SMALL), BARE, None),
    "a filter": (
        filled(TENANTS, ", tenant", ", i % 20", "tenant, at"),
        {"predictions": {**BARE["predictions"], "where": TENANT}},
        None,
    ),
    "labels apart": (filled(IDS, ", id, k", ", i, 'live'"), APART, None),
}


def nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for child in plan.get("Plans", ()):
        yield from nodes(child)


@pytest.mark.parametrize("rival", [None, "v"], ids=["alone", "beside a rival"])
@pytest.mark.parametrize(("ddl", "raw", "baseline"), LAYOUTS.values(), ids=LAYOUTS)
def test_an_index_finds_the_windows_rows(
    database_url: str, ddl: str, raw: Raw, baseline: str | None, rival: str | None
):
    execute(database_url, f"SET search_path = public; {ddl}")
    source = parse_source(raw)
    questions = [about(model=f"m{n}", version="v", baseline_version=baseline, rival=rival) for n in range(3)]
    explain = sql.SQL("EXPLAIN (ANALYZE, FORMAT JSON) ") + compose(statement_for(questions), source)
    with psycopg.connect(database_url) as connection:
        connection.execute("SELECT set_config('TimeZone', %s, true)", (source.time_zone,))
        row = connection.execute(explain, {**parameters(questions, source), **bound_values(source)}).fetchone()
    assert row is not None
    scans = [node for node in nodes(row[0][0]["Plan"]) if "Relation Name" in node]
    assert scans
    for scan in scans:
        assert "Seq Scan" not in scan["Node Type"], scan
        assert scan.get("Rows Removed by Filter", 0) < 2000, scan
        assert scan["Actual Rows"] * scan["Actual Loops"] < 2000, scan


def test_the_last_prediction_of_versions_is_one_look_for_each_however_many_rows_came_since(database_url: str):
    execute(
        database_url,
        "INSERT INTO model_predictions (model_name, model_version, prediction, predicted_at) "
        "SELECT 'm', CASE WHEN i > 39990 THEN 'old' ELSE 'new' END, 1, now() - i * interval '1 minute' "
        "FROM generate_series(1, 40000) i; ANALYZE model_predictions",
    )
    explain = sql.SQL("EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) ") + query_for("last_seen", OWN)
    which = {"model": "m", "environment": "", "versions": ["new", "old", *(f"never-{i}" for i in range(20))]}
    with psycopg.connect(database_url) as connection:
        row = connection.execute(explain, which).fetchone()
    assert row is not None
    plan = row[0][0]["Plan"]
    assert [node for node in nodes(plan) if "Seq Scan" in node["Node Type"]] == []
    assert plan["Actual Rows"] == 2
    assert plan["Shared Hit Blocks"] + plan["Shared Read Blocks"] < 200
