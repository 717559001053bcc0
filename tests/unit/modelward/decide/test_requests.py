"""Requests by annotation: handled once, refused where they are too old or cannot be meant, always answered."""

from dataclasses import replace
from typing import Any

import pytest

from builders import (
    DAY,
    NOW,
    A,
    B,
    C,
    a_resource,
    a_rollback,
    a_serving,
    a_spec,
    a_status,
    image_of,
    in_reach,
    quarantined,
)
from modelward.decide.requests import (
    Pending,
    answer_check,
    answer_clear,
    answer_rollback,
    find_pending,
    must_look_up,
    refuse_all,
    retell,
)
from modelward.domain.codec import format_time
from modelward.domain.decision import Decision
from modelward.domain.reasons import Reason
from modelward.domain.resource import Asked
from modelward.domain.status import Phase, PlacedBy, RequestRecord, RequestRecords, Status

JUST_NOW = format_time(NOW)
D = "20260107_100000"


def asked(status: Status | None = None, *, known: tuple[str, ...] = (), **asked: str) -> Decision:
    status = status or a_status(A, B, C)
    resource = a_resource(status=status, **{"rollback_at": JUST_NOW, **asked})
    serving = a_serving(status.current_version or "")
    return answer_rollback(resource, a_spec(), status, serving, known, in_reach, NOW)


def answer(decision: Decision) -> RequestRecord:
    record = decision.status.requests.rollback
    assert record is not None
    return record


# -- which are new ---------------------------------------------------------------------------------------------------

HANDLED = RequestRecords(rollback=RequestRecord(JUST_NOW, "Done", ""))

PENDING: dict[str, tuple[Asked, RequestRecords, bool]] = {
    "nothing asked": (Asked(), RequestRecords(), False),
    "an empty annotation": (Asked(rollback_at=""), RequestRecords(), False),
    "only a version, no time": (Asked(rollback_to=A), RequestRecords(), False),
    "asked for the first time": (Asked(rollback_at=JUST_NOW), RequestRecords(), True),
    "handled already": (Asked(rollback_at=JUST_NOW), HANDLED, False),
    "asked again at another time": (Asked(rollback_at="2026-01-08T15:00:00Z"), HANDLED, True),
    "another kind of request": (Asked(check_at=JUST_NOW), HANDLED, True),
    "to clear quarantine": (Asked(clear_at=JUST_NOW), HANDLED, True),
    "a very long time, handled already": (
        Asked(rollback_at="x" * 500),
        RequestRecords(rollback=RequestRecord("x" * 64, "Refused", "")),
        False,
    ),
}


@pytest.mark.parametrize(("what", "records", "new"), PENDING.values(), ids=PENDING)
def test_each_is_handled_once(what: Asked, records: RequestRecords, new: bool):  # noqa: FBT001
    assert bool(find_pending(what, records)) is new


# -- times -----------------------------------------------------------------------------------------------------------

TIMES = {
    "no time at all": ("soon", "'soon' is not an RFC 3339 time such as 2026-01-05T14:32:23Z"),
    "a time without a zone": ("2026-01-08T14:32:23", "is not an RFC 3339 time"),
    "eleven minutes ago": ("2026-01-08T14:21:23Z", "is 11m ago, more than 10m: ask again"),
    "before the resource was there": ("2025-01-01T00:00:00Z", "is before the resource was created"),
    "far ahead": ("2026-01-08T16:32:23Z", "is 2h ahead of the operator's clock"),
}


@pytest.mark.parametrize(("at", "why"), TIMES.values(), ids=TIMES)
def test_a_time_that_cannot_be_meant_is_refused_for_every_kind(at: str, why: str):
    status = a_status(A, B, quarantine=quarantined(A))
    resource = a_resource(status=status, rollback_at=at, check_at=at, clear_at=at, clear_version=A)
    answers = [
        answer_rollback(resource, a_spec(), status, a_serving(), (), in_reach, NOW).status.requests.rollback,
        answer_check(resource, status, NOW).status.requests.check,
        answer_clear(resource, status, NOW).status.requests.clear_quarantine,
    ]
    for record in answers:
        assert record is not None
        assert record.result == "Refused"
        assert why in record.message


@pytest.mark.parametrize("at", ["2026-01-08T14:22:23Z", "2026-01-08T14:42:23Z", "2026-01-08T16:32:23+02:00"])
def test_ten_minutes_either_way_are_near_enough(at: str):
    assert answer(asked(rollback_at=at)).result == "Done"


