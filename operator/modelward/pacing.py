"""When a resource is checked next: in a slot of its own, or sooner where its database failed or the API server refused.

Times are monotonic seconds.
"""

import hashlib
import math
from datetime import datetime

from modelward.decide.refusals import wait
from modelward.domain.reasons import Reason
from modelward.domain.spec import Spec
from modelward.domain.status import Verdict
from modelward.registry import Entry

FIRST_RETRY, LONGEST_RETRY = 5.0, 300.0


def next_check(entry: Entry, spec: Spec, now: float) -> float:
    """Return when to check again after a check."""
    interval, failures = spec.check_interval.total_seconds(), _failures(entry)
    if failures:
        pause = min(interval, FIRST_RETRY * 2 ** min(failures - 1, 10), LONGEST_RETRY)
        return float(math.ceil(now + pause))  # whole seconds: those of one database ask together again
    slot = next_slot(now, interval, entry.resource.uid)
    return min(slot, entry.heard_at + distance(entry)) if entry.heard else slot  # heard while this check was under way


def next_try(entry: Entry, now: float, database_now: datetime) -> float:
    """Return when a rollback that was refused is tried again; infinity where none was."""
    pause = wait(entry.resource.status, database_now).total_seconds()
    return now + pause if pause else math.inf


def distance(entry: Entry) -> float:
    """Return how far checks that are heard of keep from each other."""
    return max(1.0, 20 * entry.check_seconds)


def next_slot(now: float, interval: float, uid: str) -> float:
    """Return the next moment of a resource's own phase, in whole seconds: spread over the interval, swept together."""
    phase = int(hashlib.sha256(uid.encode()).hexdigest()[:8], 16) % max(int(interval), 1)
    return (int((now - phase) // interval) + 1) * interval + phase


def _failures(entry: Entry) -> int:
    """Count how often in a row the database kept a verdict, or a rollback, from coming about."""
    status = entry.resource.status
    if status.verdict is Verdict.SOURCE_ERROR:
        return entry.failures
    return entry.unread if any(hold.guard == Reason.HISTORY_UNREADABLE for hold in status.holds) else 0
