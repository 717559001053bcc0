"""What this machine lets us do: each thing that a node needs is tried once, and what is refused is said in a sentence.

A machine without these rights cannot run a node; that is no failure of the project, and it must not look like one.
"""

import os
import tempfile
from pathlib import Path

from node import cgroups, parts
from sandbox.commands import run_command
from sandbox.errors import SandboxError

UNSHARE = ("unshare", "--net", "--mount", "--pid", "--fork", "--mount-proc")
NAT = "add table ip probe; add chain ip probe nat { type nat hook prerouting priority -100; }"
# what is tried in namespaces of its own, so that it is gone at once
TRIALS: tuple[tuple[str, tuple[str, ...]], ...] = (
    (
        "a network interface cannot be made (a kernel without veth?)",
        ("ip", "link", "add", "type", "veth"),
    ),
    ("nftables cannot be used (a kernel without nf_tables?)", ("nft", NAT)),
    ("a file system cannot be mounted", ("mount", "-t", "tmpfs", "probe", "/mnt")),
)


def refusals() -> list[str]:
    """Say everything that stands in the way of a node here; nothing where it can be run."""
    if os.geteuid():
        return ["not root, and a node needs its own network, mounts and cgroups"]
    packages = parts.missing_packages()
    if packages:
        return [f"not installed: {', '.join(packages)} (on Debian: apt-get install {' '.join(packages)})"]
    for check in (_namespaces, _trials, cgroups.refusals):
        found = check()
        if found:
            return found
    return []


def overlays_work(folder: Path) -> bool:
    """Whether images can be unpacked in layers there; not so where the folder is on an overlay itself."""
    with tempfile.TemporaryDirectory(dir=folder) as scratch:
        for name in ("lower", "upper", "work", "merged"):
            (Path(scratch) / name).mkdir()
        layers = f"lowerdir={scratch}/lower,upperdir={scratch}/upper,workdir={scratch}/work"
        mount = ["mount", "-t", "overlay", "probe", "-o", layers, f"{scratch}/merged"]
        return run_command([*UNSHARE, *mount]).returncode == 0


def ensure() -> None:
    """Do nothing where a node can be run; else SandboxError with all that stands in the way."""
    found = refusals()
    if found:
        raise SandboxError("no node can be run here: " + "; ".join(found))


def _namespaces() -> list[str]:
    done = run_command([*UNSHARE, "true"])
    if done.returncode == 0:
        return []
    said = done.stderr.strip()
    return [f"namespaces of its own are refused (unshare: {said}); a container that runs this has to be privileged"]


def _trials() -> list[str]:
    environment = {"PATH": parts.search_path()}
    found = []
    for sentence, command in TRIALS:
        done = run_command([*UNSHARE, *command], environment=environment)
        if done.returncode:
            found.append(f"{sentence}: {done.stderr.strip()}")
    return found