def test_a_request_made_with_the_resource_is_taken_though_creation_times_have_no_fractions():
    resource = a_resource(rollback_at="2026-01-08T14:32:23Z")
    resource = replace(resource, created=NOW.replace(microsecond=999_999))
    decision = answer_rollback(resource, a_spec(), a_status(A, B), a_serving(), (), in_reach, NOW)
    assert answer(decision).result == "Done"


# -- rollbacks -------------------------------------------------------------------------------------------------------

DONE: dict[str, tuple[Status, dict[str, str], str]] = {
    "to the previous version": (a_status(A, B, C), {}, B),
    "to the previous version twice": (a_status(A, B, C, B, quarantine=quarantined(C)), {}, A),
    "to a named version that served here": (a_status(A, B, C), {"rollback_to": A}, A),
    "to a version in quarantine, by name": (a_status(A, B, C, quarantine=quarantined(B)), {"rollback_to": B}, B),
}


@pytest.mark.parametrize(("status", "what", "to"), DONE.values(), ids=DONE)
def test_is_carried_out(status: Status, what: dict[str, str], to: str):
    decision = asked(status, **what)
    assert decision.order is not None
    assert (decision.order.to.version, decision.order.to.value) == (to, image_of(to))
    assert decision.order.placed_by is PlacedBy.REQUEST
    assert not decision.order.automatic
    assert answer(decision) == RequestRecord(JUST_NOW, "Done", f"{status.current_version} -> {to}", to)
    assert [a.reason for a in decision.announcements] == [Reason.REQUEST_DONE]


def test_a_version_that_only_the_database_knows_is_good_enough_by_name():
    decision = asked(rollback_to=D, known=(D,))
    assert decision.order is not None
    assert decision.order.to.value == image_of(D)


def test_who_asked_is_told_as_unverified():
    assert asked(by="jane").order is not None
    order = asked(by="jane").order
    assert order is not None
    assert order.actor == "jane (unverified)"
    assert order.message == f"asked for by jane (unverified) at {JUST_NOW}"
    exact = asked(by="jane", rollback_at=NOW.isoformat(timespec="microseconds")).order
    assert exact is not None
    assert exact.message == order.message
    nobody = asked().order
    assert nobody is not None
    assert nobody.actor == "a person, by annotation"


REFUSED: dict[str, tuple[Status, dict[str, Any], str]] = {
    "to a version that nobody knows": (
        a_status(A, B, C),
        {"rollback_to": "v7", "known": (D, A)},
        f"target version v7 not found; known versions: {C}, {B}, {A}, {D}",
    ),
    "to the version that serves": (
        a_status(A, B, C),
        {"rollback_to": C, "known": (D,)},
        f"{C} is what serves already; known versions: {C}, {B}, {A}, {D}",
    ),
    "to the previous version, where there is none": (
        a_status(A),
        {},
        f"no earlier version to go back to; known versions: {A}",
    ),
    "to the previous version, where all others were rolled back from": (
        a_status(A, B, A, quarantine=quarantined(B)),
        {},
        f"no earlier version to go back to; known versions: {A}, {B}",
    ),
    "while another rollback is under way": (
        a_status(A, B, C, last_rollback=a_rollback(Phase.PATCHED)),
        {},
        f"a rollback {B} -> {A} is under way",
    ),
    "with a time long past": (a_status(A, B, C), {"rollback_at": "2026-01-07T14:32:23Z"}, "is 24h ago"),
}


@pytest.mark.parametrize(("status", "what", "why"), REFUSED.values(), ids=REFUSED)
def test_is_refused(status: Status, what: dict[str, Any], why: str):
    decision = asked(status, **what)
    assert decision.order is None
    assert answer(decision).result == "Refused"
    assert why in answer(decision).message
    (told,) = decision.announcements
    assert (told.reason, told.warning) == (Reason.REQUEST_REFUSED, True)
    assert told.message == f"rollback: {answer(decision).message}"


def test_a_long_list_of_versions_is_cut():
    known = tuple(f"v{i}" for i in range(100))
    assert answer(asked(rollback_to="x", known=known)).message.count(",") == 19


