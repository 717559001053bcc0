"""The node's control groups: a folder in each hierarchy, made before and removed after, since no namespace does it."""

import contextlib
from functools import partial
from pathlib import Path

from sandbox.waiting import wait_until

MOUNTS = Path("/proc/mounts")
PREFIX = "modelward-node-"
# what a kubelet looks for in its group, where the kernel has it; without the first three it does not start
WANTED = ("cpu", "memory", "pids", "cpuset", "hugetlb", "io")


def hierarchies(mounts: str) -> list[Path]:
    """List where control groups are mounted: one place, or one for each controller in the older way."""
    found = [line.split() for line in mounts.splitlines()]
    return sorted({Path(fields[1]) for fields in found if len(fields) > 2 and fields[2] in {"cgroup", "cgroup2"}})


def is_unified(mounts: str) -> bool:
    """Whether controllers are those of the one hierarchy (cgroup v2)."""
    return all(line.split()[2] != "cgroup" for line in mounts.splitlines() if len(line.split()) > 2)


def make(name: str) -> list[str]:
    """Make the node's group in every hierarchy; return the controllers that were not handed down before (cgroup v2)."""
    mounts = MOUNTS.read_text()
    added = []
    for place in hierarchies(mounts):
        if is_unified(mounts):
            added = _hand_down(place)
        (place / name).mkdir(exist_ok=True)
        if (place / name / "cpuset.cpus").exists() and not is_unified(mounts):
            _copy_cpuset(place, place / name)
    return added


def take_back(controllers: list[str]) -> None:
    """Hand down no longer what was not handed down before us; what others use by now stays."""
    for place in hierarchies(MOUNTS.read_text()):
        for controller in controllers:
            with contextlib.suppress(OSError):
                (place / "cgroup.subtree_control").write_text(f"-{controller}")


def remove(name: str) -> None:
    """Remove the node's group with all that stands in it; its processes are gone by then, or go in this moment."""
    for place in hierarchies(MOUNTS.read_text()):
        group = place / name
        if group.exists():
            wait_until(partial(_is_removed, group), for_=f"the processes in {group} to end", timeout=30)


def left_over() -> list[str]:
    """List the groups of nodes that are, or were, run here."""
    places = hierarchies(MOUNTS.read_text())
    return sorted({group.name for place in places for group in place.glob(f"{PREFIX}*") if group.is_dir()})


def refusals() -> list[str]:
    """Say why groups cannot be made here; nothing where they can."""
    mounts, name = MOUNTS.read_text(), f"{PREFIX}probe"
    if not hierarchies(mounts):
        return ["no control groups are mounted under /sys/fs/cgroup"]
    added: list[str] = []
    try:
        added = make(name)
    except OSError as error:
        return [f"control groups cannot be made here: {error}"]
    finally:
        with contextlib.suppress(OSError):
            remove(name)
        take_back(added)
    return []


def _hand_down(place: Path) -> list[str]:
    """Let groups below have the controllers that a node needs; return those that they did not have."""
    there = set((place / "cgroup.controllers").read_text().split())
    handed = set((place / "cgroup.subtree_control").read_text().split())
    added = [name for name in WANTED if name in there - handed]
    for name in added:
        (place / "cgroup.subtree_control").write_text(f"+{name}")
    return added


def _copy_cpuset(parent: Path, group: Path) -> None:
    for name in ("cpuset.cpus", "cpuset.mems"):
        (group / name).write_text((parent / name).read_text())


def _is_removed(group: Path) -> bool:
    folders = sorted((path for path in group.rglob("*") if path.is_dir()), reverse=True)
    for folder in (*folders, group):
        with contextlib.suppress(OSError):
            folder.rmdir()
    return not group.exists()
