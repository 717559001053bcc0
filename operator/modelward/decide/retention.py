"""Which versions are old enough to put away: never the one in production, nor the one to go back to."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from types import MappingProxyType

from modelward.decide.ledger import find_production, remember
from modelward.decide.previous import find_previous
from modelward.domain.ledger import Book, VersionRecord
from modelward.domain.spec import Spec

NOTHING: Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Retention:
    """What may go: versions not used for `older_than`, and not among the newest `keep`."""

    older_than: timedelta | None = None
    keep: int | None = None


def choose_old(
    spec: Spec, book: Book, retention: Retention, keep: Mapping[str, str] = NOTHING
) -> tuple[tuple[str, ...], dict[str, str]]:
    """Return the versions to put away, the oldest first, and why each of the others stays.

    `keep` are versions that stay for reasons which are not in the registry, such as what a cluster says.
    """
    if book.production is None and keep:  # what serves is written elsewhere, and is in `keep`
        current, previous = "", None
    else:
        current, previous = find_production(book).version, find_previous(spec, remember(book))
    there = sorted((v for v in book.versions if v.archived_at is None), key=lambda v: v.order, reverse=True)
    kept: dict[str, str] = {}
    for place, version in enumerate(there, start=1):
        why = keep.get(version.version) or _why_kept(
            version, place, book, retention, current, previous.version if previous else None
        )
        if why is not None:
            kept[version.version] = why
    return tuple(v.version for v in reversed(there) if v.version not in kept), kept


def _why_kept(
    version: VersionRecord, place: int, book: Book, retention: Retention, current: str, target: str | None
) -> str | None:
    if version.version == current:
        return "in production"
    if version.version == target:
        return "what a rollback would put back"
    if retention.keep is not None and place <= retention.keep:
        return f"one of the newest {retention.keep}"
    if retention.older_than is not None and book.now - version.last_used_at < retention.older_than:
        return f"last used {version.last_used_at:%Y-%m-%d %H:%M}"
    return None
