"""What a status says that it did not say before: each change found once, with its letter's id the same every time."""

from dataclasses import replace
from datetime import timedelta

import pytest

from builders import HOUR, NOW, A, B, a_placement, a_rollback, a_status, quarantined
from modelward.decide.conditions import summarise
from modelward.decide.news import Change, News, find_news
from modelward.domain.alerts import AlertOn
from modelward.domain.letters import Evidence, Figure, Outbox, Step
from modelward.domain.reasons import Reason
from modelward.domain.status import (
    Hold,
    MetricStatus,
    Phase,
    PlacedBy,
    PlacementState,
    RequestRecord,
    RequestRecords,
    Status,
    Verdict,
)

EVIDENCE = Evidence((Figure("r2", "0.930", "0.850", "-8.6", "5", breached=True),), 1204)


def news(before: Status, after: Status, *, later: timedelta = timedelta(0)) -> list[tuple[str, str, set[str], bool]]:
    """List step, reason, kinds and whether it is kept."""
    found = find(before, after, later=later)
    return [(n.letter.step, n.letter.reason, set(n.kinds), n.audited) for n in found]


def find(before: Status, after: Status, *, later: timedelta = timedelta(0)) -> tuple[News, ...]:
    return find_news(Change("uid", before, after, NOW + later))


def judged(verdict: Verdict, *holds: str, **changes: object) -> Status:
    """Return a status with a verdict, and its conditions as of NOW."""
    status = a_status(verdict=verdict, reason="BeyondLimit", message="R2 fell", **changes)
    return summarise(replace(status, holds=tuple(Hold(guard, "why") for guard in holds)), 1, NOW)


HEALTHY = judged(Verdict.HEALTHY)


PHASES = {
    Phase.DECIDED: (Reason.ROLLING_BACK, set[str]()),
    Phase.PATCHED: (Reason.ROLLED_BACK, {AlertOn.ROLLED_BACK}),
    Phase.VERIFIED: (Reason.ROLLED_BACK, set[str]()),
    Phase.FAILED: (Reason.ROLLBACK_FAILED, {AlertOn.ROLLBACK_FAILED}),
    Phase.SUPERSEDED: (Reason.SUPERSEDED, set[str]()),
    Phase.RETURNING: (Reason.ROLLBACK_FAILED, set[str]()),
    Phase.RETURNED: (Reason.ROLLBACK_FAILED, {AlertOn.ROLLBACK_FAILED}),
}


@pytest.mark.parametrize("phase", Phase)
def test_each_step_of_a_rollback_is_kept_and_some_are_told(phase: Phase):
    before = a_status(last_rollback=a_rollback(Phase.DECIDED) if phase is not Phase.DECIDED else None)
    after = a_status(last_rollback=a_rollback(phase, evidence=EVIDENCE))
    reason, kinds = PHASES[phase]
    assert news(before, after) == [(Step(phase), reason, kinds, True)]
    letter = find(before, after)[0].letter
    assert (letter.event, letter.from_, letter.to, letter.evidence) == ("0123456789abcdef", B, A, EVIDENCE)
    assert news(after, after) == []


def test_putting_right_what_came_back_is_told_as_such():
    again = a_rollback(Phase.PATCHED, reason=Reason.QUARANTINE_ENFORCED)
    (told,) = news(a_status(), a_status(last_rollback=again))
    assert told == (Step.PATCHED, Reason.QUARANTINE_ENFORCED, {AlertOn.ROLLED_BACK}, True)


def test_the_same_change_has_the_same_id_and_another_another():
    after = a_status(last_rollback=a_rollback(Phase.PATCHED))
    ids = {find(a_status(), after, later=later)[0].letter.id for later in (timedelta(0), HOUR)}
    ended = a_status(last_rollback=a_rollback(Phase.VERIFIED))
    assert len(ids) == 1
    assert find(after, ended)[0].letter.id not in ids


