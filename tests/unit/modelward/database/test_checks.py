"""What `db check` concludes from facts that a test cannot make a real server show."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from modelward.database.checks import CHECKS, Cost, Facts, Finding, Level, Server, examine
from modelward.database.inspection import Column, Found
from modelward.domain.source import OWN, Columns, Source, Table

NOW = datetime(2026, 1, 8, 14, 32, 23, tzinfo=UTC)
SERVER = Server(180004, "18.4", "reader", standby=False, pooled=False, time_zone="UTC", now=NOW, asked_at=NOW)
P = Table("public", "p")
TEXT, TIME, NUMBER = (
    Column("text", "text", readable=True),
    Column("timestamp with time zone", "timestamp with time zone", readable=True),
    Column("double precision", "double precision", readable=True),
)
COLUMNS = {"m": TEXT, "v": TEXT, "at": TIME, "y_hat": NUMBER, "y": NUMBER}
ABSENT = dict.fromkeys(("environment", "request_id", "role", "segment", "score", "actual_at"))
FOREIGN = Source(
    predictions=P,
    columns=Columns(
        model_name="m",
        model_version="v",
        predicted_at="at",
        prediction="y_hat",
        actual="y",
        predicted_class=None,
        actual_class=None,
        **ABSENT,
    ),
    versions=None,
)
SERVED = ("m", "at", "v")


def facts(*, columns: Mapping[str, Column] = COLUMNS, relkind: str = "r", **changes: object) -> Facts:
    """Return what is fine in every way, changed."""
    plain = Facts(
        FOREIGN, SERVER, {P: Found(relkind, schema_usable=True, columns=columns)}, (), {P: [SERVED]}, {P: 5.0}
    )
    return replace(plain, **changes)  # type: ignore[arg-type]


def about(subject: str, found: list[Finding]) -> list[tuple[Level, str]]:
    return [(finding.level, finding.sentence) for finding in found if finding.about == subject]


def test_what_is_fine_has_no_problem():
    assert not [finding for finding in examine(facts()) if finding.level is Level.PROBLEM]


def test_no_two_checks_are_the_same():
    assert len(set(CHECKS)) == len(CHECKS)


SERVERS: dict[str, tuple[dict[str, object], str, Level, str]] = {
    "too old": ({"version_num": 120020, "version": "12.20"}, "server", Level.PROBLEM, "version 13 or newer is needed"),
    "old enough": ({"version_num": 130000, "version": "13.0"}, "server", Level.OK, "PostgreSQL 13.0, time zone UTC"),
    "a standby": ({"standby": True}, "standby", Level.NOTE, "labels are not announced by a standby"),
    "a stale standby": ({"standby": True, "staleness": "behind"}, "standby", Level.PROBLEM, "behind"),
    "behind a pooler": ({"pooled": True}, "pooler", Level.NOTE, "directUri"),
    "a clock ahead": ({"now": NOW + timedelta(minutes=3)}, "clock", Level.NOTE, "180 s ahead of this machine's"),
    "a clock behind": ({"now": NOW - timedelta(minutes=3)}, "clock", Level.NOTE, "180 s behind this machine's"),
}


@pytest.mark.parametrize(("changes", "subject", "level", "words"), SERVERS.values(), ids=SERVERS)
def test_of_a_server_is_told(changes: dict[str, object], subject: str, level: Level, words: str):
    ((found, sentence),) = about(subject, examine(facts(server=replace(SERVER, **changes))))  # type: ignore[arg-type]
    assert (found, words in sentence) == (level, True), sentence


def test_a_clock_that_is_right_and_a_server_that_is_near_are_not_worth_a_word():
    found = examine(facts(server=replace(SERVER, now=NOW + timedelta(seconds=59))))
    assert not {finding.about for finding in found} & {"clock", "pooler", "standby"}


INDEXES: dict[str, tuple[list[tuple[str | None, ...]], bool]] = {
    "model, time": ([("m", "at")], True),
    "model, time, version, more": ([("m", "at", "v", "y")], True),
    "time alone": ([("at",)], False),
    "time, model": ([("at", "m")], False),
    "version, then time": ([("m", "v", "at")], False),
    "an expression first": ([(None, "at")], False),
    "nothing": ([], False),
    "one of several": ([("y",), ("m", "at")], True),
}


@pytest.mark.parametrize(("indexes", "serves"), INDEXES.values(), ids=INDEXES)
def test_an_index_serves(indexes: list[tuple[str | None, ...]], serves: bool):  # noqa: FBT001  a table
    found = examine(facts(indexes={P: indexes}))
    assert [level for level, _ in about("index", found)] == [Level.OK if serves else Level.PROBLEM]


def test_a_model_that_is_a_number_cannot_lead_an_index():
    numbers = {**COLUMNS, "m": Column("integer", "integer", readable=True)}
    assert about("index", examine(facts(columns=numbers, indexes={P: [("at",)]})))[0][0] is Level.OK


MENDS = {
    "r": 'CREATE INDEX CONCURRENTLY ON "public"."p" ("m", "at", "v");',
    "p": 'CREATE INDEX ON "public"."p" ("m", "at", "v");',
}


@pytest.mark.parametrize("relkind", MENDS)
def test_an_index_is_made_without_standing_in_the_way_where_that_can_be_had(relkind: str):
    (problem,) = [f for f in examine(facts(relkind=relkind, indexes={})) if f.level is Level.PROBLEM]
    assert problem.mend == (MENDS[relkind],)


def test_a_view_cannot_be_altered_and_has_no_index_of_its_own():
    columns = {name: column for name, column in COLUMNS.items() if name != "y"}
    (problem,) = [f for f in examine(facts(relkind="v", columns=columns, indexes={})) if f.level is Level.PROBLEM]
    assert (problem.about, problem.mend) == ("tables", ())


def test_a_statement_that_is_refused_though_every_name_fits_is_a_problem():
    assert about("cost", examine(facts(refusal="out of memory"))) == [
        (Level.PROBLEM, "the judging statement is refused: out of memory")
    ]


def test_a_cost_is_called_an_estimate():
    ((level, sentence),) = about("cost", examine(facts(cost=Cost(1234.5, 42, (("p", "index"),)))))
    assert level is Level.NOTE
    assert "estimate, not a measurement" in sentence
    assert "about 42 rows at a cost of 1,234" in sentence


@pytest.mark.parametrize("initialised", [False, True])
def test_db_init_is_not_asked_for_where_our_name_is_taken(initialised: bool):  # noqa: FBT001  a table
    ours = {OWN.predictions: Found("r", schema_usable=True)}
    found = examine(facts(source=OWN, catalogue=ours, initialised=initialised))
    assert [f.level for f in found if f.about == "labels"] == [Level.NOTE]
    assert "modelward db init" not in {mend for f in found for mend in f.mend}


def test_a_cost_is_not_known_where_nothing_was_counted():
    for changes in ({"sizes": {P: -1.0}}, {"cost": Cost(1234.5, 42, (("p", "index"),), ("public.p",))}):
        ((_, sentence),) = about("cost", examine(facts(**{"cost": Cost(1234.5, 42, (("p", "index"),)), **changes})))
        assert sentence == "not known until ANALYZE has counted public.p; p by index"
