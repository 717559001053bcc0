"""The main job, on the guide's numbers: a version that got worse is rolled back, with evidence where people look."""

import json

import pytest

from cluster.scenes import A2, GOOD, MINOR, OLDER, WORSE, A, B, C, Model, condition, deployment, holds, image_of
from sandbox.kubectl import Kubectl
from sandbox.operator import Operator

NUMBERS = "R2 0.930 -> 0.850 (-8.6 %, limit 5 %), RMSE 3480 -> 4200 (+20.7 %, limit 5 %), 200 samples"


@pytest.fixture
def model(operator: Operator, kubectl: Kubectl, database_secret: str) -> Model:
    """Version A serves well, watched to the letter of the guide."""
    assert operator.is_ready()
    model = Model(kubectl, database_secret)
    model.predict(A, GOOD)
    model.deploy(A)
    model.watch()
    model.until_verdict("InsufficientData", A)
    return model


@pytest.fixture
def rolled_back(model: Model) -> Model:
    """Version B was worse than A, and A serves again."""
    model.predict(B, WORSE)
    model.deploy(B)
    model.until_rolled_back(A)
    model.until_verdict("NoData", A)
    return model


def test_the_first_version_has_nothing_to_be_compared_with_and_is_watched(model: Model):
    status = model.see()["status"]
    assert (status["reason"], status["samples"], status["currentVersion"]) == ("NoBaseline", 200, A)
    assert [(m["name"], m["current"]) for m in status["metrics"]] == [("r2", "0.930"), ("rmse", "3480")]
    assert condition(status, "Ready")["status"] == "True"
    assert condition(status, "MetricsAvailable")["status"] == "True"
    assert model.events() == []


def test_scenario_1_a_minor_change_is_healthy_and_nothing_happens(model: Model):
    model.predict(A2, MINOR)
    model.deploy(A2)
    status = model.until_verdict("Healthy", A2)
    numbers = "R2 0.930 -> 0.920 (-1.08 %, limit 5 %), RMSE 3480 -> 3500 (+0.57 %, limit 5 %), 200 samples"
    assert status["message"] == f"{A2} against {A}: {numbers}"
    assert (status["change"], status["previousVersion"]) == ("r2 -1.08 %", A)
    assert "lastRollback" not in status
    assert model.image() == image_of(A2)
    assert [e["reason"] for e in model.events()] == ["VersionChanged"]
    assert model.events(kind="Deployment") == []


@pytest.mark.every_version
def test_scenario_2_a_significant_change_is_rolled_back_with_its_numbers(model: Model):
    model.predict(B, WORSE)
    model.deploy(B)
    rollback = model.until_rolled_back(A)["lastRollback"]
    assert (rollback["from"], rollback["to"], rollback["automatic"]) == (B, A, True)
    assert (rollback["reason"], rollback["message"]) == ("Degraded", NUMBERS)
    assert model.image() == image_of(A)


def test_scenario_3_a_data_shift_ends_at_a_stable_version_and_asks_to_look_at_the_data(model: Model):
    model.deploy(OLDER)
    model.predict(OLDER, GOOD)
    model.until_verdict("Healthy", OLDER)
    model.predict(A2, GOOD)
    model.deploy(A2)
    model.until_verdict("Healthy", A2)
    model.predict(A2, WORSE, rows=2000)  # its predictions drift away from the actuals
    model.ask("check")
    model.until_rolled_back(OLDER)
    model.predict(OLDER, WORSE, seconds=0)  # and so do those of any other version
    model.check_until(lambda status: status["verdict"] == "Degraded", f"{OLDER} to look bad too")
    status = model.see()["status"]
    assert "look at the data" in holds(status)["Landing"]
    assert "look at the data" in model.notes("Degraded")[-1]
    assert model.image() == image_of(OLDER)


def test_the_deployment_says_what_was_done_to_it(rolled_back: Model):
    notes = rolled_back.target()["metadata"]["annotations"]
    rollback = rolled_back.see()["status"]["lastRollback"]
    assert {key: value for key, value in notes.items() if "modelward" in key} == {
        "modelward.dev/rollback-id": rollback["id"],
        "modelward.dev/rolled-back-from": B,
        "modelward.dev/rolled-back-to": A,
    }