BEGINNINGS = {
    "auto-rollback is off": (["AutoRollbackOff"], {"Degraded"}),
    "a guard that passes": (["WarmingUp", "NotConfirmed"], {"Degraded"}),
    "the budget": (["BudgetExhausted"], {"Degraded", "BudgetExhausted"}),
    "the breaker": (["BreakerOpen"], {"Degraded", "BreakerOpen"}),
}


@pytest.mark.parametrize(("holds", "kinds"), BEGINNINGS.values(), ids=BEGINNINGS)
def test_a_degradation_begins_held_by(holds: list[str], kinds: set[str]):
    after = judged(Verdict.DEGRADED, *holds)
    ((step, _, found, audited),) = news(HEALTHY, after)
    assert (step, found, audited) == (Step.SEEN, kinds, False)
    assert news(after, after) == []


def test_about_to_be_rolled_back_it_is_not_told_as_degraded():
    assert news(HEALTHY, judged(Verdict.DEGRADED)) == []


def test_a_passing_hold_that_gives_way_is_told_and_one_that_changes_place_is_not():
    warming, stale = judged(Verdict.DEGRADED, "WarmingUp"), judged(Verdict.DEGRADED, "BaselineStale")
    assert [n[2] for n in news(warming, stale)] == [{"Degraded"}]
    assert news(warming, judged(Verdict.DEGRADED, "NotConfirmed")) == []
    assert news(stale, judged(Verdict.DEGRADED, "TemplateChanged")) == []


def test_a_recovery_is_one_only_where_it_was_worse_and_is_healthy():
    degraded = judged(Verdict.DEGRADED, "WarmingUp")
    assert news(degraded, HEALTHY) == [(Step.SEEN, Reason.RECOVERED, {AlertOn.RECOVERED}, False)]
    assert news(degraded, judged(Verdict.NO_DATA)) == []
    assert news(judged(Verdict.NO_DATA), HEALTHY) == []


@pytest.mark.parametrize(("minutes", "told"), [(14, False), (15, True), (600, True)])
def test_an_outage_is_told_after_a_quarter_of_an_hour(minutes: int, told: bool):  # noqa: FBT001
    silent = judged(Verdict.SOURCE_ERROR)
    found = [n[1] for n in news(silent, silent, later=timedelta(minutes=minutes))]
    assert found == ([Reason.METRICS_UNAVAILABLE] if told else [])


def test_an_outage_that_was_told_is_not_told_again_and_its_end_is():
    silent = replace(judged(Verdict.SOURCE_ERROR), outbox=Outbox(outage_told_time=NOW))
    assert news(silent, silent, later=HOUR) == []
    assert [n[1] for n in news(silent, HEALTHY)] == [Reason.METRICS_AVAILABLE]
    assert news(judged(Verdict.SOURCE_ERROR), HEALTHY) == []


def test_a_contest_is_told_once():
    before = a_status(B, A, quarantine=quarantined(B), reassertions=(NOW,), last_rollback=a_rollback())
    after = a_status(B, A, B, quarantine=quarantined(B), reassertions=(NOW,), last_rollback=a_rollback())
    observed, contested = news(before, after)
    assert contested == (Step.CONTESTED, Reason.CONTESTED, {AlertOn.CONTESTED}, True)
    assert observed == (Step.OBSERVED, Reason.VERSION_CHANGED, set(), True)
    assert "put right once" in find(before, after)[1].letter.message


def test_what_somebody_else_deployed_is_kept_with_who_wrote_it_and_how_good_the_old_one_was():
    before = a_status(A, metrics=(MetricStatus("r2", "0.930", None, None, "5"),), samples=1204)
    after = a_status(A, B)
    assert after.epoch is not None
    (found,) = find(before, replace(after, epoch=replace(after.epoch, manager="argocd-controller")))
    letter = found.letter
    assert (letter.step, letter.from_, letter.to, found.kinds) == (Step.OBSERVED, A, B, frozenset())
    assert (letter.actor, letter.evidence.samples) == ("field manager argocd-controller", 1204)
    assert find(before, after)[0].letter.actor == "unknown, not the operator"


