"""Events: named by what happened, so that telling twice is one Event; cut to what the server takes."""

from dataclasses import replace
from typing import Any

import pytest

from builders import NOW, a_resource, a_serving
from modelward.act.announce import NOTE_BYTES, make_events
from modelward.domain.decision import Announcement
from modelward.domain.reasons import Reason

TOLD = Announcement(Reason.ROLLED_BACK, "B -> A", "7", warning=True, on_target=True, action="RollBack")
DEPLOYMENT = a_serving().deployment


def events(announcement: Announcement = TOLD, **changes: Any) -> list[dict[str, Any]]:
    resource = replace(a_resource(), **changes)
    return make_events(resource, DEPLOYMENT, announcement, NOW, "modelward-7d9f")


def names(announcement: Announcement = TOLD, **changes: Any) -> list[str]:
    return [event["metadata"]["name"] for event in events(announcement, **changes)]


def test_what_concerns_the_deployment_is_told_on_both_objects():
    assert [e["regarding"]["kind"] for e in events()] == ["ModelDeployment", "Deployment"]
    assert [e["regarding"]["uid"] for e in events()] == ["uid-m", "uid-d"]


ALONE: dict[str, tuple[Announcement, Any]] = {
    "it concerns the resource only": (replace(TOLD, on_target=False), DEPLOYMENT),
    "there is no Deployment": (TOLD, None),
}


@pytest.mark.parametrize(("announcement", "deployment"), ALONE.values(), ids=ALONE)
def test_is_told_on_the_resource_alone_where(announcement: Announcement, deployment: Any):
    (event,) = make_events(a_resource(), deployment, announcement, NOW, "modelward")
    assert event["regarding"]["kind"] == "ModelDeployment"


def test_an_event_has_all_that_the_server_asks_for():
    own, _ = events()
    assert own["apiVersion"] == "events.k8s.io/v1"
    assert own["eventTime"] == "2026-01-08T14:32:23.000000Z"
    assert (own["reason"], own["action"], own["type"], own["note"]) == ("RolledBack", "RollBack", "Warning", "B -> A")
    assert (own["reportingController"], own["reportingInstance"]) == ("modelward", "modelward-7d9f")
    assert own["metadata"]["namespace"] == own["regarding"]["namespace"] == "ml"
    assert own["regarding"]["apiVersion"] == "modelward.dev/v1alpha1"


def test_good_news_is_no_warning():
    assert events(replace(TOLD, warning=False))[0]["type"] == "Normal"


def test_the_same_thing_has_the_same_name_whatever_its_words():
    assert names() == names(replace(TOLD, message="other words")) == names(resource_version="99")


OTHER: dict[str, list[str]] = {
    "another thing that happened": names(replace(TOLD, nonce="8")),
    "for another reason": names(replace(TOLD, reason=Reason.ROLLBACK_FAILED)),
    "to another resource of that name": names(uid="uid-n"),
}


@pytest.mark.parametrize("other", OTHER.values(), ids=OTHER)
def test_has_another_name(other: list[str]):
    assert not set(other) & set(names())


def test_the_two_events_of_one_thing_have_names_of_their_own():
    assert len(set(names())) == 2


def test_a_long_name_still_makes_a_name():
    assert max(map(len, names(name="x" * 253))) <= 253


NOTES = {
    "short": "B -> A",
    "exactly what fits": "x" * NOTE_BYTES,
    "one too many": "x" * (NOTE_BYTES + 1),
    "characters of several bytes": "ä€𝄞" * 500,
    "one too many, ending within a character": "x" * (NOTE_BYTES - 1) + "€",
}


@pytest.mark.parametrize("message", NOTES.values(), ids=NOTES)
def test_a_note_fits_in_bytes_and_says_when_it_was_cut(message: str):
    note = events(replace(TOLD, message=message))[0]["note"]
    assert len(note.encode()) <= NOTE_BYTES
    assert note == message or (note.endswith("...") and message.startswith(note[:-3]))
    assert (note == message) is (len(message.encode()) <= NOTE_BYTES)


@pytest.mark.parametrize(("instance", "reported"), [("", "modelward"), ("x" * 300, "x" * 128)])
def test_the_instance_is_what_the_server_takes(instance: str, reported: str):
    assert make_events(a_resource(), None, TOLD, NOW, instance)[0]["reportingInstance"] == reported
