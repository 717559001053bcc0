"""The binaries of a control plane: taken from a folder, or built once from pinned Go modules into the user's cache.

Each module is kept by itself, so that versions of Kubernetes share etcd, kwok and Helm; a control plane is a folder of
links to what belongs together.
"""

import hashlib
import os
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

from sandbox import go
from sandbox.errors import SandboxError
from sandbox.kept import cache_folder as cache_folder  # noqa: PLC0414  others look for it here
from sandbox.modules import Module, Say, build_lock

MODULES = Path(__file__).parent.parent / "cluster"
VERSIONS = {"1.36": "1.36.3", "1.35": "1.35.4", "1.30": "1.30.14"}
NEWEST, OLDEST = "1.36", "1.30"
KUBERNETES = VERSIONS[NEWEST]
ASKED = "SANDBOX_KUBERNETES"
NEEDED = ("etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler", "kubectl", "kwok", "helm")
STAGES = "kwok-stages.yaml"
COMPONENT = "k8s.io/component-base/version"


def _stamp(version: str) -> str:
    """Say the version; without it the server reports an empty one, and clients refuse it."""
    return (
        f"-X {COMPONENT}.gitMajor=1 -X {COMPONENT}.gitMinor={version.split('.')[1]} "
        f"-X {COMPONENT}.gitVersion=v{version} -X k8s.io/client-go/pkg/version.gitVersion=v{version}"
    )


STAMP = _stamp(KUBERNETES)


@dataclass(frozen=True)
class Binaries:
    """A folder that holds everything a control plane needs."""

    folder: Path

    def path(self, name: str) -> Path:
        """Where one of them is."""
        return self.folder / name

    def missing(self) -> list[str]:
        """List what is not there."""
        return [name for name in (*NEEDED, STAGES) if not self.path(name).exists()]


def asked_version() -> str:
    """Return the minor version of Kubernetes that was asked for, the newest where none was; SandboxError names them."""
    minor = os.environ.get(ASKED) or NEWEST
    if minor not in VERSIONS:
        raise SandboxError(f"{ASKED}={minor}: what can be built is {', '.join(VERSIONS)}")
    return minor


def modules(minor: str) -> tuple[Module, ...]:
    """Name what a control plane of a version is built from."""
    return (
        Module(MODULES / "etcd", ("modelward.dev/hack/cluster/etcd/cmd/etcd",), 45),
        Module(MODULES / "kwok", ("sigs.k8s.io/kwok/cmd/kwok",), 80),
        helm_module(),
        kubernetes_module(minor),
    )


def kubernetes_module(minor: str) -> Module:
    """Name what the control plane itself is built from."""
    return Module(
        MODULES / ("kubernetes" if minor == NEWEST else f"kubernetes-{minor}"),
        tuple(f"k8s.io/kubernetes/cmd/{name}" for name in NEEDED if name.startswith("kube")),
        240,
        _stamp(VERSIONS[minor]),
    )


def helm_module() -> Module:
    """Name what Helm is built from."""
    return Module(MODULES / "helm", ("helm.sh/helm/v4/cmd/helm",), 110)


def built(minor: str | None = None) -> Binaries:
    """Return where the built binaries of a version stand, or would stand."""
    minor = minor or asked_version()
    key = hashlib.sha256(" ".join(module.target.name for module in modules(minor)).encode()).hexdigest()[:12]
    return Binaries(cache_folder() / f"control-plane-{VERSIONS[minor]}-{key}")


def build(say: Say, minor: str | None = None) -> Binaries:
    """Build what is not built yet; a second call, or a second clone, finds it there."""
    minor = minor or asked_version()
    target = built(minor)
    if target.missing():
        with build_lock(say):
            if target.missing():
                _assemble(target.folder, modules(minor), say)
    return target


def _assemble(folder: Path, parts: tuple[Module, ...], say: Say) -> None:
    """Put together beside the final place and rename: what stands there is whole."""
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix="building-") as scratch:
        out = Path(scratch) / "bin"
        out.mkdir()
        for part in parts:
            source = part.build(say)
            for program in part.programs:
                os.link(source / program, out / program)
        _collect_stages(go.find(say), out)
        shutil.rmtree(folder, ignore_errors=True)
        out.rename(folder)


def _collect_stages(tool: Path, out: Path) -> None:
    """Join the stages that kwok publishes: it runs without a default of its own."""
    module = go.run(tool, MODULES / "kwok", "list", "-m", "-f", "{{.Dir}}", "sigs.k8s.io/kwok").strip()
    stages = Path(module) / "kustomize" / "stage"
    files = [
        stages / "node/fast/node-initialize.yaml",
        *sorted((stages / "node/heartbeat-with-lease").glob("node-*.yaml")),
        *sorted((stages / "pod/fast").glob("pod-*.yaml")),
    ]
    (out / STAGES).write_text("\n---\n".join(f.read_text() for f in files))


def from_assets(folder: str | None) -> Binaries:
    """Take the folder that KUBEBUILDER_ASSETS names; SandboxError says what it lacks."""
    if not folder:
        raise SandboxError("KUBEBUILDER_ASSETS is not set")
    assets = Binaries(Path(folder))
    missing = assets.missing()
    if missing:
        raise SandboxError(f"KUBEBUILDER_ASSETS={folder} lacks {', '.join(missing)}")
    return assets
