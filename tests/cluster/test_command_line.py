"""`kubectl modelward` against the real operator: a person with a kubeconfig, who knows no database."""

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from cluster.scenes import GOOD, WORSE, A, B, Model, image_of
from sandbox.cluster import Cluster
from sandbox.kubectl import Kubectl
from sandbox.operator import Operator

VISITOR = """
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: {name: visitor}
rules: [{apiGroups: [modelward.dev], resources: [modeldeployments], verbs: [get, list]}]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: visitor}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: visitor}
subjects: [{kind: ServiceAccount, name: visitor}]
---
apiVersion: v1
kind: ServiceAccount
metadata: {name: visitor}
"""


@dataclass(frozen=True)
class Person:
    """Runs `kubectl modelward` with a kubeconfig, and no terminal."""

    cluster: Cluster
    kubeconfig: Path

    def __call__(self, *words: str) -> "subprocess.CompletedProcess[str]":
        path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
        environment = {"PATH": path, "KUBECONFIG": str(self.kubeconfig), "HOME": "/nowhere"}
        command = [str(self.cluster.kubectl), "modelward", *words]
        return subprocess.run(
            command, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False, timeout=100
        )

    def answer(self, *words: str, code: int = 0) -> dict[str, object]:
        """Return the answer for programs."""
        done = self(*words, "-o", "json")
        assert done.returncode == code, done.stderr
        found: dict[str, object] = json.loads(done.stdout)
        return found


@pytest.fixture
def model(operator: Operator, kubectl: Kubectl, database_secret: str) -> Model:
    """A served well, B serves now and is as good; a person decides about rollbacks."""
    assert operator.is_ready()
    model = Model(kubectl, database_secret)
    model.watch(autoRollback=False)
    for version, verdict in ((A, "InsufficientData"), (B, "Healthy")):
        model.predict(version, GOOD)
        model.deploy(version)
        model.until_verdict(verdict, version)
    return model


@pytest.fixture
def person(cluster: Cluster) -> Person:
    return Person(cluster, cluster.kubeconfig)


def test_a_person_looks_checks_asks_why_and_goes_back(model: Model, person: Person, namespace: str):
    here = ("-n", namespace)
    table = person("status", *here).stdout.splitlines()
    assert table[0].split()[:4] == ["NAMESPACE", "NAME", "READY", "VERDICT"]
    assert table[1].split()[:6] == [namespace, "house-prices", "True", "Healthy", B, A]

    checked = person("check", "house-prices", *here)
    assert (checked.returncode, "OK: " in checked.stdout) == (0, True), checked

    model.predict(B, WORSE, rows=2000)
    checked = person("check", *here)
    assert checked.returncode == 3, checked
    assert "R2" in checked.stdout
    assert "breached" in checked.stdout
    assert "spec.autoRollback is false: a person decides" in checked.stdout
    assert "Traceback" not in checked.stderr

    page = person("explain", "mdl/house-prices", *here).stdout
    for words in ("Degraded: ", "BeyondLimit: ", "ROWS", "METRICS", f"target: {A}", "held back by AutoRollbackOff"):
        assert words in page
    assert person("compare", B, A, *here).returncode == 3

    refused = person("rollback", *here)
    assert (refused.returncode, "add --yes" in refused.stderr, model.image()) == (2, True, image_of(B))

    back = person.answer("rollback", "house-prices", "--yes", *here)
    assert (back["kind"], back["phase"], back["from_version"], back["to_version"]) == ("Rollback", "Verified", B, A)
    assert str(back["actor"]).startswith("user ")
    assert str(back["actor"]).endswith(" (unverified)")
    assert model.image() == image_of(A)

    rows = person("history", "5", *here).stdout.splitlines()
    assert [row.split()[1:3] for row in rows[1:]] == [[A, "yes"], [B, "no"], [A, "no"]]
    assert f"to {A}, in quarantine" in rows[2]


