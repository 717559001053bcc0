"""What a node needs beside the control plane: kubelet, kube-proxy and CoreDNS from Go modules, the rest from Debian."""

import hashlib
import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from sandbox import binaries, go
from sandbox.cache import make_once

Say = Callable[[str], None]
COREDNS = Path(__file__).parent / "coredns"
# module -> what is built of it
MODULES = (
    (binaries.MODULES / "kubernetes", ("k8s.io/kubernetes/cmd/kubelet", "k8s.io/kubernetes/cmd/kube-proxy")),
    (COREDNS, ("./cmd/coredns",)),
)
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
    digest = hashlib.sha256(binaries.STAMP.encode())
    for folder, packages in MODULES:
        digest.update(repr(packages).encode())
        for file in sorted(path for path in folder.rglob("*") if path.is_file()):
            digest.update(file.name.encode() + file.read_bytes())
    return binaries.cache_folder() / f"node-{binaries.KUBERNETES}-{digest.hexdigest()[:12]}"


def _build(folder: Path, say: Say) -> None:
    say("building kubelet, kube-proxy and CoreDNS from Go modules: once, about three minutes on two cores")
    folder.mkdir()
    flags = ["-trimpath", "-ldflags", f"-s -w {binaries.STAMP}"]
    for module, packages in MODULES:
        go.run(go.find(say), module, "build", *flags, "-o", f"{folder}/", *packages)
    say("they are built")
