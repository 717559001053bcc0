"""The node's control groups: a folder in each hierarchy, made before and removed after, since no namespace does it."""

import contextlib
from functools import partial
from pathlib import Path

from sandbox.waiting import wait_until

MOUNTS = Path("/proc/mounts")
PREFIX = "modelward-node-"
NEEDED = ("cpu", "memory", "pids")


def hierarchies(mounts: str) -> list[Path]:
    """List where control groups are mounted: one place, or one for each controller in the older way."""
    found = [line.split() for line in mounts.splitlines()]
    return sorted({Path(fields[1]) for fields in found if len(fields) > 2 and fields[2] in {"cgroup", "cgroup2"}})


def is_unified(mounts: str) -> bool:
    """Whether controllers are those of the one hierarchy (cgroup v2)."""
    return all(line.split()[2] != "cgroup" for line in mounts.splitlines() if len(line.split()) > 2)


def make(name: str) -> None:
    """Make the node's group in every hierarchy, with its controllers."""
    mounts = MOUNTS.read_text()
    for place in hierarchies(mounts):
        if is_unified(mounts):
            _hand_down(place)
        (place / name).mkdir(exist_ok=True)
        if (place / name / "cpuset.cpus").exists() and not is_unified(mounts):
            _copy_cpuset(place, place / name)


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
    try:
        make(name)
    except OSError as error:
        return [f"control groups cannot be made here: {error}"]
    finally:
        with contextlib.suppress(OSError):
            remove(name)
    return []


def _hand_down(place: Path) -> None:
    """Let groups below have the controllers that a node needs."""
    (place / "cgroup.subtree_control").write_text(" ".join(f"+{name}" for name in NEEDED))


def _copy_cpuset(parent: Path, group: Path) -> None:
    for name in ("cpuset.cpus", "cpuset.mems"):
        (group / name).write_text((parent / name).read_text())


def _is_removed(group: Path) -> bool:
    folders = sorted((path for path in group.rglob("*") if path.is_dir()), reverse=True)
    for folder in (*folders, group):
        with contextlib.suppress(OSError):
            folder.rmdir()
    return not group.exists()
