"""The table of the chart's values, made from the comments of values.yaml, so that it cannot tell anything else."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

BEGIN, END = "<!-- values: made from values.yaml -->", "<!-- values end -->"
_KEY = re.compile(r"^(?P<indent> *)(?P<key>[A-Za-z][A-Za-z0-9]*):(?: (?P<value>\S.*))?$")


class ValuesError(Exception):
    """values.yaml is not written as the table needs it."""


@dataclass(frozen=True, slots=True)
class Value:
    """One value: its path, its default as written, and what it does."""

    path: str
    default: str
    meaning: str


def fill_in(page: str, values: str, where: Path) -> str:
    """Return the page with the table between its marks made anew."""
    before, found, rest = page.partition(BEGIN)
    _, closed, after = rest.partition(END)
    if not (found and closed):
        raise ValuesError(f"{where} has no line {BEGIN!r} with {END!r} after it")
    return f"{before}{BEGIN}\n\n{make_table(read_values(values))}\n\n{END}{after}"


def make_table(values: Iterator[Value]) -> str:
    """Write the table."""
    head = ["| value | default | what it does |", "| --- | --- | --- |"]
    rows = (f"| `{v.path}` | {_show(v.default)} | {v.meaning} |" for v in values)
    return "\n".join([*head, *rows])


def _show(default: str) -> str:
    return "" if default == '""' else f"`{default}`"


def read_values(text: str) -> Iterator[Value]:
    """Read each value that is no group of others, with the comment above it; ValuesError where one has none."""
    groups: list[str] = []
    comment: list[str] = []
    for number, line in enumerate(text.splitlines(), start=1):
        words, key = line.strip(), _KEY.match(line)
        if words.startswith("#"):
            comment.append(words.removeprefix("#").strip())
            continue
        if key is None and words:
            raise ValuesError(f"values.yaml, line {number}: one key and its value in a line is what can be read")
        if key is not None:
            del groups[len(key["indent"]) // 2 :]
            groups.append(key["key"])
            if key["value"]:
                yield _value(groups, key["value"], comment, number)
        comment = []


def _value(groups: list[str], default: str, comment: list[str], number: int) -> Value:
    path = ".".join(groups)
    if not comment:
        raise ValuesError(f"values.yaml, line {number}: {path} has no comment that says what it does")
    return Value(path, default, " ".join(comment))
