"""Epochs begin with what the Deployment names, end, and are remembered; a landing is known as one."""

from dataclasses import replace
from typing import Any

import pytest

from builders import DAY, NOW, A, B, C, a_baseline, a_serving, a_status, image_of, quarantined
from modelward.decide.epochs import HISTORY, adopt, advance, begin, prove, served_before
from modelward.domain.reasons import Reason
from modelward.domain.serving import Revision
from modelward.domain.status import Breaches, Hold, PlacedBy, Standing, Status, Verdict


def revisions(*versions: str) -> tuple[Revision, ...]:
    return tuple(Revision(i, version, image_of(version), f"shape-{i}") for i, version in enumerate(versions, start=1))


def versions(status: Status) -> list[str]:
    return [move.version for move in status.history]


# -- adoption --------------------------------------------------------------------------------------------------------


def test_older_replica_sets_become_the_history():
    status = adopt(Status(), a_serving(B), revisions(C, A, B), NOW)
    assert versions(status) == [C, A, B]
    assert [m.epoch for m in status.history] == [1, 2, 3]
    assert [m.quality for m in status.history] == [Standing.UNJUDGED, Standing.UNJUDGED, Standing.UNPROVEN]
    assert status.history[1].value == image_of(A)
    assert status.history[1].template_hash == "shape-2"


def test_the_present_version_begins_an_epoch_that_was_found():
    status = adopt(Status(), a_serving(B), revisions(A), NOW)
    assert status.epoch is not None
    assert (status.epoch.number, status.epoch.version, status.epoch.value) == (2, B, image_of(B))
    assert (status.epoch.started_time, status.epoch.placed_by, status.epoch.landing) == (NOW, PlacedBy.FOUND, False)
    assert status.current_version == B


def test_the_only_version_there_ever_was_counts_as_unjudged():
    assert adopt(Status(), a_serving(A), (), NOW).history[0].quality is Standing.UNJUDGED


def test_a_long_past_is_cut():
    status = adopt(Status(), a_serving(B), revisions(*(f"v{i}" for i in range(50))), NOW)
    assert len(status.history) == HISTORY
    assert versions(status)[-2:] == ["v49", B]


def test_a_rollback_written_on_the_deployment_survives_a_lost_status():
    serving = a_serving(A, rollback_id="7", rolled_back_from=B, rolled_back_to=A)
    status = adopt(Status(), serving, revisions(A, B), NOW)
    assert status.epoch is not None
    assert status.epoch.landing
    assert [(q.version, q.rollback_id) for q in status.quarantine] == [(B, "7")]


FORGOTTEN: dict[str, dict[str, Any]] = {
    "somebody put the rolled-back version back": {
        "rollback_id": "7",
        "rolled_back_from": A,
        "rolled_back_to": B,
    },
    "nothing was rolled back": {},
}


@pytest.mark.parametrize("notes", FORGOTTEN.values(), ids=FORGOTTEN)
def test_is_no_landing_where(notes: dict[str, Any]):
    status = adopt(Status(), a_serving(A, **notes), (), NOW)
    assert status.epoch is not None
    assert not status.epoch.landing
    assert status.quarantine == ()


def test_a_third_version_after_a_rollback_is_no_landing_but_the_quarantine_holds():
    serving = a_serving(C, rollback_id="7", rolled_back_from=B, rolled_back_to=A)
    status = adopt(Status(), serving, (), NOW)
    assert status.epoch is not None
    assert not status.epoch.landing
    assert status.is_quarantined(B)


def test_what_is_in_quarantine_is_not_put_there_twice():
    before = Status(quarantine=quarantined(B))
    assert adopt(before, a_serving(A, rolled_back_from=B), (), NOW).quarantine == before.quarantine


# -- moving on -------------------------------------------------------------------------------------------------------


def test_the_same_version_keeps_its_epoch():
    status = a_status(A, B)
    assert advance(status, a_serving(B), NOW) == (status, ())


def test_the_same_version_in_another_image_keeps_its_epoch_and_notes_the_image():
    status, told = advance(a_status(A, B), a_serving(B, template_hash="other"), NOW)
    assert told == ()
    assert status.epoch is not None
    assert (status.epoch.number, status.epoch.template_hash) == (2, "other")
    assert status.history[-1].template_hash == "other"


def test_another_version_begins_an_epoch_and_ends_the_one_before():
    status, told = advance(a_status(A, B), a_serving(C), NOW)
    assert status.epoch is not None
    assert (status.epoch.number, status.epoch.version, status.epoch.placed_by) == (3, C, PlacedBy.OBSERVED)
    assert [m.ended_time for m in status.history][1:] == [NOW, None]
    assert status.history[0].ended_time is not None
    assert status.history[0].ended_time < NOW
    assert [(a.reason, a.message) for a in told] == [(Reason.VERSION_CHANGED, f"{B} -> {C}: epoch 3 begins")]


def test_what_was_known_of_the_version_before_is_over():
    known = a_status(
        A,
        B,
        verdict=Verdict.DEGRADED,
        reason="BeyondLimit",
        message="...",
        change="rmse +20.7 %",
        samples=1204,
        baseline=a_baseline(),
        breaches=Breaches(1, NOW),
        holds=(Hold("NotConfirmed", "1 of 2"),),
    )
    status, _ = advance(known, a_serving(C), NOW)
    fresh = a_status(A, B)
    for name in ("verdict", "reason", "message", "change", "samples", "baseline", "breaches", "holds"):
        assert getattr(status, name) == getattr(fresh, name), name


def test_what_must_outlast_a_version_does():
    status, _ = advance(a_status(A, B, quarantine=quarantined(C), reassertions=(NOW,)), a_serving(A), NOW)
    assert status.is_quarantined(C)
    assert status.reassertions == (NOW,)


def test_the_history_is_bounded_and_its_numbers_go_on():
    status = a_status(A, B)
    for i in range(30):
        status, _ = advance(status, a_serving(f"v{i}"), NOW + i * DAY)
    assert len(status.history) == HISTORY
    assert [m.epoch for m in status.history] == list(range(13, 33))
    assert all(m.ended_time for m in status.history[:-1])


def test_epochs_advance_only_after_adoption():
    with pytest.raises(ValueError, match="adopted"):
        advance(Status(), a_serving(), NOW)


def test_a_landing_is_one_by_its_epoch_alone():
    landed = begin(a_status(A, B), a_serving(A), NOW, PlacedBy.ROLLBACK, landing=True)
    assert landed.epoch is not None
    assert landed.epoch.landing
    again, _ = advance(landed, a_serving(C), NOW)
    assert again.epoch is not None
    assert not again.epoch.landing


# -- standing --------------------------------------------------------------------------------------------------------


def test_one_healthy_verdict_proves_a_version():
    assert prove(a_status(A, B)).history[-1].quality is Standing.PROVEN


def test_proving_twice_changes_nothing():
    proven = prove(a_status(A, B))
    assert prove(proven) is proven


SERVED = {
    "never before": (a_status(A, B), B, False),
    "in an earlier epoch": (a_status(A, B, A), A, True),
    "another version": (a_status(A, B), A, True),
    "unknown": (a_status(A, B), C, False),
    "not adopted": (replace(Status()), A, False),
}


@pytest.mark.parametrize(("status", "version", "answer"), SERVED.values(), ids=SERVED)
def test_whether_a_version_has_rows_of_an_earlier_epoch(status: Status, version: str, answer: bool):  # noqa: FBT001
    assert served_before(status, version) is answer
