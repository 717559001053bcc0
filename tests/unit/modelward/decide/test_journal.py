"""The journal of a rollback: its id, its phases, and what each leaves behind."""

from dataclasses import replace
from typing import Any

import pytest

from builders import (
    DAY,
    HOUR,
    NOW,
    A,
    B,
    C,
    a_rollback,
    a_serving,
    a_status,
    an_order,
    image_of,
    quarantined,
)
from modelward.decide import journal
from modelward.domain.decision import RollbackOrder, Target
from modelward.domain.reasons import Reason
from modelward.domain.status import Hold, Phase, PlacedBy, Status

STATUS = a_status(A, B)


def order(
    status: Status = STATUS, *, uid: str = "uid-m", version: str = B, to: str = A, request: str = ""
) -> RollbackOrder:
    target = Target(to, image_of(to))
    return journal.make_order(
        uid, status, a_serving(version), target, PlacedBy.ROLLBACK, Reason.DEGRADED, "R2 fell", request=request
    )


def decided(**changes: Any) -> Status:
    return journal.intend(STATUS, an_order(**changes), NOW - HOUR)


# -- the id ----------------------------------------------------------------------------------------------------------


def test_the_same_decision_has_the_same_id_however_often_it_is_reached():
    later = replace(STATUS, message="other figures", samples=7)
    assert order().id == order(later).id


DIFFERENT: dict[str, RollbackOrder] = {
    "another resource": order(uid="uid-n"),
    "another epoch": order(a_status(A, B, A, B)),
    "from another version": order(version=C),
    "to another version": order(to=C),
    "asked for": order(request="2026-01-05T14:32:23Z"),
    "asked for again": order(request="2026-01-05T15:32:23Z"),
    "after a reassertion": order(a_status(A, B, reassertions=(NOW,))),
}


def test_every_other_decision_has_another_id():
    ids = [order().id, *(o.id for o in DIFFERENT.values())]
    assert len(set(ids)) == len(ids)
    assert all(len(i) == 16 for i in ids)


# -- the phases ------------------------------------------------------------------------------------------------------


def test_the_intent_is_written_whole():
    rollback = decided().last_rollback
    assert rollback is not None
    assert (rollback.id, rollback.epoch, rollback.phase) == (an_order().id, 2, Phase.DECIDED)
    assert (rollback.from_, rollback.to, rollback.from_image, rollback.to_image) == (B, A, image_of(B), image_of(A))
    assert (rollback.decided_time, rollback.patched_time, rollback.finished_time) == (NOW - HOUR, None, None)
    assert (rollback.automatic, rollback.actor, rollback.reason) == (True, "modelward", "Degraded")


def test_an_intent_touches_nothing_but_the_journal_and_the_holds():
    held = replace(STATUS, holds=(Hold("NotConfirmed", "1 of 2"),))
    assert replace(journal.intend(held, an_order(), NOW), last_rollback=None) == STATUS


def test_a_rollback_that_was_asked_for_is_not_automatic():
    rollback = decided(placed_by=PlacedBy.REQUEST, actor="jane (unverified)").last_rollback
    assert rollback is not None
    assert (rollback.automatic, rollback.actor) == (False, "jane (unverified)")


def test_patched_begins_a_landing_and_puts_the_bad_version_into_quarantine():
    status = journal.patched(decided(), a_serving(A), NOW)
    assert status.epoch is not None
    assert (status.epoch.number, status.epoch.version) == (3, A)
    assert (status.epoch.landing, status.epoch.placed_by) == (True, PlacedBy.ROLLBACK)
    assert [(q.version, q.since_time) for q in status.quarantine] == [(B, NOW)]
    assert [(m.version, m.rolled_back) for m in status.history] == [(A, False), (B, True), (A, False)]
    assert status.last_rollback is not None
    assert (status.last_rollback.phase, status.last_rollback.patched_time) == (Phase.PATCHED, NOW)


def test_patched_on_request_is_a_landing_too():
    status = journal.patched(decided(placed_by=PlacedBy.REQUEST), a_serving(A), NOW)
    assert status.epoch is not None
    assert (status.epoch.landing, status.epoch.placed_by) == (True, PlacedBy.REQUEST)


