"""What a person asks for by annotation: a rollback, a check, the end of a quarantine; each is answered once."""

from datetime import UTC, datetime, timedelta

import pytest

from cluster.scenes import A2, GOOD, MINOR, OLDER, WORSE, A, B, Model, image_of, is_condition
from sandbox.kubectl import Kubectl
from sandbox.operator import Operator

HELD = {"autoRollback": False}


@pytest.fixture
def model(operator: Operator, kubectl: Kubectl, database_secret: str) -> Model:
    """Three good versions served one after the other; a person decides about rollbacks."""
    assert operator.is_ready()
    model = Model(kubectl, database_secret)
    model.watch(**HELD)
    for version, verdict in ((OLDER, "InsufficientData"), (A, "Healthy"), (A2, "Healthy")):
        model.predict(version, GOOD)
        model.deploy(version)
        model.until_verdict(verdict, version)
    return model


def at(**ago: float) -> str:
    """Write a time of the past."""
    return (datetime.now(UTC) - timedelta(**ago)).isoformat()


def test_previous_is_the_version_before(model: Model):
    answer = model.until_answered("rollback", model.ask("rollback"))
    assert (answer["result"], answer["message"]) == ("Done", f"{A2} -> {A}")
    rollback = model.until_rolled_back(A)["lastRollback"]
    assert (rollback["from"], rollback["automatic"], rollback["reason"]) == (A2, False, "RequestDone")
    assert rollback["actor"] == "a person, by annotation"
    assert model.image() == image_of(A)
    assert model.notes("RequestDone") == [f"rollback: {A2} -> {A}"]
    assert "asked for by a person, by annotation" in model.notes("RolledBack", "Deployment")[0]


def test_previous_asked_again_goes_on_to_the_next_older_and_then_says_that_there_is_none(model: Model):
    for version in (A, OLDER):
        model.ask("rollback")
        model.until_rolled_back(version)
    assert {q["version"] for q in model.see()["status"]["quarantine"]} == {A, A2}
    answer = model.until_answered("rollback", model.ask("rollback"))
    assert answer["result"] == "Refused"
    assert answer["message"] == f"no earlier version to go back to; known versions: {OLDER}, {A}, {A2}"
    assert model.image() == image_of(OLDER)


def test_a_named_version_is_put_back(model: Model):
    model.ask("rollback", rollback_to=OLDER, requested_by="ada")
    rollback = model.until_rolled_back(OLDER)["lastRollback"]
    assert (rollback["from"], rollback["actor"]) == (A2, "ada (unverified)")
    assert model.image() == image_of(OLDER)


def test_a_version_that_the_database_alone_knows_may_be_named(model: Model):
    model.predict("v0", MINOR)
    model.ask("rollback", rollback_to="v0")
    model.until_rolled_back("v0")
    assert model.image() == image_of("v0")


def test_one_request_is_one_rollback(model: Model):
    asked = model.ask("rollback")
    model.until_rolled_back(A)
    model.annotate({"rollback-requested-at": asked, "requested-by": "somebody who touches the resource"})
    model.check()
    assert model.image() == image_of(A)
    assert len(model.notes("RolledBack")) == 1


REFUSED = {
    "an unknown version": ("v9", {}, f"target version v9 not found; known versions: {A2}, {A}, {OLDER}"),
    "the version that serves": (
        A2,
        {},
        f"{A2} is what serves already; known versions: {A2}, {A}, {OLDER}",
    ),
    "a time long past": (A, {"days": 3}, "before the resource was created"),
    "no time at all": (A, None, "'yesterday' is not an RFC 3339 time such as 2026-01-05T14:32:23Z"),
    "a time to come": (A, {"hours": -2}, "ahead of the operator's clock"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_cannot_be_meant_is_refused_in_status_and_by_an_event(model: Model, case: str):
    version, ago, words = REFUSED[case]
    moment = "yesterday" if ago is None else at(**ago)
    model.annotate({"rollback-requested-at": moment, "rollback-to": version})
    answer = model.until_answered("rollback", moment)
    assert (answer["result"], answer["version"], words in answer["message"]) == ("Refused", version, True), answer
    assert model.notes("RequestRefused") == [f"rollback: {answer['message']}"]
    assert "lastRollback" not in model.see()["status"]
    assert model.image() == image_of(A2)


def test_a_check_is_made_now_and_answered(model: Model):
    model.predict(A2, WORSE, rows=2000)
    answer = model.until_answered("check", model.ask("check"))
    assert answer["result"] == "Done"
    status = model.until_verdict("Degraded", A2)
    assert status["samples"] == 2200


def test_a_suspended_resource_refuses_and_stands_still(model: Model):
    model.watch(suspend=True, **HELD)
    model.until_ready("True", "Suspended")
    asked = model.ask("rollback")
    answer = model.until_answered("rollback", asked)
    assert (answer["result"], answer["message"]) == ("Refused", "spec.suspend is true")
    assert model.notes("RequestRefused") == ["rollback: spec.suspend is true"]
    model.predict(B, WORSE)
    model.deploy(B)
    model.watch(suspend=False)
    status = model.until_rolled_back(A2)  # let go, it sees what came meanwhile
    assert status["history"][-2]["version"] == B


def test_a_quarantine_is_cleared_and_the_version_may_be_a_target_again(model: Model):
    model.ask("rollback")
    model.until_rolled_back(A)
    answer = model.until_answered("clearQuarantine", model.ask("clear-quarantine", clear_quarantine=A2))
    assert (answer["result"], answer["message"]) == ("Done", f"{A2} may be a rollback target again")
    assert "quarantine" not in model.see()["status"]
    model.ask("rollback")
    model.until_rolled_back(A2)


def test_a_quarantine_that_is_none_cannot_be_cleared(model: Model):
    answer = model.until_answered("clearQuarantine", model.ask("clear-quarantine", clear_quarantine="v9"))
    assert (answer["result"], answer["message"]) == ("Refused", "v9 is not in quarantine; in quarantine: none")


def test_automatic_rollback_off_leaves_the_decision_to_a_person(model: Model):
    model.predict(B, WORSE)
    model.deploy(B)
    status = model.until_verdict("Degraded", B)
    assert is_condition(status, "Degraded", "True", "AutoRollbackOff")
    assert is_condition(status, "Ready", "True", "Watching")
    (note,) = model.notes("Degraded")
    assert note.endswith("200 samples; not rolled back: spec.autoRollback is false: a person decides")
    assert model.image() == image_of(B)
    model.ask("rollback")
    model.until_rolled_back(A2)
