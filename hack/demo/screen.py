"""What a person sees: headings, sentences, tables, and kubectl's own output as it is.

Colour and moving parts only where a terminal is; NO_COLOR is respected by rich itself.
"""

import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from textwrap import wrap
from typing import TYPE_CHECKING

from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

if TYPE_CHECKING:
    from rich.status import Status

PLAIN_WIDTH = 110
COLOURS = {"Healthy": "green", "Degraded": "red", "SourceError": "magenta"}


class Screen:
    """Writes to the standard output; `seconds` counts from its making."""

    def __init__(self, console: Console | None = None) -> None:
        """Write to a terminal as wide as it is, or plainly."""
        if console is None:
            console = Console(highlight=False)
            console.width = min(console.width, 120) if console.is_terminal else PLAIN_WIDTH
        self._console = console
        self._began = time.monotonic()
        self._status: Status | None = None
        self._awaited = ""

    @property
    def seconds(self) -> float:
        """How long the demo has been running."""
        return time.monotonic() - self._began

    def heading(self, text: str) -> None:
        """Begin a part of the story."""
        self._console.print()
        self._console.rule(Text(text, style="bold"), align="left", style="cyan")
        self._console.print()

    def say(self, text: str, style: str = "") -> None:
        """Write a text whose lines are paragraphs."""
        for paragraph in text.splitlines():
            for line in wrap(paragraph, self._console.width - 2):
                self._console.print(Text(f"  {line}", style=style), soft_wrap=True)

    def note(self, text: str) -> None:
        """Write what happens in the background, line by line as it comes."""
        for line in text.splitlines():
            self._console.print(Text(f"  {line}", style="dim"), soft_wrap=True)

    def row(self, when: str, verdict: str, rest: str) -> None:
        """Write a line of the log of verdicts."""
        line = Text.assemble((f"  {when}  ", "dim"), (f"{verdict:<16}", COLOURS.get(verdict, "yellow")), "  ", rest)
        self._console.print(line, soft_wrap=True)

    def table(self, columns: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
        """Write a table; columns whose cells begin with a digit or a sign stand at the right."""
        lines = [list(row) for row in rows]
        table = Table(box=None, pad_edge=False, padding=(0, 3, 0, 0), header_style="dim")
        for i, name in enumerate(columns):
            number = all(line[i][:1].isdigit() or line[i][:1] in "+-" for line in lines)
            table.add_column(name, justify="right" if number else "left", no_wrap=number)
        for line in lines:
            table.add_row(*line)
        self._console.print(Padding(table, (0, 0, 0, 2), expand=False))

    def command(self, command: str, output: str = "") -> None:
        """Write a command as a person types it, and what it answered."""
        self._console.print()
        self._console.print(Text.assemble(("$ ", "dim"), (command, "bold")), soft_wrap=True)
        if output:
            self._console.out(output.rstrip(), highlight=False)

    def line(self, text: str, style: str = "bold") -> None:
        """Write one line as it is, however long."""
        self._console.print(Text(text, style=style), soft_wrap=True)

    @contextmanager
    def waiting(self, text: str) -> Iterator[None]:
        """Show, on a terminal only, what is waited for."""
        self._awaited = text
        with self._console.status(Text(text), spinner="dots") as self._status:
            yield
        self._status = None

    def progress(self, text: str) -> None:
        """Show, on a terminal only, how things go meanwhile."""
        if self._status is not None:
            self._status.update(Text(f"{self._awaited} ({text})"))
