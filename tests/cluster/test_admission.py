"""The API server holds the operator's own hands: with its token, one value of a Deployment may change, and no more.

Patches are asked for with --dry-run=server: admission answers as it would, and the Deployment stays as it is.
"""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from cluster.scenes import A, B, Model, image_of
from sandbox import operator as operators
from sandbox.cluster import Cluster
from sandbox.kubectl import Kubectl
from sandbox.waiting import wait_until

if TYPE_CHECKING:
    import subprocess

pytestmark = pytest.mark.every_version
Json = dict[str, Any]
NAMESPACE = "held-hands"
POD = "/spec/template/spec"
MODEL = f"{POD}/containers/0"
NOTES = "/metadata/annotations"
LABELS = {"app": "prices"}
SERVING: Json = {
    "apiVersion": "apps/v1",
    "kind": "Deployment",
    "metadata": {
        "name": "prices",
        "namespace": NAMESPACE,
        "labels": LABELS,
        "annotations": {
            "modelward.dev/allowed-images": "registry.example.com/*, mirror.example.com:5000/a-*/x",
            "team": "pricing",
        },
    },
    "spec": {
        "replicas": 2,
        "selector": {"matchLabels": LABELS},
        "template": {
            "metadata": {"labels": LABELS, "annotations": {"example.com/version": A, "example.com/team": "pricing"}},
            "spec": {
                "initContainers": [{"name": "fetch", "image": f"registry.example.com/fetch:{A}"}],
                "containers": [
                    {
                        "name": "model",
                        "image": image_of(A),
                        "command": ["serve"],
                        "env": [
                            {"name": "MODEL_VERSION", "value": A},
                            {"name": "LEVEL", "value": "info"},
                            {"name": "NODE", "valueFrom": {"fieldRef": {"fieldPath": "spec.nodeName"}}},
                        ],
                    },
                    {"name": "proxy", "image": "registry.example.com/proxy:1"},
                    {
                        "name": "twice",
                        "image": "registry.example.com/twice:1",
                        "env": [*({"name": "X", "value": n} for n in "12"), {"name": "MODEL_VERSION", "value": A}],
                    },
                ],
            },
        },
    },
}


def put(path: str, value: Any, op: str = "replace") -> Json:
    return {"op": op, "path": path, "value": value}


def add(path: str, value: Any) -> Json:
    return put(path, value, "add")


def remove(path: str) -> Json:
    return {"op": "remove", "path": path}


