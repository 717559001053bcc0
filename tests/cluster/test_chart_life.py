"""The chart with its operator at work: before the resource is there, in a tenant's hands, upgraded, and taken back."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from cluster.releases import CHART, CRD, HOME, OPERATOR, ROOT, empty_plane, helm_of, kubectl_of, strict_home
from cluster.scenes import A2, GOOD, WORSE, A, B, Model, image_of, unused_name
from sandbox import operator as operators
from sandbox import scene
from sandbox.cluster import Cluster
from sandbox.kubectl import Kubectl
from sandbox.operator import Operator
from sandbox.waiting import wait_until

PREVIOUS = ROOT / "tests/cluster/charts/modelward-0.0.9.tgz"
RESOURCE = ROOT / "deploy/crds/modeldeployments.yaml"
IDLE = "--set=replicaCount=0"
WITHOUT = ("--set=crds.enabled=false", "--set=rbac.create=false", "--set=admissionPolicy.enabled=false")
PREPARED = [f"--show-only=templates/{name}.yaml" for name in ("rbac-namespaced", "rbac-lease", "admission-policy")]
Json = dict[str, Any]


@dataclass
class Stage:
    """A control plane, what runs on it, and a model that serves A well."""

    plane: Cluster
    folder: Path
    database_url: str
    shop: str
    started: list[Operator] = field(default_factory=list)

    @property
    def shop_alone(self) -> str:
        """The value that has one namespace watched."""
        return f"--set=watchNamespaces={{{self.shop}}}"

    def kubectl(self, *arguments: str, stdin: str | None = None) -> str:
        """Run kubectl as the administrator."""
        return Kubectl(self.plane).run(*arguments, stdin=stdin)

    def helm(self, *arguments: str) -> str:
        """Run Helm as the administrator."""
        done = helm_of(self.plane)(*arguments)
        assert done.returncode == 0, done.stderr
        return str(done.stdout)

    def start(self, *, wait: bool = True, **settings: str) -> Operator:
        """Start the operator with the release's account, in place of the one before."""
        self.stop()
        named = {f"MODELWARD_{name.upper()}": value for name, value in settings.items()}
        name = f"operator-{len(self.started)}"
        operator = operators.start(self.plane, self.folder, named, name=name, wait=wait)
        self.started.append(operator)
        return operator

    def stop(self) -> None:
        """End the operator."""
        for operator in self.started:
            operator.stop()

    def model(self, namespace: str) -> Model:
        """Serve A in a namespace, with its database's Secret."""
        kubectl = replace(Kubectl(self.plane), namespace=namespace)
        kubectl.apply(scene.secret(namespace, self.database_url))
        model = Model(kubectl, self.database_url)
        model.deploy(A)
        return model

    def definition(self) -> Json:
        """Read the resource's definition."""
        found: Json = Kubectl(self.plane).json("get", CRD)
        return found

    def knows_managers(self) -> bool:
        """Whether the resource has a field that the previous chart's had not."""
        return '"manager"' in json.dumps(self.definition()["spec"]["versions"][0]["schema"])


