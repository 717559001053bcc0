"""What the server's log says of statements: ours by their name, others by their first word, and nobody else's."""

from bench.statements import parse_statements
from modelward.database.queries import named_query

STAMP = "2026-01-05 14:32:23.123 UTC"


def test_a_statement_of_ours_is_known_by_its_purpose():
    first = named_query("judge").splitlines()[0]
    lines = [
        f"{STAMP} [modelward] LOG:  execute <unnamed>: {first}",
        f"{STAMP} [modelward] LOG:  statement: BEGIN READ ONLY",
        f"{STAMP} [somebody] LOG:  statement: SELECT 1",
        "no statement at all",
    ]
    assert [found.name for found in parse_statements(lines)] == ["judge", "BEGIN"]
