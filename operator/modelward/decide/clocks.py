"""Whether the clocks of the operator and of a database agree.

Windows, epochs and pauses are measured on the database's, so nothing wrong is done where they differ; but what writes
the rows may go by the wrong one, and people read times of both. The condition ClocksAgree stands only while False.
"""

from dataclasses import replace
from datetime import datetime, timedelta

from modelward.decide.conditions import CLOCKS_AGREE
from modelward.domain.durations import spell_duration
from modelward.domain.reasons import Reason
from modelward.domain.status import Condition, Status

WORTH_SAYING, FORGIVEN = timedelta(seconds=30), timedelta(seconds=15)
STEP = timedelta(seconds=10)  # said no finer: an answer takes its time


def compare_clocks(status: Status, ahead: timedelta, generation: int, now: datetime) -> Status:
    """Say in a condition how far the database's clock is ahead of the operator's, where that is worth saying."""
    before = status.condition(CLOCKS_AGREE)
    others = tuple(c for c in status.conditions if c.type != CLOCKS_AGREE)
    if abs(ahead) < (WORTH_SAYING if before is None else FORGIVEN):
        return status if before is None else replace(status, conditions=others)
    where = "ahead of" if ahead > timedelta(0) else "behind"
    message = (
        f"the database's clock is {spell_duration(round(abs(ahead) / STEP) * STEP)} {where} the operator's: "
        "windows are measured on the database's; set right the one that is wrong"
    )
    since = before.last_transition_time if before is not None else now
    line = Condition(CLOCKS_AGREE, "False", Reason.CLOCK_SKEWED, message, since, generation)
    return replace(status, conditions=(*others, line))
