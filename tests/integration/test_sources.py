"""Tables that are not ours: whatever they are called and made of, the answer is that of the same rows in ours."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from integration.tables import (
    ALL,
    APART,
    APART_DDL,
    BARE,
    BARE_DDL,
    HOUR,
    NAMES,
    PLAIN,
    Raw,
    about,
    any_rows,
    assert_answers,
    execute,
    joined,
    labels_of,
    read,
    versions,
    write,
    write_labels,
)
from modelward.domain.mapping import parse_source
from modelward.domain.quality import Quality, VersionCount
from rows import Row

MINUTE = timedelta(minutes=1)
HOSTILE = '"; DROP TABLE x; --'
LONG = "ü" * 31 + "x"  # exactly 63 bytes
ODD = {
    **NAMES,
    "modelVersion": "%s %(model)s {predictions} %%",
    "predictedAt": LONG,
    "prediction": 'A "b" c',
    "actual": "模型",
}


def quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


ODD_DDL = (
    f"CREATE SCHEMA {quoted(HOSTILE)}; CREATE TABLE {quoted(HOSTILE)}.{quoted(HOSTILE)} (m text, e text, r text,"
    f" k text, y_at timestamptz, {quoted(ODD['modelVersion'])} text, {quoted(LONG)} timestamptz, "
    f"{quoted(ODD['prediction'])} float8, {quoted(ODD['actual'])} float8)"
)
KINDS = (
    ALL.replace("y_hat float8", "y_hat numeric(20, 12)").replace("y float8", "y bigint").replace("r text", "r varchar")
)
PARTITIONS = (
    f"CREATE TABLE p ({ALL}) PARTITION BY RANGE (at);"
    "CREATE TABLE p_old PARTITION OF p FOR VALUES FROM (MINVALUE) TO ('2020-01-01');"
    "CREATE TABLE p_new PARTITION OF p FOR VALUES FROM ('2020-01-01') TO (MAXVALUE)"
)
ONE_MODEL = {name: theirs for name, theirs in NAMES.items() if name not in {"modelName", "environment"}}
LAYOUTS: dict[str, tuple[str, Raw]] = {
    "other names": (
        f"CREATE SCHEMA a; CREATE TABLE a.p ({ALL})",
        {"predictions": {"schema": "a", "table": "p", "columns": NAMES}},
    ),
    "hostile names": (ODD_DDL, {"predictions": {"schema": HOSTILE, "table": HOSTILE, "columns": ODD}}),
    "other types": (f"CREATE TABLE p ({KINDS})", PLAIN),
    "a partitioned table": (PARTITIONS, PLAIN),
    "a view": (f"CREATE TABLE t ({ALL}); CREATE VIEW p AS SELECT * FROM t WHERE m IS NOT NULL", PLAIN),
    "times of Berlin's clocks": (
        f"CREATE TABLE p ({ALL.replace('timestamptz', 'timestamp')})",
        {"timeZone": "Europe/Berlin", **PLAIN},
    ),
    "times of Kolkata's clocks": (
        f"CREATE TABLE p ({ALL.replace('timestamptz', 'timestamp')})",
        {"timeZone": "Asia/Kolkata", **PLAIN},
    ),
    "a table of one model": (
        "CREATE TABLE p (r text, v text, k text, at timestamptz, y_hat real, y real, y_at timestamptz)",
        {"predictions": {"table": "p", "columns": ONE_MODEL, "absent": ["modelName", "environment"]}},
    ),
}


@pytest.mark.parametrize(("ddl", "raw"), LAYOUTS.values(), ids=LAYOUTS)
@pytest.mark.parametrize("delay", [0, 20])
def test_of_any_layout_the_sums_are_those_of_the_rows(url: str, ddl: str, raw: Raw, delay: int):
    execute(url, ddl)
    rows = any_rows(delay, datetime.now(UTC))
    rows = [replace(r, actual_at=r.predicted_at + timedelta(minutes=n % 40)) for n, r in enumerate(rows)]
    as_written = raw if "CREATE VIEW" not in ddl else {"predictions": {**raw["predictions"], "table": "t"}}
    write(url, parse_source(as_written), rows)
    question = about(label_delay=delay * MINUTE)
    (found,) = read(url, raw, question)
    assert_answers(found, rows, question)


# -- columns that are not there --------------------------------------------------------------------------------------


def test_without_an_id_each_row_is_a_request_and_without_a_role_all_are_live(url: str):
    execute(url, BARE_DDL)
    plain = [replace(r, version=r.version[1:], role="live") for r in any_rows(1, datetime.now(UTC))]
    write(url, parse_source(BARE), plain)
    rows = [replace(r, request_id=str(n)) for n, r in enumerate(plain)]
    question = about("2", baseline_version="1")
    (found,) = read(url, BARE, question)
    assert_answers(found, rows, question)


def test_rows_whose_id_is_null_are_requests_of_their_own(url: str):
    execute(url, f"CREATE TABLE p ({ALL})")
    now = datetime.now(UTC)
    write(url, parse_source(PLAIN), [Row("m", "v2", now - n * MINUTE, 1.0, 0.0, None, "x") for n in range(1, 8)])
    execute(url, "UPDATE p SET r = NULL")
    (found,) = read(url, PLAIN, about())
    assert isinstance(found, Quality)
    assert found.current.predictions == 7


def test_an_absent_label_time_counts_as_in_time(url: str):
    execute(url, BARE_DDL)
    write(url, parse_source(BARE), [Row("m", "2", datetime.now(UTC) - HOUR, 1.0, 3.0)])
    (found,) = read(url, BARE, about("2", label_delay=MINUTE))
    assert isinstance(found, Quality)
    assert found.current.sums.sum_e2 == 4.0


# -- labels in a table of their own ----------------------------------------------------------------------------------


@pytest.mark.parametrize("delay", [0, 15, 60])
@pytest.mark.parametrize("seed", range(3))
def test_labels_apart_late_doubled_and_corrected_count_as_in_the_row(url: str, seed: int, delay: int):
    execute(url, APART_DDL)
    rows = any_rows(seed, datetime.now(UTC))
    labels = labels_of(rows, seed)
    write(url, parse_source(APART), rows)
    write_labels(url, parse_source(APART), labels)
    question = about(label_delay=delay * MINUTE)
    (found,) = read(url, APART, question)
    assert_answers(found, joined(rows, labels), question)


def test_without_an_id_the_key_of_the_label_is_the_request(url: str):
    execute(url, APART_DDL)
    columns = {k: v for k, v in APART["predictions"]["columns"].items() if k != "requestId"}
    absent = ["modelName", "environment", "requestId"]
    raw = {**APART, "predictions": {"table": "p", "columns": columns, "absent": absent}}
    rows = any_rows(7, datetime.now(UTC))
    labels = labels_of(rows, 7)
    write(url, parse_source(raw), rows)
    write_labels(url, parse_source(raw), labels)
    (found,) = read(url, raw, about())
    assert_answers(found, joined(rows, labels), about())


def test_what_is_corrected_or_deleted_between_two_checks_is_seen_by_the_second(url: str):
    execute(url, APART_DDL)
    moment = datetime.now(UTC) - HOUR
    known = moment + HOUR / 2
    write(url, parse_source(APART), [Row("m", "v2", moment + n * MINUTE, 10.0, request_id=f"r{n}") for n in range(3)])
    write_labels(url, parse_source(APART), {f"r{n}": [(9.0, known)] for n in range(3)})

    def squares() -> tuple[int, int, float]:
        (found,) = read(url, APART, about())
        assert isinstance(found, Quality)
        return found.current.predictions, found.current.sums.n, found.current.sums.sum_e2

    assert squares() == (3, 3, 3.0)
    write_labels(url, parse_source(APART), {"r0": [(7.0, known + MINUTE)], "r1": [(9.0, known)]})
    assert squares() == (3, 3, 9.0 + 1.0 + 1.0)
    execute(url, "DELETE FROM labels WHERE of = 'r1'")
    assert squares() == (3, 2, 10.0)
    execute(url, "DELETE FROM p WHERE id = 'r0'")
    assert squares() == (2, 1, 1.0)
    execute(url, "INSERT INTO p SELECT * FROM p")
    assert squares() == (2, 1, 1.0)


# -- versions --------------------------------------------------------------------------------------------------------


def test_a_table_that_is_not_ours_has_no_registry_unless_one_is_named(url: str):
    execute(url, BARE_DDL, "CREATE TABLE model_versions (name text, version int)")
    write(url, parse_source(BARE), [Row("m", "2", datetime.now(UTC) - HOUR, 1.0, 3.0)])
    assert versions(url, BARE) == ([VersionCount("2", 1)], ())


def test_archived_is_what_has_a_time_or_the_values_that_say_so(url: str):
    execute(url, BARE_DDL, "CREATE TABLE reg (v int, made int, gone date, stage text)")
    execute(url, "INSERT INTO reg VALUES (3, 3, NULL, 'x'), (1, 1, '2026-01-01', NULL), (2, 2, NULL, 'Archived')")
    columns = {"modelVersion": "v", "createdAt": "made"}
    named: Raw = {"table": "reg", "columns": columns, "absent": ["modelName", "environment"]}
    by_time = {**BARE, "versions": {**named, "columns": {**columns, "archivedAt": "gone"}}}
    by_value = {**BARE, "versions": {**named, "archived": [{"column": "stage", "value": "Archived"}]}}
    listed = [VersionCount(v, 0) for v in ("1", "2", "3")]
    assert versions(url, by_time) == (listed, ("1",))
    assert versions(url, by_value) == (listed, ("2",))
