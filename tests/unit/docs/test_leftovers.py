"""No page says a thing twice: what a merge left behind is found, before a reader has to guess which of two is true."""

import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from pages import DOCS, prose_of

ROOT = DOCS.parent
GENERATED = {"reference.md", "metrics-prometheus.md"}
PAGES = [
    page
    for page in [*ROOT.glob("*.md"), *DOCS.glob("*.md"), ROOT / "charts" / "modelward" / "README.md"]
    if page.name not in GENERATED
]
LONG = 25
"""Shorter lines may well come twice: the end of a paragraph, an empty table cell."""


def repeated_lines(text: str) -> list[str]:
    """List the long lines that stand there more than once; heads of tables are no sentences."""
    lines = re.sub(r"^\|.*\n(?=\|[ :|-]+\|$)", "", text, flags=re.MULTILINE).splitlines()
    told = Counter(line.strip() for line in lines if len(line) >= LONG and re.search(r"\w", line))
    return [line for line, times in told.items() if times > 1]


def repeated_rows(text: str) -> Iterator[str]:
    """List what begins two rows of one table."""
    for table in re.findall(r"(?:^\|.*\n?)+", text, flags=re.MULTILINE):
        firsts = Counter(row.split(" | ")[0].strip("| ") for row in table.splitlines()[2:])
        yield from (first for first, times in firsts.items() if first and times > 1)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_nothing_stands_twice(page: Path):
    assert repeated_lines(prose_of(page)) == []
    assert list(repeated_rows(prose_of(page))) == []


def test_a_line_and_a_row_that_stand_twice_are_found():
    row, line = "| hold it back | `breaker.percent` |\n", "A sentence that somebody merged twice.\n"
    table = f"| to | values that are long enough |\n| --- | --- |\n{row}{row}"
    assert repeated_lines(f"{line}\n{line}\n{table}") == [line.strip(), row.strip()]
    assert list(repeated_rows(table)) == ["hold it back"]
