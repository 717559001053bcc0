"""What the whole thing is for, on a real node: the old version answers again."""

import json

import pytest

from cluster.scenes import GOOD, WORSE
from e2e.release import Release
from e2e.served import Served, deployment, secret, service
from node.pictures import MODEL, NEW, OLD
from sandbox.kubectl import Kubectl
from sandbox.waiting import wait_until


@pytest.fixture
def receiver(kubectl: Kubectl) -> str:
    """A pod that keeps what it is told; returns the path under which it tells it again."""
    kubectl.apply(deployment("receiver", f"{MODEL}:{OLD}"))
    kubectl.apply(service("receiver", 8080))
    kubectl.run("rollout", "status", "deployment/receiver", "--timeout=120s")
    kubectl.apply(secret("ops", url=f"json://receiver.{kubectl.namespace}.svc:8080/cgi-bin/told"))
    return f"/api/v1/namespaces/{kubectl.namespace}/services/receiver:8080/proxy/cgi-bin/told"


def test_pods_of_the_old_version_answer_again_after_a_rollback(model: Served):
    model.serve(OLD)
    model.until_all_answer(OLD)
    model.predict(OLD, GOOD)
    model.watch(checkInterval="10s")
    model.until_verdict("InsufficientData", OLD)
    model.serve(NEW)
    model.until_all_answer(NEW)
    model.predict(NEW, WORSE)
    model.until_rolled_back(OLD)
    model.until_all_answer(OLD)
    assert model.notes("RolledBack") == [
        f"{NEW} -> {OLD}: R2 0.930 -> 0.850 (-8.6 %, limit 5 %), RMSE 3480 -> 4200 (+20.7 %, limit 5 %), 200 samples"
    ]


def test_an_alert_is_delivered_by_the_operators_pod(model: Served, receiver: str, kubectl: Kubectl):
    model.serve(OLD)
    model.predict(OLD, GOOD)
    model.watch(checkInterval="10s", alerts=[{"name": "ops", "secretRef": {"name": "ops"}}])
    model.until_verdict("InsufficientData", OLD)
    model.serve(NEW)
    model.predict(NEW, WORSE)
    model.until_rolled_back(OLD)
    wait_until(lambda: kubectl.run("get", "--raw", receiver).strip(), for_="the alert to arrive", timeout=60)
    (told,) = kubectl.run("get", "--raw", receiver).strip().splitlines()
    assert f"rolled back {NEW} -> {OLD}" in json.loads(told)["title"]


def test_a_healthy_version_stays(model: Served):
    model.serve(OLD)
    model.predict(OLD, GOOD)
    model.watch(checkInterval="10s")
    model.serve(NEW)
    model.predict(NEW, GOOD)
    model.until_verdict("Healthy", NEW)
    model.until_all_answer(NEW)


def test_a_request_by_annotation_puts_the_old_version_back(model: Served, operator: Release):
    assert operator.ready_pods()
    model.serve(OLD)
    model.watch(checkInterval="10s", autoRollback=False)
    model.until(lambda status: status.get("currentVersion") == OLD, "the first look")
    model.serve(NEW)
    model.until(lambda status: status.get("currentVersion") == NEW, "the new version to be seen")
    model.ask("rollback")
    model.until_rolled_back(OLD)
    model.until_all_answer(OLD)
