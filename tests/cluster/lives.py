"""One operator after the other, each behind the gate; and what one rollback looks like, whatever came in between."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType

import psycopg

from cluster.gate import Gate
from cluster.scenes import A, B, Json, Model, image_of
from sandbox import operator as operators
from sandbox.cluster import Cluster
from sandbox.kubectl import Kubectl
from sandbox.operator import NAMESPACE, Operator

NOTHING: Mapping[str, str] = MappingProxyType({})
FREE = '{"spec":{"holderIdentity":""}}'
AUDITED = "SELECT phase FROM modelward.audit WHERE name = %s AND phase IN ('Decided', 'Patched', 'Verified', 'Failed')"


@dataclass
class Life:
    """One operator after the other, each behind the gate."""

    cluster: Cluster
    folder: Path
    gate: Gate
    kubeconfig: Path
    operator: Operator | None = None
    settings: dict[str, str] = field(default_factory=dict)

    def begin(self, *, wait: bool = True, environment: Mapping[str, str] = NOTHING, **settings: str) -> Operator:
        """Start an operator; its breaker is off, since tests make many models look bad at once."""
        named = {f"MODELWARD_{name.upper()}": value for name, value in settings.items()} | dict(environment)
        self.settings = named
        env = {"KUBECONFIG": str(self.kubeconfig), "MODELWARD_BREAKER_PERCENT": "100", **named}
        self.operator = operators.start(self.cluster, self.folder, env, wait=wait)
        return self.operator

    def begin_again(self, *, wait: bool = True, environment: Mapping[str, str] = NOTHING, **settings: str) -> Operator:
        """Start it again after a kill, without waiting for the dead one's Lease to run out."""
        if self.operator is not None:
            self.operator.kill()
        lease = ("patch", "lease", "modelward", "--namespace", NAMESPACE, "--type=merge", f"--patch={FREE}")
        Kubectl(self.cluster).run(*lease, check=False)  # before the first one there is none
        return self.begin(wait=wait, environment=environment, **settings)

    def be_there(self) -> None:
        """Have an ordinary operator, whatever the test before left behind."""
        self.gate.disarm()
        if self.settings or self.operator is None or not self.operator.runner.is_running(self.operator.name):
            self.begin_again()

    def end_after(self, write: int) -> None:
        """Have the operator killed after so many more writes."""
        assert self.operator is not None
        running = self.operator
        self.gate.arm(write, lambda: running.pid)


def has_ended(status: Json) -> bool:
    """Whether the rollback is over and A was judged again."""
    return bool((status.get("verdict"), status.get("currentVersion")) == ("NoData", A))


def expect_one_rollback(model: Model) -> None:
    """Hold the end against that of an operator that was left alone."""
    status = model.until(has_ended, "A to be judged again")
    expect_end(model, status, model.target())
    for kind in ("ModelDeployment", "Deployment"):
        assert len(model.notes("RolledBack", kind)) == 1
    notes = [(e["reason"], e["note"]) for e in model.events()]
    assert len(set(notes)) == len(notes)


def expect_end(model: Model, status: Json, target: Json) -> None:
    """Compare what stands in the resource and in its Deployment."""
    assert (status["lastRollback"]["phase"], status["lastRollback"]["to"]) == ("Verified", A)
    moves = [(m["version"], m["rolledBack"]) for m in status["history"]]
    assert moves == [(A, False), (B, True), (A, False)], moves
    assert [q["version"] for q in status["quarantine"]] == [B]
    assert target["spec"]["template"]["spec"]["containers"][0]["image"] == image_of(A)
    assert target["metadata"]["annotations"]["deployment.kubernetes.io/revision"] == "3"
    assert target["metadata"]["annotations"]["modelward.dev/rollback-id"] == status["lastRollback"]["id"]
    assert "reassertions" not in status
    assert model.name == target["metadata"]["name"]


def expect_no_trace_of_ownership(model: Model) -> None:
    """Nobody may meet a conflict with us, however often we died."""
    shown = model.kubectl.run("get", "deployment", model.name, "--output=json", "--show-managed-fields")
    assert "modelward" not in {entry["manager"] for entry in json.loads(shown)["metadata"]["managedFields"]}


def audited(model: Model) -> list[str]:
    """List the steps of rollbacks that the audit table keeps of a model."""
    with psycopg.connect(model.database_url) as connection:
        return sorted(phase for (phase,) in connection.execute(AUDITED.encode(), (model.name,)))
