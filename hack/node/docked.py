"""A node that kind makes, where Docker and kind are; the same images, the same tests."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

from image.store import Store
from image.tools import Docker
from node import pictures
from node.plan import VARIABLE, Plan
from sandbox import kind
from sandbox.errors import SandboxError

Say = Callable[[str], None]
NAME = "modelward-e2e"


def run(command: Sequence[str], say: Say) -> int:
    """Run a command beside a kind cluster that is made for it; SandboxError says why there can be none."""
    kind.check()
    with tempfile.TemporaryDirectory(prefix="modelward-kind-") as scratch:
        state = Path(scratch)
        images = pictures.archives(Store(Docker(), say), state / "images")
        plan = _plan(state, images)
        say("creating a kind cluster: usually a minute")
        try:
            kind.run(kind.create_command(Path(plan.kubeconfig), NAME))
            for image in images:
                kind.run(kind.load_command(image, NAME))
            environment = {**os.environ, VARIABLE: str(plan.save()), "KUBECONFIG": plan.kubeconfig}
            return subprocess.run(command, env=environment, check=False).returncode
        finally:
            kind.run(kind.delete_command(Path(plan.kubeconfig), NAME))


def _plan(state: Path, images: Sequence[Path]) -> Plan:
    return Plan(
        state=str(state),
        name=NAME,
        kind="kind",
        kubeconfig=str(state / "kubeconfig"),
        kubectl=shutil.which("kubectl") or "kubectl",
        helm=shutil.which("helm") or "helm",
        images=tuple(str(image) for image in images),
    )


def why_not() -> str | None:
    """Say why there can be no kind cluster; None where there can."""
    try:
        kind.check()
    except SandboxError as error:
        return str(error)
    return None