def test_hostile_lengths_are_cut_to_what_the_schema_takes():
    record = answer(asked(rollback_to="x" * 5000, rollback_at=JUST_NOW, known=("y" * 5000,)))
    assert (len(record.message), len(record.version or "")) == (1024, 128)
    assert len(answer(asked(rollback_at="9" * 5000)).requested_at) == 64


LOOKED_UP = {
    "the previous version": ({}, False),
    "a version that served": ({"rollback_to": A}, False),
    "an unknown one": ({"rollback_to": D}, True),
}


@pytest.mark.parametrize(("what", "needed"), LOOKED_UP.values(), ids=LOOKED_UP)
def test_the_database_is_asked_only_for_a_version_that_never_served(what: dict[str, str], needed: bool):  # noqa: FBT001
    assert must_look_up(a_resource(rollback_at=JUST_NOW, **what), a_spec(), a_status(A, B)) is needed


# -- checks and quarantine -------------------------------------------------------------------------------------------


def test_a_check_is_answered():
    record = answer_check(a_resource(check_at=JUST_NOW), a_status(A, B), NOW).status.requests.check
    assert record == RequestRecord(JUST_NOW, "Done", "checked")


def test_a_version_comes_out_of_quarantine_and_nothing_is_contested_any_more():
    status = a_status(A, B, quarantine=quarantined(B, C), reassertions=(NOW - DAY,))
    decision = answer_clear(a_resource(clear_at=JUST_NOW, clear_version=B), status, NOW)
    assert [q.version for q in decision.status.quarantine] == [C]
    assert decision.status.reassertions == ()
    assert decision.status.requests.clear_quarantine is not None
    assert decision.status.requests.clear_quarantine.result == "Done"


NOT_CLEARED = {
    "a version that is not there": ({"clear_version": A}, f"{A} is not in quarantine; in quarantine: {B}, {C}"),
    "no version named": ({}, "no version named is not in quarantine"),
}


@pytest.mark.parametrize(("what", "why"), NOT_CLEARED.values(), ids=NOT_CLEARED)
def test_quarantine_is_not_cleared_of(what: dict[str, str], why: str):
    status = a_status(A, B, quarantine=quarantined(B, C))
    decision = answer_clear(a_resource(clear_at=JUST_NOW, **what), status, NOW)
    assert decision.status.quarantine == status.quarantine
    record = decision.status.requests.clear_quarantine
    assert record is not None
    assert record.result == "Refused"
    assert why in record.message


def test_an_empty_quarantine_says_so():
    decision = answer_clear(a_resource(clear_at=JUST_NOW, clear_version=A), a_status(A, B), NOW)
    assert decision.announcements[0].message.endswith("in quarantine: none")


def test_all_that_is_pending_can_be_refused_for_one_reason():
    resource = a_resource(rollback_at=JUST_NOW, rollback_to=A, check_at=JUST_NOW, clear_at=JUST_NOW, clear_version=B)
    decision = refuse_all(resource, a_status(A, B), Pending(True, True, True), "spec.suspend is true")  # noqa: FBT003
    records = decision.status.requests
    assert [r and (r.result, r.message) for r in (records.rollback, records.check, records.clear_quarantine)] == [
        ("Refused", "spec.suspend is true")
    ] * 3
    assert len({a.nonce for a in decision.announcements}) == 3
    assert not find_pending(resource.asked, records)


def test_what_is_not_pending_is_not_refused():
    status = a_status(A, B)
    assert refuse_all(a_resource(), status, Pending(False, False, False), "no") == Decision(status)  # noqa: FBT003


RETOLD: dict[str, tuple[Status, bool]] = {
    "a rollback that was asked for": (
        a_status(A, B, last_rollback=a_rollback(reason="RequestDone"), requests=HANDLED),
        True,
    ),
    "one that nobody asked for": (a_status(A, B, last_rollback=a_rollback(), requests=HANDLED), False),
    "one whose request is not known": (a_status(A, B, last_rollback=a_rollback(reason="RequestDone")), False),
    "none": (a_status(A, B, requests=HANDLED), False),
}


@pytest.mark.parametrize(("status", "told"), RETOLD.values(), ids=RETOLD)
def test_is_told_again_after_a_restart(status: Status, told: bool):  # noqa: FBT001
    assert bool(retell(status)) is told


def test_told_again_it_is_the_same_event():
    first = asked()
    again = retell(replace(first.status, last_rollback=a_rollback(reason="RequestDone")))
    assert again == first.announcements
