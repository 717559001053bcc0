"""The operator's SQL, counted where it arrives: in the server's own log of every statement."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import LiteralString

import psycopg
from psycopg import sql

from modelward.database.queries import all_queries

APPLICATION = "modelward"
# log_statement writes `statement: ...` for the simple protocol and `execute <name>: ...` for the extended one
LINE = re.compile(r"^(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d+) UTC \[(.*?)\] LOG:  (?:statement|execute [^:]*): (.*)$")
SETTINGS = {
    "log_line_prefix": "%m [%a] ",
    "log_timezone": "UTC",
    "log_parameter_max_length": "0",
    "log_statement": "all",
}


@dataclass(frozen=True)
class Statement:
    """One statement as the server saw it."""

    at: datetime
    name: str


def parse_statements(lines: Iterable[str], application: str = APPLICATION) -> list[Statement]:
    """Read the statements of one application; ours by their name in queries.sql, the others by their first word."""
    known = {text.splitlines()[0]: name for name, text in all_queries().items()}
    found = []
    for line in lines:
        match = LINE.match(line)
        if match and match[2] == application:
            text = match[3].strip()
            found.append(Statement(datetime.fromisoformat(match[1] + "+00:00"), known.get(text, text.split()[0])))
    return found


def count(statements: Iterable[Statement]) -> dict[str, int]:
    """Count by name, the most frequent first."""
    return dict(Counter(s.name for s in statements).most_common())


def count_sweeps(statements: Iterable[Statement], *, gap: float = 0.5) -> int:
    """Count the bursts of judging statements: what stands less than `gap` seconds apart is one sweep's."""
    moments = sorted(s.at.timestamp() for s in statements if s.name == "judge")
    return sum(later - earlier > gap for earlier, later in zip([float("-inf"), *moments], moments, strict=False))


@contextmanager
def logged(url: str, log: Path) -> Iterator[list[Statement]]:
    """Have the server log every statement meanwhile; the list is filled at the end."""
    statements: list[Statement] = []
    _configure(url, "ALTER SYSTEM SET {} = {}")
    mark = log.stat().st_size
    try:
        yield statements
    finally:
        _configure(url, "ALTER SYSTEM RESET {}")
    with log.open("rb") as file:
        file.seek(mark)
        statements += parse_statements(file.read().decode(errors="replace").splitlines())


def _configure(url: str, command: LiteralString) -> None:
    with psycopg.connect(url, autocommit=True, application_name="bench") as connection:
        for name, value in SETTINGS.items():
            parts = [sql.Identifier(name), sql.Literal(value)][: command.count("{}")]
            connection.execute(sql.SQL(command).format(*parts))
        connection.execute("SELECT pg_reload_conf()")
