"""The named queries, read once: those that judge (queries.sql), and those about tables and the server (catalog.sql)."""

import re
from functools import cache
from importlib import resources

FILES = ("queries.sql", "catalog.sql")
_NAME = re.compile(r"^-- name: (\w+)$", re.MULTILINE)


@cache
def named_query(name: str) -> bytes:
    """Return the text of one query."""
    return _all_queries()[name]


@cache
def _all_queries() -> dict[str, bytes]:
    folder = resources.files("modelward.database")
    _, *parts = _NAME.split("".join(folder.joinpath(name).read_text() for name in FILES))
    return {name: body.strip().rstrip(";").encode() for name, body in zip(parts[::2], parts[1::2], strict=True)}
