"""The named queries, read once: those that only read (queries.sql, catalog.sql), and the ledger's (ledger.sql)."""

import re
from functools import cache
from importlib import resources

FILES = ("queries.sql", "catalog.sql")
LEDGER = ("ledger.sql",)
_NAME = re.compile(r"^-- name: (\w+)$", re.MULTILINE)


@cache
def named_query(name: str, files: tuple[str, ...] = FILES) -> bytes:
    """Return the text of one query."""
    return _all_queries(files)[name]


@cache
def _all_queries(files: tuple[str, ...]) -> dict[str, bytes]:
    folder = resources.files("modelward.database")
    _, *parts = _NAME.split("".join(folder.joinpath(name).read_text() for name in files))
    return {name: body.strip().rstrip(";").encode() for name, body in zip(parts[::2], parts[1::2], strict=True)}
