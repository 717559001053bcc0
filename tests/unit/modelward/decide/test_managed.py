"""Managed mode, decided: what is put in place, what is held, what is put right, and when hands stay off."""

from dataclasses import replace

import pytest

from builders import (
    DAY,
    HOUR,
    NOW,
    A,
    B,
    C,
    a_move,
    a_place,
    a_placement,
    a_resource,
    a_rollback,
    a_serving,
    a_status,
    an_order,
    image_of,
    in_reach,
    quarantined,
)
from modelward.decide import managed
from modelward.decide.guards import automatic_rollbacks
from modelward.decide.journal import intend
from modelward.decide.managed import Course, steer
from modelward.domain.decision import Announcement, Target
from modelward.domain.reasons import Reason
from modelward.domain.serving import Reach, Serving, ServingProblem
from modelward.domain.status import PlacedBy, PlacementState, Status

HELD, PLACED = PlacementState.HELD, PlacementState.PLACED
CONTESTED, REFUSED, PLACING = PlacementState.CONTESTED, PlacementState.REFUSED, PlacementState.PLACING
LANDED = a_status(A, B, A, landing=True, quarantine=quarantined(B), last_rollback=a_rollback())
UNKNOWN = ServingProblem(Reason.VERSION_UNKNOWN, "no entry of versions is called 'v9'; the entries are v1, v2")


def course(status: Status, wanted: str | None, serves: str | Serving, reach: Reach = in_reach) -> Course:
    serving = a_serving(serves) if isinstance(serves, str) else serves
    return steer(a_resource(status=status), wanted, status, serving, reach, NOW)


def state(status: Status) -> tuple[str, PlacementState] | None:
    return (status.placement.version, status.placement.state) if status.placement else None


def written_by(manager: str, version: str) -> Serving:
    serving = a_serving(version)
    place = replace(a_place(image_of(version)), manager=manager)
    return replace(serving, place=place, deployment=replace(serving.deployment, place=place))


# -- what is put in place --------------------------------------------------------------------------------------------

NEW_WORDS: dict[str, tuple[Status, str]] = {
    "the first word": (a_status(A), B),
    "another version than the one in place": (a_status(A, placement=a_placement(PLACED, A)), B),
    "another version than the one held": (replace(LANDED, placement=a_placement(HELD, B)), C),
    "the rolled-back version, after another was named": (replace(LANDED, placement=a_placement(PLACED, A)), B),
    "the version that was refused, now that it is known": (a_status(A, placement=a_placement(REFUSED, B)), B),
    "another version than the contested one": (a_status(A, placement=a_placement(CONTESTED, B)), C),
}


@pytest.mark.parametrize(("status", "wanted"), NEW_WORDS.values(), ids=NEW_WORDS)
def test_is_put_in_place(status: Status, wanted: str):
    found = course(status, wanted, A)
    assert found.intent is not None
    assert not found.is_drift
    assert (found.intent.from_value, found.intent.to_value) == (image_of(A), image_of(wanted))
    assert (found.intent.state, found.intent.reason) == (PLACING, Reason.VERSION_PLACED)
    assert found.so_far.announcements == ()


def test_the_whole_reference_that_held_it_here_is_offered():
    status = a_status(A, B, A)
    status = replace(status, history=(*status.history[:1], a_move(2, B, value="r/m:B@sha256:1"), *status.history[2:]))
    found = course(status, B, A)
    assert found.intent is not None
    assert found.intent.to_value == "r/m:B@sha256:1"


def test_what_was_deployed_meanwhile_has_its_epoch_first():
    found = course(a_status(A), B, C)
    assert found.so_far.status.current_version == C
    assert [a.reason for a in found.so_far.announcements] == [Reason.VERSION_CHANGED]
    assert found.intent is not None
    assert (found.intent.from_, found.intent.version) == (C, B)


