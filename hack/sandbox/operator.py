"""The operator as in a cluster, but as a process of this machine: with the chart's ServiceAccount, and no more."""

import contextlib
import json
import os
import sys
import urllib.request
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from sandbox.cluster import Cluster
from sandbox.commands import run_command
from sandbox.errors import SandboxError
from sandbox.kubectl import Kubectl
from sandbox.ports import free_ports
from sandbox.processes import Runner
from sandbox.waiting import wait_until

Say = Callable[[str], None]
ROOT = Path(__file__).parent.parent.parent
CHART = ROOT / "charts" / "modelward"
NAMESPACE = "modelward-system"
NAME = "operator"


@dataclass(frozen=True)
class Operator:
    """A running operator; its pid and log stand in `folder`."""

    folder: Path
    port: int
    name: str = NAME

    @property
    def runner(self) -> Runner:
        """Starts and stops the process."""
        return Runner(self.folder)

    @property
    def pid(self) -> int:
        """The process."""
        return self.runner.pid(self.name)

    def stop(self) -> None:
        """End it as Kubernetes would: SIGTERM first."""
        self.runner.stop(self.name, patience=15)

    def kill(self) -> None:
        """End it as a power cut would: SIGKILL."""
        self.runner.kill(self.name)

    def log(self) -> str:
        """Return all that it said."""
        path = self.runner.log_path(self.name)
        return path.read_text(errors="replace") if path.exists() else ""

    def is_ready(self) -> bool:
        """Whether it holds the Lease and has seen the first list; SandboxError where it has ended."""
        if not self.runner.is_running(self.name):
            raise SandboxError(f"the operator ended:\n{self.runner.log_tail(self.name)}")
        page = f"http://127.0.0.1:{self.port}/readyz"
        with contextlib.suppress(OSError), urllib.request.urlopen(page, timeout=2) as answer:
            return bool(answer.status == 200)
        return False


def install(cluster: Cluster, say: Say = print) -> None:
    """Install the chart without its pods: CustomResourceDefinition, ServiceAccount and roles are what counts here."""
    say("installing the chart")
    command: list[str | Path] = [
        cluster.helm,
        "upgrade",
        "--install",
        "modelward",
        CHART,
        "--kubeconfig",
        cluster.kubeconfig,
    ]
    where = ["--namespace", NAMESPACE, "--create-namespace", "--set", "replicaCount=0"]
    done = run_command([*command, *where])
    if done.returncode:
        raise SandboxError(f"helm upgrade --install failed:\n{done.stderr.strip()}")
    wait = ("wait", "--for=condition=Established", "crd/modeldeployments.modelward.dev", "--timeout=30s")
    Kubectl(cluster).run(*wait)
    wait_until(lambda: _is_served(cluster), for_="the API server to list and explain ModelDeployments", timeout=60)


def _is_served(cluster: Cluster) -> bool:
    """Whether discovery lists our resource and its manual is there: both come a moment after it is established."""
    kubectl = Kubectl(cluster)
    listed = kubectl.run("api-resources", "--api-group=modelward.dev", "--output=name", check=False)
    return "modeldeployments" in listed and "FIELDS" in kubectl.run("explain", "mdl.spec", check=False)


def uninstall(cluster: Cluster) -> None:
    """Take the chart, and the definition that it keeps, from a given cluster."""
    command: list[str | Path] = [
        cluster.helm,
        "uninstall",
        "modelward",
        "--kubeconfig",
        cluster.kubeconfig,
        "--namespace",
        NAMESPACE,
    ]
    run_command([*command, "--ignore-not-found"])
    kubectl = Kubectl(cluster)
    kubectl.run("delete", "crd", "modeldeployments.modelward.dev", "--ignore-not-found")
    kubectl.run("delete", "namespace", NAMESPACE, "--ignore-not-found", "--wait=false")


def start(
    cluster: Cluster, state: Path, env: Mapping[str, str] | None = None, *, name: str = NAME, wait: bool = True
) -> Operator:
    """Start the operator with the ServiceAccount's token, and wait until it is ready."""
    folder = state / "operator"
    folder.mkdir(parents=True, exist_ok=True)
    kubeconfig = folder / f"{name}.kubeconfig"
    kubeconfig.touch(mode=0o600)
    kubeconfig.write_text(service_account_kubeconfig(cluster))
    (port,) = free_ports(1)
    environment = {
        **_bare_environment(),
        "KUBECONFIG": str(kubeconfig),
        "MODELWARD_NAMESPACE": NAMESPACE,
        "MODELWARD_POD_NAME": name,
        "MODELWARD_HTTP_HOST": "127.0.0.1",
        "MODELWARD_HTTP_PORT": str(port),
        "MODELWARD_DATABASE_NETWORKS": "127.0.0.0/8,::1/128",  # the sandbox's database stands on this machine
        **(env or {}),
    }
    operator = Operator(folder, port, name)
    operator.runner.start(name, [sys.executable, "-m", "modelward", "operator"], environment=environment)
    if wait:
        wait_until(operator.is_ready, for_="the operator to be ready", timeout=60)
    return operator


def is_running(state: Path) -> bool:
    """Whether an operator that was started in this state folder is alive."""
    return Runner(state / "operator").is_running(NAME)


def stop_left_over(state: Path) -> None:
    """Stop the operator of a state folder, if there is one."""
    Runner(state / "operator").stop(NAME, patience=15)


def service_account_kubeconfig(cluster: Cluster) -> str:
    """Write a kubeconfig for the chart's ServiceAccount: the cluster of the administrator's, another user."""
    kubectl = Kubectl(cluster)
    token = kubectl.run("create", "token", "modelward", "--namespace", NAMESPACE, "--duration=24h").strip()
    config = json.loads(kubectl.run("config", "view", "--raw", "--minify", "--flatten", "--output", "json"))
    config["users"] = [{"name": user["name"], "user": {"token": token}} for user in config["users"]]
    return json.dumps(config)


def _bare_environment() -> dict[str, str]:
    """Blank every setting that this shell may hold: the operator gets what is named here and no more."""
    return {name: "" for name in os.environ if name.startswith("MODELWARD_")}
