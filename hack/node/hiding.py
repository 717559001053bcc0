"""Folders of the machine that a node's programs write to, wherever they are told to work: hidden under empty ones.

Inside the node's namespaces each is covered by a file system in memory, which goes with them. A folder that is not
there has to be made for that, outside as well; it is removed again.
"""

import contextlib
from pathlib import Path

from sandbox.commands import run_command
from sandbox.errors import SandboxError

# sockets and network namespaces; logs of pods; addresses given out; what the kubelet is asked to plug in
FOLDERS = (Path("/run"), Path("/var/log"), Path("/var/lib/cni"), Path("/var/lib/kubelet"))


def make_missing() -> list[str]:
    """Make the folders that are not there; return them."""
    missing = [folder for folder in FOLDERS if not folder.exists()]
    for folder in missing:
        folder.mkdir(parents=True)
    return [str(folder) for folder in missing]


def remove(folders: list[str]) -> None:
    """Remove folders that were made, unless somebody put something there."""
    for folder in folders:
        with contextlib.suppress(OSError):
            Path(folder).rmdir()


def hide() -> None:
    """Cover them; from inside the node's namespaces only."""
    for folder in FOLDERS:
        done = run_command(["mount", "-t", "tmpfs", "-o", "mode=755", "modelward", folder])
        if done.returncode:
            raise SandboxError(f"{folder} cannot be covered: {done.stderr.strip()}")
