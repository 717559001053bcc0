"""A cluster with a real node, the operator installed on it from its image, and a PostgreSQL that runs in a pod."""

import os
import re
import secrets
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from e2e.release import Release, make_namespace
from e2e.served import Served, deployment, secret, service
from modelward.database.migrate import migrate
from node.pictures import POSTGRES
from node.plan import VARIABLE, Plan
from sandbox.cluster import Cluster
from sandbox.kubectl import Kubectl

DATA = "data"
PASSWORD = secrets.token_hex(12)


@dataclass(frozen=True)
class Database:
    """One server with two addresses: for this process, and for pods."""

    here: str
    for_pods: str


@pytest.fixture(scope="session")
def plan() -> Plan:
    """The node that `make e2e` made."""
    file = os.environ.get(VARIABLE)
    if file is None:
        pytest.fail("there is no node: these tests are run by `make e2e`")
    return Plan.load(Path(file))


@pytest.fixture(scope="session")
def cluster(plan: Plan) -> Cluster:
    return Cluster(
        Path(plan.kubeconfig), Path(plan.kubectl), Path(plan.helm), plan.kind, Path(plan.state), lambda: None
    )


@pytest.fixture(scope="session")
def release(cluster: Cluster) -> Release:
    """The operator, installed and ready; the cluster ends after the tests, and the release with it."""
    installed = Release(cluster)
    installed.install()
    return installed


@pytest.fixture
def operator(release: Release) -> Release:
    """The operator, ready, with one replica, whatever the test before did."""
    release.scale(1)
    release.until_ready()
    return release


@pytest.fixture(scope="session")
def database(cluster: Cluster) -> Iterator[Database]:
    """PostgreSQL in a pod, behind a Service, with our tables."""
    kubectl = replace(Kubectl(cluster), namespace=DATA)
    make_namespace(Kubectl(cluster), DATA)
    environment = [{"name": "POSTGRES_PASSWORD", "value": PASSWORD}]
    server = deployment("postgres", POSTGRES, port=5432, env=environment)
    pod = server["spec"]["template"]["spec"]
    pod["volumes"].append({"name": "data", "emptyDir": {}})
    pod["containers"][0]["volumeMounts"].append({"name": "data", "mountPath": "/data"})
    kubectl.apply(server)
    kubectl.apply(service("postgres", 5432))
    kubectl.run("rollout", "status", "deployment/postgres", "--timeout=120s")
    with forwarded(kubectl, "service/postgres", 5432) as port:
        here = f"postgresql://modelward:{PASSWORD}@127.0.0.1:{port}/postgres"
        migrate(here)
        yield Database(here, f"postgresql://modelward:{PASSWORD}@postgres.{DATA}.svc:5432/postgres")


@pytest.fixture
def kubectl(cluster: Cluster) -> Iterator[Kubectl]:
    """kubectl in a namespace of the test's own; its end is not waited for."""
    name = f"test-{secrets.token_hex(4)}"
    make_namespace(Kubectl(cluster), name)
    yield replace(Kubectl(cluster), namespace=name)
    Kubectl(cluster).run("delete", "namespace", name, "--wait=false", "--ignore-not-found")


@pytest.fixture
def model(operator: Release, kubectl: Kubectl, database: Database) -> Served:
    """A model of its own name, in a namespace that knows the database."""
    assert operator.ready_pods()
    kubectl.apply(secret("modelward-db", uri=database.for_pods))
    return Served(kubectl, database.here, f"house-prices-{secrets.token_hex(3)}")


class forwarded:  # noqa: N801  used like a function
    """A port of this machine that leads to a Service, as long as the block lasts."""

    def __init__(self, kubectl: Kubectl, target: str, port: int) -> None:
        whom = [str(kubectl.cluster.kubectl), "--kubeconfig", str(kubectl.cluster.kubeconfig)]
        self._command = [*whom, "--namespace", str(kubectl.namespace), "port-forward", target, f":{port}"]

    def __enter__(self) -> int:
        """Start it, and read which port it took."""
        self._process = subprocess.Popen(self._command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        match = re.search(r"127\.0\.0\.1:(\d+)", line)
        assert match, line
        return int(match[1])

    def __exit__(self, *_: object) -> None:
        """End it."""
        self._process.kill()
        self._process.communicate()
