"""A rollback that the API server refuses: told once, held, and tried again with growing pauses.

Nothing was changed by it. What is tried again is decided anew each time, on rows of that moment: a policy that is
mended a day later must not let a verdict of yesterday through.
"""

from dataclasses import replace
from datetime import datetime, timedelta

from modelward.domain.decision import RollbackOrder
from modelward.domain.status import Phase, Rollback, Status, Verdict

FIRST_PAUSE, LONGEST_PAUSE = timedelta(minutes=1), timedelta(hours=1)
LONGEST_WORDS = 4096  # characters: a webhook may say what it likes


def refused(status: Status, why: str, now: datetime) -> Status:
    """End an attempt that the API server refused."""
    rollback = status.last_rollback
    if rollback is None:
        raise ValueError("no rollback is under way")
    message = f"the API server refused it: {why[:LONGEST_WORDS]}; {rollback.message}"
    times = (rollback.refused or 0) + 1
    return replace(
        status,
        last_rollback=replace(rollback, phase=Phase.FAILED, message=message, finished_time=now, refused=times),
    )


def count(status: Status, order: RollbackOrder) -> int | None:
    """Say how often the same was refused before it is tried again."""
    last = find_refusal(status)
    same = last is not None and (last.from_, last.to) == (order.from_version, order.to.version)
    return last.refused if last is not None and same and order.automatic else None


def find_refusal(status: Status) -> Rollback | None:
    """Return the rollback that was refused and has not been made since, where there is one."""
    last = status.last_rollback
    if last is None or not last.refused or last.phase not in {Phase.DECIDED, Phase.FAILED}:
        return None
    return last


def is_stuck(status: Status) -> bool:
    """Whether a version serves that should not, because the API server refuses to let it go; a person is needed."""
    last = find_refusal(status)
    if last is None or not last.automatic or last.from_ != status.current_version:
        return False
    return status.verdict is Verdict.DEGRADED or last.phase is Phase.DECIDED


def wait(status: Status, now: datetime) -> timedelta:
    """Return how long to wait before it is tried again; nothing where nothing was refused."""
    last = find_refusal(status)
    if last is None or last.finished_time is None or last.phase is not Phase.FAILED or not last.automatic:
        return timedelta(0)
    pause: timedelta = min(FIRST_PAUSE * 2 ** min((last.refused or 1) - 1, 10), LONGEST_PAUSE)
    return max(last.finished_time + pause - now, timedelta(0))
