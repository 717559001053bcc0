"""Versions in every place they can stand, put there by the spec and put back: real kubectl, helm and API server."""

from pathlib import Path
from typing import Any

import pytest

from cluster.charts import a_chart
from cluster.scenes import GOOD, REPOSITORY, WORSE, A, B, C, Model, condition, deployment, image_of
from sandbox.commands import run_command
from sandbox.kubectl import Kubectl
from sandbox.operator import Operator

DIGESTS = {A: f"{REPOSITORY}@sha256:{'a' * 64}", B: f"{REPOSITORY}@sha256:{'b' * 64}"}
ENV = {"versionField": {"type": "Env", "env": {"name": "MODEL_VERSION"}}}
NOTE = {"versionField": {"type": "Annotation", "annotation": {"key": "example.com/version"}}}
INIT = {"versionField": {"containerName": "fetch"}}


@pytest.fixture
def model(operator: Operator, kubectl: Kubectl, database_secret: str) -> Model:
    """A served well, B will not; nothing is deployed yet."""
    assert operator.is_ready()
    model = Model(kubectl, database_secret)
    model.predict(A, GOOD)
    return model


def serve(model: Model, version: str, *arguments: str, **spec: Any) -> None:
    """Apply the Deployment as a pipeline does."""
    body = deployment(model.name, image_of(version))
    body["spec"] |= spec
    model.kubectl.apply(body, *arguments)


def until_placed(model: Model, version: str) -> dict[str, Any]:
    """Wait until the spec's version stands in the Deployment."""

    def holds(status: dict[str, Any]) -> bool:
        found = status.get("placement", {})
        return (found.get("version"), found.get("state")) == (version, "Placed")

    return model.until(holds, f"{version} in place")


def managers(model: Model) -> set[str]:
    """List who owns fields of the Deployment."""
    found = model.kubectl.json("get", "deployment", model.name, "--show-managed-fields")
    return {entry["manager"] for entry in found["metadata"]["managedFields"]}


# -- Managed mode ----------------------------------------------------------------------------------------------------


def test_deployed_by_the_spec_rolled_back_held_and_released_and_nobody_is_in_the_way(model: Model):
    serve(model, A, "--server-side", "--field-manager=pipeline")
    model.watch(version=A)
    until_placed(model, A)
    model.predict(B, WORSE)
    model.watch(version=B)
    ready = model.until_ready("False", "SpecVersionHeld")
    status = model.see()["status"]
    assert [m["placedBy"] for m in status["history"]] == ["Found", "Spec", "Rollback"]
    assert f'put spec.version: "{A}" into Git, name another version, or clear its quarantine' in ready["message"]
    assert condition(status, "Stalled")["reason"] == "SpecVersionHeld"
    assert condition(status, "RolledBack")["status"] == "True"
    assert model.image() == image_of(A)
    assert model.notes("VersionPlaced") == [f"{A} -> {B}: spec.version; epoch 2 begins"]
    assert "modelward" not in managers(model)
    serve(model, A, "--server-side", "--field-manager=pipeline", replicas=2)
    assert model.target()["spec"]["replicas"] == 2
    model.watch(version=A)
    model.until_ready("True", "Watching")
    model.predict(C, GOOD)
    model.watch(version=C)
    model.until_verdict("Healthy", C)
    assert model.image() == image_of(C)
    serve(model, C, "--server-side", "--field-manager=another")


def test_what_somebody_else_writes_is_put_right_once_and_then_contested_with_their_name(model: Model):
    model.deploy(A)
    model.watch(version=A)
    until_placed(model, A)
    model.set_image(C)
    (note,) = model.notes("SpecVersionEnforced")
    assert "by field manager kubectl-set while spec.version" in note
    model.until(lambda s: s.get("reassertions"), "the correction")
    assert model.image() == image_of(A)
    model.set_image(C)
    assert "kubectl-set" in model.until_ready("False", "Contested")["message"]
    assert model.image() == image_of(C)


