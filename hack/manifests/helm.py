"""Finding a helm, and rendering a chart with it."""

import os
import shutil
import subprocess
import sys
from pathlib import Path


class HelmError(Exception):
    """There is no helm, or it refused."""


def find_helm() -> Path:
    """Take the helm that $HELM names; else the pinned one where it is built; else the PATH's; else build the pinned."""
    asked = os.environ.get("HELM")
    if asked:
        return _on_path(asked, f"HELM names {asked}, which cannot be run")
    from sandbox import binaries  # noqa: PLC0415  only here, so that HELM is enough without the sandbox's packages

    pinned = binaries.helm_module()
    found = None if pinned.is_built else shutil.which("helm")
    return Path(found) if found else pinned.build(_say) / "helm"


def _on_path(name: str, complaint: str) -> Path:
    found = shutil.which(name)
    if found is None:
        raise HelmError(complaint)
    return Path(found)


def _say(line: str) -> None:
    print(f"manifests: {line}", file=sys.stderr)


def render(helm: Path, chart: Path, *, release: str, namespace: str) -> str:
    """Render a chart with its default values, for people who do not use Helm: nothing is kept by it."""
    options = ["--namespace", namespace, "--set", "crds.keep=false", "--skip-tests"]
    command: list[str | Path] = [helm, "template", release, chart, *options]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise HelmError(done.stderr.strip())
    return done.stdout
