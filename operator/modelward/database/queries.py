"""Named SQL, read once: what judges (queries.sql), its pieces (pieces.sql), and tables and the server (catalog.sql)."""

import re
from functools import cache
from importlib import resources

FILES = ("queries.sql", "catalog.sql")
_NAME = re.compile(r"^-- name: (\w+)$", re.MULTILINE)


@cache
def named_query(name: str) -> bytes:
    """Return the text of one query; those that sum still name pieces in square brackets."""
    return {**_all_of(FILES[0]), **_all_of(FILES[1])}[name].encode()


@cache
def piece_of(name: str) -> str:
    """Return one piece, without the lines that say what it is for: inside another one they would hide what follows."""
    return "\n".join(line for line in _all_of("pieces.sql")[name].splitlines() if not line.startswith("--"))


@cache
def _all_of(file: str) -> dict[str, str]:
    text = resources.files("modelward.database").joinpath(file).read_text()
    _, *parts = _NAME.split(text)
    return {name: body.strip().rstrip(";") for name, body in zip(parts[::2], parts[1::2], strict=True)}
