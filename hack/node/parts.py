"""What a node is made of beside the control plane: kubelet and kube-proxy from Go modules, the rest from Debian."""

import hashlib
import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from sandbox import binaries, go
from sandbox.cache import make_once

Say = Callable[[str], None]
NODE_PARTS = ("kubelet", "kube-proxy")
# program -> the Debian package that brings it
PROGRAMS = {
    "containerd": "containerd",
    "ctr": "containerd",
    "runc": "runc",
    "nft": "nftables",
    "conntrack": "conntrack",
    "ip": "iproute2",
    "unshare": "util-linux",
    "setpriv": "util-linux",
    "openssl": "openssl",
}
PLUGINS = ("/usr/lib/cni", "/opt/cni/bin")
PLUGIN = "ptp"
SYSTEM_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


@dataclass(frozen=True)
class Parts:
    """Where everything is."""

    plane: binaries.Binaries
    node: Path
    plugins: Path

    def path(self, name: str) -> Path:
        """Where one program is that was built here."""
        return self.node / name if name in NODE_PARTS else self.plane.path(name)


def search_path() -> str:
    """Return PATH with the folders of the system's administrator, where runc and nft are."""
    return f"{os.environ.get('PATH', '')}:{SYSTEM_PATH}"


def missing_packages() -> list[str]:
    """List the Debian packages that are not installed."""
    path = search_path()
    lacking = {package for program, package in PROGRAMS.items() if shutil.which(program, path=path) is None}
    return sorted(lacking | (set() if plugins() else {"containernetworking-plugins"}))


def plugins() -> Path | None:
    """Find the folder of the network plugins."""
    return next((Path(folder) for folder in PLUGINS if (Path(folder) / PLUGIN).exists()), None)


def gather(say: Say) -> Parts:
    """Build what is not built yet; a second call finds it there."""
    plane = binaries.build(say)
    found = plugins()
    return Parts(plane, make_once(_target(), lambda folder: _build(folder, say)), found or Path(PLUGINS[0]))


def _target() -> Path:
    module = binaries.MODULES / "kubernetes"
    digest = hashlib.sha256(repr((NODE_PARTS, binaries.STAMP)).encode())
    for name in ("go.mod", "go.sum"):
        digest.update((module / name).read_bytes())
    return binaries.cache_folder() / f"node-{binaries.KUBERNETES}-{digest.hexdigest()[:12]}"


def _build(folder: Path, say: Say) -> None:
    say("building kubelet and kube-proxy from Go modules: once, about three minutes on two cores")
    folder.mkdir()
    packages = [f"k8s.io/kubernetes/cmd/{name}" for name in NODE_PARTS]
    flags = ["-trimpath", "-ldflags", f"-s -w {binaries.STAMP}"]
    go.run(go.find(say), binaries.MODULES / "kubernetes", "build", *flags, "-o", f"{folder}/", *packages)
    say("kubelet and kube-proxy are built")
