"""Versions put away and brought back: the registry's mark, and rows that leave for a file or come from one."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from modelward.database.ledger import Cursor, PostgresLedger, read_book, run
from modelward.database.queries import LEDGER, named_query
from modelward.domain.ledger import Book, ModelKey

PAGE = 2000
PATIENT = {"statement_timeout": "1h", "lock_timeout": "5s"}
"""Millions of rows take their time."""
Lines = Iterable[str]
Write = Callable[[Lines, Lines], int]
"""Takes registry rows and predictions as JSON, puts them where they are safe, and returns how many predictions."""


def archive(
    ledger: PostgresLedger,
    key: ModelKey,
    choose: Callable[[Book], Sequence[str]],
    write: Write | None,
    *,
    delete_predictions: bool,
) -> tuple[list[str], int]:
    """Archive what `choose` names under the registry's lock; return those versions and how many rows were written.

    All or nothing: rows are removed only after `write` came back, in the transaction that marks the versions.
    """
    with ledger.transaction() as cursor:
        run(cursor, "bounds", PATIENT)
        which = {"model": key.model, "environment": key.environment}
        run(cursor, "lock_versions", which)
        chosen = {**which, "versions": list(choose(read_book(cursor, key)))}
        if not chosen["versions"]:
            return [], 0
        written = (
            write(_stream(cursor, "export_versions", chosen), _stream(cursor, "export_predictions", chosen))
            if write
            else 0
        )
        marked = {row["model_version"] for row in run(cursor, "archive_versions", chosen)}
        if delete_predictions:
            run(cursor, "delete_predictions", chosen)
        return [version for version in chosen["versions"] if version in marked], written


def restore(ledger: PostgresLedger, versions: Lines, predictions: Lines) -> int:
    """Bring rows back, all or none; what is still there stays as it is. Return how many predictions came back."""
    with ledger.transaction() as cursor:
        run(cursor, "bounds", PATIENT)
        for line in versions:
            run(cursor, "restore_version", {"line": line})
        back = 0
        for page in _pages(predictions):
            back += run(cursor, "restore_predictions", {"lines": f"[{','.join(page)}]"}).rowcount
        return back


def _stream(cursor: Cursor, query: str, parameters: dict[str, Any]) -> Iterator[str]:
    """Read row by row: a version may have more rows than fit in memory."""
    with cursor.connection.cursor(name=query) as rows:
        rows.itersize = PAGE
        rows.execute(named_query(query, LEDGER).encode(), parameters)
        for row in rows:
            yield row["line"]


def _pages(lines: Lines) -> Iterator[list[str]]:
    page: list[str] = []
    for line in lines:
        page.append(line)
        if len(page) == PAGE:
            yield page
            page = []
    if page:
        yield page