@pytest.mark.parametrize("ours", [PlacedBy.ROLLBACK, PlacedBy.REQUEST, PlacedBy.REASSERTION])
def test_what_the_operator_placed_has_rows_of_its_own(ours: PlacedBy):
    after = a_status(A, B)
    assert after.epoch is not None
    assert find(a_status(A), replace(after, epoch=replace(after.epoch, placed_by=ours))) == ()


@pytest.mark.parametrize("reason", [Reason.VERSION_PLACED, Reason.SPEC_VERSION_ENFORCED])
def test_what_spec_version_put_in_place_is_kept_once(reason: Reason):
    intent = a_placement(PlacementState.PLACING, B, reason=reason, message="A -> B", id="i", from_=A, to_value="x:b")
    begun = a_status(A, B)
    assert begun.epoch is not None
    after = replace(begun, epoch=replace(begun.epoch, placed_by=PlacedBy.SPEC), placement=a_placement())
    (found,) = find(a_status(A, placement=intent), after)
    letter = found.letter
    assert (letter.step, letter.event, letter.reason) == (Step.PLACED, "i", reason)
    assert (letter.from_, letter.to, letter.to_value, letter.message) == (A, B, "x:b", "A -> B")
    assert found.audited


def test_a_new_version_after_a_rollback_ends_what_was_told_and_otherwise_nobody_hears_of_it():
    rolled_back = summarise(a_status(B, A, last_rollback=a_rollback(), quarantine=quarantined(B)), 1, NOW)
    third = replace(a_status(B, A, "v3"), last_rollback=a_rollback(), quarantine=quarantined(B))
    assert [set(n.kinds) for n in find(rolled_back, third)] == [{AlertOn.RECOVERED}]
    came_back = replace(a_status(B, A, B), last_rollback=a_rollback(), quarantine=quarantined(B))
    assert find(rolled_back, came_back)[0].kinds == frozenset(), "that is no new version"
    assert find(summarise(a_status(A), 1, NOW), a_status(A, B))[0].kinds == frozenset()


def test_two_resources_of_one_database_never_share_a_row():
    letters = [find_news(Change(uid, a_status(A), a_status(A, B), NOW))[0].letter for uid in ("one", "two")]
    assert letters[0].event != letters[1].event


def test_another_version_than_the_specs_is_told_with_the_one_that_should_serve():
    contested = a_placement(PlacementState.CONTESTED, A, message="kubectl-set wrote it")
    (told,) = find(a_status(A, B), a_status(A, B, placement=contested))
    assert (told.letter.reason, told.letter.from_, told.letter.to) == (Reason.CONTESTED, B, A)
    assert told.letter.message == "kubectl-set wrote it"


REQUESTS = {
    "a rollback": ("rollback", "Done", Step.REQUESTED),
    "a rollback that is refused": ("rollback", "Refused", Step.REFUSED),
    "a clearing": ("clear_quarantine", "Done", Step.CLEARED),
    "a clearing that is refused": ("clear_quarantine", "Refused", Step.REFUSED),
}


@pytest.mark.parametrize(("kind", "result", "step"), REQUESTS.values(), ids=REQUESTS)
def test_a_request_is_kept(kind: str, result: str, step: Step):
    record = RequestRecord("2026-01-08T14:32:23Z", result, "said", B)
    after = a_status(requests=RequestRecords(**{kind: record}))
    (found,) = find(a_status(), after)
    assert (found.letter.step, found.audited, found.kinds) == (step, True, frozenset())
    assert B in {found.letter.from_, found.letter.to}
    assert news(after, after) == []


def test_a_check_that_was_asked_for_changes_nothing_and_is_not_kept():
    after = a_status(requests=RequestRecords(check=RequestRecord("2026-01-08T14:32:23Z", "Done", "checked")))
    assert news(a_status(), after) == []


def test_a_letter_carries_the_figures_of_its_verdict():
    figures = (MetricStatus("r2", "0.850", "0.930", "-8.6", "5", breached=True),)
    after = judged(Verdict.DEGRADED, "AutoRollbackOff", metrics=figures, samples=1204)
    assert find(HEALTHY, after)[0].letter.evidence == EVIDENCE