IMAGE = put(f"{MODEL}/image", image_of(B))
RECORD = [add(f"{NOTES}/modelward.dev~1{name}", "x") for name in ("rollback-id", "rolled-back-from", "rolled-back-to")]
ALLOWED: dict[str, list[Json]] = {
    "an image": [IMAGE],
    "an image with the record of a rollback": [IMAGE, *RECORD],
    "the record alone": RECORD,
    "an image by its digest": [put(f"{MODEL}/image", f"{image_of(B)}@sha256:{'0' * 64}")],
    "an image from a repository that the Deployment allows": [
        put(f"{MODEL}/image", f"mirror.example.com:5000/a-b/x:{B}")
    ],
    "the image of an init container": [put(f"{POD}/initContainers/0/image", f"registry.example.com/fetch:{B}")],
    "the value of a variable": [put(f"{MODEL}/env/0/value", B)],
    "a variable emptied": [put(f"{MODEL}/env/0/value", "")],
    "an annotation of the pod template": [put("/spec/template/metadata/annotations/example.com~1version", B)],
    "a variable beside one that is named twice": [put(f"{POD}/containers/2/env/2/value", B)],
    "managedFields given back": [put("/metadata/managedFields", [{}])],
    "nothing": [],
}
REFUSED: dict[str, tuple[list[Json], str]] = {
    "replicas": ([put("/spec/replicas", 0)], "nothing else of its spec: replicas"),
    "paused": ([add("/spec/paused", value=True)], "nothing else of its spec: paused"),
    "the strategy": ([put("/spec/strategy", {"type": "Recreate"})], "nothing else of its spec: strategy"),
    "a label": ([add("/metadata/labels/team", "x")], "may not change metadata of a Deployment: labels"),
    "an owner": (
        [add("/metadata/ownerReferences", [{"apiVersion": "v1", "kind": "ConfigMap", "name": "x", "uid": "1"}])],
        "may not change metadata of a Deployment: ownerReferences",
    ),
    "a finalizer": ([add("/metadata/finalizers", ["example.com/x"])], "metadata of a Deployment: finalizers"),
    "somebody's annotation": ([put(f"{NOTES}/team", "x")], "no other annotation: team"),
    "an annotation removed": ([remove(f"{NOTES}/team")], "no other annotation: team"),
    "its own permission": (
        [put(f"{NOTES}/modelward.dev~1allowed-images", "*")],
        "no other annotation: modelward.dev/allowed-images",
    ),
    "its own consent": (
        [add(f"{NOTES}/modelward.dev~1allow-rollback", "prices")],
        "no other annotation: modelward.dev/allow-rollback",
    ),
    "a label of the pods": ([add("/spec/template/metadata/labels/x", "y")], "nothing else of its metadata: labels"),
    "an annotation more": ([add("/spec/template/metadata/annotations/x", "y")], "neither add nor remove any"),
    "an annotation less": (
        [remove("/spec/template/metadata/annotations/example.com~1team")],
        "neither add nor remove any",
    ),
    "two annotations": (
        [
            put("/spec/template/metadata/annotations/example.com~1version", B),
            put("/spec/template/metadata/annotations/example.com~1team", B),
        ],
        "one value at a time",
    ),
    "the service account": ([add(f"{POD}/serviceAccountName", "admin")], "of its spec: serviceAccount"),
    "volumes": ([add(f"{POD}/volumes", [{"name": "x", "emptyDir": {}}])], "nothing else of its spec: volumes"),
    "the node's network": ([add(f"{POD}/hostNetwork", value=True)], "nothing else of its spec: hostNetwork"),
    "a command": ([put(f"{MODEL}/command", ["sh"])], "nothing else of it: model"),
    "arguments": ([add(f"{MODEL}/args", ["-x"])], "nothing else of it: model"),
    "a command removed": ([remove(f"{MODEL}/command")], "nothing else of it: model"),
    "a container more": (
        [add(f"{POD}/containers/-", {"name": "x", "image": "x"})],
        "neither add, remove, rename nor reorder containers",
    ),
    "a container less": ([remove(f"{POD}/containers/1")], "neither add, remove, rename nor reorder containers"),
    "an init container less": ([remove(f"{POD}/initContainers/0")], "neither add, remove, rename nor reorder"),
    "a container renamed": ([put(f"{POD}/containers/1/name", "x")], "neither add, remove, rename nor reorder"),
    "containers in another order": (
        [{"op": "move", "from": f"{POD}/containers/1", "path": f"{POD}/containers/0"}],
        "neither add, remove, rename nor reorder containers",
    ),
    "an init container that becomes an ordinary one": (
        [
            {"op": "move", "from": f"{POD}/initContainers/0", "path": f"{POD}/containers/0"},
        ],
        "neither add, remove, rename nor reorder containers",
    ),
    "an image from elsewhere": (
        [put(f"{MODEL}/image", f"elsewhere.example.com/prices:{B}")],
        "allowed-images of the Deployment lists: elsewhere.example.com/prices",
    ),
    "an image from deeper than is allowed": (
        [put(f"{MODEL}/image", f"registry.example.com/a/b:{B}")],
        "allowed-images of the Deployment lists: registry.example.com/a/b",
    ),
    "an image from a host that looks alike": (
        [put(f"{MODEL}/image", f"registryxexample.com/prices:{B}")],
        "allowed-images of the Deployment lists: registryxexample.com/prices",
    ),
    "an image from another port": (
        [put(f"{MODEL}/image", f"mirror.example.com:6000/a-b/x:{B}")],
        "allowed-images of the Deployment lists: mirror.example.com:6000/a-b/x",
    ),
    "two images": (
        [IMAGE, put(f"{POD}/containers/1/image", "x")],
        "one value at a time: image of model, image of proxy",
    ),
    "an image and a variable": (
        [IMAGE, put(f"{MODEL}/env/0/value", B)],
        "one value at a time: image of model, variable MODEL_VERSION of model",
    ),
    "an image and an annotation": (
        [IMAGE, put("/spec/template/metadata/annotations/example.com~1version", B)],
        "one value at a time: image of model, annotation example.com/version",
    ),
    "two variables": (
        [put(f"{MODEL}/env/0/value", B), put(f"{MODEL}/env/1/value", "debug")],
        "one value at a time: variable MODEL_VERSION of model, variable LEVEL of model",
    ),
    "a variable more": ([add(f"{MODEL}/env/-", {"name": "LD_PRELOAD", "value": "x"})], "neither add, remove, reorder"),
    "a variable less": ([remove(f"{MODEL}/env/1")], "neither add, remove, reorder"),
    "the first variables": ([add(f"{POD}/containers/1/env", [{"name": "X", "value": "1"}])], "neither add, remove"),
    "a variable renamed": ([put(f"{MODEL}/env/0/name", "PATH")], "neither add, remove, reorder"),
    "variables in another order": (
        [{"op": "move", "from": f"{MODEL}/env/1", "path": f"{MODEL}/env/0"}],
        "neither add, remove, reorder",
    ),
    "a variable from elsewhere": (
        [put(f"{MODEL}/env/0", {"name": "MODEL_VERSION", "valueFrom": {"secretKeyRef": {"name": "s", "key": "k"}}})],
        "redirect",
    ),
    "a variable no longer from elsewhere": ([put(f"{MODEL}/env/2", {"name": "NODE", "value": "x"})], "redirect"),
    "one of two that have the same name": (
        [put(f"{POD}/containers/2/env/1/value", "1")],
        "one that is named twice: twice",
    ),
    "two of the same name in another order": (
        [{"op": "move", "from": f"{POD}/containers/2/env/1", "path": f"{POD}/containers/2/env/0"}],
        "one that is named twice: twice",
    ),
    "a version hidden among more": (
        [IMAGE, *RECORD, put("/spec/replicas", 3)],
        "nothing else of its spec: replicas",
    ),
}


