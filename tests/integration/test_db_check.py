"""`modelward db check`: what is wrong is named with the statement that mends it, and the statement does."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
import yaml
from click.testing import CliRunner, Result
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from builders import a_model
from integration.tables import ALL, APART, APART_DDL, BARE, BARE_DDL, PLAIN, Raw, execute
from modelward.__main__ import main

Findings = list[dict[str, Any]]


def run(url: str, *arguments: str) -> Result:
    return CliRunner().invoke(main, ["db", "check", "--database-url", url, *arguments])


def check(url: str, path: Path | None = None) -> tuple[int, Findings]:
    """Run it for a program; return the exit code and what was found."""
    done = run(url, "-o", "json", *(("-f", str(path)) if path else ()))
    body = json.loads(done.stdout)
    assert body["fine"] is (done.exit_code == 0)
    return done.exit_code, [finding for one in body["checks"] for finding in one["findings"]]


def problems(found: Findings) -> Findings:
    return [finding for finding in found if finding["level"] == "problem"]


def said(found: Findings, about: str) -> list[str]:
    return [finding["message"] for finding in found if finding["about"] == about]


@pytest.fixture
def resource(tmp_path: Path) -> Any:
    """Write a resource that names tables, and return the file."""

    def write(source: Raw, **spec: Any) -> Path:
        database = {"secretRef": {"name": "db"}, "source": source}
        path = tmp_path / "model.yaml"
        path.write_text(yaml.safe_dump_all([{"kind": "Secret"}, a_model(database=database, **spec)]))
        return path

    return write


# -- our own tables --------------------------------------------------------------------------------------------------


def test_tables_that_were_just_made_are_fine(database_url: str):
    code, found = check(database_url)
    assert (code, problems(found)) == (0, []), problems(found)
    assert said(found, "tables") == [
        "public.model_predictions, public.model_versions: every column is there and may be read"
    ]
    assert said(found, "labels") == ["announce themselves: a check follows at once"]
    assert re.match(r"PostgreSQL \d+", said(found, "server")[0])
    execute(database_url, "ANALYZE")
    (cost,) = said(check(database_url)[1], "cost")
    assert re.search(r"expects to read about [\d,]+ rows at a cost of [\d,]+ ", cost)


def test_an_empty_database_wants_db_init(url: str):
    code, found = check(url)
    (problem,) = problems(found)
    assert (code, problem["mend"]) == (1, ["modelward db init"])
    assert CliRunner().invoke(main, ["db", "init", "--database-url", url]).exit_code == 0
    assert check(url)[0] == 0


BROKEN = {
    "no index": "DROP INDEX model_predictions_window",
    "an index that leads elsewhere": (
        "DROP INDEX model_predictions_window; CREATE INDEX ON model_predictions (predicted_at)"
    ),
    "an index of some rows": (
        "DROP INDEX model_predictions_window;"
        "CREATE INDEX ON model_predictions (model_name, environment, predicted_at) WHERE role = 'live'"
    ),
    "no column for the label's time": "ALTER TABLE model_predictions DROP COLUMN actual_at",
    "no columns for classes": (
        "ALTER TABLE model_predictions DROP COLUMN actual_class, DROP COLUMN score, DROP COLUMN predicted_class"
    ),
    "a prediction that is text": "ALTER TABLE model_predictions ALTER COLUMN prediction TYPE text",
    "a time with a default that is text": "ALTER TABLE model_predictions ALTER COLUMN predicted_at TYPE text",
    "a time that is text": "ALTER TABLE model_predictions ALTER COLUMN actual_at TYPE text",
    "a registry without its times": "ALTER TABLE model_versions DROP COLUMN archived_at",
    "all of it": "DROP TABLE model_predictions",
}


@pytest.mark.parametrize("breaking", BROKEN.values(), ids=BROKEN)
def test_what_is_broken_is_mended_by_the_statements_given(database_url: str, breaking: str):
    execute(database_url, breaking)
    code, found = check(database_url)
    assert code == 1
    mends = [statement for problem in problems(found) for statement in problem["mend"]]
    assert mends
    execute(database_url, *mends)
    code, found = check(database_url)
    assert (code, problems(found)) == (0, []), problems(found)


@pytest.fixture
def visitor(database_url: str) -> Iterator[str]:
    """A user with a hostile name who may log in and nothing else; the URL as this user."""
    execute(database_url, """CREATE ROLE "visi""tor; --" LOGIN PASSWORD 'visitor'""")
    parts: dict[str, Any] = {**conninfo_to_dict(database_url), "user": 'visi"tor; --', "password": "visitor"}
    yield make_conninfo(**parts)
    execute(database_url, """DROP OWNED BY "visi""tor; --";""", """DROP ROLE "visi""tor; --" """)


def test_a_right_that_is_missing_is_given_by_the_statement(database_url: str, visitor: str):
    execute(database_url, "REVOKE USAGE ON SCHEMA public FROM PUBLIC")
    code, found = check(visitor)
    grants = [statement for problem in problems(found) for statement in problem["mend"]]
    assert code == 1
    assert 'GRANT SELECT ON "public"."model_predictions" TO "visi""tor; --";' in grants
    assert 'GRANT USAGE ON SCHEMA "public" TO "visi""tor; --";' in grants
    assert len(grants) == len(set(grants)), grants
    execute(database_url, *grants)
    assert check(visitor)[0] == 0


def test_labels_that_do_not_announce_themselves_are_no_problem(database_url: str):
    execute(database_url, "ALTER TABLE model_predictions DISABLE TRIGGER ALL")
    code, found = check(database_url)
    assert (code, said(found, "labels")) == (0, ["do not announce themselves: checkInterval decides"])


def test_rows_are_counted_as_the_server_last_did(database_url: str):
    with psycopg.connect(database_url) as writer:
        statement = (
            "INSERT INTO model_predictions (model_name, model_version) SELECT 'm', 'v' FROM generate_series(1, 1234)"
        )
        writer.execute(statement)
    assert "public.model_predictions: never counted: run ANALYZE for an estimate" in said(
        check(database_url)[1], "size"
    )
    execute(database_url, "ANALYZE model_predictions")
    assert "public.model_predictions: about 1,234 rows" in said(check(database_url)[1], "size")


# -- tables that a resource names ------------------------------------------------------------------------------------

FOREIGN: dict[str, tuple[str, Raw]] = {
    "a plain table": (f"CREATE TABLE p ({ALL})", PLAIN),
    "a partitioned table": (
        f"CREATE TABLE p ({ALL}) PARTITION BY RANGE (at); CREATE TABLE p1 PARTITION OF p DEFAULT",
        PLAIN,
    ),
    "labels apart": (APART_DDL.replace("; CREATE INDEX ON labels (of)", ""), APART),
    "a table of one model": (BARE_DDL, BARE),
}


@pytest.mark.parametrize(("ddl", "source"), FOREIGN.values(), ids=FOREIGN)
def test_an_index_is_asked_for_and_serves(url: str, resource: Any, ddl: str, source: Raw):
    execute(url, ddl)
    code, found = check(url, resource(source))
    assert code == 1
    assert {problem["about"] for problem in problems(found)} == {"index"}
    execute(url, *(statement for problem in problems(found) for statement in problem["mend"]))
    code, found = check(url, resource(source))
    assert (code, problems(found)) == (0, []), problems(found)


def test_a_view_is_judged_by_its_plan_alone(url: str, resource: Any):
    execute(url, f"CREATE TABLE t ({ALL}); CREATE VIEW p AS SELECT * FROM t")
    code, found = check(url, resource(PLAIN))
    assert (code, said(found, "index")) == (0, [])
    assert "t by reading all of it" in said(found, "cost")[0]


def test_times_without_a_zone_that_nobody_named_are_told_as_a_guess(url: str, resource: Any):
    execute(url, f"CREATE TABLE p ({ALL.replace('timestamptz', 'timestamp')}); CREATE INDEX ON p (m, e, at)")
    _, found = check(url, resource(PLAIN))
    assert said(found, "time zone") == [
        (
            "public.p.at, public.p.y_at without time zone: timeZone is not set: read as UTC; "
            "set database.source.timeZone if the clock is another"
        )
    ]
    _, found = check(url, resource({"timeZone": "UTC", **PLAIN}))
    assert "timeZone is not set" not in said(found, "time zone")[0]


def test_times_without_a_zone_are_told_with_the_zone_they_are_read_in(url: str, resource: Any):
    execute(url, f"CREATE TABLE p ({ALL.replace('timestamptz', 'timestamp')}); CREATE INDEX ON p (m, e, at)")
    _, found = check(url, resource({"timeZone": "Asia/Tokyo", **PLAIN}))
    assert said(found, "time zone") == [
        "public.p.at, public.p.y_at without time zone: read as Asia/Tokyo (database.source.timeZone)"
    ]


def test_what_is_wrong_with_a_name_is_told_with_what_there_is(url: str, resource: Any):
    execute(url, "CREATE TABLE p (version int, at timestamptz, y_hat float8, y float8)")
    code, found = check(url, resource(BARE))
    assert code == 1
    assert (
        "public.p has no column v (database.source.predictions.columns.modelVersion); it has: version (integer)"
        in (problems(found)[0]["message"])
    )


# -- files, connections, and how it is written -----------------------------------------------------------------------

FILES = {
    "nothing": ("", "holds no ModelDeployment"),
    "another kind": ("kind: Secret", "holds no ModelDeployment"),
    "no YAML": ("a: [", "cannot be read"),
    "bytes": ("\x00", "cannot be read"),
    "no database": ("{kind: ModelDeployment, spec: {}}", "spec.database: expected an object"),
    "a source that cannot be meant": (
        "{kind: ModelDeployment, spec: {database: {source: {timeZone: Mars}}}}",
        "database.source.timeZone: 'Mars' is not the name of a time zone",
    ),
}


@pytest.mark.parametrize(("text", "words"), FILES.values(), ids=FILES)
def test_a_file_that_cannot_be_used_is_refused(tmp_path: Path, text: str, words: str):
    path = tmp_path / "x.yaml"
    path.write_text(text)
    done = run("postgresql://nowhere.invalid/x", "-f", str(path))
    assert done.exit_code == 1
    assert words in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_a_file_that_is_not_there_is_refused(tmp_path: Path):
    done = run("postgresql://nowhere.invalid/x", "-f", str(tmp_path / "none.yaml"))
    assert "cannot be read" in done.stderr


def test_no_connection_is_a_problem_with_a_reason_and_shows_no_secret():
    done = run("postgresql://me:s3cr3t@127.0.0.1:1/x")
    assert done.exit_code == 1
    assert "DatabaseUnreachable: the connection was refused" in done.stdout
    assert "s3cr3t" not in done.output


def test_for_people_each_finding_is_a_line_and_what_mends_it_the_next(database_url: str):
    execute(database_url, "DROP INDEX model_predictions_window")
    lines = run(database_url).stdout.splitlines()
    at = next(i for i, line in enumerate(lines) if line.startswith("problem  index"))
    assert lines[at + 1].split(maxsplit=1)[0] == "mend"
    assert 'CREATE INDEX CONCURRENTLY ON "public"."model_predictions"' in lines[at + 1]


def test_what_db_init_would_run_can_be_read_and_run_by_hand(url: str):
    done = CliRunner().invoke(main, ["db", "init", "--print-sql"])
    assert done.exit_code == 0
    execute(url, done.stdout)
    assert check(url)[0] == 0
    again = CliRunner().invoke(main, ["db", "init", "--database-url", url])
    assert "nothing to do" in again.stdout


def test_without_a_url_it_says_what_is_missing():
    done = CliRunner().invoke(main, ["db", "init"], env={"DATABASE_URL": None})
    assert done.exit_code == 2
    assert "--database-url" in done.stderr