def test_helm_upgrades_what_the_operator_placed_and_rolled_back(model: Model, tmp_path: Path):
    cluster, namespace = model.kubectl.cluster, str(model.kubectl.namespace)
    chart = a_chart(tmp_path, model)

    def helm(*values: str) -> None:
        command: list[str | Path] = [cluster.helm, "upgrade", "--install", "prices", chart]
        where: list[str | Path] = ["--kubeconfig", cluster.kubeconfig, "--namespace", namespace]
        done = run_command([*command, *where, *(f"--set-string={value}" for value in values)])
        assert done.returncode == 0, done.stderr

    helm(f"image={A}", f"version={A}", "team=a")
    until_placed(model, A)
    helm(f"image={A}", f"version={C}", "team=a")
    until_placed(model, C)
    assert model.image() == image_of(C)
    helm(f"image={C}", f"version={C}", "team=b")
    assert model.target()["metadata"]["labels"]["team"] == "b"
    model.predict(B, WORSE)
    model.predict(C, GOOD)
    model.check_until(lambda s: s.get("verdict") == "Healthy", "a good word for C")
    helm(f"image={B}", f"version={B}", "team=b")
    model.until_ready("False", "SpecVersionHeld")
    assert model.image() == image_of(C)
    helm(f"image={C}", f"version={C}", "team=c")
    model.until_ready("True", "Watching")
    assert (model.image(), model.events("SpecVersionEnforced")) == (image_of(C), [])


# -- other places ----------------------------------------------------------------------------------------------------


def standing_in(kind: str, version: str) -> dict[str, Any]:
    """Serve a version that stands in a variable, an annotation, an init container's image, or an image by digest."""
    image = DIGESTS[version] if kind == "digest" else f"{REPOSITORY}-server:1"
    env = [{"name": "LOG", "value": "info"}, {"name": "MODEL_VERSION", "value": version if kind == "env" else "x"}]
    body = deployment("house-prices", image, env=env)
    template = body["spec"]["template"]
    template["metadata"]["annotations"] = {"example.com/version": version if kind == "note" else "x"}
    template["spec"]["initContainers"] = [{"name": "fetch", "image": image_of(version if kind == "init" else A)}]
    return body


CATALOGUE = {"versions": [{"name": name, "image": image} for name, image in DIGESTS.items()]}
PLACES: dict[str, tuple[dict[str, Any], str]] = {
    "env": (ENV, A),
    "note": (NOTE, A),
    "init": (INIT, image_of(A)),
    "digest": (CATALOGUE, DIGESTS[A]),
}


@pytest.mark.parametrize("kind", PLACES)
def test_a_bad_version_is_rolled_back_wherever_it_stands(model: Model, kind: str):
    spec, value = PLACES[kind]
    model.kubectl.apply(standing_in(kind, A))
    model.watch(**spec)
    model.until_verdict("InsufficientData", A)
    good = model.target()["spec"]["template"]
    model.predict(B, WORSE)
    model.kubectl.apply(standing_in(kind, B))
    last = model.until_rolled_back(A)["lastRollback"]
    assert (last["from"], last["to"], last["toValue"]) == (B, A, value)
    assert model.target()["spec"]["template"] == good
    assert "modelward" not in managers(model)


@pytest.mark.parametrize("kind", ["env", "note"])
def test_the_past_is_read_from_replica_sets_wherever_the_version_stands(model: Model, kind: str):
    for version in (A, B):
        model.kubectl.apply(standing_in(kind, version))
        model.kubectl.run("rollout", "status", f"deployment/{model.name}", "--timeout=30s")
    model.watch(**PLACES[kind][0])
    status = model.until(lambda s: s.get("currentVersion") == B, "the first look")
    assert [(m["version"], m["value"]) for m in status["history"]] == [(A, A), (B, B)]


def test_an_image_elsewhere_is_placed_once_the_deployment_allows_it(model: Model):
    model.deploy(A)
    model.watch(version=B, versions=[{"name": B, "image": "mirror.example.com/ml/prices:b"}])
    message = model.until_ready("False", "RepositoryNotAllowed")["message"]
    assert "annotate the Deployment with modelward.dev/allowed-images: mirror.example.com/ml/prices" in message
    note = "modelward.dev/allowed-images=mirror.example.com/*/prices"
    model.kubectl.run("annotate", f"deployment/{model.name}", note)
    until_placed(model, B)
    assert model.image() == "mirror.example.com/ml/prices:b"
