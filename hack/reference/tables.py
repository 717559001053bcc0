"""Tables in Markdown."""


def make_table(head: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    """Write a table; an upright stroke inside a cell is written as a character."""
    lines = [head, ("---",) * len(head), *rows]
    return "\n".join("| " + " | ".join(cell.replace("|", "&#124;") for cell in line) + " |" for line in lines)
