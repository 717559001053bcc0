"""The operator dies at any moment and is started again: the same end, one rollback, and nothing is told twice."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from cluster.gate import Gate, gate_before
from cluster.scenes import GOOD, WORSE, A, B, C, Model, image_of, unused_name
from sandbox import cluster as clusters
from sandbox import operator as operators
from sandbox import scene
from sandbox.cluster import Cluster
from sandbox.kubectl import Kubectl
from sandbox.operator import NAMESPACE, Operator

FREE = '{"spec":{"holderIdentity":""}}'


@dataclass
class Life:
    """One operator after the other, each behind the gate."""

    cluster: Cluster
    folder: Path
    gate: Gate
    kubeconfig: Path
    operator: Operator | None = None

    def begin(self, *, wait: bool = True) -> None:
        """Start an operator."""
        env = {"KUBECONFIG": str(self.kubeconfig), "MODELWARD_BREAKER_PERCENT": "100"}
        self.operator = operators.start(self.cluster, self.folder, env, wait=wait)

    def begin_again(self, *, wait: bool = True) -> None:
        """Start it again after a kill, without waiting for the dead one's Lease to run out."""
        if self.operator is not None:
            self.operator.kill()
        lease = ("patch", "lease", "modelward", "--namespace", NAMESPACE, "--type=merge", f"--patch={FREE}")
        Kubectl(self.cluster).run(*lease)
        self.begin(wait=wait)

    def be_there(self) -> None:
        """Have an operator, whatever the test before left behind."""
        self.gate.disarm()
        if self.operator is None or not self.operator.runner.is_running(self.operator.name):
            self.begin_again()

    def end_after(self, write: int) -> None:
        """Have the operator killed after so many more writes."""
        assert self.operator is not None
        running = self.operator
        self.gate.arm(write, lambda: running.pid)


@pytest.fixture(scope="module")
def life(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Life]:
    """A cluster of this module's own, since nobody else could live with such an operator."""
    folder = tmp_path_factory.mktemp("crash")
    started = clusters.start(folder)
    try:
        operators.install(started)
        with gate_before(operators.service_account_kubeconfig(started), folder) as (gate, kubeconfig):
            life = Life(started, folder, gate, kubeconfig)
            yield life
            if life.operator is not None:
                life.operator.stop()
    finally:
        started.stop()


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


def expect_one_rollback(model: Model) -> None:
    """Hold the end against that of an operator that was left alone."""
    status = model.until(lambda s: s.get("verdict") == "NoData" and s["currentVersion"] == A, "A to be judged again")
    assert (status["lastRollback"]["phase"], status["lastRollback"]["to"]) == ("Verified", A)
    assert [(m["version"], m["rolledBack"]) for m in status["history"]] == [(A, False), (B, True), (A, False)]
    assert [q["version"] for q in status["quarantine"]] == [B]
    assert model.image() == image_of(A)
    assert model.target()["metadata"]["annotations"]["deployment.kubernetes.io/revision"] == "3"
    assert model.target()["metadata"]["annotations"]["modelward.dev/rollback-id"] == status["lastRollback"]["id"]
    for kind in ("ModelDeployment", "Deployment"):
        assert len(model.notes("RolledBack", kind)) == 1
    notes = [(e["reason"], e["note"]) for e in model.events()]
    assert len(set(notes)) == len(notes)


def has_ended(model: Model) -> bool:
    """Whether the rollback is over and A was judged again."""
    status = model.see().get("status", {})
    return bool((status.get("verdict"), status.get("currentVersion")) == ("NoData", A))


def expect_no_trace_of_ownership(model: Model) -> None:
    """Nobody may meet a conflict with us, however often we died."""
    shown = model.kubectl.run("get", "deployment", model.name, "--output=json", "--show-managed-fields")
    assert "modelward" not in {entry["manager"] for entry in json.loads(shown)["metadata"]["managedFields"]}


def test_killed_after_every_single_write_it_still_ends_the_same(life: Life, model: Model):
    life.end_after(1)
    model.deploy(B)
    while life.gate.fires_before(lambda: has_ended(model)):
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


FAULTS = {
    "the intent is refused": (1, 503, False),
    "the patch is made and its answer lost": (2, 0, True),
    "Patched is written and answered with too many requests": (4, 429, True),
    "an Event never arrives": (5, 0, False),
}


@pytest.mark.parametrize(("write", "answer", "after"), FAULTS.values(), ids=FAULTS)
def test_a_fault_on_the_way_changes_nothing_of_the_end(life: Life, model: Model, write: int, answer: int, after: bool):  # noqa: FBT001
    life.gate.spoil(write, answer, after=after)
    model.deploy(B)
    life.gate.wait()
    expect_one_rollback(model)
    expect_no_trace_of_ownership(model)
