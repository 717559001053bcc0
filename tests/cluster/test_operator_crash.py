"""The operator dies at any moment and is started again: the same end, one rollback, and nothing is told twice."""

from dataclasses import replace

import pytest

from cluster.lives import Life, expect_no_trace_of_ownership, expect_one_rollback, has_ended
from cluster.scenes import GOOD, WORSE, A, B, C, Model, image_of, unused_name
from sandbox import scene
from sandbox.kubectl import Kubectl


@pytest.fixture
def model(life: Life, database_url: str) -> Model:
    """Version A serves well and is watched; B is known to be worse."""
    life.be_there()
    namespace = unused_name("crash")
    Kubectl(life.cluster).run("create", "namespace", namespace)
    model = Model(replace(Kubectl(life.cluster), namespace=namespace), database_url)
    model.kubectl.apply(scene.secret(namespace, database_url))
    model.predict(A, GOOD)
    model.predict(B, WORSE)
    model.deploy(A)
    model.watch()
    model.until_verdict("InsufficientData", A)
    return model


def test_killed_after_every_single_write_it_still_ends_the_same(life: Life, model: Model):
    life.end_after(1)
    model.deploy(B)
    while life.gate.fires_before(lambda: has_ended(model.see().get("status", {}))):
        life.end_after(1)
        life.begin_again(wait=False)
    life.gate.disarm()
    expect_one_rollback(model)
    expect_no_trace_of_ownership(model)


@pytest.mark.parametrize("write", [1, 2, 4])
def test_killed_in_the_middle_of_a_request_it_is_answered_once(life: Life, model: Model, write: int):
    model.watch(autoRollback=False)
    model.deploy(B)
    model.until_verdict("Degraded", B)
    life.end_after(write)
    asked = model.ask("rollback")
    life.gate.wait()
    life.begin_again()
    assert model.until_answered("rollback", asked)["result"] == "Done"
    expect_one_rollback(model)
    assert len(model.notes("RequestDone")) == 1


def test_a_version_deployed_while_the_operator_was_dead_is_left_alone(life: Life, model: Model):
    life.end_after(1)  # the intent is written, nothing is done yet
    model.deploy(B)
    life.gate.wait()
    model.predict(C, GOOD)
    model.deploy(C)
    life.begin_again()
    status = model.until_verdict("Healthy", C)
    assert status["lastRollback"]["phase"] == "Superseded"
    assert model.image() == image_of(C)
    assert len(model.notes("Superseded")) == 1
    assert model.events("RolledBack") == []
