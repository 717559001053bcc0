"""The outbox: who gets a letter, what leaves, what comes again and when, and what is dropped where too much waits."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builders import HOUR, NOW, a_rollback, a_spec, a_status
from modelward.decide.outbox import (
    ALERTS_READY,
    LONGEST_PAUSE,
    MOST,
    PATIENCE,
    is_due,
    post,
    settle,
    try_again,
    with_alerts,
)
from modelward.domain.letters import AlertStatus, Channel, Delivery, Letter, Outbox, Result, Slot, Step
from modelward.domain.reasons import Reason
from modelward.domain.status import Phase, Status

ALERT, AUDIT = Delivery(Channel.ALERT, "ops"), Delivery(Channel.AUDIT)
OPS = {"name": "ops", "secretRef": {"name": "ops-mail"}}
PATCHED = a_status(last_rollback=a_rollback(Phase.PATCHED))


def a_letter(number: int = 1, reason: str = Reason.DEGRADED, *deliveries: Delivery) -> Letter:
    return Letter(f"id-{number}", "e", Step.SEEN, reason, NOW, "why", deliveries=deliveries or (ALERT,))


def send(
    before: Status, after: Status, *alerts: object, results: Mapping[Slot, Result] | None = None, audited: bool = True
) -> Outbox:
    return post("uid", a_spec(alerts=list(alerts)), before, after, results or {}, NOW, audited=audited)


def test_a_change_goes_to_who_asked_and_to_the_table():
    (letter,) = send(a_status(), PATCHED, OPS, {**OPS, "name": "pager", "reasons": ["RollbackFailed"]}).letters
    assert letter.deliveries == (ALERT, AUDIT)


def test_without_a_table_and_without_receivers_there_is_no_letter():
    assert send(a_status(), PATCHED, audited=False).letters == ()


def test_the_same_change_is_not_posted_again():
    first = send(a_status(), PATCHED, OPS)
    again = send(a_status(outbox=first), PATCHED, OPS)
    assert again.letters == first.letters


def test_what_is_delivered_leaves_and_the_rest_stays():
    before = a_status(outbox=Outbox((a_letter(1, Reason.DEGRADED, ALERT, AUDIT), a_letter(2))))
    results = {
        ("id-1", Channel.ALERT, "ops"): Result(done=True),
        ("id-2", Channel.ALERT, "ops"): Result(done=False, attempts=3, next_time=NOW, error="refused"),
    }
    one, two = send(before, before, results=results).letters
    assert one.deliveries == (AUDIT,)
    assert two.deliveries == (Delivery(Channel.ALERT, "ops", 3, NOW, "refused"),)


def test_a_letter_that_all_have_is_gone():
    assert settle(a_letter(), {("id-1", Channel.ALERT, "ops"): Result(done=True)}).deliveries == ()


def test_failed_it_comes_again_with_growing_pauses_until_a_day_is_over():
    delivery, moment, pauses = ALERT, NOW, []
    while not (result := try_again(a_letter(), delivery, "refused", moment)).done:
        assert result.next_time is not None
        pauses.append(result.next_time - moment)
        assert not is_due(replace(delivery, next_time=result.next_time), moment)
        moment = result.next_time
        delivery = replace(delivery, attempts=result.attempts)
    assert [p.total_seconds() for p in pauses[:4]] == [10, 30, 90, 270]
    assert max(pauses) == LONGEST_PAUSE
    assert PATIENCE <= moment - NOW < PATIENCE + LONGEST_PAUSE
    assert result.error == "refused"


def full(*reasons: str) -> Status:
    return a_status(outbox=Outbox(tuple(a_letter(n, reason) for n, reason in enumerate(reasons))))


def test_the_oldest_that_is_not_critical_goes_first():
    reasons = [Reason.CONTESTED, *[Reason.DEGRADED] * (MOST - 1)]
    before = full(*reasons)
    after = send(before, replace(PATCHED, outbox=before.outbox), OPS)
    assert [letter.id for letter in after.letters[:2]] == ["id-0", "id-2"]
    assert (len(after.letters), after.dropped) == (MOST, 1)


def test_where_all_are_critical_the_oldest_goes():
    before = full(*[Reason.ROLLED_BACK] * MOST)
    after = send(before, replace(PATCHED, outbox=before.outbox), OPS)
    assert (after.letters[0].id, after.dropped) == ("id-1", 1)


@given(st.lists(st.sampled_from([Reason.DEGRADED, Reason.CONTESTED, Reason.RECOVERED]), max_size=60))
def test_it_never_grows_and_nothing_vanishes_uncounted(reasons: list[Reason]):
    outbox = send(full(*reasons), full(*reasons))
    assert len(outbox.letters) <= MOST
    assert len(outbox.letters) + (outbox.dropped or 0) == len(reasons)
    critical = [r for r in reasons if r == Reason.CONTESTED]
    kept = [letter for letter in outbox.letters if letter.reason == Reason.CONTESTED]
    assert len(kept) == min(len(critical), MOST)


STANDS = {
    "well": ([AlertStatus("ops", Reason.ALERTS_READABLE, "")], ("True", Reason.ALERTS_READABLE)),
    "one badly": (
        [AlertStatus("ops", Reason.ALERTS_READABLE, ""), AlertStatus("chat", Reason.SECRET_NOT_FOUND, "no Secret")],
        ("False", Reason.SECRET_NOT_FOUND),
    ),
}


@pytest.mark.parametrize(("stands", "expected"), STANDS.values(), ids=STANDS)
def test_the_receivers_stand(stands: list[AlertStatus], expected: tuple[str, str]):
    status = with_alerts(a_status(), a_status(), tuple(stands), 3, NOW)
    found = status.condition(ALERTS_READY)
    assert found is not None
    assert (found.status, found.reason, found.observed_generation) == (*expected, 3)
    later = with_alerts(status, a_status(), tuple(stands), 4, NOW + HOUR).condition(ALERTS_READY)
    assert later is not None
    assert later.last_transition_time == NOW


def test_without_receivers_there_is_no_condition():
    with_one = with_alerts(a_status(), a_status(), (AlertStatus("ops", Reason.ALERTS_READABLE, ""),), 3, NOW)
    assert with_alerts(with_one, with_one, (), 3, NOW).condition(ALERTS_READY) is None


def test_pauses_do_not_overflow():
    assert try_again(a_letter(), replace(ALERT, attempts=10**6), "x", NOW + timedelta(hours=1)).next_time is not None
