"""Which versions were in quarantine before the memory was lost: read back from the audit table."""

from collections.abc import Iterable
from dataclasses import replace

from modelward.decide.conditions import METRICS_AVAILABLE
from modelward.decide.managed import is_waiting
from modelward.domain.letters import Past, Step
from modelward.domain.messages import About
from modelward.domain.status import PlacedBy, Quarantine, Status

MOST = 20


def recall(status: Status, about: About, past: Iterable[Past]) -> Status:
    """Put back into quarantine what was rolled back from and not cleared since, also where it serves again."""
    held = {q.version: q for q in status.quarantine}
    for line in past:
        if line.about != about:
            continue
        if line.step is Step.CLEARED:
            held.pop(line.from_version, None)
        elif line.step is Step.PATCHED and line.from_version:
            held.pop(line.to_version, None)
            since = line.time.replace(microsecond=0)  # as status keeps it
            held[line.from_version] = Quarantine(line.from_version, since, line.message[:4096], line.event)
    return replace(status, quarantine=tuple(held.values())[-MOST:])


def is_young(status: Status) -> bool:
    """Whether a resource has just been adopted: its first epoch was found, and the database has not answered yet.

    One whose spec.version waits for that answer is young until it comes, even where quality was read meanwhile.
    """
    available = status.condition(METRICS_AVAILABLE)
    answered = available is not None and available.status == "True"
    found = status.epoch is not None and status.epoch.placed_by is PlacedBy.FOUND
    return found and (not answered or is_waiting(status)) and status.requests.clear_quarantine is None
