"""The chart as people install it: Helm and kubectl against a control plane that has nothing else on it."""

import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from sandbox import cluster as control_plane
from sandbox.cluster import Cluster

ROOT = Path(__file__).resolve().parents[2]
CHART = ROOT / "charts/modelward"
HOME = "modelward-system"
CRD = "customresourcedefinition.apiextensions.k8s.io/modeldeployments.modelward.dev"
OPERATOR = f"system:serviceaccount:{HOME}:modelward"

Run = Callable[..., "subprocess.CompletedProcess[str]"]


def runner(*head: str) -> Run:
    """Run a command, with what it printed."""

    def run(*arguments: str, stdin: str | None = None) -> "subprocess.CompletedProcess[str]":
        command = [*head, *arguments]
        return subprocess.run(command, input=stdin, capture_output=True, text=True, check=False, timeout=100)

    return run


def kubectl_of(plane: Cluster) -> Run:
    """Run kubectl as the administrator."""
    return runner(str(plane.kubectl), f"--kubeconfig={plane.kubeconfig}")


def helm_of(plane: Cluster, kubeconfig: Path | None = None) -> Run:
    """Run Helm in the operator's namespace, as the administrator or as whom a kubeconfig names."""
    return runner(str(plane.helm), f"--kubeconfig={kubeconfig or plane.kubeconfig}", f"--namespace={HOME}")


@contextmanager
def empty_plane(cluster: Cluster, folder: Path) -> Iterator[Cluster]:
    """Start a control plane of our own beside the one of all tests, since the cluster's own objects come and go."""
    if cluster.source in {"given", "kind"}:
        pytest.skip(f"a cluster of its own is needed, and there is only this one: {cluster.source}")
    started = control_plane.start(folder)
    try:
        yield started
    finally:
        started.stop()


@contextmanager
def strict_home(kubectl: Run, helm: Run) -> Iterator[None]:
    """Make the operator's namespace, with the strict policy; nothing of the chart is left afterwards."""
    kubectl("create", "namespace", HOME)
    kubectl("label", "namespace", HOME, "pod-security.kubernetes.io/enforce=restricted")
    try:
        yield
    finally:
        helm("uninstall", "modelward", "--ignore-not-found", "--wait")
        kubectl("delete", CRD, "--ignore-not-found")
