"""Old versions put away: marked in the registry, their rows in a file when asked, and back again."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from modelward.database.archive import archive, restore
from modelward.database.ledger import PostgresLedger
from modelward.decide.retention import Retention, choose_old
from modelward.domain.errors import InvalidCallError, RefusedError
from modelward.domain.ledger import Book
from modelward.domain.reasons import Reason
from modelward.domain.source import OWN
from modelward.evaluation.archive_file import open_archive, refuse_existing, write_archive
from modelward.evaluation.database import DatabaseDoor
from modelward.evaluation.results import ArchiveReport
from modelward.evaluation.rules import Rules

NOTHING: Mapping[str, str] = MappingProxyType({})
Keep = Callable[[], Mapping[str, str]]


@dataclass(frozen=True, slots=True)
class ArchiveOrder:
    """What to put away, and whether its rows go into a file and leave the database."""

    retention: Retention
    export: Path | None = None
    delete_predictions: bool = False
    force: bool = False
    dry_run: bool = False

    def __post_init__(self) -> None:
        """Refuse what would put away everything, or lose rows."""
        if self.retention.older_than is None and self.retention.keep is None:
            raise InvalidCallError("say what is old: --older-than 90d, --keep 5, or both")
        if self.delete_predictions and self.export is None:
            raise InvalidCallError("--delete-predictions needs --export FILE: rows leave the database only for a file")


def archive_versions(door: DatabaseDoor, order: ArchiveOrder, keep: Keep | None = None) -> ArchiveReport:
    """Put old versions away, all of them or, where something fails, none.

    `keep` says what has to stay since a cluster needs it, and why; it is asked once more while the registry is locked.
    """
    _refuse_foreign(door, order)
    if order.export is not None:
        refuse_existing(order.export)
    key, ledger, known = door.key, door.ledger, door.book()
    if known.managed_by is not None and keep is None and not order.force:
        raise RefusedError(Reason.MANAGED_BY_CLUSTER, _theirs(known))
    needed = keep or (lambda: NOTHING)
    chosen, kept = _choose(known, order, needed())
    marked, written = list(chosen), 0
    if chosen and not order.dry_run:
        path = order.export
        marked, written = archive(
            ledger,
            key,
            lambda book: _choose(book.with_seen(known.seen), order, needed())[0],
            None if path is None else lambda versions, rows: write_archive(path, key, versions, rows),
            delete_predictions=order.delete_predictions,
        )
    wrote = bool(order.export and marked and not order.dry_run)
    return ArchiveReport(
        model=key.model,
        environment=key.environment,
        archived=marked,
        kept=kept,
        restored=[],
        predictions=written,
        predictions_deleted=wrote and order.delete_predictions,
        file=str(order.export) if wrote else None,
        dry_run=order.dry_run,
    )


def restore_versions(ledger: PostgresLedger, path: Path, model: str | None, environment: str | None) -> ArchiveReport:
    """Bring back what a file holds, all of it or nothing."""
    with open_archive(path) as file:
        if model not in {None, file.key.model} or environment not in {None, file.key.environment}:
            message = f"{path} holds versions of {file.key}, not of the model that is named"
            raise RefusedError(Reason.ARCHIVE_UNREADABLE, message)
        back = restore(ledger, file.versions, file.predictions)
        return ArchiveReport(
            model=file.key.model,
            environment=file.key.environment,
            archived=[],
            kept={},
            restored=list(file.names),
            predictions=back,
            predictions_deleted=False,
            file=str(path),
            dry_run=False,
        )


def _choose(book: Book, order: ArchiveOrder, keep: Mapping[str, str]) -> tuple[tuple[str, ...], dict[str, str]]:
    return choose_old(Rules().spec(book.key.model, book.key.environment), book, order.retention, keep)


def _refuse_foreign(door: DatabaseDoor, order: ArchiveOrder) -> None:
    if door.source.versions is not None and door.source.versions != OWN.versions:
        message = f"the versions stand in {door.source.versions.table}, which is not the table of modelward"
        raise InvalidCallError(f"{message}: archive them by its own means")
    if order.export is not None and not door.source.is_ours:
        message = f"{door.source.predictions} is not the table of modelward: its rows are exported by its own means"
        raise InvalidCallError(f"{message}; without --export, versions are only marked as archived")


def _theirs(book: Book) -> str:
    who = book.managed_by
    namespace, _, name = (who.resource if who else "").partition("/")
    return (
        f"ModelDeployment {namespace}/{name} looks after {book.key}, and knows which versions it needs: "
        f"kubectl modelward archive {name} -n {namespace} asks it; --force does not"
    )
