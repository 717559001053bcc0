"""GitOps tools and a real operator: what they are told fits their resources, and how they read its status."""

import json
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner

from cluster.charts import a_chart
from cluster.scenes import GOOD, WORSE, A, B, Json, Model, condition, deployment, image_of
from modelward.cli.main import main
from sandbox import gitops
from sandbox.cluster import Cluster
from sandbox.commands import run_command
from sandbox.gitops import GitOps
from sandbox.kubectl import Kubectl
from sandbox.operator import ROOT, Operator
from sandbox.waiting import wait_until

LEAST: dict[str, Json] = {
    "Application": {
        "destination": {"server": "https://kubernetes.default.svc", "namespace": "ml"},
        "project": "default",
        "source": {"repoURL": "https://git.example.com/ml", "path": "prices", "targetRevision": "HEAD"},
    },
    "Kustomization": {"interval": "10m", "prune": True, "sourceRef": {"kind": "GitRepository", "name": "ml"}},
    "HelmRelease": {
        "interval": "10m",
        "chart": {"spec": {"chart": "prices", "sourceRef": {"kind": "HelmRepository", "name": "ml"}}},
    },
}
"""What else each object needs; the recipe is laid over it."""
FIELDS: dict[str, tuple[Json, str]] = {
    "an image": ({}, "/spec/template/spec/containers/0/image"),
    "a variable": (
        {"versionField": {"type": "Env", "env": {"name": "MODEL_VERSION"}}},
        "/spec/template/spec/containers/0/env/1/value",
    ),
    "an annotation": (
        {"versionField": {"type": "Annotation", "annotation": {"key": "example.com/version"}}},
        "/spec/template/metadata/annotations/example.com~1version",
    ),
}


@pytest.fixture(scope="module")
def built() -> GitOps:
    return gitops.build()


@pytest.fixture(scope="module")
def known(cluster: Cluster, built: GitOps) -> Iterator[None]:
    """Application, Kustomization and HelmRelease are served, by their own definitions."""
    kubectl = Kubectl(cluster)
    names = {file: f"crd/{yaml.safe_load(file.read_text())['metadata']['name']}" for file in built.definitions}
    there = kubectl.run("get", "crd", "--output=name")
    new = {file: name for file, name in names.items() if name.removeprefix("crd/") not in there}
    for file, name in new.items():
        kubectl.run("create", f"--filename={file}")
        wait_until(partial(is_established, kubectl, name), for_=f"{name} to be served", timeout=30)
    yield
    for name in new.values():
        kubectl.run("delete", name, "--wait=false")


def is_established(kubectl: Kubectl, name: str) -> bool:
    """Whether a definition is served; `kubectl wait` trips over one that has no conditions yet."""
    conditions = kubectl.json("get", name).get("status", {}).get("conditions") or ()
    return any((found["type"], found["status"]) == ("Established", "True") for found in conditions)


@pytest.fixture
def model(operator: Operator, kubectl: Kubectl, database_secret: str) -> Model:
    assert operator.is_ready()
    return Model(kubectl, database_secret)


def ask(model: Model, *words: str) -> str:
    where = ["--kubeconfig", str(model.kubectl.cluster.kubeconfig), "-n", str(model.kubectl.namespace)]
    done = CliRunner().invoke(main, ["gitops", model.name, *where, *words], env={"DATABASE_URL": ""})
    assert done.exit_code == 0, done.output
    return done.stdout


