"""kind: command lines only. Where Docker is, it makes the cluster; nothing here hides what is run."""

import shutil
from pathlib import Path

from sandbox.commands import run_command
from sandbox.errors import SandboxError

NAME = "modelward"


def create_command(kubeconfig: Path, name: str = NAME) -> list[str]:
    """Create the cluster and write its kubeconfig."""
    return ["kind", "create", "cluster", "--name", name, "--wait", "120s", "--kubeconfig", str(kubeconfig)]


def delete_command(kubeconfig: Path, name: str = NAME) -> list[str]:
    """Delete the cluster."""
    return ["kind", "delete", "cluster", "--name", name, "--kubeconfig", str(kubeconfig)]


def load_command(archive: Path, name: str = NAME) -> list[str]:
    """Give the cluster's node an image."""
    return ["kind", "load", "image-archive", str(archive), "--name", name]


def check() -> None:
    """Make sure that kind, kubectl and helm are installed and Docker answers; SandboxError says what lacks."""
    lacking = [tool for tool in ("kind", "kubectl", "helm", "docker") if shutil.which(tool) is None]
    if lacking:
        raise SandboxError(f"kind: {', '.join(lacking)} not installed")
    if run_command(["docker", "info"]).returncode:
        raise SandboxError("kind: Docker is installed, but no Docker engine answers")


def run(command: list[str]) -> None:
    """Run one of the commands; SandboxError carries what it said."""
    done = run_command(command)
    if done.returncode:
        raise SandboxError(f"{' '.join(command[:3])} failed:\n{done.stderr.strip()[-1500:]}")
