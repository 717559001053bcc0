"""What a status says becomes the answers of the verbs, and what it does not know is not made up."""

from typing import Any

import pytest

from builders import NOW, A, B, a_baseline, a_resource, a_rollback, a_spec, a_status, quarantined
from modelward.domain.errors import ClusterError, InvalidCallError
from modelward.domain.letters import AlertStatus, Channel, Delivery, Letter, Outbox, Step
from modelward.domain.status import Condition, Hold, MetricStatus, Status, Verdict, WindowStatus
from modelward.remote.telling import comparison, explanation, history, status_report

R2 = MetricStatus("r2", "0.850", "0.930", "-8.6", "5", breached=True)
NEW = MetricStatus("of_tomorrow", "1", None, None, "5", undefined="who knows")


def degraded(**changes: Any) -> Status:
    window = WindowStatus(NOW, NOW, predictions=140, samples=120, label_coverage_percent="85.7")
    told = {"verdict": Verdict.DEGRADED, "reason": "BeyondLimit", "message": "R2 fell", "samples": 120}
    shown = {"metrics": (R2, NEW), "window": window, "baseline": a_baseline(), "previous_version": A}
    return a_status(**{**told, **shown, **changes})


def test_the_status_tells_the_version_its_figures_and_the_way_back():
    report = status_report(a_resource(status=degraded(last_rollback=a_rollback())))
    assert (report["verdict"], report["managed_by"], report["versions"]) == ("Degraded", "ml/house-prices", 2)
    assert report["production"] is not None
    assert (report["production"]["model_version"], report["production"]["r2_score"]) == (B, 0.85)
    assert report["rollback_target"] is not None
    assert (report["rollback_target"]["model_version"], report["rollback_target"]["ready"]) == (A, True)
    assert report["last_rollback"] is not None


def test_a_resource_that_nobody_has_looked_at_says_so():
    report = status_report(a_resource(status=Status()))
    assert (report["production"], report["rollback_target"], report["ready"]) == (None, None, "Unknown")
    assert report["notes"] == ["the operator has not looked at it yet: does it run?"]


@pytest.mark.parametrize(
    ("status", "spec", "note"),
    [
        (degraded(conditions=(Condition("Ready", "False", "Conflict", "who was first", NOW),)), {}, "Conflict"),
        (degraded(), {"suspend": True}, "suspended"),
        (degraded(alerts=(AlertStatus("pager", "AlertFailed", "no answer"),)), {}, "alert pager: no answer"),
        (degraded(audit="no table"), {}, "changes are not kept in the database: no table"),
        (
            degraded(conditions=(Condition("MetricsAvailable", "False", "DatabaseUnreachable", "refused", NOW),)),
            {},
            "the database has not answered since 2026-01-08T14:32:23Z (DatabaseUnreachable): refused",
        ),
    ],
)
def test_what_asks_for_a_person_is_a_note(status: Status, spec: dict[str, Any], note: str):
    notes = status_report(a_resource(a_spec(**spec), status))["notes"]
    assert any(note in said for said in notes)


def test_the_history_marks_what_was_rolled_back_and_gives_figures_only_where_there_are_some():
    status = degraded(last_rollback=a_rollback(), quarantine=quarantined(B))
    now, before = history(a_resource(status=status), 10)
    assert (now["model_version"], now["is_production"], now["quarantined"]) == (B, True, True)
    assert [r["to_version"] for r in now["rollbacks"]] == [A]
    assert (before["model_version"], before["rollbacks"], before["samples"]) == (A, [], a_baseline().samples)
    assert [e["model_version"] for e in history(a_resource(status=status), 1)] == [B]


def test_only_the_two_of_the_last_verdict_can_be_compared():
    resource = a_resource(status=degraded())
    result = comparison(resource, B, A)
    assert (result["degraded"], result["r2_change_percent"], result["rmse_current"]) == (True, -8.6, None)
    for pair in ((A, B), (B, "v9")):
        with pytest.raises(ClusterError, match=f"only of {B} against {A}; --database-url"):
            comparison(resource, *pair)


def test_a_version_is_not_compared_with_itself():
    with pytest.raises(InvalidCallError, match=f"{B} cannot be compared with itself: name two versions"):
        comparison(a_resource(status=degraded()), B, B)


def test_an_explanation_leaves_nothing_out():
    letter = Letter(
        "id", "event", Step.SEEN, "Degraded", NOW, "R2 fell", deliveries=(Delivery(Channel.ALERT, "pager"),)
    )
    status = degraded(
        holds=(Hold("CoolingDown", "too young"),),
        quarantine=quarantined("v0"),
        outbox=Outbox((letter,)),
        last_rollback=a_rollback(),
    )
    told = explanation(a_resource(status=status))
    assert told["meaning"] == "At least one gating metric is worse than its limit allows."
    assert [m["metric"] for m in told["metrics"]] == ["r2", "of_tomorrow"]
    assert told["held_by"] == [{"guard": "CoolingDown", "message": "too young"}]
    assert [q["model_version"] for q in told["quarantine"]] == ["v0"]
    assert [w["to"] for w in told["waiting"]] == ["alert pager"]
    assert told["windows"][0]["label_coverage_percent"] == 85.7


def test_a_reason_of_a_newer_operator_is_no_failure():
    told = explanation(a_resource(status=degraded(reason="OfTomorrow")))
    assert "does not know the reason" in told["meaning"]
