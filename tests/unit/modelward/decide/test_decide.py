"""From a judgement to a decision: what status says, whether to roll back, what people are told."""

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
    a_previous,
    a_quality,
    a_resource,
    a_serving,
    a_spec,
    a_status,
    a_window,
    image_of,
    in_reach,
    literal,
    quarantined,
    sums,
)
from modelward.decide.decide import decide, record, refuse
from modelward.decide.guards import Fleet
from modelward.decide.verdict import judge
from modelward.domain.decision import Decision, Judgement
from modelward.domain.quality import Quality, Sums
from modelward.domain.reasons import Reason
from modelward.domain.serving import ServingProblem
from modelward.domain.spec import Spec
from modelward.domain.status import Breaches, PlacedBy, Standing, Status, Verdict

GOOD, MINOR, BAD = sums(0.93, 3480), sums(0.92, 3500), sums(0.85, 4200)
SILENT = Judgement(Verdict.SOURCE_ERROR, Reason.DATABASE_UNREACHABLE, "the connection was refused")


def decided(
    quality: Quality | None = None, *, spec: Spec | None = None, status: Status | None = None, **more: Any
) -> Decision:
    spec, status, previous = spec or literal(), status or a_status(A, B), more.get("previous", a_previous())
    judgement = more.get("judgement") or judge(spec, status, quality or a_quality(BAD, GOOD), previous)
    now, fleet = more.get("now", NOW), more.get("fleet", Fleet(5, 1))
    return decide(
        a_resource(spec, status), spec, status, a_serving(), previous, judgement, fleet, now
    )  # fmt: skip


def told(decision: Decision) -> list[Reason]:
    return [a.reason for a in decision.announcements]


# -- the guide's scenarios -------------------------------------------------------------------------------------------


def test_scenario_1_nothing_happens():
    decision = decided(a_quality(MINOR, GOOD))
    assert (decision.order, told(decision)) == (None, [])
    assert decision.status.verdict is Verdict.HEALTHY
    assert decision.status.change == "r2 -1.08 %"


def test_scenario_2_is_rolled_back():
    decision = decided(a_quality(BAD, GOOD))
    assert decision.order is not None
    assert (decision.order.from_version, decision.order.to.version) == (B, A)
    assert (decision.order.placed_by, decision.order.reason) == (PlacedBy.ROLLBACK, Reason.DEGRADED)
    assert decision.order.message == (
        "R2 0.930 -> 0.850 (-8.6 %, limit 5 %), RMSE 3480 -> 4200 (+20.7 %, limit 5 %), 1,204 samples"
    )
    assert decision.status.change == "rmse +20.7 %"


def test_scenario_3_a_data_shift_stops_on_the_landing_and_says_to_look_at_the_data():
    decision = decided(status=a_status(A, B, A, B, landing=True))
    assert decision.order is None
    assert [h.guard for h in decision.holds] == ["Landing"]
    assert "look at the data" in decision.announcements[0].message


def test_degraded_and_auto_off_alerts_for_a_decision_by_hand():
    decision = decided(spec=literal(autoRollback=False))
    assert decision.order is None
    assert [h.guard for h in decision.holds] == ["AutoRollbackOff"]
    assert told(decision) == [Reason.DEGRADED]
    assert "RMSE 3480 -> 4200 (+20.7 %" in decision.announcements[0].message
    assert "a person decides" in decision.announcements[0].message


# -- only Degraded acts ----------------------------------------------------------------------------------------------

HARMLESS: dict[str, Any] = {
    "healthy": {"quality": a_quality(GOOD, GOOD)},
    "no rows": {"quality": a_quality(a_window(Sums()))},
    "rows of others only": {"quality": a_quality(a_window(Sums()), others={"v9": 1204})},
    "NaN": {"quality": a_quality(a_window(BAD, predictions=3000, bad_predictions=1796))},
    "too few": {"quality": a_quality(sums(0.1, 9e9, n=99))},
    "constant actuals": {
        "quality": a_quality(Sums(1204, 7.0, 0.0, 0.0, 9e9, 9e9), Sums(1204, 7.0, 0.0, 0.0, 0.0, 0.0))
    },
    "no baseline": {"quality": replace(a_quality(BAD), baseline=None)},
    "no previous version": {"previous": None},
    "the database is down": {"judgement": SILENT},
}


@pytest.mark.parametrize("given", HARMLESS.values(), ids=HARMLESS)
def test_nothing_is_done_when(given: dict[str, Any]):
    decision = decided(**given)
    assert decision.order is None
    assert decision.holds == ()
    assert decision.status.verdict is not Verdict.DEGRADED


