"""The named queries, read once, and the pieces (pieces.sql) that the summing ones are made of.

Those that judge stand in queries.sql, those about tables and the server in catalog.sql, and those of the registry of
versions, the only ones here that write it, in ledger.sql.
"""

import re
from functools import cache
from importlib import resources

FILES = ("queries.sql", "catalog.sql")
LEDGER = ("ledger.sql",)
_NAME = re.compile(r"^-- name: (\w+)$", re.MULTILINE)


def named_query(name: str, files: tuple[str, ...] = FILES) -> str:
    """Return the text of one query: those that sum still name pieces in square brackets."""
    return _all_of(*files)[name]


def all_queries() -> dict[str, str]:
    """Return every named query of ours, by its name."""
    return _all_of(*FILES, *LEDGER)


@cache
def piece_of(name: str) -> str:
    """Return one piece, without the lines that say what it is for: inside another one they would hide what follows."""
    return "\n".join(line for line in _all_of("pieces.sql")[name].splitlines() if not line.startswith("--"))


@cache
def _all_of(*files: str) -> dict[str, str]:
    folder = resources.files("modelward.database")
    _, *parts = _NAME.split("".join(folder.joinpath(name).read_text() for name in files))
    return {name: body.strip().rstrip(";") for name, body in zip(parts[::2], parts[1::2], strict=True)}