@pytest.mark.every_version
def test_both_objects_carry_one_event_with_the_numbers(rolled_back: Model):
    assert rolled_back.notes("RolledBack") == [f"{B} -> {A}: {NUMBERS}"]
    assert rolled_back.notes("RolledBack", "Deployment") == [f"{B} -> {A}: {NUMBERS}"]
    kinds = {e["reason"]: e["type"] for e in rolled_back.events()}
    assert kinds == {"VersionChanged": "Normal", "RolledBack": "Warning"}
    assert len(rolled_back.events()) == len(kinds)


def test_status_remembers_the_epochs_and_the_quarantine(rolled_back: Model):
    status = rolled_back.see()["status"]
    moves = [(m["version"], m["placedBy"], m["rolledBack"], "endedTime" in m) for m in status["history"]]
    assert moves == [(A, "Found", False, True), (B, "Observed", True, True), (A, "Rollback", False, False)]
    assert [(q["version"], q["reason"]) for q in status["quarantine"]] == [(B, NUMBERS)]
    assert (status["epoch"]["number"], status["epoch"]["landing"]) == (3, True)
    assert status["quarantine"][0]["rollbackId"] == status["lastRollback"]["id"]
    assert "previousVersion" not in status


def test_conditions_are_those_of_a_rolled_back_and_rolled_out_version(rolled_back: Model):
    status = rolled_back.see()["status"]
    shown = {c["type"]: (c["status"], c["reason"]) for c in status["conditions"]}
    assert shown == {
        "Ready": ("True", "Watching"),
        "Degraded": ("False", "NoPredictions"),
        "MetricsAvailable": ("True", "MetricsRead"),
        "RolledBack": ("True", "Degraded"),
    }


def test_kubectl_wait_sees_the_conditions(rolled_back: Model):
    for kind in ("Ready", "RolledBack"):
        assert "condition met" in rolled_back.kubectl.run("wait", f"--for=condition={kind}", "mdl/house-prices")


def test_the_condition_rolled_back_ends_with_the_next_version(rolled_back: Model):
    rolled_back.predict(C, GOOD)
    rolled_back.deploy(C)
    status = rolled_back.until_verdict("Healthy", C)
    assert condition(status, "RolledBack") == {}
    assert [q["version"] for q in status["quarantine"]] == [B]
    assert rolled_back.image() == image_of(C)


def test_kubectl_get_shows_the_evidence(model: Model):
    model.predict(B, WORSE)
    model.watch(autoRollback=False)
    model.deploy(B)
    model.until_verdict("Degraded", B)
    head, row = model.kubectl.run("get", "mdl").splitlines()
    assert head.split() == ["NAME", "READY", "VERDICT", "CURRENT", "PREVIOUS", "CHANGE", "SAMPLES", "AGE"]
    assert row.split()[:-1] == ["house-prices", "True", "Degraded", B, A, "rmse", "+20.7", "%", "200"]
    wide = model.kubectl.run("get", "mdl", "--output=wide").splitlines()[1]
    assert wide.split()[-3:] == ["house-prices", "Watching", "BeyondLimit"]


def test_kubectl_describe_tells_the_story(rolled_back: Model):
    page = rolled_back.kubectl.run("describe", "mdl")
    words = " ".join(page.split())
    assert f"Current Version: {A}" in words
    assert f"Message: {B} -> {A}: {NUMBERS}" in words
    assert f"Warning RolledBack 0s modelward {B} -> {A}: {NUMBERS}" in words.replace("1s", "0s").replace("2s", "0s")
    assert "<unknown>" not in page


@pytest.mark.every_version
def test_a_deployment_applied_server_side_by_another_manager_never_conflicts(model: Model):
    helm = ("--server-side", "--field-manager=helm", "--force-conflicts")
    model.kubectl.apply(deployment(model.name, image_of(A)), *helm)
    model.predict(B, WORSE)
    model.kubectl.apply(deployment(model.name, image_of(B)), *helm)
    model.until_rolled_back(A)
    shown = model.kubectl.run("get", "deployment", model.name, "--output=json", "--show-managed-fields")
    managers = {entry["manager"] for entry in json.loads(shown)["metadata"]["managedFields"]}
    assert "modelward" not in managers
    model.kubectl.apply(deployment(model.name, image_of(C)), "--server-side", "--field-manager=helm")
    assert model.image() == image_of(C)
