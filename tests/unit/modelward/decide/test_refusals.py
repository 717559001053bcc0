"""A rollback that was refused: how often, until when it is waited, and whether somebody is needed."""

from datetime import timedelta
from typing import Any

import pytest

from builders import NOW, A, B, C, a_rollback, a_serving, a_status
from modelward.decide.journal import failed, patched, superseded
from modelward.decide.refusals import find_refusal, is_stuck, refused, wait
from modelward.domain.status import Phase, Status, Verdict

MINUTE = timedelta(minutes=1)


def with_refusal(times: int, verdict: Verdict | None = Verdict.DEGRADED, **changes: Any) -> Status:
    """B serves and was to be rolled back; the last refusal is of now."""
    said: dict[str, Any] = {"patched_time": None, "finished_time": NOW, "refused": times, "phase": Phase.FAILED}
    return a_status(A, B, verdict=verdict, last_rollback=a_rollback(**said | changes))


def test_what_was_said_is_kept_with_what_was_to_be_done():
    status = a_status(A, B, last_rollback=a_rollback(Phase.DECIDED))
    once = refused(status, "denied by policy frozen", NOW).last_rollback
    assert once is not None
    assert (once.phase, once.refused, once.finished_time, once.patched_time) == (Phase.FAILED, 1, NOW, None)
    assert once.message.startswith("the API server refused it: denied by policy frozen; R2 0.930 -> 0.850")


def test_words_without_end_are_cut():
    status = a_status(A, B, last_rollback=a_rollback(Phase.DECIDED))
    once = refused(status, "no" * 100_000, NOW).last_rollback
    assert once is not None
    assert len(once.message) < 5_000


@pytest.mark.parametrize(("times", "minutes"), [(1, 1), (2, 2), (3, 4), (6, 32), (7, 60), (1000, 60)])
def test_pauses_grow_up_to_an_hour(times: int, minutes: int):
    assert wait(with_refusal(times), NOW) == minutes * MINUTE
    assert wait(with_refusal(times), NOW + minutes * MINUTE) == timedelta(0)


def test_what_a_person_asked_for_is_not_tried_again_by_itself():
    assert wait(with_refusal(3, automatic=False), NOW) == timedelta(0)
    assert not is_stuck(with_refusal(3, automatic=False))


STUCK: dict[str, tuple[Status, bool]] = {
    "the bad version still serves": (with_refusal(1), True),
    "it recovered": (with_refusal(1, Verdict.HEALTHY), False),
    "nothing is known of it any more": (with_refusal(1, Verdict.NO_DATA), False),
    "another version was deployed": (with_refusal(1, from_=C), False),
    "it is being tried again": (with_refusal(1, None, phase=Phase.DECIDED), True),
    "it was never refused": (a_status(A, B, verdict=Verdict.DEGRADED, last_rollback=a_rollback(Phase.DECIDED)), False),
}


@pytest.mark.parametrize(("status", "stuck"), STUCK.values(), ids=STUCK)
def test_a_person_is_needed_when(status: Status, stuck: bool):  # noqa: FBT001
    assert is_stuck(status) is stuck


@pytest.mark.parametrize("end", [lambda s: failed(s, "gone", NOW), lambda s: superseded(s, NOW)])
def test_another_end_is_no_refusal_any_more(end: Any):
    status = with_refusal(4, phase=Phase.DECIDED)
    assert find_refusal(status) is not None
    assert find_refusal(end(status)) is None


def test_neither_is_a_rollback_that_was_let_through():
    assert find_refusal(patched(with_refusal(4, phase=Phase.DECIDED), a_serving(A), NOW)) is None
