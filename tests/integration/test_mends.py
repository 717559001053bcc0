"""What `modelward db check` prints, run: our tables are made whole and judged; nobody else's are altered."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
import yaml
from click.testing import CliRunner

from builders import a_model
from integration.tables import ALL, BARE, BARE_DDL, PLAIN, Raw, about, execute, read, versions
from integration.test_db_check import Findings, check, problems, said
from modelward.__main__ import main
from modelward.domain.errors import SourceError
from modelward.domain.quality import Quality
from modelward.domain.reasons import Reason

INIT = "modelward db init"
SHAPE = """SELECT column_name, data_type, is_nullable, column_default FROM information_schema.columns
WHERE table_schema = 'public' AND table_name IN ('model_predictions', 'model_versions')
ORDER BY table_name, column_name"""


def shape(url: str) -> list[Any]:
    with psycopg.connect(url) as connection:
        return connection.execute(SHAPE).fetchall()


def mends(found: Findings) -> list[str]:
    return [statement for problem in problems(found) for statement in problem["mend"]]


@pytest.fixture
def resource(tmp_path: Path) -> Callable[[Raw], Path]:
    """Write a resource that names tables, and return the file."""

    def write(source: Raw) -> Path:
        path = tmp_path / "model.yaml"
        path.write_text(yaml.safe_dump(a_model(database={"secretRef": {"name": "db"}, "source": source})))
        return path

    return write


def mend(url: str) -> Findings:
    """Run what is printed, as one paste; return what is found afterwards."""
    code, found = check(url)
    assert code == 1
    assert all(statement.endswith(";") for statement in mends(found)), mends(found)
    assert len(set(mends(found))) == len(mends(found))
    execute(url, *mends(found))
    code, found = check(url)
    assert (code, problems(found)) == (0, []), problems(found)
    return found


def is_judged(url: str) -> None:
    """Write rows of no more than is known of a request, some minutes ago; each counts."""
    insert = "INSERT INTO model_predictions (model_name, model_version, prediction, actual) VALUES ('m', 'v2', 1, 1)"
    execute(url, *[insert] * 3, "UPDATE model_predictions SET predicted_at = predicted_at - interval '10 minutes'")
    (answer,) = read(url, {}, about("v2", window=timedelta(hours=1)))
    assert isinstance(answer, Quality), answer
    assert answer.current is not None
    assert (answer.current.predictions, answer.current.sums.n) == (3, 3)


# -- our own tables --------------------------------------------------------------------------------------------------

COLUMNS = ["environment", "request_id", "role", "segment", "predicted_at", "score", "actual_class", "actual_at"]


@pytest.mark.parametrize("lost", [*([column] for column in COLUMNS), COLUMNS], ids=lambda lost: " ".join(lost)[:20])
def test_columns_that_are_added_are_those_that_db_init_makes_and_rows_without_them_are_judged(
    database_url: str, lost: list[str]
):
    before = shape(database_url)
    execute(database_url, *(f"ALTER TABLE model_predictions DROP COLUMN {column} CASCADE" for column in lost))
    (problem, *_) = problems(check(database_url)[1])
    assert problem["message"].startswith(f"public.model_predictions has no column{'s' * (len(lost) > 1)} ")
    assert problem["message"].count("it has:") == 1
    assert "database.source" not in problem["message"]
    mend(database_url)
    assert shape(database_url) == before
    is_judged(database_url)


@pytest.mark.parametrize("table", ["model_predictions", "model_versions"])
@pytest.mark.parametrize("column", ["model_name", "model_version"])
def test_a_column_that_no_row_can_be_given_is_added_to_an_empty_table_and_told(
    database_url: str, table: str, column: str
):
    before = shape(database_url)
    execute(database_url, f"ALTER TABLE {table} DROP COLUMN {column} CASCADE")
    (problem, *_) = problems(check(database_url)[1])
    told = f"rows that are there have no {column}: alter the table only while it is empty"
    assert told in problem["message"]
    mend(database_url)
    assert shape(database_url) == before


def test_a_check_still_holds_of_a_column_that_was_added(database_url: str):
    execute(database_url, "ALTER TABLE model_predictions DROP COLUMN role")
    mend(database_url)
    with pytest.raises(psycopg.errors.CheckViolation):
        execute(
            database_url, "INSERT INTO model_predictions (model_name, model_version, role) VALUES ('m', 'v', 'lvie')"
        )


def test_a_table_of_our_name_that_somebody_made_is_mended_and_judged_or_mapped(url: str):
    execute(url, "CREATE TABLE model_predictions (model_name text, model_version text, prediction float8)")
    refused = CliRunner().invoke(main, ["db", "init", "--database-url", url])
    assert refused.exit_code == 1
    assert (
        "there is a table public.model_predictions that is not ours: modelward db check prints what it lacks, "
        "or map it with database.source"
    ) in refused.output
    assert "42P07" not in refused.output
    _, found = check(url)
    assert INIT not in mends(found)
    assert any("modelward db init did not make public.model_predictions" in told for told in said(found, "tables"))
    found = mend(url)
    assert INIT not in {statement for one in found for statement in one["mend"]}
    is_judged(url)


def test_a_registry_of_our_name_that_somebody_made_leaves_the_predictions_to_be_made_without_db_init(url: str):
    execute(url, "CREATE TABLE model_versions (model_name text, environment text, model_version text)")
    execute(url, "ALTER TABLE model_versions ADD created_at timestamptz, ADD archived_at timestamptz")
    _, found = check(url)
    assert INIT not in mends(found)
    mend(url)
    is_judged(url)


def test_a_database_without_our_tables_is_told_how_to_make_them(url: str):
    (answer,) = read(url, {}, about())
    assert isinstance(answer, SourceError)
    assert "there is no table public.model_predictions; " in str(answer)
    assert str(answer).endswith(f"; {INIT} makes it")


@pytest.mark.parametrize("lost", ["model_predictions", "model_predictions, model_versions"])
def test_db_init_is_not_advised_where_it_believes_it_has_done_it(database_url: str, lost: str):
    execute(database_url, f"DROP TABLE {lost}")
    (answer,) = read(database_url, {}, about())
    assert str(answer).endswith("; modelward db check prints what makes it")
    mend(database_url)
    is_judged(database_url)


# -- tables that a resource names ------------------------------------------------------------------------------------


def named(**columns: str) -> Raw:
    return {"predictions": {**BARE["predictions"], "columns": {**BARE["predictions"]["columns"], **columns}}}


NAMES: dict[str, tuple[str, Raw, str]] = {
    "a letter too few": (BARE_DDL.replace("y float8", "target float8"), named(actual="taget"), '"target"'),
    "other capitals": (BARE_DDL.replace("y float8", '"TARGET" float8'), named(actual="target"), '"TARGET"'),
    "a column to filter by": (
        f"{BARE_DDL.removesuffix(')')}, tenant text)",
        {"predictions": {**BARE["predictions"], "where": [{"column": "tennant", "value": "x"}]}},
        '"tenant"',
    ),
}


@pytest.mark.parametrize(("ddl", "source", "meant"), NAMES.values(), ids=NAMES)
def test_a_name_that_is_wrong_is_mended_in_the_resource(
    url: str, resource: Callable[[Raw], Path], ddl: str, source: Raw, meant: str
):
    execute(url, f"{ddl}; CREATE INDEX ON p (at)")
    _, found = check(url, resource(source))
    (problem,) = problems(found)
    assert f": did you mean {meant}?); it has: v (integer), " in problem["message"]
    assert problem["mend"] == []


def test_a_column_that_another_field_reads_is_not_meant(url: str, resource: Callable[[Raw], Path]):
    execute(url, "CREATE TABLE p (v int, predicted_at timestamptz, y_hat float8, y float8)")
    _, found = check(url, resource(named(predictedAt="predicted_at", predictedClass="predicted_as")))
    assert "did you mean" not in problems(found)[0]["message"]


def test_a_column_that_nobody_named_may_be_absent(url: str, resource: Callable[[Raw], Path]):
    execute(url, BARE_DDL)
    source = {"predictions": {**BARE["predictions"], "absent": ["modelName", "requestId", "role"]}}
    _, found = check(url, resource(source))
    told = "environment (database.source.predictions.columns.environment: name it there, or in absent)"
    assert told in problems(found)[0]["message"]


ALTERED: dict[str, tuple[str, Raw]] = {
    "a column that is missing": (ALL.replace("y_at timestamptz", "z int"), PLAIN),
    "a number that is text": (ALL.replace("y float8", "y text"), PLAIN),
    "our name, and names of its own": (
        "version text, predicted_at timestamptz",
        {"predictions": {"columns": {"modelVersion": "version"}}},
    ),
    "our name, said aloud": ("model_version text", {"predictions": {"table": "model_predictions"}}),
    "a filter on a table of ours": (
        "model_version text, predicted_at timestamptz",
        {"predictions": {"where": [{"column": "tenant", "value": "x"}], "absent": ["role"]}},
    ),
}


@pytest.mark.parametrize(("columns", "source"), ALTERED.values(), ids=ALTERED)
def test_no_table_that_a_resource_describes_is_altered(
    url: str, resource: Callable[[Raw], Path], columns: str, source: Raw
):
    execute(url, f"CREATE TABLE {source['predictions'].get('table', 'model_predictions')} ({columns})")
    code, found = check(url, resource(source))
    assert code == 1
    assert not [statement for statement in mends(found) if "ALTER" in statement]


def test_a_registry_with_a_wrong_name_says_which_field_and_why_its_versions_are_not_known(url: str):
    source = {**BARE, "versions": {"table": "model_versions", "columns": {"modelVersion": "versoin"}}}
    execute(url, BARE_DDL, "CREATE TABLE model_versions (model_name text, environment text, version int)")
    with pytest.raises(SourceError) as caught:
        versions(url, source)
    assert caught.value.reason is Reason.SCHEMA_MISMATCH
    told = 'versoin (database.source.versions.columns.modelVersion: did you mean "version"?)'
    assert str(caught.value).startswith("the versions table could not be read: public.model_versions has no columns ")
    assert told in str(caught.value)


# -- what is counted -------------------------------------------------------------------------------------------------

UNCOUNTED = {
    "a table": (f"CREATE TABLE p ({ALL})", "public.p"),
    "partitions": (
        f"CREATE TABLE p ({ALL}) PARTITION BY RANGE (at); CREATE TABLE p1 PARTITION OF p DEFAULT",
        "public.p",
    ),
    "the table of a view": (f"CREATE TABLE t ({ALL}); CREATE VIEW p AS SELECT * FROM t", "public.t"),
}


@pytest.mark.parametrize(("ddl", "names"), UNCOUNTED.values(), ids=UNCOUNTED)
def test_what_a_check_costs_is_not_known_before_the_rows_were_counted(
    url: str, resource: Callable[[Raw], Path], ddl: str, names: str
):
    execute(url, ddl, "INSERT INTO p (m, at) SELECT 'm', now() FROM generate_series(1, 1000)")
    (told,) = said(check(url, resource(PLAIN))[1], "cost")
    assert told.startswith(f"not known until ANALYZE has counted {names}")
    assert "rows at a cost" not in told
    execute(url, "ANALYZE")
    (told,) = said(check(url, resource(PLAIN))[1], "cost")
    assert "rows at a cost of" in told


def test_an_empty_partition_needs_no_count(url: str, resource: Callable[[Raw], Path]):
    execute(
        url, f"CREATE TABLE p ({ALL}) PARTITION BY RANGE (at); CREATE TABLE p1 PARTITION OF p DEFAULT",
        "INSERT INTO p (m, at) VALUES ('m', now())", "ANALYZE p1",
        "CREATE TABLE p2 PARTITION OF p FOR VALUES FROM ('2200-01-01') TO ('2300-01-01')",
    )  # fmt: skip
    assert "public.p: about 1 rows" in said(check(url, resource(PLAIN))[1], "size")


def test_a_table_of_no_partition_is_no_failure(url: str, resource: Callable[[Raw], Path]):
    execute(url, f"CREATE TABLE p ({ALL}) PARTITION BY RANGE (at)")
    assert said(check(url, resource(PLAIN))[1], "size") == ["public.p: never counted: run ANALYZE for an estimate"]
