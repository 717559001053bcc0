"""Whoever writes the bad version again is corrected once, then named with the fix; what they write next goes through.

`kubectl set image` stands in test_operator_contests.py, Flux itself in test_operator_flux.py.
"""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from cluster.scenes import GOOD, WORSE, A, B, C, Model, condition, deployment, image_of
from sandbox.commands import run_command
from sandbox.kubectl import Kubectl
from sandbox.operator import Operator

Write = Callable[[str], None]


@pytest.fixture
def model(operator: Operator, kubectl: Kubectl, database_secret: str) -> Model:
    """A is good, B is not, C is; nothing is deployed yet."""
    assert operator.is_ready()
    model = Model(kubectl, database_secret)
    model.predict(A, GOOD)
    model.predict(B, WORSE)
    model.predict(C, GOOD)
    return model


def apply(model: Model, folder: Path) -> Write:
    """Apply a manifest that lies on somebody's disk."""
    del folder
    return model.deploy


def upgrade(model: Model, folder: Path) -> Write:
    """Upgrade a release of Helm 4, which applies server-side."""
    cluster, namespace = model.kubectl.cluster, str(model.kubectl.namespace)
    (folder / "templates").mkdir()
    (folder / "Chart.yaml").write_text("{apiVersion: v2, name: prices, version: 0.1.0}")
    text = json.dumps(deployment(model.name, image_of("@version@"))).replace("@version@", "{{ .Values.version }}")
    (folder / "templates/deployment.yaml").write_text(text)

    def write(version: str) -> None:
        command: list[str | Path] = [cluster.helm, "upgrade", "--install", "prices", folder]
        where: list[str | Path] = ["--kubeconfig", cluster.kubeconfig, "--namespace", namespace]
        done = run_command([*command, *where, f"--set-string=version={version}"])
        assert done.returncode == 0, done.stderr

    return write


WRITERS: dict[str, tuple[Callable[[Model, Path], Write], str, str]] = {
    "kubectl apply": (apply, "kubectl-client-side-apply", "change it in Git (or whatever writes the Deployment)"),
    "helm upgrade": (upgrade, "helm", "upgrade house-prices with the version that serves"),
}


@pytest.mark.parametrize(("make", "manager", "fix"), WRITERS.values(), ids=WRITERS)
def test_once_put_right_then_contested_and_a_hotfix_goes_through(
    model: Model, tmp_path: Path, make: Callable[[Model, Path], Write], manager: str, fix: str
):
    write = make(model, tmp_path)
    write(A)
    model.watch(rollback={"cooldown": "0s"})
    model.until_verdict("InsufficientData", A)
    write(B)
    model.until_rolled_back(A)
    write(B)
    model.notes("QuarantineEnforced")
    model.until_ready("True", "Watching")
    write(B)
    message = model.until_ready("False", "Contested")["message"]
    assert model.image() == image_of(B)
    assert f"put back again by field manager {manager}" in message
    assert fix in message
    (note,) = model.notes("Contested", "Deployment")
    assert f"came back again by field manager {manager}: hands off; {fix}" in note
    assert len(model.notes("QuarantineEnforced")) == len(model.notes("RolledBack")) == 1
    write(C)
    status = model.until_verdict("Healthy", C)
    assert (model.image(), condition(status, "Stalled")) == (image_of(C), {})
