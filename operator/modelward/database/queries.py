"""The named queries of queries.sql, and the pieces of pieces.sql that the summing ones are made of, read once."""

import re
from functools import cache
from importlib import resources

_NAME = re.compile(r"^-- name: (\w+)$", re.MULTILINE)


@cache
def named_query(name: str) -> bytes:
    """Return the text of one query."""
    return text_of(name).encode()


def text_of(name: str) -> str:
    """Return the text of one query as text: those that sum still name pieces in square brackets."""
    return _all_of("queries.sql")[name]


def piece_of(name: str) -> str:
    """Return one piece, without the lines that say what it is for: inside another one they would hide what follows."""
    return "\n".join(line for line in _all_of("pieces.sql")[name].splitlines() if not line.startswith("--"))


@cache
def _all_of(file: str) -> dict[str, str]:
    text = resources.files("modelward.database").joinpath(file).read_text()
    _, *parts = _NAME.split(text)
    return {name: body.strip().rstrip(";") for name, body in zip(parts[::2], parts[1::2], strict=True)}