def test_a_target_that_is_gone_alerts_and_changes_nothing():
    decision = decided(previous=a_previous(veto=f"{A} was never Healthy here"))
    assert decision.order is None
    assert [h.guard for h in decision.holds] == ["NoTarget"]
    (announcement,) = decision.announcements
    assert (announcement.reason, announcement.warning) == (Reason.DEGRADED, True)
    assert "never Healthy" in announcement.message


def test_a_target_that_never_served_here_takes_what_is_in_reach():
    decision = decided(previous=a_previous(value="").reached(in_reach))
    assert decision.order is not None
    assert decision.order.to.value == image_of(A)


def test_what_is_contested_is_never_acted_on():
    status = a_status(A, B, quarantine=quarantined(B), reassertions=(NOW - HOUR,))
    assert [h.guard for h in decided(status=status).holds] == ["Contested"]


# -- what status says ------------------------------------------------------------------------------------------------


def test_status_shows_what_people_read():
    status = decided(a_quality(BAD, GOOD)).status
    assert (status.verdict, status.reason) == (Verdict.DEGRADED, "BeyondLimit")
    assert (status.previous_version, status.samples, status.comparison) == (A, 1204, "BeforeAfter")
    r2, rmse = status.metrics
    assert (r2.name, r2.current, r2.previous, r2.change_percent, r2.limit_percent) == (
        "r2",
        "0.850",
        "0.930",
        "-8.6",
        "5",
    )
    assert (rmse.current, rmse.previous, rmse.change_percent, rmse.breached) == ("4200", "3480", "+20.7", True)
    assert status.window is not None
    assert (status.window.samples, status.window.label_coverage_percent) == (1204, "100.0")
    assert status.baseline is not None
    assert status.baseline.version == A


def test_the_worst_change_is_the_one_that_hurts():
    better_loss = decided(a_quality(sums(0.85, 1000), GOOD)).status
    assert better_loss.change == "r2 -8.6 %"
    shown_only = literal(metrics=[{"name": "r2"}, {"name": "rmse", "role": "Show"}])
    assert decided(a_quality(BAD, GOOD), spec=shown_only).status.change == "r2 -8.6 %"


def test_a_database_that_does_not_answer_leaves_figures_and_counters_as_they_are():
    before = decided(a_quality(BAD, GOOD)).status
    after = decided(status=before, judgement=SILENT).status
    assert (after.verdict, after.reason, after.message) == (
        Verdict.SOURCE_ERROR,
        "DatabaseUnreachable",
        "the connection was refused",
    )
    for name in ("metrics", "change", "samples", "window", "baseline", "breaches", "previous_version", "history"):
        assert getattr(after, name) == getattr(before, name), name


def test_a_healthy_verdict_proves_the_version():
    assert decided(a_quality(GOOD, GOOD)).status.history[-1].quality is Standing.PROVEN
    assert decided(a_quality(BAD, GOOD)).status.history[-1].quality is Standing.UNPROVEN


def test_the_baseline_is_frozen_only_by_a_verdict_that_used_it():
    assert decided(a_quality(sums(n=5), GOOD)).status.baseline is None


# -- breaches --------------------------------------------------------------------------------------------------------


def counted(before: Breaches, judgement: Judgement) -> Breaches:
    return record(a_status(A, B, breaches=before), judgement, a_previous()).breaches


def at(end: Any, verdict: Verdict = Verdict.DEGRADED) -> Judgement:
    return Judgement(verdict, Reason.BEYOND_LIMIT, "", window=a_window(end=end))


COUNTED: dict[str, tuple[Breaches, Judgement, Breaches]] = {
    "the first breach counts": (Breaches(), at(NOW), Breaches(1, NOW)),
    "a window that overlaps does not": (Breaches(1, NOW), at(NOW + DAY - HOUR), Breaches(1, NOW)),
    "a window that begins where the last one ended does": (
        Breaches(1, NOW),
        at(NOW + DAY),
        Breaches(2, NOW + DAY),
    ),
    "a later window does": (Breaches(1, NOW), at(NOW + 3 * DAY), Breaches(2, NOW + 3 * DAY)),
    "a Healthy check begins anew": (Breaches(1, NOW), at(NOW + HOUR, Verdict.HEALTHY), Breaches()),
    "no data touches nothing": (Breaches(1, NOW), at(NOW + DAY, Verdict.NO_DATA), Breaches(1, NOW)),
    "too little data touches nothing": (
        Breaches(1, NOW),
        at(NOW + DAY, Verdict.INSUFFICIENT_DATA),
        Breaches(1, NOW),
    ),
    "an error of the database touches nothing": (Breaches(1, NOW), SILENT, Breaches(1, NOW)),
}


