"""Which rows count: tenants kept apart by filters, moments by clocks that are odd or ahead."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from integration.tables import ALL, BARE, BARE_DDL, HOUR, PLAIN, about, any_rows, assert_answers, execute, read, write
from modelward.domain.mapping import parse_source
from modelward.domain.quality import Quality
from rows import Row

MINUTE = timedelta(minutes=1)


# -- filters ---------------------------------------------------------------------------------------------------------

FILTERS = {
    "text": ("text", "eu", "us"),
    "a hostile text": ("text", "'; DROP TABLE p; --%s", "us"),
    "a number": ("int", "5", "6"),
    "a truth": ("boolean", "true", "false"),
    "letters of fixed length": ("char(4)", "eu", "us"),
    "a uuid": ("uuid", "00000000-0000-0000-0000-000000000001", "00000000-0000-0000-0000-000000000002"),
}


@pytest.mark.parametrize(("kind", "mine", "theirs"), FILTERS.values(), ids=FILTERS)
def test_a_filter_keeps_tenants_apart_whatever_its_column_is(url: str, kind: str, mine: str, theirs: str):
    execute(url, BARE_DDL.replace(")", f", tenant {kind})"))
    rows = [replace(r, version=r.version[1:], role="live") for r in any_rows(3, datetime.now(UTC))]
    write(url, parse_source(BARE), rows, tenant=lambda n: (mine, theirs)[n % 2])
    kept = [replace(r, request_id=str(n)) for n, r in enumerate(rows)]
    for value, of in ((mine, kept[::2]), (theirs, kept[1::2])):
        where = [{"column": "tenant", "value": value}]
        (found,) = read(url, {"predictions": {**BARE["predictions"], "where": where}}, about("2", baseline_version="1"))
        assert_answers(found, of, about("2", baseline_version="1"))


def test_a_value_that_the_column_cannot_have_matches_nothing_and_breaks_nothing(url: str):
    execute(url, BARE_DDL)
    write(url, parse_source(BARE), [Row("m", "2", datetime.now(UTC) - HOUR, 1.0, 3.0)])
    where = [{"column": "v", "value": "not a number"}]
    (found,) = read(url, {"predictions": {**BARE["predictions"], "where": where}}, about("2"))
    assert isinstance(found, Quality)
    assert found.current.predictions == 0


# -- clocks ----------------------------------------------------------------------------------------------------------


def test_rows_from_the_future_are_judged_when_their_time_has_come(url: str):
    execute(url, BARE_DDL)
    now = datetime.now(UTC)
    write(url, parse_source(BARE), [Row("m", "2", now + n * HOUR, 1.0, 3.0) for n in range(-2, 3)])
    (found,) = read(url, BARE, about("2"))
    assert isinstance(found, Quality)
    assert found.current.predictions == 3 - 1 + (found.now.replace(microsecond=0) > now)


GAPS = ["2026-03-29 02:30", "2025-10-26 02:30", "infinity", "-infinity", "0001-01-01 00:00", "294000-01-01 00:00"]


@pytest.mark.parametrize("wall_clock", GAPS)
def test_a_wall_clock_that_never_was_or_was_twice_raises_nothing(url: str, wall_clock: str):
    execute(url, f"CREATE TABLE p ({ALL.replace('timestamptz', 'timestamp')})")
    raw = {"timeZone": "Europe/Berlin", **PLAIN}
    write(url, parse_source(raw), [Row("m", "v2", datetime.now(UTC) - HOUR, 1.0, 3.0, None, "now")])
    execute(url, f"INSERT INTO p VALUES ('m', '', 'odd', 'v2', 'live', '{wall_clock}', 1, 3, '{wall_clock}')")
    for delay in (0, 5):
        (found,) = read(url, raw, about(label_delay=delay * MINUTE, window=24 * HOUR))
        assert isinstance(found, Quality), found
        assert found.current.predictions >= 1
