"""The operator as users install it: the chart with Helm, the image in a pod, the strict policy on its namespace."""

import json
import subprocess
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, replace
from typing import Any

from cluster.scenes import follow
from node.pictures import OPERATOR
from sandbox.cluster import Cluster
from sandbox.commands import run_command
from sandbox.kubectl import Kubectl
from sandbox.operator import CHART
from sandbox.waiting import wait_until

Json = dict[str, Any]
HOME = "modelward-system"
STRICT = "pod-security.kubernetes.io/enforce=restricted"
PATIENCE = 120
LEASE_SECONDS = 30


@dataclass(frozen=True)
class Release:
    """The chart's release in a cluster."""

    cluster: Cluster

    @property
    def kubectl(self) -> Kubectl:
        """Run kubectl in the operator's namespace."""
        return replace(Kubectl(self.cluster), namespace=HOME)

    def install(self) -> None:
        """Install it, or install it again, and wait until the operator is ready."""
        make_namespace(Kubectl(self.cluster), HOME)
        repository, _, tag = OPERATOR.rpartition(":")
        image = {"repository": repository, "tag": tag, "pullPolicy": "Never"}
        values = json.dumps({"image": image, "logLevel": "DEBUG"})
        how = ("--install", "--wait", "--timeout=120s", "--values=-")
        done = self.helm("upgrade", "modelward", str(CHART), *how, stdin=values)
        assert done.returncode == 0, done.stderr + self.kubectl.run("get", "events,pods", check=False)
        self.until_ready()

    def helm(self, verb: str, *arguments: str, stdin: str | None = None) -> subprocess.CompletedProcess[str]:
        """Run Helm; the caller looks at the return code."""
        where = ["--kubeconfig", str(self.cluster.kubeconfig), "--namespace", HOME]
        return run_command([self.cluster.helm, verb, *arguments, *where], stdin=stdin)

    def scale(self, replicas: int) -> None:
        """Run more operators, or none."""
        self.kubectl.run("scale", "deployment/modelward", f"--replicas={replicas}")

    def pods(self) -> list[Json]:
        """List the operator's pods that are not on their way out."""
        selector = "app.kubernetes.io/name=modelward,pod-template-hash"
        found = self.kubectl.json("get", "pods", "--selector", selector)["items"]
        return [pod for pod in found if "deletionTimestamp" not in pod["metadata"]]

    def ready_pods(self) -> list[str]:
        """Name the pods that say they are ready."""
        return [pod["metadata"]["name"] for pod in self.pods() if is_ready(pod)]

    def until_ready(self) -> str:
        """Wait until exactly one operator is ready: the one that holds the Lease. Returns its pod's name."""
        wait_until(lambda: len(self.ready_pods()) == 1, for_="an operator to be ready", timeout=PATIENCE)
        return self.ready_pods()[0]

    def holder(self) -> str:
        """Read who holds the Lease."""
        return str(self.kubectl.json("get", "lease", "modelward")["spec"].get("holderIdentity") or "")

    def exit_code(self, pod: str, end: Callable[[], object]) -> int:
        """Watch a pod while something ends it; return how its container ended: 137 is SIGKILL, after the grace."""
        with closing(follow(self.kubectl, f"/api/v1/namespaces/{HOME}/pods", pod, PATIENCE)) as states:
            next(states)
            end()
            return next(code for state in states if (code := _ended(state)) is not None)

    def log(self, pod: str) -> str:
        """Return all that an operator said."""
        return self.kubectl.run("logs", pod, check=False)

    def python(self, pod: str, code: str) -> str:
        """Run Python in the operator's container; returns all that it says."""
        return self.kubectl.run("exec", pod, "--", "/venv/bin/python", "-c", code, check=False)


def _ended(pod: Json) -> int | None:
    (container,) = pod["status"]["containerStatuses"]
    code: int | None = container["state"].get("terminated", {}).get("exitCode")
    return code


def make_namespace(kubectl: Kubectl, name: str) -> None:
    """Make a namespace that admits only pods of the strict policy; nothing happens where it is there."""
    kubectl.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})
    kubectl.run("label", "namespace", name, "--overwrite", STRICT)


def is_ready(pod: Json) -> bool:
    """Whether a pod is ready."""
    conditions = pod.get("status", {}).get("conditions", ())
    return any(c["type"] == "Ready" and c["status"] == "True" for c in conditions)
