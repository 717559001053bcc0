"""The named queries of this folder's .sql files, read once: queries.sql reads, ledger.sql keeps the registry."""

import re
from functools import cache
from importlib import resources

_NAME = re.compile(r"^-- name: (\w+)$", re.MULTILINE)


@cache
def named_query(name: str, file: str = "queries.sql") -> bytes:
    """Return the text of one query."""
    return _all_queries(file)[name]


@cache
def _all_queries(file: str) -> dict[str, bytes]:
    text = resources.files("modelward.database").joinpath(file).read_text()
    _, *parts = _NAME.split(text)
    return {name: body.strip().rstrip(";").encode() for name, body in zip(parts[::2], parts[1::2], strict=True)}
