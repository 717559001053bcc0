"""What a person sees: lines and tables, in colour on a terminal only (rich itself respects NO_COLOR)."""

import re
from collections.abc import Iterable, Sequence

from rich.console import Console
from rich.table import Table
from rich.text import Text

from modelward.domain.printable import printable

WIDE = 1000
"""Where no terminal is, nothing is folded: what reads a pipe wants whole lines."""
STYLES = {
    "OK": "green", "Healthy": "green", "yes": "green", "ROLLED_BACK": "yellow", "DEGRADED": "red", "Degraded": "red",
    "INSUFFICIENT_DATA": "yellow", "InsufficientData": "yellow", "NoData": "yellow", "SourceError": "red",
    "ERROR": "red", "True": "green", "False": "red", "Unknown": "yellow", "VERIFIED": "green", "FAILED": "red",
    "SUPERSEDED": "yellow",
}  # fmt: skip


FIGURE = re.compile(r"[+-]?\d[\d,]*(\.\d+)?(e[+-]?\d+)?( %)?")


class Screen:
    """Writes to the standard output."""

    def __init__(self) -> None:
        self._console = Console(highlight=False, emoji=False, markup=False)
        if not self._console.is_terminal:
            self._console.width = WIDE

    def line(self, text: str, style: str = "") -> None:
        """Write one line, however long."""
        self._console.print(Text(printable(text, "\n"), style=style), soft_wrap=True)

    def verdict(self, verdict: str, rest: str) -> None:
        """Write a verdict in its colour, and the sentence that goes with it."""
        self._console.print(
            Text.assemble((verdict, f"bold {STYLES.get(verdict, '')}".strip()), ": ", printable(rest, "\n")),
            soft_wrap=True,
        )

    def table(self, columns: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
        """Write a table; columns of figures stand at the right, and the name of a version is none."""
        lines = [[printable(cell) for cell in row] for row in rows]
        table = Table(box=None, pad_edge=False, padding=(0, 3, 0, 0), header_style="bold")
        for i, name in enumerate(columns):
            number = i > 0 and all(_is_number(line[i]) for line in lines)
            table.add_column(name, justify="right" if number else "left", overflow="fold")
        for line in lines:
            table.add_row(*(Text(cell, style=STYLES.get(cell, "")) for cell in line))
        self._console.print(table)


def _is_number(cell: str) -> bool:
    return cell in {"", "-", "undefined"} or FIGURE.fullmatch(cell) is not None
