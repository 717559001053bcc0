"""A real API server with controllers, and beside it the operator with the chart's ServiceAccount, once."""

import secrets
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from cluster.gate import gate_before
from cluster.lives import Life
from sandbox import cluster as clusters
from sandbox import operator as operators
from sandbox import scene
from sandbox.cluster import Cluster
from sandbox.kubectl import Kubectl
from sandbox.operator import Operator


@pytest.fixture(scope="session")
def state(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the processes' pids and logs stand."""
    return tmp_path_factory.mktemp("sandbox")


@pytest.fixture(scope="session")
def cluster(state: Path) -> Iterator[Cluster]:
    """A cluster with the chart installed: definition, ServiceAccount and roles are the chart's."""
    started = clusters.start(state, audit=False)
    try:
        operators.install(started)
        yield started
    finally:
        started.stop()


@pytest.fixture(scope="session")
def operator(cluster: Cluster, state: Path) -> Iterator[Operator]:
    """The operator, ready; its breaker is off, since tests make many models look bad at once."""
    settings = {"BREAKER_PERCENT": "100", "LOG_LEVEL": "DEBUG", "ALERT_NETWORKS": "127.0.0.0/8"}
    started = operators.start(cluster, state, {f"MODELWARD_{name}": value for name, value in settings.items()})
    yield started
    started.stop()


@pytest.fixture(scope="session")
def life(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Life]:
    """A cluster of its own, since nobody else could live with such an operator."""
    folder = tmp_path_factory.mktemp("life")
    started = clusters.start(folder)
    try:
        operators.install(started)
        with gate_before(operators.service_account_kubeconfig(started), folder) as (gate, kubeconfig):
            life = Life(started, folder, gate, kubeconfig)
            yield life
            if life.operator is not None:
                life.operator.stop()
    finally:
        started.stop()


@pytest.fixture
def namespace(cluster: Cluster) -> Iterator[str]:
    """A namespace of the test's own; its end is not waited for."""
    name = f"test-{secrets.token_hex(4)}"
    kubectl = Kubectl(cluster)
    kubectl.run("create", "namespace", name)
    yield name
    kubectl.run("delete", "namespace", name, "--wait=false")


@pytest.fixture
def kubectl(cluster: Cluster, namespace: str) -> Kubectl:
    """Run kubectl in the test's namespace."""
    return replace(Kubectl(cluster), namespace=namespace)


@pytest.fixture
def database_secret(kubectl: Kubectl, namespace: str, database_url: str) -> str:
    """Put a Secret `modelward-db` that points at the test's own database; return the database's URL."""
    kubectl.apply(scene.secret(namespace, database_url))
    return database_url