@pytest.fixture(scope="module")
def plane(cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    with empty_plane(cluster, tmp_path_factory.mktemp("life")) as started:
        yield started


@pytest.fixture
def stage(plane: Cluster, tmp_path: Path, database_url: str) -> Iterator[Stage]:
    """The operator's namespace and a shop's, and nothing else; the end of the shop's is not waited for."""
    admin = kubectl_of(plane)
    stage = Stage(plane, tmp_path, database_url, unused_name("shop"))
    with strict_home(admin, helm_of(plane)):
        admin("create", "namespace", stage.shop)
        yield stage
        stage.stop()
    admin("delete", "roles,rolebindings", "--all", f"--namespace={HOME}")
    for kind in ("validatingadmissionpolicybinding", "validatingadmissionpolicy"):
        admin("delete", kind, f"modelward.{HOME}", "--ignore-not-found")
    admin("delete", "namespace", stage.shop, "--wait=false")


def roll_back(model: Model) -> None:
    """Let B be deployed, be worse, and be rolled back from."""
    model.predict(A, GOOD)
    model.watch()
    model.until_verdict("InsufficientData", A)
    model.predict(B, WORSE)
    model.deploy(B)
    model.until_rolled_back(A)


# -- before it can work ----------------------------------------------------------------------------------------------


def test_without_the_resource_the_operator_waits_says_so_and_starts_when_it_comes(stage: Stage):
    stage.helm("install", "modelward", str(CHART), IDLE, "--set=crds.enabled=false")
    operator = stage.start(wait=False)
    said = "waiting: the CustomResourceDefinition of modelward.dev/v1alpha1 is not there"
    wait_until(lambda: said in operator.log(), for_="the operator to say what it waits for", timeout=30)
    assert operator.runner.is_running(operator.name)
    assert not operator.is_ready()
    stage.kubectl("apply", "--server-side", f"--filename={RESOURCE}")
    wait_until(operator.is_ready, for_="the operator to start", timeout=60)


def test_without_a_right_the_verb_and_the_resource_are_named(stage: Stage):
    stage.helm("install", "modelward", str(CHART), IDLE, "--set=rbac.create=false")
    operator = stage.start(wait=False)
    said = 'cannot get resource "leases" in API group "coordination.k8s.io" in the namespace "modelward-system"'
    wait_until(lambda: said in operator.log(), for_="the operator to say what it may not", timeout=30)


# -- in a tenant's hands ---------------------------------------------------------------------------------------------


def tenant(stage: Stage) -> Path:
    """Make somebody who administers two namespaces and has no right over the cluster; return their kubeconfig."""
    stage.kubectl("create", "serviceaccount", "tenant", f"--namespace={stage.shop}")
    for namespace in (HOME, stage.shop):
        who = ("--clusterrole=admin", f"--serviceaccount={stage.shop}:tenant", f"--namespace={namespace}")
        stage.kubectl("create", "rolebinding", "tenant", *who)
    token = stage.kubectl("create", "token", "tenant", f"--namespace={stage.shop}").strip()
    config = json.loads(stage.plane.kubeconfig.read_text())
    path = stage.folder / "tenant.kubeconfig"
    path.touch(mode=0o600)
    path.write_text(json.dumps({**config, "users": [{**config["users"][0], "user": {"token": token}}]}))
    return path


@pytest.mark.every_version
def test_a_tenant_needs_what_the_chart_s_page_says_and_no_cluster_role(stage: Stage):
    theirs = helm_of(stage.plane, tenant(stage))
    refused = theirs("install", "modelward", str(CHART), stage.shop_alone, IDLE)
    assert "forbidden" in refused.stderr
    theirs("uninstall", "modelward", "--ignore-not-found")

    stage.kubectl("apply", "--server-side", f"--filename={RESOURCE}")
    prepared = stage.helm("template", "modelward", str(CHART), stage.shop_alone, *PREPARED)
    stage.kubectl("apply", "--filename=-", stdin=prepared)
    installed = theirs("install", "modelward", str(CHART), stage.shop_alone, IDLE, *WITHOUT)
    assert installed.returncode == 0, installed.stderr
    assert "modelward" not in stage.kubectl("get", "clusterroles,clusterrolebindings", "--output=name")
    assert theirs("uninstall", "modelward").returncode == 0


@pytest.mark.every_version
def test_with_namespaces_the_operator_works_there_under_the_policy_and_sees_nothing_else(stage: Stage):
    stage.helm("install", "modelward", str(CHART), stage.shop_alone, IDLE)
    assert "modelward" not in stage.kubectl("get", "clusterroles,clusterrolebindings", "--output=name")
    stage.start(watch_namespaces=stage.shop)
    far, near = stage.model("default"), stage.model(stage.shop)
    far.watch()
    far.deploy(B)
    roll_back(near)
    assert far.image() == image_of(B)
    assert "verdict" not in far.see().get("status", {})
    patch = ("--type=merge", '--patch={"spec": {"replicas": 0}}', f"--as={OPERATOR}")
    refused = near.kubectl.try_("patch", "deployment", near.name, *patch)
    assert "modelward may change the version in a Deployment and nothing else of its spec: replicas" in refused.stderr


# -- upgraded, and taken back ----------------------------------------------------------------------------------------


def kept(model: Model) -> Json:
    """What must survive a change of the chart."""
    found, target = model.see(), model.target()
    status, events = found["status"], [*model.events(), *model.events(kind="Deployment")]
    return {
        "spec": found["spec"],
        "versions": (status["verdict"], status["currentVersion"], status["previousVersion"]),
        "quarantine": status["quarantine"],
        "rollback": {name: status["lastRollback"][name] for name in ("id", "from", "to", "phase")},
        "image": model.image(),
        "generation": target["metadata"]["generation"],
        "notes": target["metadata"]["annotations"],
        # a check that was asked for has an Event of its own
        "events": sorted((e["reason"], e["metadata"]["name"]) for e in events if e["reason"] != "RequestDone"),
    }


def is_part(some: Json, whole: Json) -> bool:
    """Whether nothing was changed or added; what a schema does not know may be gone."""
    inner = [(value, whole.get(name)) for name, value in some.items()]
    return all(is_part(a, b) if isinstance(a, dict) and isinstance(b, dict) else a == b for a, b in inner)


def test_live_resources_survive_an_upgrade_of_the_chart_and_the_way_back(stage: Stage):
    stage.helm("install", "modelward", str(PREVIOUS), IDLE)
    stage.kubectl("wait", "--for=condition=Established", CRD, "--timeout=30s")
    uid = stage.definition()["metadata"]["uid"]
    assert not stage.knows_managers()
    stage.helm("upgrade", "modelward", str(CHART), IDLE)
    assert stage.knows_managers()
    stage.start()
    model = stage.model(stage.shop)
    roll_back(model)
    model.predict(A2, GOOD)
    model.deploy(A2)
    model.until_verdict("Healthy", A2)
    before = kept(model)
    assert [found["version"] for found in before["quarantine"]] == [B]
    assert "manager" in model.see()["status"]["epoch"]

    stage.stop()
    stage.helm("rollback", "modelward", "1")
    assert not stage.knows_managers()
    now = kept(model)
    assert is_part(now.pop("spec"), before["spec"])
    assert now == {name: value for name, value in before.items() if name != "spec"}
    assert "manager" not in model.see()["status"]["epoch"]
    # the operator of that chart can write what it knows, beside what it does not
    model.kubectl.run(
        "patch", model.resource, "--subresource=status", "--type=merge", '--patch={"status":{"samples":7}}'
    )

    stage.helm("upgrade", "modelward", str(CHART), IDLE)
    stage.start()
    model.check()
    assert kept(model) == before
    assert stage.definition()["metadata"]["uid"] == uid
