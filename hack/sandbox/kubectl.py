"""kubectl, run as a person would, with its answer or its complaint."""

import json
import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sandbox.cluster import Cluster
from sandbox.commands import run_command
from sandbox.errors import SandboxError

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True)
class Kubectl:
    """kubectl against one cluster, in one namespace where one is given."""

    cluster: Cluster
    namespace: str | None = None

    def run(self, *arguments: str, stdin: str | None = None, check: bool = True) -> str:
        """Return what kubectl prints; with `check=False` also where it fails (standard error included)."""
        done = self.try_(*arguments, stdin=stdin)
        if done.returncode and check:
            raise SandboxError(f"kubectl {' '.join(arguments)}: {done.stderr.strip()}")
        return done.stdout if check else done.stdout + done.stderr

    def try_(self, *arguments: str, stdin: str | None = None) -> subprocess.CompletedProcess[str]:
        """Run kubectl; the caller looks at the return code."""
        where: list[str | Path] = ["--namespace", self.namespace] if self.namespace else []
        cache = self.cluster.folder / "kubectl-cache"  # what a server had is not what the next one at this port has
        whom: list[str | Path] = ["--kubeconfig", self.cluster.kubeconfig, "--cache-dir", cache]
        return run_command([self.cluster.kubectl, *whom, *where, *arguments], stdin=stdin)

    def json(self, *arguments: str) -> Any:
        """Return an object or a list."""
        return json.loads(self.run(*arguments, "--output", "json"))

    def apply(self, manifest: dict[str, Any] | str, *arguments: str) -> str:
        """Apply a manifest."""
        text = manifest if isinstance(manifest, str) else json.dumps(manifest)
        return self.run("apply", *arguments, "--filename", "-", stdin=text)
