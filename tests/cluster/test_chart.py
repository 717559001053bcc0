"""The chart on a cluster of its own: what it installs, what it refuses, what it leaves behind."""

import json
from collections.abc import Iterator

import pytest

from cluster.releases import CHART, CRD, HOME, OPERATOR, ROOT, Run, empty_plane, helm_of, kubectl_of, strict_home
from sandbox.cluster import Cluster
from sandbox.waiting import wait_until

MANIFESTS = ROOT / "deploy/manifests/modelward.yaml"
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


@pytest.fixture(scope="module")
def plane(cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    with empty_plane(cluster, tmp_path_factory.mktemp("chart")) as started:
        yield started


@pytest.fixture(scope="module")
def kubectl(plane: Cluster) -> Run:
    return kubectl_of(plane)


@pytest.fixture(scope="module")
def helm(plane: Cluster) -> Run:
    return helm_of(plane)


@pytest.fixture
def home(kubectl: Run, helm: Run) -> Iterator[None]:
    with strict_home(kubectl, helm):
        yield


def install(helm: Run, *arguments: str) -> None:
    done = helm("install", "modelward", str(CHART), "--wait", "--timeout=60s", *arguments)
    assert done.returncode == 0, done.stderr


def ours(kubectl: Run) -> set[str]:
    """Every object of the cluster that has to do with modelward."""
    names = kubectl("get", KINDS, "--all-namespaces", "--output=name").stdout.split()
    return {name for name in names if "modelward" in name}


def rights(kubectl: Run, namespace: str) -> dict[str, str]:
    """Answers to each question of RIGHTS in one namespace."""
    who = (f"--as={OPERATOR}", f"--namespace={namespace}")
    return {asked: kubectl("auth", "can-i", *asked.split(), *who).stdout.strip() for asked in RIGHTS}


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


PEOPLE = {
    "view": {"list": "yes", "create": "no", "delete": "no"},
    "edit": {"list": "yes", "create": "yes", "delete": "yes"},
    "admin": {"list": "yes", "create": "yes", "delete": "yes"},
}


@pytest.mark.usefixtures("home")
def test_people_may_do_with_models_what_they_may_do_in_their_namespace_and_never_write_status(helm: Run, kubectl: Run):
    install(helm, "--set=replicaCount=0")
    for role in PEOPLE:
        kubectl("create", "rolebinding", role, f"--clusterrole={role}", f"--user={role}er", "--namespace=default")

    def allowed(role: str, verb: str, *more: str) -> str:
        ask = ("auth", "can-i", verb, "modeldeployments", *more, f"--as={role}er", "--namespace=default")
        return kubectl(*ask).stdout.strip()

    wait_until(lambda: allowed("view", "list") == "yes", for_="the roles to be widened", timeout=30)
    assert {role: {verb: allowed(role, verb) for verb in verbs} for role, verbs in PEOPLE.items()} == PEOPLE
    assert {allowed(role, "patch", "--subresource=status") for role in PEOPLE} == {"no"}
    kubectl("delete", "rolebinding", *PEOPLE, "--namespace=default")


@pytest.mark.usefixtures("home")
def test_a_pod_that_is_held_to_less_than_restricted_does_not_run_in_a_strict_namespace(helm: Run, kubectl: Run):
    done = helm("install", "modelward", str(CHART), "--set=securityContext.allowPrivilegeEscalation=true")
    assert "would violate PodSecurity" in done.stderr
    failed = ("wait", "--for=condition=ReplicaFailure", "deployment/modelward", f"--namespace={HOME}", "--timeout=60s")
    assert kubectl(*failed).returncode == 0
    assert not kubectl("get", "pods", f"--namespace={HOME}", "--output=name").stdout


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