def test_the_same_intent_has_the_same_name_and_another_one_another():
    one, again, other = (course(a_status(A), wanted, A).intent for wanted in (B, B, C))
    assert one is not None
    assert again is not None
    assert other is not None
    assert one.id == again.id != other.id


def carried_out(status: Status, wanted: str, serves: str) -> tuple[Status, Announcement]:
    found = course(status, wanted, serves)
    intended = replace(found.so_far.status, placement=found.intent)
    return managed.placed(intended, a_serving(wanted), NOW), managed.announce(intended)


def test_what_was_put_in_place_begins_an_epoch_and_is_told_once():
    after, told = carried_out(a_status(A), B, A)
    assert state(after) == (B, PLACED)
    assert after.epoch is not None
    assert (after.epoch.version, after.epoch.placed_by, after.epoch.landing) == (B, PlacedBy.SPEC, False)
    assert (told.reason, told.on_target, told.warning) == (Reason.VERSION_PLACED, True, False)
    assert told.message == f"{A} -> {B}: spec.version; epoch 2 begins"


def test_placements_cost_nothing_of_the_budget_and_no_cooldown():
    after, _ = carried_out(LANDED, C, A)
    assert automatic_rollbacks(after, NOW) == automatic_rollbacks(LANDED, NOW)
    assert after.last_rollback == LANDED.last_rollback


# -- what stands in place already ------------------------------------------------------------------------------------


def test_taking_over_what_serves_is_no_news():
    found = course(a_status(A, B), B, B)
    assert (found.intent, found.so_far.announcements) == (None, ())
    assert state(found.so_far.status) == (B, PLACED)
    assert found.so_far.status.epoch == a_status(A, B).epoch


def test_letting_it_go_again_is_no_news():
    found = course(a_status(A, B, placement=a_placement(PLACED, B)), None, B)
    assert found.so_far.status == a_status(A, B)
    assert (found.intent, found.so_far.announcements) == (None, ())


def test_a_chart_that_writes_both_is_believed():
    found = course(a_status(A, placement=a_placement(PLACED, A)), B, B)
    assert found.intent is None
    epoch = found.so_far.status.epoch
    assert epoch is not None
    assert (epoch.version, epoch.placed_by) == (B, PlacedBy.SPEC)
    assert [a.reason for a in found.so_far.announcements] == [Reason.VERSION_PLACED]


def test_a_rolled_back_version_that_comes_back_while_it_is_held_is_none_of_the_specs_doing():
    held = replace(LANDED, placement=a_placement(HELD, B))
    found = course(held, B, B)
    assert (found.intent, found.so_far.status, found.so_far.announcements) == (None, held, ())


# -- what is held ----------------------------------------------------------------------------------------------------


def rolled_back(wanted: str | None, *, to: str = A, placed_by: PlacedBy = PlacedBy.ROLLBACK) -> Status:
    order = an_order(to=Target(to, image_of(to)), placed_by=placed_by)
    return intend(a_status(A, B, placement=a_placement(PLACED, wanted or B)), order, NOW, wanted)


HOLDS: dict[str, tuple[Status, tuple[str, PlacementState]]] = {
    "an automatic rollback": (rolled_back(B), (B, HELD)),
    "a rollback asked for": (rolled_back(B, placed_by=PlacedBy.REQUEST), (B, HELD)),
    "not what is only put right": (rolled_back(B, placed_by=PlacedBy.REASSERTION), (B, PLACED)),
    "not in Tracked mode": (rolled_back(None), (B, PLACED)),
}


@pytest.mark.parametrize(("status", "expected"), HOLDS.values(), ids=HOLDS)
def test_spec_version_is_held_by(status: Status, expected: tuple[str, PlacementState]):
    assert state(status) == expected


def test_a_rollback_asked_for_to_the_held_version_is_the_end_of_the_hold():
    order = an_order(from_version=A, to=Target(B, image_of(B)), placed_by=PlacedBy.REQUEST)
    status = intend(replace(LANDED, placement=a_placement(HELD, B)), order, NOW, B)
    assert state(course(status, B, B).so_far.status) == (B, PLACED)


