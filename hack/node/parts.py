"""What a node needs beside the control plane: kubelet, kube-proxy and CoreDNS from Go modules, the rest from Debian."""

import os
import shutil
from dataclasses import dataclass
from pathlib import Path

from sandbox import binaries
from sandbox.modules import Module, Say

NODE = Module(
    binaries.MODULES / "kubernetes",
    ("k8s.io/kubernetes/cmd/kubelet", "k8s.io/kubernetes/cmd/kube-proxy"),
    180,
    binaries.STAMP,
)
NAMES = Module(Path(__file__).parent / "coredns", ("modelward.dev/hack/node/coredns/cmd/coredns",), 60)
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
    names: Path
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
    plane = binaries.build(say, binaries.NEWEST)
    return Parts(plane, NODE.build(say), NAMES.build(say), plugins() or Path(PLUGINS[0]))
