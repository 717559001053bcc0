"""Flux without a Git server: its kustomize-controller beside a control plane, built once from its pinned Go module.

What it reads in place of a repository is an ExternalArtifact: an archive served by any web server. The definitions of
all kinds of source have to be there, since it watches them all.
"""

import json
import tempfile
from dataclasses import dataclass
from pathlib import Path

from sandbox import go
from sandbox.cluster import Cluster
from sandbox.errors import SandboxError
from sandbox.kubectl import Kubectl
from sandbox.modules import Module, Say
from sandbox.ports import free_ports
from sandbox.processes import Runner

FOLDER = Path(__file__).parent.parent / "flux"
CONTROLLER, SOURCES = "github.com/fluxcd/kustomize-controller", "github.com/fluxcd/source-controller"
MODULE = Module(FOLDER, (CONTROLLER,), 200)
NAME = "kustomize-controller"
NAMESPACE = "flux-system"
KINDS = ("externalartifacts", "gitrepositories", "ocirepositories", "buckets")
DEFINITIONS = {
    FOLDER: (CONTROLLER, ["kustomize.toolkit.fluxcd.io_kustomizations.yaml"]),
    FOLDER / "definitions": (SOURCES, [f"source.toolkit.fluxcd.io_{kind}.yaml" for kind in KINDS]),
}


@dataclass(frozen=True)
class Flux:
    """A running kustomize-controller."""

    runner: Runner

    def stop(self) -> None:
        """End it."""
        self.runner.stop(NAME)

    def log_tail(self) -> str:
        """Return the last that it said."""
        return self.runner.log_tail(NAME)


def start(cluster: Cluster, folder: Path, say: Say = print) -> Flux:
    """Build it where it is not built, tell the cluster of its kinds, and let it work in all namespaces."""
    built = MODULE.build(say)
    kubectl = Kubectl(cluster)
    kubectl.apply(_definitions(built, say), "--server-side")
    kubectl.run("create", "namespace", NAMESPACE)
    for kind in ("kustomizations.kustomize", *(f"{kind}.source" for kind in KINDS)):
        kubectl.run("wait", "--for=condition=Established", f"crd/{kind}.toolkit.fluxcd.io", "--timeout=30s")
    metrics, health = (f"127.0.0.1:{port}" for port in free_ports(2))
    flags = ["--watch-all-namespaces", "--enable-leader-election=false", "--feature-gates=ExternalArtifact=true"]
    where = [f"--metrics-addr={metrics}", f"--health-addr={health}", "--requeue-dependency=1s"]
    environment = {"RUNTIME_NAMESPACE": NAMESPACE, "KUBECONFIG": str(cluster.kubeconfig)}
    flux = Flux(Runner(folder))
    flux.runner.start(NAME, [built / NAME, *flags, *where], environment=environment)
    return flux


def _definitions(built: Path, say: Say) -> str:
    """Take the definitions out of the modules, once."""
    kept = built / "definitions.yaml"
    if not kept.exists():
        tool = go.find(say)
        texts = [text for folder, what in DEFINITIONS.items() for text in _read(tool, folder, *what)]
        with tempfile.NamedTemporaryFile("w", dir=built, delete=False) as scratch:
            scratch.write("\n---\n".join(texts))
        Path(scratch.name).rename(kept)
    return kept.read_text()


def _read(tool: Path, folder: Path, module: str, names: list[str]) -> list[str]:
    answer = json.loads(go.run(tool, folder, "mod", "download", "-json", module))
    paths = [Path(answer["Dir"]) / "config" / "crd" / "bases" / name for name in names]
    missing = ", ".join(path.name for path in paths if not path.exists())
    if missing:
        raise SandboxError(f"{module} has no {missing}")
    return [path.read_text() for path in paths]