@pytest.mark.parametrize("serves", [A, C], ids=["the version put back", "an override"])
def test_what_is_held_is_not_placed(serves: str):
    held = replace(LANDED, placement=a_placement(HELD, B))
    found = course(held, B, serves)
    assert (found.intent, found.so_far.status) == (None, held)


def test_the_hold_ends_when_the_spec_names_the_version_that_serves():
    found = course(replace(LANDED, placement=a_placement(HELD, B)), A, A)
    assert state(found.so_far.status) == (A, PLACED)
    assert found.intent is None


def test_the_hold_is_found_again_where_status_was_lost():
    serving = a_serving(A, rollback_id="7", rolled_back_from=B, rolled_back_to=A)
    assert state(managed.adopted(B, a_status(A), serving, NOW)) == (B, HELD)
    for wanted in (A, C, None):
        assert state(managed.adopted(wanted, a_status(A), serving, NOW)) is None
    assert state(managed.adopted(B, a_status(C), a_serving(C, rolled_back_from=B, rolled_back_to=A), NOW)) is None


# -- what somebody else wrote ----------------------------------------------------------------------------------------

IN_PLACE = a_status(A, B, placement=a_placement(PLACED, B))


def test_another_version_is_put_right_after_the_grace_and_whoever_wrote_it_is_named():
    found = course(IN_PLACE, B, written_by("kubectl-set", C))
    assert found.is_drift
    assert found.intent is not None
    assert (found.intent.from_value, found.intent.to_value) == (image_of(C), image_of(B))
    assert found.intent.message == (
        f"{C} -> {B}: {C} was written into the Deployment by field manager kubectl-set while spec.version is {B}; "
        f"{B} was put back"
    )


def test_what_was_put_right_keeps_its_epoch_and_is_remembered():
    after, told = carried_out(IN_PLACE, B, C)
    assert after.epoch == IN_PLACE.epoch
    assert after.reassertions == (NOW,)
    assert (told.reason, told.warning) == (Reason.SPEC_VERSION_ENFORCED, True)
    assert "field manager" not in told.message


def test_the_second_time_within_a_day_hands_stay_off():
    found = course(replace(IN_PLACE, reassertions=(NOW - HOUR,)), B, written_by("argocd", C))
    assert found.intent is None
    assert state(found.so_far.status) == (B, CONTESTED)
    (told,) = found.so_far.announcements
    assert (told.reason, told.on_target) == (Reason.CONTESTED, True)
    assert "by field manager argocd while spec.version" in told.message
    assert f'put spec.version: "{C}" into Git, or let argocd write {B}' in told.message
    again = course(found.so_far.status, B, A)
    assert (again.intent, again.so_far.announcements) == (None, ())


def test_after_a_day_it_is_put_right_once_more():
    assert course(replace(IN_PLACE, reassertions=(NOW - DAY,)), B, C).is_drift


def test_an_intent_that_was_not_carried_out_leaves_no_trace():
    drift = course(IN_PLACE, B, C).intent
    assert drift is not None
    assert state(managed.dropped(replace(IN_PLACE, placement=drift))) == (B, PLACED)
    deploy = course(a_status(A), B, A).intent
    assert managed.dropped(replace(a_status(A), placement=deploy)).placement is None


# -- what nobody knows -----------------------------------------------------------------------------------------------


def test_a_version_of_which_no_image_is_known_is_refused_once_and_what_serves_is_watched_on():
    found = course(a_status(A), "v9", A, lambda *_: UNKNOWN)
    assert found.intent is None
    assert state(found.so_far.status) == ("v9", REFUSED)
    assert [a.reason for a in found.so_far.announcements] == [Reason.VERSION_UNKNOWN]
    again = course(found.so_far.status, "v9", A, lambda *_: UNKNOWN)
    assert again.so_far.announcements == ()
    assert again.so_far.status == found.so_far.status
