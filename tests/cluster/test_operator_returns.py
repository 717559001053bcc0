"""What the Deployment does while a rollback is under way: it does not start, it is paused, it is scaled."""

from typing import Any

import pytest

from cluster.scenes import GOOD, WORSE, B, C, Json, Model, condition, deployment, image_of, is_condition
from sandbox.control_plane import NEVER_READY
from sandbox.kubectl import Kubectl
from sandbox.operator import Operator

BROKEN = NEVER_READY.rpartition(":")[2]
STILL_DOWN = '[{"op": "test", "path": "/status/availableReplicas", "value": null}]'
SHORT = {"cooldown": "0s", "verifyTimeout": "1s"}


@pytest.fixture
def model(operator: Operator, kubectl: Kubectl, database_secret: str) -> Model:
    """The version before B answered well once, and its image does not start any more; nobody watches yet."""
    assert operator.is_ready()
    model = Model(kubectl, database_secret)
    model.predict(BROKEN, GOOD)
    model.predict(B, WORSE)
    return model


def apply(model: Model, version: str, **spec: Any) -> None:
    """Apply the Deployment with more in its spec."""
    body = deployment(model.name, image_of(version))
    body["spec"] |= spec
    model.kubectl.apply(body)


def begin(model: Model, **spec: Any) -> None:
    """Let B come after the version that does not start, be available, and be found bad only then."""
    apply(model, BROKEN, **spec)
    model.watch(rollback=SHORT, suspend=False, autoRollback=False)
    model.until_verdict("InsufficientData", BROKEN)
    apply(model, B, **spec)
    model.until_verdict("Degraded", B)
    model.kubectl.run("rollout", "status", f"deployment/{model.name}", "--timeout=30s")


def has_ended(status: Json) -> bool:
    return bool(status.get("lastRollback", {}).get("phase") in {"Failed", "Returned", "Verified"})


def test_with_recreate_and_nothing_available_what_served_is_put_back_once(model: Model):
    begin(model, strategy={"type": "Recreate"})
    model.watch(rollback=SHORT)
    status = model.until(has_ended, "the end of the rollback")
    assert status["lastRollback"]["phase"] == "Returned"
    assert model.image() == image_of(B)
    assert is_condition(status, "Stalled", "True", "RollbackFailed")
    assert "nothing was available any more" in condition(status, "Ready")["message"]
    assert [m["version"] for m in status["history"]] == [BROKEN, B, BROKEN, B]
    for kind in ("ModelDeployment", "Deployment"):
        assert len(model.notes("RollbackFailed", kind)) == 1
    model.predict(B, WORSE, seconds=1)
    assert model.check()["lastRollback"]["id"] == status["lastRollback"]["id"]
    model.kubectl.run("rollout", "status", f"deployment/{model.name}", "--timeout=30s")
    model.predict(C, GOOD)
    apply(model, C, strategy={"type": "Recreate"})
    assert is_condition(model.until_verdict("Healthy", C), "Ready", "True", "Watching")


def test_past_the_progress_deadline_the_old_pods_serve_on_and_nothing_bounces(model: Model):
    begin(model, progressDeadlineSeconds=1)
    model.watch(rollback={"cooldown": "0s", "verifyTimeout": "1h"})
    status = model.until(has_ended, "the end of the rollback")
    assert status["lastRollback"]["phase"] == "Failed"
    assert is_condition(status, "Stalled", "True", "RollbackFailed")
    assert len(model.notes("RollbackFailed")) == 1
    target = model.target()
    assert (model.image(), target["status"]["availableReplicas"]) == (NEVER_READY, 1)
    assert model.kubectl.try_("patch", "deployment", model.name, "--type=json", f"--patch={STILL_DOWN}").returncode
    model.set_image(B)  # a person has what works back
    status = model.until(lambda s: s["currentVersion"] == B and not condition(s, "Stalled"), "peace")
    assert model.check()["lastRollback"]["phase"] == "Failed"
    assert model.image() == image_of(B)


def test_a_paused_deployment_is_reported_and_left(model: Model):
    begin(model, strategy={"type": "Recreate"}, paused=False)
    model.kubectl.run("rollout", "pause", f"deployment/{model.name}")
    model.watch(rollback=SHORT)
    status = model.until(has_ended, "the end of the rollback")
    assert status["lastRollback"]["phase"] == "Failed"
    assert ", paused" in condition(status, "Stalled")["message"]
    assert (model.image(), model.target()["status"]["availableReplicas"]) == (NEVER_READY, 1)


def test_an_autoscaler_scales_while_it_is_rolled_back_and_neither_minds(model: Model):
    model.predict(C, GOOD)
    apply(model, C, replicas=1)
    model.watch(rollback={"cooldown": "0s"}, autoRollback=False)
    model.until_verdict("InsufficientData", C)
    apply(model, B, replicas=1)
    model.until_verdict("Degraded", B)
    target = {"apiVersion": "apps/v1", "kind": "Deployment", "name": model.name}
    scaler = {"apiVersion": "autoscaling/v2", "kind": "HorizontalPodAutoscaler", "metadata": {"name": model.name}}
    model.kubectl.apply({**scaler, "spec": {"scaleTargetRef": target, "minReplicas": 3, "maxReplicas": 5}})
    model.watch(rollback={"cooldown": "0s"})
    model.until_rolled_back(C)
    model.kubectl.run(
        "wait", f"deployment/{model.name}", "--for=jsonpath={.status.availableReplicas}=3", "--timeout=30s"
    )
    assert (model.image(), model.target()["spec"]["replicas"]) == (image_of(C), 3)
    assert len(model.notes("RolledBack")) == 1
