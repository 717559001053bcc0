"""The named queries of queries.sql, read once."""

import re
from functools import cache
from importlib import resources

_NAME = re.compile(r"^-- name: (\w+)$", re.MULTILINE)


@cache
def named_query(name: str) -> bytes:
    """Return the text of one query."""
    return _all_queries()[name]


def text_of(name: str) -> str:
    """Return the text of one query as text."""
    return named_query(name).decode()


@cache
def _all_queries() -> dict[str, bytes]:
    text = resources.files("modelward.database").joinpath("queries.sql").read_text()
    _, *parts = _NAME.split(text)
    return {name: body.strip().rstrip(";").encode() for name, body in zip(parts[::2], parts[1::2], strict=True)}