@pytest.mark.usefixtures("known")
@pytest.mark.parametrize("name", FIELDS)
def test_what_is_printed_fits_the_resources_it_is_pasted_into(model: Model, kubectl: Kubectl, name: str):
    spec, path = FIELDS[name]
    body = deployment(
        model.name, image_of(A), env=[{"name": "LOG", "value": "x"}, {"name": "MODEL_VERSION", "value": A}]
    )
    body["spec"]["template"]["metadata"]["annotations"] = {"example.com/version": A}
    kubectl.apply(body, "--server-side", "--field-manager=kustomize-controller")
    model.watch(suspend=True, **spec)
    documents = [document for document in yaml.safe_load_all(ask(model)) if document]
    assert [document["kind"] for document in documents] == ["Application", "Kustomization", "HelmRelease"]
    for document in documents:
        whole = {**document, "metadata": {"name": "prices"}, "spec": LEAST[document["kind"]] | document["spec"]}
        kubectl.run("create", "--dry-run=server", "--validate=strict", "--filename=-", stdin=json.dumps(whole))
    told = json.loads(ask(model, "--tool", "flux", "-o", "json"))
    assert (told["kind"], told["owner"], told["path"]) == ("GitOps", "kustomize-controller", path)
    (flux,) = told["recipes"]
    assert (flux["tool"], flux["owns_field"]) == ("flux", True)
    assert flux["document"]["spec"]["ignore"][0]["paths"] == [path]


@pytest.mark.usefixtures("known")
def test_an_unknown_field_would_have_been_noticed(kubectl: Kubectl):
    wrong = {"apiVersion": "kustomize.toolkit.fluxcd.io/v1", "kind": "Kustomization", "metadata": {"name": "x"}}
    wrong["spec"] = {**LEAST["Kustomization"], "ignored": []}
    done = kubectl.try_("create", "--dry-run=server", "--validate=strict", "--filename=-", stdin=json.dumps(wrong))
    assert 'unknown field "spec.ignored"' in done.stderr


def test_helm_and_argo_cd_read_how_it_stands(model: Model, built: GitOps, tmp_path: Path):
    chart = a_chart(tmp_path, model)
    done = upgrade(model, chart, A, "team=a")
    assert done.returncode == 0, done.stderr
    model.kubectl.run("wait", "--for=condition=Ready", model.resource, "--timeout=30s")
    watching = model.see()
    model.predict(A, GOOD)
    model.predict(B, WORSE)
    upgrade(model, chart, B, "team=a")  # fails too, where the verdict is there before Helm looks
    model.until_ready("False", "SpecVersionHeld")
    held = model.see()
    refused = upgrade(model, chart, B, "team=b")
    assert refused.returncode != 0
    assert f'spec.version "{B}" was rolled back and is held' in refused.stderr
    assert "deadline" not in refused.stderr
    healths = argo_cd(built, *({"do": "health", "object": found} for found in (watching, held)))
    assert [found["status"] for found in healths] == ["Healthy", "Degraded"]
    assert healths[1]["message"].startswith("SpecVersionHeld: ")
    ((changed,),) = argo_cd(built, {"do": "act", "object": held, "action": "clear-quarantine", "params": {}})
    notes = changed["resource"]["metadata"]["annotations"]
    patch = json.dumps({"metadata": {"annotations": notes}})
    model.kubectl.run("patch", model.resource, "--type=merge", "--patch", patch)
    record = model.until_answered("clearQuarantine", notes["modelward.dev/clear-quarantine-requested-at"])
    assert (record["result"], model.see()["status"].get("quarantine")) == ("Done", None), record
    assert condition(held["status"], "Stalled")["status"] == "True"


def upgrade(model: Model, chart: Path, version: str, team: str) -> Any:
    """Upgrade with Helm 4, which waits until everything is as kstatus wants it."""
    cluster, namespace = model.kubectl.cluster, str(model.kubectl.namespace)
    command: list[str | Path] = [cluster.helm, "upgrade", "--install", "prices", chart, "--wait", "--timeout=60s"]
    where: list[str | Path] = ["--kubeconfig", cluster.kubeconfig, "--namespace", namespace]
    values = [f"--set-string={value}" for value in (f"image={version}", f"version={version}", team)]
    return run_command([*command, *where, *values])


def argo_cd(built: GitOps, *tasks: Json) -> list[Any]:
    data = yaml.safe_load((ROOT / "deploy/argocd/argocd-cm.yaml").read_text())["data"]
    return built.argo_cd(data, *tasks)