@pytest.mark.parametrize(("before", "judgement", "after"), COUNTED.values(), ids=COUNTED)
def test_breaches_are_counted_in_windows_that_do_not_overlap(before: Breaches, judgement: Judgement, after: Breaches):
    assert counted(before, judgement) == after


def test_guarded_acts_at_the_second_breaching_window():
    spec = a_spec()
    first = decided(spec=spec)
    assert [h.guard for h in first.holds] == ["NotConfirmed"]
    again = decided(spec=spec, status=first.status, now=NOW + HOUR)
    assert again.order is None
    next_day = a_quality(a_window(BAD, end=NOW + DAY), GOOD, now=NOW + DAY)
    assert decided(next_day, spec=spec, status=again.status, now=NOW + DAY).order is not None


# -- what people are told --------------------------------------------------------------------------------------------

HELD = decided(spec=a_spec()).status
HEALTHY = decided(a_quality(GOOD, GOOD)).status
DOWN = decided(status=HEALTHY, judgement=SILENT).status

TOLD: dict[str, tuple[Status, Any, list[Reason]]] = {
    "Degraded for the first time": (a_status(A, B), {"spec": a_spec()}, [Reason.DEGRADED]),
    "Degraded still, held for the same reason": (HELD, {"spec": a_spec()}, []),
    "Degraded still, held for another reason": (HELD, {"spec": literal(autoRollback=False)}, [Reason.DEGRADED]),
    "no longer degraded": (HELD, {"quality": a_quality(GOOD, GOOD)}, [Reason.RECOVERED]),
    "no longer enough data to call it degraded": (HELD, {"quality": a_quality(sums(n=3))}, []),
    "healthy for the first time": (a_status(A, B), {"quality": a_quality(GOOD, GOOD)}, []),
    "the database is down": (HEALTHY, {"judgement": SILENT}, [Reason.METRICS_UNAVAILABLE]),
    "the database is still down": (DOWN, {"judgement": SILENT}, []),
    "the database is down for another reason": (
        DOWN,
        {"judgement": replace(SILENT, reason=Reason.AUTHENTICATION_FAILED)},
        [Reason.METRICS_UNAVAILABLE],
    ),
    "the database is back": (DOWN, {"quality": a_quality(GOOD, GOOD)}, [Reason.METRICS_AVAILABLE]),
    "the database was never reached": (a_status(A, B), {"judgement": SILENT}, [Reason.METRICS_UNAVAILABLE]),
    "a rollback begins: its own Event will tell": (a_status(A, B), {}, []),
}


@pytest.mark.parametrize(("status", "given", "reasons"), TOLD.values(), ids=TOLD)
def test_each_change_is_told_once(status: Status, given: dict[str, Any], reasons: list[Reason]):
    assert told(decided(status=status, **given)) == reasons


def test_the_same_change_told_again_after_a_crash_has_the_same_name():
    first = decided(status=HEALTHY, spec=a_spec())
    second = decided(status=HEALTHY, spec=a_spec(), now=NOW + timedelta(minutes=3))
    assert [a.nonce for a in first.announcements] == [a.nonce for a in second.announcements]


def test_the_same_change_on_another_day_has_another_name():
    recovered = decided(a_quality(GOOD, GOOD), status=HELD, spec=a_spec(), now=NOW + DAY).status
    again = decided(status=recovered, spec=a_spec(), now=NOW + 2 * DAY)
    first = decided(spec=a_spec())
    assert [a.nonce for a in first.announcements] != [a.nonce for a in again.announcements]


# -- problems --------------------------------------------------------------------------------------------------------

MISSING = ServingProblem(Reason.TARGET_NOT_FOUND, "Deployment house-prices does not exist in this namespace")


def test_a_problem_is_told_once_and_shown_as_not_ready():
    resource = a_resource()
    first = refuse(resource, a_status(A, B), MISSING, NOW)
    assert told(first) == [Reason.TARGET_NOT_FOUND]
    ready = first.status.condition("Ready")
    assert ready is not None
    assert (ready.status, ready.reason, ready.message) == ("False", MISSING.reason, MISSING.message)
    assert told(refuse(resource, first.status, MISSING, NOW + HOUR)) == []


def test_another_problem_is_told_anew():
    first = refuse(a_resource(), a_status(A, B), MISSING, NOW)
    other = ServingProblem(Reason.CONTAINER_NOT_FOUND, "no such container")
    assert told(refuse(a_resource(), first.status, other, NOW)) == [Reason.CONTAINER_NOT_FOUND]