def test_S16_old_versions_are_archived_over_the_secret_and_what_is_needed_stays(
    model: Model, person: Person, namespace: str
):
    register = "INSERT INTO model_versions (model_name, model_version, created_at) VALUES (%(m)s, %(v)s, %(at)s)"
    for version, at in ((A, "2025-01-02"), (B, "2025-01-03"), ("20240101_000000", "2024-01-01")):
        model.execute(register, {"m": model.name, "v": version, "at": at})
    found = person.answer("archive", model.name, "--older-than", "90d", "-n", namespace)
    assert (found["kind"], found["archived"]) == ("Archive", ["20240101_000000"])
    assert found["kept"] == {
        B: f"in production ({namespace}/{model.name})",
        A: f"what a rollback of {namespace}/{model.name} would put back",
    }


def test_a_check_that_rolls_back_is_followed_to_the_end(model: Model, person: Person, namespace: str):
    model.watch(autoRollback=True, checkInterval="24h")
    model.until_ready("True", "Watching")
    model.execute("ALTER TABLE model_predictions DISABLE TRIGGER USER")  # or the labels would be judged before it
    model.predict(B, WORSE, rows=2000)
    found = person.answer("check", "house-prices", "-n", namespace, code=4)
    assert (found["kind"], found["status"], found["rolled_back_to"]) == ("Check", "ROLLED_BACK", A)
    assert model.image() == image_of(A)


def test_what_cannot_be_meant_is_said_with_what_there_is(model: Model, person: Person, namespace: str):
    here = ("-n", namespace)
    unknown = person("rollback", "house-prices", "v9", "--yes", *here)
    assert unknown.returncode == 1
    assert f"target version v9 not found; known versions: {B}, {A}" in unknown.stderr
    nobody = person("explain", "home-prices", *here)
    assert nobody.returncode == 1
    assert f"there is no ModelDeployment {namespace}/home-prices; namespace {namespace} holds: house-prices" in (
        nobody.stderr
    )
    other = person("compare", B, "v9", *here)
    assert (other.returncode, "--database-url" in other.stderr) == (1, True)
    assert person("check", "house-prices", "--all", *here).returncode == 2
    assert person("explain", "--threshold", "3", *here).returncode == 2
    model.watch(autoRollback=False, suspend=True)
    model.until_ready("True", "Suspended")
    held = person("check", *here)
    assert (held.returncode, "ERROR: spec.suspend is true" in held.stdout) == (1, True), held
    assert model.image() == image_of(B)


@pytest.fixture
def visitor(cluster: Cluster, kubectl: Kubectl, tmp_path: Path) -> Person:
    """Somebody who may look in one namespace and nothing else."""
    kubectl.apply(VISITOR)
    token = kubectl.run("create", "token", "visitor").strip()
    admin = json.loads(kubectl.run("config", "view", "--raw", "--minify", "--flatten", "--output", "json"))
    admin["users"] = [{"name": user["name"], "user": {"token": token}} for user in admin["users"]]
    file = tmp_path / "kubeconfig"
    file.write_text(json.dumps(admin))
    return Person(cluster, file)


def test_a_right_that_is_missing_is_named_with_how_to_see_it(visitor: Person, kubectl: Kubectl, namespace: str):
    kubectl.apply(
        {
            "apiVersion": "modelward.dev/v1alpha1",
            "kind": "ModelDeployment",
            "metadata": {"name": "alone"},
            "spec": {"autoRollback": False, "suspend": True, "database": {"secretRef": {"name": "none"}}},
        }
    )
    here = ("-n", namespace)
    assert "alone" in visitor("status", *here).stdout
    refused = visitor("check", *here)
    assert refused.returncode == 1
    asked = f"kubectl auth can-i patch modeldeployments.modelward.dev --namespace {namespace}"
    assert asked in refused.stdout
    everywhere = visitor("status", "-A")
    assert everywhere.returncode == 1
    assert "kubectl auth can-i list modeldeployments.modelward.dev --all-namespaces" in everywhere.stderr


def test_the_shell_completes_names_and_versions(model: Model, person: Person, namespace: str):
    words = ["rollback", "house-prices", "-n", namespace, "2026"]
    assert model.image() == image_of(B)
    command = [str(Path(sys.executable).parent / "kubectl_complete-modelward"), *words]
    environment = {"PATH": os.environ["PATH"], "KUBECONFIG": str(person.kubeconfig)}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.splitlines() == [B, A, ":4"]