def test_a_target_that_a_person_chose_leaves_quarantine():
    status = replace(decided(), quarantine=quarantined(A, C))
    assert [q.version for q in journal.patched(status, a_serving(A), NOW).quarantine] == [C, B]


def test_quarantine_is_bounded():
    full = replace(decided(), quarantine=quarantined(*(f"v{i}" for i in range(20))))
    after = journal.patched(full, a_serving(A), NOW).quarantine
    assert len(after) == 20
    assert after[-1].version == B


def test_putting_right_keeps_the_epoch_and_is_remembered():
    landed = a_status(A, B, A, landing=True, quarantine=quarantined(B))
    again = an_order(placed_by=PlacedBy.REASSERTION, reason=Reason.QUARANTINE_ENFORCED)
    status = journal.patched(journal.intend(landed, again, NOW), a_serving(A), NOW)
    assert status.epoch == landed.epoch
    assert status.history == landed.history
    assert status.quarantine == landed.quarantine
    assert status.reassertions == (NOW,)


def test_memories_of_putting_right_are_bounded():
    status = a_status(A, B, A, reassertions=tuple(NOW - i * DAY for i in range(12)))
    again = an_order(placed_by=PlacedBy.REASSERTION, reason=Reason.QUARANTINE_ENFORCED)
    assert len(journal.patched(journal.intend(status, again, NOW), a_serving(A), NOW).reassertions) == 10


ENDS: dict[str, tuple[Status, Phase]] = {
    "verified": (journal.verified(decided(), NOW), Phase.VERIFIED),
    "failed": (journal.failed(decided(), "it does not start", NOW), Phase.FAILED),
    "superseded": (journal.superseded(decided(), NOW), Phase.SUPERSEDED),
}


@pytest.mark.parametrize(("status", "phase"), ENDS.values(), ids=ENDS)
def test_an_end_is_an_end(status: Status, phase: Phase):
    assert status.last_rollback is not None
    assert (status.last_rollback.phase, status.last_rollback.finished_time) == (phase, NOW)
    assert not status.last_rollback.phase.under_way


def test_a_failure_says_why_before_the_evidence():
    rollback = ENDS["failed"][0].last_rollback
    assert rollback is not None
    assert rollback.message == "it does not start; R2 fell"


def test_only_intent_and_patch_are_under_way():
    assert [phase.value for phase in Phase if phase.under_way] == ["Decided", "Patched"]


@pytest.mark.parametrize("step", [journal.verified, journal.superseded])
def test_what_was_not_begun_cannot_go_on(step: Any):
    with pytest.raises(ValueError, match="no rollback"):
        step(STATUS, NOW)


# -- what is told ----------------------------------------------------------------------------------------------------


def test_a_rollback_is_told_on_both_objects_with_its_evidence():
    told = journal.announce_patched(a_rollback())
    assert (told.reason, told.warning, told.on_target, told.nonce) == (Reason.ROLLED_BACK, True, True, a_rollback().id)
    assert told.message == f"{B} -> {A}: R2 0.930 -> 0.850 (-8.6 %, limit 5 %)"


def test_putting_right_is_told_as_what_it_is():
    assert journal.announce_patched(a_rollback(reason="QuarantineEnforced")).reason is Reason.QUARANTINE_ENFORCED


TOLD: dict[Phase, Reason | None] = {
    Phase.VERIFIED: None,
    Phase.FAILED: Reason.ROLLBACK_FAILED,
    Phase.SUPERSEDED: Reason.SUPERSEDED,
}


@pytest.mark.parametrize(("phase", "reason"), TOLD.items())
def test_an_end_is_told_where_nobody_hoped_for_it(phase: Phase, reason: Reason | None):
    told = journal.announce_end(a_rollback(phase))
    assert (told.reason if told else None) == reason


LATELY = {"never": ((), False), "a day ago": ((NOW - DAY,), False), "an hour ago": ((NOW - 9 * DAY, NOW - HOUR), True)}


@pytest.mark.parametrize(("moments", "lately"), LATELY.values(), ids=LATELY)
def test_put_right_within_a_day(moments: tuple[Any, ...], lately: bool):  # noqa: FBT001
    assert journal.reasserted_lately(a_status(reassertions=moments), NOW) is lately
