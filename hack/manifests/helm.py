"""Finding a helm, and rendering a chart with it."""

import os
import shutil
import subprocess
from pathlib import Path


class HelmError(Exception):
    """There is no helm, or it refused."""


def find_helm() -> Path:
    """Take the helm that $HELM names, or the one on the PATH."""
    found = shutil.which(os.environ.get("HELM") or "helm")
    if found is None:
        asked = os.environ.get("HELM")
        raise HelmError(
            f"HELM names {asked}, which cannot be run" if asked else "no helm on the PATH; or name one in HELM"
        )
    return Path(found)


def render(helm: Path, chart: Path, *, release: str, namespace: str) -> str:
    """Render a chart with its default values, for people who do not use Helm: nothing is kept by it."""
    command: list[str | Path] = [helm, "template", release, chart, "--namespace", namespace, "--set", "crds.keep=false"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise HelmError(done.stderr.strip())
    return done.stdout
