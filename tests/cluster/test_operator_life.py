"""The operator's own life: one at a time by the Lease, quiet while nothing happens, back in its place when it ends."""

import os
import signal
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import psycopg
import pytest

from cluster.scenes import A2, GOOD, WORSE, A, B, Model, image_of
from modelward.kube.lease import Timing
from sandbox import operator as operators
from sandbox.cluster import Cluster
from sandbox.kubectl import Kubectl
from sandbox.operator import NAMESPACE, Operator
from sandbox.waiting import wait_until

DEADLINE = Timing().deadline
SETTINGS = {"MODELWARD_BREAKER_PERCENT": "100"}
READS = "SELECT coalesce(seq_scan, 0) + coalesce(idx_scan, 0) FROM pg_stat_user_tables WHERE relname = %s"


@pytest.fixture
def model(operator: Operator, kubectl: Kubectl, database_secret: str) -> Model:
    """Version A serves well."""
    assert operator.is_ready()
    model = Model(kubectl, database_secret)
    model.predict(A, GOOD)
    model.deploy(A)
    return model


@pytest.fixture
def understudy(cluster: Cluster, state: Path, operator: Operator) -> Iterator[Operator]:
    """A second operator, which waits for the first one's Lease; the first one plays again afterwards."""
    second = operators.start(cluster, state, SETTINGS, name="understudy", wait=False)
    yield second
    second.stop()
    start_again(cluster, operator)


def start_again(cluster: Cluster, operator: Operator) -> None:
    """Start the first operator again, where it does not run, on the port that the others know."""
    if not operator.runner.is_running(operator.name):
        settings = SETTINGS | {"MODELWARD_HTTP_PORT": str(operator.port)}
        operators.start(cluster, operator.folder.parent, settings, wait=False)
    wait_until(operator.is_ready, for_="the first operator to be back", timeout=60)


def holder(cluster: Cluster) -> str:
    """Who holds the Lease."""
    lease = Kubectl(cluster, NAMESPACE).json("get", "lease", "modelward")
    return str(lease["spec"]["holderIdentity"])


def unrenewed(cluster: Cluster) -> float:
    """Count the seconds since the Lease was renewed."""
    lease = Kubectl(cluster, NAMESPACE).json("get", "lease", "modelward")
    return (datetime.now(UTC) - datetime.fromisoformat(lease["spec"]["renewTime"])).total_seconds()


def release(cluster: Cluster) -> None:
    """Take the Lease from whoever holds it."""
    free = '--patch={"spec":{"holderIdentity":""}}'
    Kubectl(cluster).run("patch", "lease", "modelward", "--namespace", NAMESPACE, "--type=merge", free)


def reads(model: Model) -> int:
    """Count how often the predictions were read."""
    with psycopg.connect(model.database_url) as connection:
        found = connection.execute(READS, ("model_predictions",)).fetchone()
    return int(found[0]) if found else 0


def test_a_second_operator_waits_and_takes_over_when_the_first_one_ends(
    model: Model, cluster: Cluster, operator: Operator, understudy: Operator
):
    wait_until(lambda: "waiting for the Lease" in understudy.log(), for_="the second one to wait", timeout=30)
    assert holder(cluster).startswith("operator-")
    assert not understudy.is_ready()
    model.watch()
    model.until_verdict("InsufficientData", A)
    operator.stop()
    wait_until(understudy.is_ready, for_="the second one to take over", timeout=30)
    assert holder(cluster).startswith("understudy-")
    model.predict(B, WORSE)
    model.deploy(B)
    model.until_rolled_back(A)
    understudy.stop()
    assert holder(cluster) == ""


def test_what_happened_while_no_operator_ran_is_found(
    model: Model, cluster: Cluster, operator: Operator, understudy: Operator
):
    model.watch()
    model.until_verdict("InsufficientData", A)
    wait_until(lambda: "waiting for the Lease" in understudy.log(), for_="the second one to wait", timeout=30)
    understudy.stop()
    operator.stop()
    model.predict(B, WORSE)
    model.deploy(B)
    model.ask("check")
    start_again(cluster, operator)
    status = model.until_rolled_back(A)
    assert status["requests"]["check"]["result"] == "Done"
    assert model.image() == image_of(A)


def test_an_operator_that_stood_still_while_its_lease_was_taken_never_acts_again(
    model: Model, cluster: Cluster, operator: Operator, understudy: Operator
):
    model.watch()
    model.until_verdict("InsufficientData", A)
    wait_until(lambda: "waiting for the Lease" in understudy.log(), for_="the second one to wait", timeout=30)
    os.kill(operator.pid, signal.SIGSTOP)
    try:
        wait_until(lambda: unrenewed(cluster) > DEADLINE, for_="its right to act to run out", timeout=40)
        release(cluster)
        wait_until(understudy.is_ready, for_="the second one to take over", timeout=30)
        understudy.kill()  # nobody else is there to do it: if the first one may, it will
        model.predict(B, WORSE)
        model.deploy(B)
    finally:
        os.kill(operator.pid, signal.SIGCONT)
    wait_until(lambda: not operator.runner.is_running(operator.name), for_="the first one to end", timeout=30)
    assert model.image() == image_of(B)
    assert "lastRollback" not in model.see()["status"]
    release(cluster)  # so that the next one need not wait for the dead


def test_an_idle_resource_is_checked_and_not_written(model: Model):
    model.predict(A2, GOOD)
    model.watch(checkInterval="10s")
    model.until_verdict("InsufficientData", A)
    model.deploy(A2)
    model.until_verdict("Healthy", A2)
    model.kubectl.run("rollout", "status", f"deployment/{model.name}", "--timeout=30s")
    model.until(lambda s: "outbox" not in s, "the row of the audit table to be written")
    before, seen, events = reads(model), model.see(), model.events()
    wait_until(lambda: reads(model) >= before + 2, for_="two more checks", timeout=60)
    assert model.see() == seen
    assert model.events() == events


def test_figures_that_move_are_written_once_for_each_check(model: Model):
    model.predict(A2, GOOD)
    model.watch(checkInterval="10s")
    model.until_verdict("InsufficientData", A)
    model.deploy(A2)
    first = model.until_verdict("Healthy", A2)
    model.predict(A2, GOOD, rows=40)
    second = model.until(lambda s: s["samples"] == first["samples"] + 40, "the new figures")
    assert second["conditions"][0]["lastTransitionTime"] == first["conditions"][0]["lastTransitionTime"]
    assert [e["reason"] for e in model.events()] == ["VersionChanged"]
