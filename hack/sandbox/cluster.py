"""Which cluster: a given one, binaries of a folder, a control plane built here, or kind; and why."""

import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from sandbox import binaries, kind
from sandbox.commands import run_command
from sandbox.control_plane import ControlPlane
from sandbox.errors import SandboxError

Say = Callable[[str], None]
ALLOWED = "kind-modelward"


@dataclass(frozen=True)
class Cluster:
    """A cluster to work on, and how to get rid of it."""

    kubeconfig: Path
    kubectl: Path
    helm: Path
    source: str
    folder: Path
    stop: Callable[[], None]
    audit_log: Path | None = None
    binaries: str = ""

    @property
    def is_given(self) -> bool:
        """Whether it was there before us, and stays."""
        return self.source == "given"


def start(state: Path, *, audit: bool = False, say: Say = print) -> Cluster:
    """Take the first that can be had, and say which and why not the others."""
    folder = state / "cluster"
    reasons = []
    for candidate in (_given, _assets, _built, _kind):
        try:
            cluster = candidate(folder, audit, say)
        except SandboxError as error:
            reasons.append(str(error))
            say(f"cluster: not this one: {error}")
        else:
            say(f"cluster: {cluster.source}")
            return cluster
    raise SandboxError("no cluster can be had:\n" + "\n".join(f"  {reason}" for reason in reasons))


def check_context(kubeconfig: str | None, allowed: str) -> str:
    """Return the current context of a given kubeconfig if it is on the allow-list; SandboxError says why not."""
    if not kubeconfig:
        raise SandboxError("KUBECONFIG is not set")
    for tool in ("kubectl", "helm"):
        if shutil.which(tool) is None:
            raise SandboxError(f"KUBECONFIG is set, but {tool} is not installed")
    done = run_command(["kubectl", "--kubeconfig", kubeconfig, "config", "current-context"])
    if done.returncode:
        raise SandboxError(f"KUBECONFIG={kubeconfig} names no context: {done.stderr.strip()}")
    context = done.stdout.strip()
    if context not in {name.strip() for name in allowed.split(",")}:
        message = (
            f"KUBECONFIG's context {context!r} is not on the allow-list ({allowed}): set MODELWARD_ALLOWED_CONTEXTS"
        )
        raise SandboxError(message)
    return context


def _given(folder: Path, audit: bool, say: Say) -> Cluster:  # noqa: ARG001, FBT001  one shape for all candidates
    kubeconfig = os.environ.get("KUBECONFIG")
    check_context(kubeconfig, os.environ.get("MODELWARD_ALLOWED_CONTEXTS", ALLOWED))
    return Cluster(Path(kubeconfig or ""), _tool("kubectl"), _tool("helm"), "given", folder, lambda: None)


def _assets(folder: Path, audit: bool, say: Say) -> Cluster:  # noqa: ARG001, FBT001
    return _start_plane(binaries.from_assets(os.environ.get("KUBEBUILDER_ASSETS")), folder, "KUBEBUILDER_ASSETS", audit)


def _built(folder: Path, audit: bool, say: Say) -> Cluster:  # noqa: FBT001
    return start_built(binaries.asked_version(), folder, audit=audit, say=say)


def start_built(minor: str, folder: Path, *, audit: bool = False, say: Say = print) -> Cluster:
    """Start a control plane of a named version of Kubernetes, built beforehand where it is not yet."""
    known = not binaries.built(minor).missing()
    made = binaries.build(say, minor)
    source = f"control plane of Kubernetes {binaries.VERSIONS[minor]}, {'built earlier' if known else 'built now'}"
    return _start_plane(made, folder, source, audit)


def _start_plane(made: binaries.Binaries, folder: Path, source: str, audit: bool) -> Cluster:  # noqa: FBT001
    plane = ControlPlane(made, folder)
    plane.start(audit=audit)
    log = plane.audit_log if audit else None
    return Cluster(
        plane.kubeconfig, made.path("kubectl"), made.path("helm"), source, folder, plane.stop, log, str(made.folder)
    )


def _kind(folder: Path, audit: bool, say: Say) -> Cluster:  # noqa: FBT001
    kind.check()
    if audit:
        raise SandboxError("kind: no audit log there")
    folder.mkdir(parents=True, exist_ok=True)
    kubeconfig = folder / "kubeconfig"
    say("creating a kind cluster: usually a minute")
    kind.run(kind.create_command(kubeconfig))
    return Cluster(kubeconfig, _tool("kubectl"), _tool("helm"), "kind", folder, lambda: delete_kind(kubeconfig))


def delete_kind(kubeconfig: Path) -> None:
    """Delete the kind cluster."""
    kind.run(kind.delete_command(kubeconfig))


def _tool(name: str) -> Path:
    return Path(shutil.which(name) or name)
