"""Others who write the Deployment: a hotfix always goes through, a version rolled back from does not come back."""

import pytest

from cluster.scenes import GOOD, WORSE, A, B, C, Model, condition, image_of, is_condition
from sandbox.kubectl import Kubectl
from sandbox.operator import Operator


@pytest.fixture
def model(operator: Operator, kubectl: Kubectl, database_secret: str) -> Model:
    """Version B was rolled back to A."""
    assert operator.is_ready()
    model = Model(kubectl, database_secret)
    model.predict(A, GOOD)
    model.deploy(A)
    model.watch(rollback={"cooldown": "0s"})
    model.until_verdict("InsufficientData", A)
    model.predict(B, WORSE)
    model.deploy(B)
    model.until_rolled_back(A)
    return model


@pytest.fixture
def contested(model: Model) -> Model:
    """B was put back, put right, and put back again."""
    model.set_image(B)
    model.notes("QuarantineEnforced")
    model.until_ready("True", "Watching")
    model.set_image(B)
    model.until_ready("False", "Contested")
    return model


def test_a_hotfix_goes_through_and_is_judged_like_any_other(model: Model):
    model.predict(C, GOOD)
    model.deploy(C)
    status = model.until_verdict("Healthy", C)
    assert status["epoch"]["landing"] is False
    assert model.image() == image_of(C)
    assert [q["version"] for q in status["quarantine"]] == [B]


def test_a_version_rolled_back_from_is_put_right_once_and_said_so(model: Model):
    model.set_image(B)
    status = model.until(lambda s: s.get("reassertions") and s["lastRollback"]["phase"] == "Verified", "the correction")
    assert model.image() == image_of(A)
    assert status["lastRollback"]["reason"] == "QuarantineEnforced"
    words = f"{B} -> {A}: {B} is in quarantine and came back; {A} was put back once more"
    assert model.notes("QuarantineEnforced") == [words]
    assert model.notes("QuarantineEnforced", "Deployment") == [words]
    assert len(model.notes("RolledBack")) == 1


def test_the_second_time_it_is_contested_and_left_alone(contested: Model):
    status = contested.check()
    assert contested.image() == image_of(B)
    assert is_condition(status, "Stalled", "True", "Contested")
    assert "clear its quarantine" in condition(status, "Ready")["message"]
    for kind in ("ModelDeployment", "Deployment"):
        (note,) = contested.notes("Contested", kind)
        came_back = f"{B} is in quarantine, was put right once today and came back again"
        fix = "change it in Git (or whatever writes the Deployment), or clear its quarantine"
        assert note == f"{came_back} by field manager kubectl-set: hands off; {fix}"


def test_a_contest_ends_with_another_version(contested: Model):
    contested.predict(C, GOOD)
    contested.deploy(C)
    status = contested.until_verdict("Healthy", C)
    assert is_condition(status, "Ready", "True", "Watching")
    assert condition(status, "Stalled") == {}


def test_a_contest_ends_when_the_quarantine_is_cleared(contested: Model):
    answer = contested.until_answered("clearQuarantine", contested.ask("clear-quarantine", clear_quarantine=B))
    assert answer["result"] == "Done"
    status = contested.until(lambda s: not condition(s, "Stalled"), "the end of the contest")
    assert condition(status, "Ready")["reason"] in {"Watching", "RollingBack"}


def test_a_person_who_wants_the_version_back_turns_the_automatic_off(model: Model):
    model.watch(autoRollback=False)
    model.set_image(B)
    status = model.until_verdict("NoData", B)
    assert "reassertions" not in status
    assert model.image() == image_of(B)
