"""The journal of a rollback: its id, its phases, and what each leaves behind."""

from dataclasses import replace
from datetime import timedelta
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
    a_spec,
    a_status,
    an_order,
    image_of,
    quarantined,
)
from modelward.decide import journal
from modelward.domain.decision import Decision, RollbackOrder, Target
from modelward.domain.reasons import Reason
from modelward.domain.serving import Rollout
from modelward.domain.status import Hold, Phase, PlacedBy, Status

STATUS = a_status(A, B)
MINUTE = timedelta(minutes=1)


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
    assert (rollback.from_, rollback.to, rollback.from_value, rollback.to_value) == (B, A, image_of(B), image_of(A))
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


def test_only_intents_and_patch_are_under_way():
    assert [phase.value for phase in Phase if phase.under_way] == ["Decided", "Patched", "Returning"]
    assert [phase.value for phase in Phase if phase.is_intent] == ["Decided", "Returning"]


@pytest.mark.parametrize("step", [journal.verified, journal.superseded])
def test_what_was_not_begun_cannot_go_on(step: Any):
    with pytest.raises(ValueError, match="no rollback"):
        step(STATUS, NOW)


# -- how a patched rollback ends --------------------------------------------------------------------------------------

SPEC = a_spec(rollback={"verifyTimeout": "10m"})
WAITING = Rollout(complete=False, failed=False, sentence="0 of 1 replicas updated, 0 available")
GIVEN_UP = Rollout(complete=False, failed=True, sentence="0 of 1 replicas updated, 0 available")
DONE = Rollout(complete=True, failed=False, sentence="1 of 1 replicas updated, 1 available")

SETTLED: dict[str, tuple[Phase, str, Rollout, timedelta, Phase]] = {
    "rolled out": (Phase.PATCHED, A, DONE, MINUTE, Phase.VERIFIED),
    "rolled out late": (Phase.PATCHED, A, DONE, HOUR, Phase.VERIFIED),
    "not yet": (Phase.PATCHED, A, WAITING, 10 * MINUTE, Phase.PATCHED),
    "not in time": (Phase.PATCHED, A, WAITING, 11 * MINUTE, Phase.FAILED),
    "past the rollout's own deadline": (Phase.PATCHED, A, GIVEN_UP, MINUTE, Phase.FAILED),
    "failed, and still does not start": (Phase.FAILED, A, WAITING, HOUR, Phase.FAILED),
    "failed, and did start in the end": (Phase.FAILED, A, DONE, HOUR, Phase.VERIFIED),
    "failed, and replaced by a third version": (Phase.FAILED, C, DONE, HOUR, Phase.FAILED),
    "replaced by a third version that starts": (Phase.PATCHED, C, DONE, MINUTE, Phase.SUPERSEDED),
    "replaced by a third version that does not": (Phase.PATCHED, C, WAITING, MINUTE, Phase.SUPERSEDED),
    "not patched yet": (Phase.DECIDED, A, DONE, HOUR, Phase.DECIDED),
    "verified already": (Phase.VERIFIED, C, WAITING, HOUR, Phase.VERIFIED),
}


@pytest.mark.parametrize(("phase", "version", "rollout", "age", "after"), SETTLED.values(), ids=SETTLED)
def test_is_settled(phase: Phase, version: str, rollout: Rollout, age: timedelta, after: Phase):
    patched = None if phase is Phase.DECIDED else NOW - age
    status = a_status(A, B, A, last_rollback=a_rollback(phase, patched_time=patched))
    decision = journal.settle(status, SPEC, a_serving(version, rollout=rollout), NOW)
    assert decision.status.last_rollback is not None
    assert decision.status.last_rollback.phase is after
    ended_badly = after is not phase and after in {Phase.FAILED, Phase.SUPERSEDED}
    assert bool(decision.announcements) is ended_badly


def test_where_nothing_was_rolled_back_there_is_nothing_to_settle():
    assert journal.settle(STATUS, SPEC, a_serving(), NOW) == Decision(STATUS)


def test_a_version_that_does_not_start_says_how_far_it_came():
    status = a_status(A, B, A, last_rollback=a_rollback(Phase.PATCHED, patched_time=NOW - HOUR))
    (told,) = journal.settle(status, SPEC, a_serving(A, rollout=WAITING), NOW).announcements
    assert told.message.startswith(f"{B} -> {A}: {A} did not become available: 0 of 1 replicas updated")


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


@pytest.mark.parametrize("placed_by", [PlacedBy.ROLLBACK, PlacedBy.REQUEST, PlacedBy.REASSERTION])
def test_a_patch_that_is_written_down_already_begins_no_second_landing(placed_by: PlacedBy):
    once = journal.patched(decided(placed_by=placed_by), a_serving(A), NOW)
    assert journal.patched(once, a_serving(A), NOW + MINUTE) == once
