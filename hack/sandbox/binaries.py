"""The binaries of a control plane: taken from a folder, or built once from pinned Go modules into the user's cache."""

import hashlib
import os
import shutil
import tempfile
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from fasteners import InterProcessLock

from sandbox import go
from sandbox.errors import SandboxError

Say = Callable[[str], None]
MODULES = Path(__file__).parent.parent / "cluster"
KUBERNETES = "1.36.3"
NEEDED = ("etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler", "kubectl", "kwok", "helm")
STAGES = "kwok-stages.yaml"
COMPONENT = "k8s.io/component-base/version"
STAMP = (
    # without these the server reports an empty version, and clients refuse it
    f"-X {COMPONENT}.gitMajor=1 -X {COMPONENT}.gitMinor={KUBERNETES.split('.')[1]} "
    f"-X {COMPONENT}.gitVersion=v{KUBERNETES} -X k8s.io/client-go/pkg/version.gitVersion=v{KUBERNETES}"
)


@dataclass(frozen=True)
class Step:
    """One `go build`: where, what, and how many seconds it takes on two cores the first time."""

    module: str
    packages: tuple[str, ...]
    usual_seconds: int
    stamp: str = ""


STEPS = (
    Step("etcd", ("./cmd/etcd",), 45),
    Step("kwok", ("sigs.k8s.io/kwok/cmd/kwok",), 80),
    Step("helm", ("helm.sh/helm/v4/cmd/helm",), 110),
    Step(
        "kubernetes",
        tuple(
            f"k8s.io/kubernetes/cmd/{name}"
            for name in ("kube-apiserver", "kube-controller-manager", "kube-scheduler", "kubectl")
        ),
        240,
        STAMP,
    ),
)


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


def cache_folder() -> Path:
    """Where this user's built binaries stay: XDG_CACHE_HOME, or else ~/.cache."""
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "modelward"


def cache_key() -> str:
    """Name the folder after all that goes into the build: another version is another folder."""
    digest = hashlib.sha256(repr(STEPS).encode())
    for path in sorted(MODULES.rglob("*")):
        if path.is_file():
            digest.update(path.name.encode() + path.read_bytes())
    return f"control-plane-{KUBERNETES}-{digest.hexdigest()[:12]}"


def built() -> Binaries:
    """Return where the built binaries stand, or would stand."""
    return Binaries(cache_folder() / cache_key())


def build(say: Say) -> Binaries:
    """Build what is not built yet; a second call, or a second clone, finds it there."""
    target = built()
    if not target.missing():
        return target
    target.folder.parent.mkdir(parents=True, exist_ok=True)
    lock = InterProcessLock(target.folder.with_suffix(".lock"))
    if not lock.acquire(blocking=False):
        say("another build of the control plane is under way: waiting for it")
        lock.acquire()
    try:
        if target.missing():
            _build_into(target.folder, say)
    finally:
        lock.release()
    return target


def _build_into(folder: Path, say: Say) -> None:
    """Build beside the final place and rename: what stands there is whole."""
    tool = go.find(say)
    minutes = round(sum(step.usual_seconds for step in STEPS) / 60)
    say(
        f"building a control plane from Go modules: once, about {minutes} minutes on two cores, kept in {folder.parent}"
    )
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix="building-") as scratch:
        out = Path(scratch) / "bin"
        out.mkdir()
        for number, step in enumerate(STEPS, start=1):
            _run_step(tool, step, out, say, f"step {number} of {len(STEPS)}, {step.module}")
        _collect_stages(tool, out)
        shutil.rmtree(folder, ignore_errors=True)
        out.rename(folder)
    say("the control plane is built")


def _run_step(tool: Path, step: Step, out: Path, say: Say, title: str) -> None:
    say(f"{title}: usually {step.usual_seconds} s")
    began, done = time.monotonic(), threading.Event()

    def report() -> None:
        while not done.wait(20):
            say(f"{title}: {round(time.monotonic() - began)} s so far")

    reporter = threading.Thread(target=report, daemon=True)
    reporter.start()
    try:
        flags = ["-trimpath", "-ldflags", f"-s -w {step.stamp}".strip()]
        go.run(tool, MODULES / step.module, "build", *flags, "-o", f"{out}/", *step.packages)
    finally:
        done.set()
        reporter.join()
    say(f"{title}: done in {round(time.monotonic() - began)} s")


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
