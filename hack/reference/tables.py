"""Tables in Markdown."""

import re
from collections.abc import Sequence

CODE = re.compile(r"(`[^`]*`)")


def make_table(head: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
    """Write a table; what would end a cell or begin a tag is written as a character."""
    lines = [head, ("---",) * len(head), *rows]
    return "\n".join("| " + " | ".join(_cell(cell) for cell in line) + " |" for line in lines)


def _cell(text: str) -> str:
    parts = CODE.split(text.replace("|", "&#124;"))
    return "".join(part if part.startswith("`") else part.replace("<", "&lt;") for part in parts)
