"""Names that stand in a database are shown to people as text: none of them steers a terminal or makes up a line."""

import psycopg
import pytest
from click.testing import CliRunner

from modelward.__main__ import main

EVIL = "v9\x1b[2J\x1b]0;title\x07\r\n2026-01-01 ERROR all is lost \u202e|<script>"
INSERT = """
INSERT INTO model_predictions (model_name, model_version, prediction, actual, predicted_at)
SELECT 'prices', %s, 1, n, now() - interval '1 minute' FROM generate_series(1, 120) AS n
"""
VERBS = [["status"], ["compare"], ["check", "--dry-run"], ["explain"], ["history"]]


@pytest.mark.parametrize("words", VERBS, ids=" ".join)
def test_a_version_is_shown_as_text_by(database_url: str, words: list[str]):
    with psycopg.connect(database_url) as link:
        link.execute(INSERT, [EVIL])
        link.execute(INSERT, ["v8"])
    done = CliRunner().invoke(main, [*words, "--model", "prices", "--database-url", database_url])
    assert done.exception is None or isinstance(done.exception, SystemExit)
    assert len(done.output) > 20
    assert [c for c in done.output if not c.isprintable() and c != "\n"] == []
    assert not any(line.startswith("2026-01-01 ERROR") for line in done.output.splitlines())
