"""The chart on a cluster of its own: what it installs, what it refuses, what it leaves behind."""

import json
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from sandbox import cluster as control_plane
from sandbox.cluster import Cluster

ROOT = Path(__file__).resolve().parents[2]
CHART = ROOT / "charts/modelward"
MANIFESTS = ROOT / "deploy/manifests/modelward.yaml"
HOME = "modelward-system"
CRD = "customresourcedefinition.apiextensions.k8s.io/modeldeployments.modelward.dev"
OPERATOR = f"system:serviceaccount:{HOME}:modelward"
KINDS = (
    "clusterroles,clusterrolebindings,serviceaccounts,roles,rolebindings,deployments,pods,leases,secrets,configmaps,"
    "customresourcedefinitions,networkpolicies,services,poddisruptionbudgets,"
    "validatingadmissionpolicies,validatingadmissionpolicybindings"
)
MODEL = """
apiVersion: modelward.dev/v1alpha1
kind: ModelDeployment
metadata: {name: house-prices, namespace: default}
spec: {database: {secretRef: {name: db}}, autoRollback: false}
"""
RIGHTS = {
    "list modeldeployments": "yes",
    "patch modeldeployments --subresource=status": "yes",
    "patch modeldeployments": "no",
    "patch deployments": "yes",
    "update deployments": "no",
    "create deployments": "no",
    "delete deployments": "no",
    "get secrets": "yes",
    "list secrets": "no",
    "watch secrets": "no",
    "create pods": "no",
    "create events.events.k8s.io": "yes",
    "update leases.coordination.k8s.io": "no",
}

Run = Callable[..., subprocess.CompletedProcess[str]]
Objects = list[dict[str, Any]]


