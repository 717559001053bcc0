"""What the registry and the audit say in the words of the operator's memory, so that the same rules judge both.

In production is what `is_production` marks. What served before it are the versions promoted earlier (or made earlier,
where nobody noted a promotion) that are not archived; what was rolled back from since its promotion is in quarantine.
"""

from collections.abc import Iterable
from datetime import datetime

from modelward.decide.previous import find_previous
from modelward.decide.wording import shorten
from modelward.domain.errors import RefusedError
from modelward.domain.ledger import Book, RollbackRecord, VersionRecord
from modelward.domain.reasons import Reason
from modelward.domain.spec import Spec
from modelward.domain.status import Epoch, Move, Phase, PlacedBy, Quarantine, Rollback, Standing, Status

MOST_LISTED = 20


def find_production(book: Book) -> VersionRecord:
    """Return the version in production; RefusedError where none is marked."""
    if book.production is not None:
        return book.production
    message = (
        f"model {book.key} has no version in production: set is_production = true in model_versions for the one that "
        f"serves. There are: {list_records(book.versions)}"
    )
    raise RefusedError(Reason.NO_PRODUCTION_VERSION, message)


def find_version(book: Book, version: str) -> VersionRecord:
    """Return a version of the registry; RefusedError lists those there are."""
    found = book.find(version)
    if found is None:
        message = f"model {book.key} has no version {version!r}; there are: {list_records(book.versions)}"
        raise RefusedError(Reason.VERSION_NOT_REGISTERED, message)
    return found


def find_target(spec: Spec, book: Book, asked: str | None) -> VersionRecord:
    """Return the version to go back to, the one asked for or else the previous one; RefusedError says why not."""
    current = find_production(book)
    if asked is None:
        return _previous_target(spec, book)
    target = find_version(book, asked)
    if target.version == current.version:
        raise RefusedError(Reason.VERSION_IN_PRODUCTION, f"{asked} is in production already: there is nothing to do")
    if target.archived_at is not None:
        message = f"{asked} was archived at {target.archived_at:%Y-%m-%d %H:%M}: restore it first (modelward archive)"
        raise RefusedError(Reason.VERSION_ARCHIVED, message)
    return target


def remember(book: Book) -> Status:
    """Write the memory that an operator would have, had it watched the version in production come."""
    current = find_production(book)
    line = [*_earlier(book, current), current]
    moves = tuple(_move(i, v, book.rollbacks) for i, v in enumerate(line, start=1))
    placement = _placement(current, book.rollbacks)
    placed_by = PlacedBy.OBSERVED if placement is None else placed(placement)
    epoch = Epoch(
        len(line), current.version, started_time=current.since, placed_by=placed_by, landing=placement is not None
    )
    return Status(
        0,
        epoch=epoch,
        current_version=current.version,
        history=moves,
        quarantine=tuple(_quarantine(book)),
        reassertions=tuple(r.at for r in _retreats(current, book.rollbacks))[1:],
        last_rollback=_journal(book.rollbacks[-1]) if book.rollbacks else None,
    )


def landings(rollbacks: Iterable[RollbackRecord]) -> tuple[Move, ...]:
    """Return every rollback as the epoch it began: what the daily budget is counted by."""
    return tuple(Move(0, r.to_version, started_time=r.at, placed_by=placed(r)) for r in rollbacks)


def served_before(book: Book, version: VersionRecord) -> datetime | None:
    """Return when a version that served earlier came back: rows from before belong to another epoch; else None."""
    seen = any(version.version in {r.from_version, r.to_version} for r in book.rollbacks)
    return version.since if seen else None


def placed(rollback: RollbackRecord) -> PlacedBy:
    """Say who placed the version: the rule, or a person."""
    return PlacedBy.ROLLBACK if rollback.automatic else PlacedBy.REQUEST


def list_records(versions: Iterable[VersionRecord]) -> str:
    """List the names, the newest first; a long list is cut and says so."""
    names = [_name(v) for v in sorted(versions, key=lambda v: v.order, reverse=True)]
    rest = len(names) - MOST_LISTED
    return (", ".join(names[:MOST_LISTED]) or "none") + (f" and {rest} more" if rest > 0 else "")


def _name(version: VersionRecord) -> str:
    mark = " (in production)" if version.in_production else " (archived)" if version.archived_at else ""
    return f"{shorten(version.version)}{mark}"


def _previous_target(spec: Spec, book: Book) -> VersionRecord:
    previous = find_previous(spec, remember(book))
    found = book.find(previous.version) if previous else None
    if found is None:
        current = find_production(book).version
        message = (
            f"there is no version to go back to from {current}: an earlier one that is not archived and was not rolled "
            f"back from is needed. There are: {list_records(book.versions)}"
        )
        raise RefusedError(Reason.NO_TARGET, message)
    return found


def _earlier(book: Book, current: VersionRecord) -> list[VersionRecord]:
    """Return what came before, oldest first; those that never served count only where nothing else is known."""
    line = sorted(book.versions, key=lambda v: v.order)
    there = [v for v in line if v.order < current.order and v.archived_at is None]
    return [v for v in there if v.served] or there


def _move(number: int, version: VersionRecord, rollbacks: tuple[RollbackRecord, ...]) -> Move:
    return Move(
        number,
        version.version,
        started_time=version.since,
        quality=Standing.UNJUDGED,
        rolled_back=bool(_retreats(version, rollbacks)),
    )


def _retreats(version: VersionRecord, rollbacks: Iterable[RollbackRecord]) -> list[RollbackRecord]:
    """Return the rollbacks from a version since it was promoted: promoted anew, it has a clean slate."""
    return [r for r in rollbacks if r.from_version == version.version and r.at >= version.since]


def _placement(version: VersionRecord, rollbacks: Iterable[RollbackRecord]) -> RollbackRecord | None:
    """Return the rollback that placed a version, None where somebody promoted it since."""
    placements = [r for r in rollbacks if r.to_version == version.version and r.at >= version.since]
    return placements[-1] if placements else None


def _quarantine(book: Book) -> Iterable[Quarantine]:
    for version in book.versions:
        retreats = _retreats(version, book.rollbacks)
        if retreats:
            yield Quarantine(version.version, retreats[-1].at, retreats[-1].reason, retreats[-1].event_id)


def _journal(record: RollbackRecord) -> Rollback:
    moved = (record.from_version or "", record.to_version)
    return Rollback(
        record.event_id,
        0,
        *moved,
        *("", ""),  # no image: a registry knows versions
        phase=Phase.VERIFIED,
        automatic=record.automatic,
        reason=record.reason,
        message=record.reason,
        decided_time=record.at,
        actor=record.actor,
        patched_time=record.at,
        finished_time=record.at,
    )