@pytest.fixture(scope="module")
def deployment(cluster: Cluster, as_operator: Kubectl) -> Iterator[str]:
    """A Deployment that serves; the API server takes a moment to take up a policy."""
    kubectl, name = Kubectl(cluster), "deployment/prices"
    kubectl.run("create", "namespace", NAMESPACE)
    kubectl.apply(SERVING)
    scale = [put("/spec/replicas", 0)]
    wait_until(
        lambda: patch(as_operator, name, scale, "--dry-run=server").returncode != 0,
        for_="the policy to be taken up",
        timeout=30,
    )
    yield name
    kubectl.run("delete", "namespace", NAMESPACE, "--wait=false")


@pytest.fixture(scope="module")
def as_operator(cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Kubectl:
    """Run kubectl with the operator's own token."""
    kubeconfig = tmp_path_factory.mktemp("operator") / "kubeconfig"
    kubeconfig.touch(mode=0o600)
    kubeconfig.write_text(operators.service_account_kubeconfig(cluster))
    return Kubectl(replace(cluster, kubeconfig=Path(kubeconfig)), NAMESPACE)


def patch(kubectl: Kubectl, what: str, operations: list[Json], *how: str) -> "subprocess.CompletedProcess[str]":
    return kubectl.try_("patch", what, "--type=json", f"--patch={json.dumps(operations)}", *how)


def test_the_operator_may_change_one_value_and_say_so(as_operator: Kubectl, deployment: str):
    for what, operations in ALLOWED.items():
        done = patch(as_operator, deployment, operations, "--dry-run=server")
        assert done.returncode == 0, f"{what}: {done.stderr}"


@pytest.mark.parametrize("what", REFUSED)
def test_all_else_is_refused_with_a_sentence(as_operator: Kubectl, deployment: str, what: str):
    operations, sentence = REFUSED[what]
    done = patch(as_operator, deployment, operations, "--dry-run=server")
    assert done.returncode != 0
    assert "Error from server (Forbidden)" in done.stderr
    assert "denied request: modelward may" in done.stderr
    assert sentence in done.stderr


@pytest.mark.parametrize(
    ("part", "operation"), [("scale", put("/spec/replicas", 0)), ("status", put("/status/replicas", 9))]
)
def test_no_other_door_leads_to_a_deployment(as_operator: Kubectl, deployment: str, part: str, operation: Json):
    done = patch(as_operator, deployment, [operation], f"--subresource={part}", "--dry-run=server")
    assert done.returncode != 0
    assert "forbidden" in done.stderr
    assert as_operator.try_("auth", "can-i", "patch", "deployments", f"--subresource={part}").stdout.strip() == "no"


@pytest.mark.parametrize("verb", ["replace", "delete"])
def test_a_deployment_is_neither_replaced_nor_deleted(as_operator: Kubectl, deployment: str, verb: str):
    what = ("--filename=-", "--dry-run=server")
    done = as_operator.try_(verb, *what, stdin=json.dumps(SERVING))
    assert done.returncode != 0
    assert f'cannot {verb.replace("replace", "update")} resource "deployments"' in done.stderr, deployment


def test_everybody_else_changes_what_they_please(cluster: Cluster, deployment: str):
    operations = [*RECORD, put("/spec/replicas", 3), IMAGE, put(f"{POD}/containers/1/image", "x")]
    done = patch(Kubectl(cluster, NAMESPACE), deployment, operations, "--dry-run=server")
    assert done.returncode == 0, done.stderr


def test_a_big_deployment_costs_no_more_than_the_api_server_allows(as_operator: Kubectl, kubectl: Kubectl):
    many = [{"name": f"VARIABLE_{n}", "value": "x" * 40} for n in range(250)]
    model = Model(kubectl, "", "big")
    model.deploy(A, env=many)
    mine = replace(as_operator, namespace=kubectl.namespace)
    for operations in ([IMAGE], [put(f"{MODEL}/env/249/value", B)]):
        done = patch(mine, "deployment/big", operations, "--dry-run=server")
        assert done.returncode == 0, done.stderr


def test_the_api_server_has_nothing_to_say_about_the_policy(cluster: Cluster):
    def checked() -> Json:
        kubectl = Kubectl(cluster)
        found: Json = kubectl.json("get", "validatingadmissionpolicy", f"modelward.{operators.NAMESPACE}")
        return dict(found.get("status", {}))

    wait_until(lambda: "typeChecking" in checked(), for_="the policy's types to be checked", timeout=30)
    assert checked()["typeChecking"].get("expressionWarnings", []) == []