@pytest.fixture(scope="module")
def plane(cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """A control plane with nothing else on it: the resource and the cluster's roles come and go here."""
    if cluster.source in {"given", "kind"}:
        pytest.skip(f"a cluster of its own is needed, and there is only this one: {cluster.source}")
    started = control_plane.start(tmp_path_factory.mktemp("chart"))
    yield started
    started.stop()


@pytest.fixture(scope="module")
def kubectl(plane: Cluster) -> Run:
    return runner(str(plane.kubectl), f"--kubeconfig={plane.kubeconfig}")


@pytest.fixture(scope="module")
def helm(plane: Cluster) -> Run:
    return runner(str(plane.helm), f"--kubeconfig={plane.kubeconfig}", f"--namespace={HOME}")


@pytest.fixture
def home(kubectl: Run, helm: Run) -> Iterator[None]:
    """The operator's namespace, with the strict policy; nothing of the chart is left after the test."""
    kubectl("create", "namespace", HOME)
    kubectl("label", "namespace", HOME, "pod-security.kubernetes.io/enforce=restricted")
    yield
    helm("uninstall", "modelward", "--ignore-not-found", "--wait")
    kubectl("delete", CRD, "--ignore-not-found")


def runner(*head: str) -> Run:
    """Run a command, with what it printed."""

    def run(*arguments: str, stdin: str | None = None) -> "subprocess.CompletedProcess[str]":
        command = [*head, *arguments]
        return subprocess.run(command, input=stdin, capture_output=True, text=True, check=False, timeout=100)

    return run


def install(helm: Run, *arguments: str) -> None:
    done = helm("install", "modelward", str(CHART), "--wait", "--timeout=60s", *arguments)
    assert done.returncode == 0, done.stderr


def render(helm: Run, *arguments: str) -> Objects:
    done = helm("template", "modelward", str(CHART), *arguments)
    assert done.returncode == 0, done.stderr
    return [found for found in yaml.safe_load_all(done.stdout) if found]


def ours(kubectl: Run) -> set[str]:
    """Every object of the cluster that has to do with modelward."""
    names = kubectl("get", KINDS, "--all-namespaces", "--output=name").stdout.split()
    return {name for name in names if "modelward" in name}


def rights(kubectl: Run, namespace: str) -> dict[str, str]:
    """Answers to each question of RIGHTS in one namespace."""
    who = (f"--as={OPERATOR}", f"--namespace={namespace}")
    return {asked: kubectl("auth", "can-i", *asked.split(), *who).stdout.strip() for asked in RIGHTS}


def test_lint_has_nothing_to_say(helm: Run):
    linted = helm("lint", "--strict", str(CHART))
    assert linted.returncode == 0, linted.stdout


@pytest.mark.usefixtures("home")
def test_install_brings_the_resource_and_a_running_operator(helm: Run, kubectl: Run):
    install(helm)
    (pod,) = json.loads(kubectl("get", "pods", f"--namespace={HOME}", "--output=json").stdout)["items"]
    assert pod["spec"]["serviceAccountName"] == "modelward"
    assert kubectl("create", "--dry-run=server", "--filename=-", stdin=MODEL).returncode == 0


@pytest.mark.usefixtures("home")
def test_install_without_a_replica_brings_all_but_the_running_operator(helm: Run, kubectl: Run):
    install(helm, "--set=replicaCount=0")
    notes = helm("get", "notes", "modelward").stdout
    assert "replicaCount is 0" in notes
    assert "autoRollback: false" in notes
    assert "for a week" in notes
    found = ours(kubectl)
    assert {"deployment.apps/modelward", "serviceaccount/modelward", "lease.coordination.k8s.io/modelward"} <= found
    assert not [name for name in found if name.startswith("pod/")]


@pytest.mark.usefixtures("home")
def test_the_operator_may_do_its_work_everywhere_and_nothing_else(helm: Run, kubectl: Run):
    install(helm, "--set=replicaCount=0")
    assert rights(kubectl, "default") == RIGHTS


@pytest.mark.usefixtures("home")
def test_the_operator_holds_its_own_lease_and_no_other(helm: Run, kubectl: Run):
    install(helm, "--set=replicaCount=0")
    ask = ("auth", "can-i", "update", f"--as={OPERATOR}", f"--namespace={HOME}")
    assert kubectl(*ask, "leases/modelward").stdout.strip() == "yes"
    assert kubectl(*ask, "leases/another").stdout.strip() == "no"


@pytest.mark.usefixtures("home")
def test_named_namespaces_are_all_that_it_sees(helm: Run, kubectl: Run):
    before = ours(kubectl)
    install(helm, "--set=replicaCount=0", "--set=watchNamespaces={default}")
    assert not [name for name in ours(kubectl) - before if name.startswith("clusterrole")]
    assert rights(kubectl, "default") == RIGHTS
    assert set(rights(kubectl, "kube-public").values()) == {"no"}


@pytest.mark.usefixtures("home")
def test_uninstall_keeps_the_resource_with_its_objects_and_nothing_else(helm: Run, kubectl: Run):
    before = ours(kubectl)
    install(helm)
    assert kubectl("create", "--filename=-", stdin=MODEL).returncode == 0
    assert helm("uninstall", "modelward", "--wait").returncode == 0
    kubectl("wait", "--for=delete", "pods", "--all", f"--namespace={HOME}", "--timeout=60s")
    assert ours(kubectl) - before == {CRD}
    assert kubectl("get", "mdl/house-prices", "--namespace=default").returncode == 0


@pytest.mark.usefixtures("home")
def test_what_was_kept_is_taken_up_by_the_next_install(helm: Run, kubectl: Run):
    install(helm, "--set=replicaCount=0")
    helm("uninstall", "modelward", "--wait")
    install(helm, "--set=replicaCount=0")
    assert CRD in ours(kubectl)


@pytest.mark.usefixtures("home")
def test_uninstall_removes_the_resource_too_when_it_is_not_kept(helm: Run, kubectl: Run):
    before = ours(kubectl)
    install(helm, "--set=crds.keep=false", "--set=replicaCount=0")
    assert helm("uninstall", "modelward", "--wait").returncode == 0
    kubectl("wait", "--for=delete", CRD, "--timeout=60s")
    assert ours(kubectl) == before


@pytest.mark.usefixtures("home")
def test_an_upgrade_leaves_the_lease_with_its_holder(helm: Run, kubectl: Run):
    install(helm, "--set=replicaCount=0")
    lease = ("lease/modelward", f"--namespace={HOME}")
    kubectl("patch", *lease, "--type=merge", '--patch={"spec": {"holderIdentity": "pod-1"}}')
    upgraded = helm("upgrade", "modelward", str(CHART), "--set=replicaCount=0", "--set=logLevel=DEBUG")
    assert upgraded.returncode == 0, upgraded.stderr
    assert kubectl("get", *lease, "--output=jsonpath={.spec.holderIdentity}").stdout == "pod-1"


def test_the_rendered_manifests_are_applied_and_deleted_as_they_are(kubectl: Run):
    applied = kubectl("apply", "--server-side", f"--filename={MANIFESTS}")
    assert applied.returncode == 0, applied.stderr
    rolled_out = kubectl("rollout", "status", "deployment/modelward", f"--namespace={HOME}", "--timeout=60s")
    deleted = kubectl("delete", f"--filename={MANIFESTS}")
    assert rolled_out.returncode == 0, rolled_out.stderr
    assert deleted.returncode == 0, deleted.stderr


@pytest.mark.parametrize(
    ("value", "where"),
    [
        ("replicaCount=2", "/replicaCount"),
        ("replicas=1", "'replicas' not allowed"),
        ("image.tags=v1", "'tags' not allowed"),
        ("image.tag=a:b", "/image/tag"),
        ("image.digest=latest", "/image/digest"),
        ("crds.keep=yes", "/crds/keep"),
        ("watchNamespaces=default", "/watchNamespaces"),
        ("watchNamespaces={Default}", "/watchNamespaces/0"),
        ("breaker.percent=0", "/breaker/percent"),
        ("logLevel=LOUD", "/logLevel"),
        ("logFormat=xml", "/logFormat"),
        ("requireOptIn=maybe", "/requireOptIn"),
        ("serviceAccount.create=false", "serviceAccount.name is required"),
    ],
)
def test_a_wrong_value_is_refused_by_its_name(helm: Run, value: str, where: str):
    refused = helm("template", "modelward", str(CHART), f"--set={value}")
    assert refused.returncode != 0
    assert where in refused.stderr


def test_the_resource_is_the_written_one_with_one_annotation(helm: Run):
    written = yaml.safe_load((ROOT / "deploy/crds/modeldeployments.yaml").read_text())
    written["metadata"]["annotations"] = {"helm.sh/resource-policy": "keep"}
    assert written in render(helm)
    assert "CustomResourceDefinition" not in {found["kind"] for found in render(helm, "--set=crds.enabled=false")}


def test_namespaces_by_name_render_a_role_in_each_and_no_cluster_role(helm: Run):
    found = render(helm, "--set=watchNamespaces={ml,shop}")
    assert not [one for one in found if one["kind"].startswith("ClusterRole")]
    placed = {(one["kind"], one["metadata"]["namespace"]) for one in found if one["kind"].startswith("Role")}
    assert placed == {(kind, space) for kind in ("Role", "RoleBinding") for space in ("ml", "shop", HOME)}


def test_a_digest_decides_which_image_runs(helm: Run):
    digest = f"sha256:{'0' * 64}"
    found = render(helm, "--set=image.repository=registry/modelward", f"--set=image.digest={digest}")
    (deployment,) = (one for one in found if one["kind"] == "Deployment")
    (container,) = deployment["spec"]["template"]["spec"]["containers"]
    assert container["image"] == f"registry/modelward:0.1.0@{digest}"
