"""The node itself: containerd with runc, kubelet, kube-proxy and CoreDNS, in the network of the namespace we are in."""

import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from node import parts
from node.pictures import PAUSE
from node.plan import Plan
from node.plane import ADDRESS
from sandbox.commands import run_command
from sandbox.errors import SandboxError
from sandbox.processes import Runner
from sandbox.waiting import wait_until

NAME = "node-0"
PODS = "10.88.0.0/16"
DISK = ("nodefs.available", "imagefs.available", "nodefs.inodesFree")
# every pod on a cable of its own: whatever it sends goes through the node's routing, where Services are
ADDRESSES = {"type": "host-local", "ranges": [[{"subnet": PODS}]], "routes": [{"dst": "0.0.0.0/0"}]}
NETWORK = {"cniVersion": "1.0.0", "name": "modelward", "plugins": [{"type": "ptp", "ipam": ADDRESSES}]}
CONTAINERD = """
version = 2
root = "{folder}/containerd"
state = "{folder}/containerd-state"
[grpc]
  address = "{folder}/containerd.sock"
[plugins."io.containerd.internal.v1.opt"]
  path = "{folder}/opt"
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "{pause}"
  disable_apparmor = true
  disable_hugetlb_controller = true
  # a machine without CAP_SYS_RESOURCE may not lower it, and then no pod would start at all
  restrict_oom_score_adj = true
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "{plugins}"
    conf_dir = "{folder}/network"
  [plugins."io.containerd.grpc.v1.cri".containerd]
    snapshotter = "{snapshotter}"
    default_runtime_name = "runc"
    [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
      runtime_type = "io.containerd.runc.v2"
"""
NAMES = """
.:53 {{
  bind {address}
  errors
  kubernetes cluster.local {{
    kubeconfig {kubeconfig}
  }}
}}
"""


@dataclass(frozen=True)
class Agent:
    """A node's own processes."""

    plan: Plan
    folder: Path
    kubeconfig: Path

    @property
    def runner(self) -> Runner:
        """Starts its processes."""
        return Runner(self.folder)

    def start_containers(self) -> None:
        """Start containerd and give it the images."""
        settings = {"folder": self.folder, "pause": PAUSE, "plugins": self.plan.plugins}
        network = self.folder / "network"
        network.mkdir()
        (network / "10-modelward.conflist").write_text(json.dumps(NETWORK))
        config = self.folder / "containerd.toml"
        config.write_text(CONTAINERD.format(**settings, snapshotter=self.plan.snapshotter))
        self.runner.start("containerd", ["containerd", "--config", config])
        wait_until(lambda: self._ctr("version").returncode == 0, for_="containerd to answer", timeout=30)
        with ThreadPoolExecutor(2) as pool:
            list(pool.map(self._import, self.plan.images))

    def start(self) -> None:
        """Start the kubelet, and the network and the names of Services."""
        self._start_kubelet()
        self._run(
            "kube-proxy",
            f"--kubeconfig={self.kubeconfig}",
            "--proxy-mode=nftables",
            f"--cluster-cidr={PODS}",
            f"--hostname-override={NAME}",
            # settings of the whole kernel stay as they are
            "--conntrack-max-per-core=0",
            "--conntrack-tcp-timeout-established=0",
            "--conntrack-tcp-timeout-close-wait=0",
        )
        names = self.folder / "Corefile"
        names.write_text(NAMES.format(address=ADDRESS, kubeconfig=self.kubeconfig))
        self._run("coredns", "-conf", str(names), folder=self.plan.names)

    def check(self) -> None:
        """SandboxError with the end of its log where one of them has ended."""
        for name in ("containerd", "kubelet", "kube-proxy", "coredns"):
            self.runner.pid(name)

    def _start_kubelet(self) -> None:
        config = self.folder / "kubelet.json"
        config.write_text(json.dumps(self.kubelet_settings()))
        (self.folder / "resolv.conf").touch()
        self._run(
            "kubelet",
            f"--config={config}",
            f"--kubeconfig={self.kubeconfig}",
            f"--hostname-override={NAME}",
            f"--node-ip={ADDRESS}",
            f"--root-dir={self.folder / 'kubelet'}",
            f"--cert-dir={self.folder / 'kubelet-pki'}",
        )

    def _run(self, name: str, *arguments: str, folder: str = "") -> None:
        self.runner.start(name, [f"{folder or self.plan.node}/{name}", *arguments])

    def kubelet_settings(self) -> dict[str, Any]:
        """Let it use our containerd and our control groups, old or new, and never mind a full disk."""
        return {
            "apiVersion": "kubelet.config.k8s.io/v1beta1",
            "kind": "KubeletConfiguration",
            "authentication": {"anonymous": {"enabled": True}, "webhook": {"enabled": False}},
            "authorization": {"mode": "AlwaysAllow"},
            "containerRuntimeEndpoint": f"unix://{self.folder}/containerd.sock",
            "volumePluginDir": str(self.folder / "volume-plugins"),
            "clusterDNS": [ADDRESS],
            "clusterDomain": "cluster.local",
            "resolvConf": str(self.folder / "resolv.conf"),
            "cgroupDriver": "cgroupfs",
            "cgroupRoot": f"/{self.plan.name}",
            "failCgroupV1": False,
            "failSwapOn": False,
            "enforceNodeAllocatable": [],
            "makeIPTablesUtilChains": False,
            "imageGCHighThresholdPercent": 100,
            "evictionHard": {"memory.available": "100Mi", **dict.fromkeys(DISK, "1%")},
        }

    def _import(self, archive: str) -> None:
        done = self._ctr("--namespace", "k8s.io", "images", "import", "--snapshotter", self.plan.snapshotter, archive)
        if done.returncode:
            raise SandboxError(f"containerd refused {archive}: {done.stderr.strip()}")

    def _ctr(self, *arguments: str) -> Any:
        return run_command(["ctr", "--address", self.folder / "containerd.sock", *arguments])


def make_network() -> None:
    """Give the namespace a loopback, and an interface with the node's address and a way to everywhere."""
    for command in (
        "ip link set lo up",
        "ip link add name node0 type bridge",
        f"ip address add {ADDRESS}/24 dev node0",
        "ip link set node0 up",
        "ip route add default dev node0",
    ):
        done = run_command(command.split(), environment={"PATH": parts.search_path()})
        if done.returncode:
            raise SandboxError(f"{command}: {done.stderr.strip()}")
