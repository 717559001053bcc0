"""Older releases of PostgreSQL: our tables, the judging statement and `db check` on each that can be had here."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from click.testing import CliRunner

from integration.tables import (
    APART,
    APART_DDL,
    about,
    any_rows,
    assert_answers,
    execute,
    joined,
    labels_of,
    read,
    write,
    write_labels,
)
from integration.tables import versions as list_versions
from modelward.__main__ import main
from modelward.database.migrate import migrate
from modelward.domain.mapping import parse_source
from modelward.domain.source import OWN
from sandbox.database import OLDER, EmbeddedDatabase, start_embedded

DEBIAN = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
RELEASES = {"the pip package's older one": OLDER, **{f"Debian's {p.parts[4]}": str(p.parents[1]) for p in DEBIAN}}


@pytest.fixture(scope="module", params=RELEASES.values(), ids=RELEASES)
def server(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedDatabase]:
    """A server of an older release, with our tables and with others'."""
    server = start_embedded(tmp_path_factory.mktemp("older"), request.param)
    try:
        migrate(server.url)
        execute(server.url, "CREATE SCHEMA IF NOT EXISTS public", f"SET search_path = public; {APART_DDL}")
        yield server
    finally:
        server.stop()


def test_our_own_tables_are_judged(server: EmbeddedDatabase):
    rows = [replace(r, actual_at=r.predicted_at) for r in any_rows(1, datetime.now(UTC))]
    write(server.url, OWN, rows)
    (found,) = read(server.url, {}, about())
    assert_answers(found, rows, about())
    assert [v.version for v in list_versions(server.url, {})[0]]


def test_labels_apart_are_judged(server: EmbeddedDatabase):
    rows = any_rows(2, datetime.now(UTC))
    labels = labels_of(rows, 2)
    write(server.url, parse_source(APART), rows)
    write_labels(server.url, parse_source(APART), labels)
    (found,) = read(server.url, APART, about())
    assert_answers(found, joined(rows, labels), about())


def test_db_check_finds_it_fit(server: EmbeddedDatabase):
    done = CliRunner().invoke(main, ["db", "check", "--database-url", server.url])
    assert done.exit_code == 0, done.output
