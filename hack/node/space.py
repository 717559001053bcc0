"""A node of our own: namespaces that end with it, and the little that does not end by itself, cleaned up after it.

Processes, network and mounts live in namespaces of their own: the kernel takes them when the first process in there
ends, and that one ends when we do, however we end. What outlives it are control groups, settings of the kernel and a
folder; whatever a run that was killed left of them, the next one removes.
"""

import contextlib
import json
import secrets
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import psutil

from image.store import Store, buildah
from node import cgroups, hiding, parts, pictures, rights, sysctls
from node.plan import Plan
from sandbox.errors import SandboxError

Say = Callable[[str], None]
OWNER, BEFORE = "owner", "before.json"
LOGS = Path(__file__).parent.parent.parent / ".modelward" / "node-logs"
PATIENCE = 60


def run(command: Sequence[str], say: Say) -> int:
    """Run a command in a node of our own; SandboxError says why there can be none."""
    rights.ensure()
    remove_left_over(say)
    made = parts.gather(say)
    with tempfile.TemporaryDirectory(prefix="modelward-images-") as scratch:
        images = pictures.archives(Store(buildah(), say), Path(scratch))
    with _ground() as state:
        plan = _plan(state, made, images)
        say(f"starting a node of our own: Kubernetes with a real kubelet, in namespaces ({plan.snapshotter})")
        code = _live([*inside_command(plan.save()), *command])
        if code:
            _keep_logs(state, say)
    return code


def inside_command(plan: Path) -> list[str]:
    """Start the first process of new namespaces; it is killed when its parent dies, and its parent when we do."""
    spaces = [*rights.UNSHARE, "--kill-child"]
    return ["setpriv", "--pdeathsig", "KILL", *spaces, sys.executable, "-m", "node.inside", str(plan)]


def remove_left_over(say: Say) -> None:
    """Remove what runs left behind that were killed."""
    alive = set()
    for state in Path(tempfile.gettempdir()).glob(f"{cgroups.PREFIX}*"):
        if _is_owned(state):
            alive.add(state.name)
        else:
            say(f"removing what an earlier run left in {state}")
            _clean(state)
    for name in set(cgroups.left_over()) - alive:
        cgroups.remove(name)


def _plan(state: Path, made: parts.Parts, images: Sequence[Path]) -> Plan:
    return Plan(
        state=str(state),
        name=state.name,
        kind="own",
        kubeconfig=str(state / "kubeconfig"),
        kubectl=str(made.plane.path("kubectl")),
        helm=str(made.plane.path("helm")),
        images=tuple(str(image) for image in images),
        plane=str(made.plane.folder),
        node=str(made.node),
        names=str(made.names),
        plugins=str(made.plugins),
        snapshotter="overlayfs" if rights.overlays_work(state) else "native",
    )


@contextlib.contextmanager
def _ground() -> Iterator[Path]:
    """A folder and control groups, and everything as it was when the node has ended."""
    state = Path(tempfile.gettempdir()) / f"{cgroups.PREFIX}{secrets.token_hex(4)}"
    state.mkdir(mode=0o755)
    try:
        me = psutil.Process()
        (state / OWNER).write_text(f"{me.pid} {me.create_time()!r}")
        _note(state, {"sysctls": sysctls.read(), "folders": hiding.make_missing(), "controllers": []})
        added = cgroups.make(state.name)
        _note(state, {**_noted(state), "controllers": added})
        yield state
    finally:
        _clean(state)


def _clean(state: Path) -> None:
    cgroups.remove(state.name)
    before = _noted(state)
    cgroups.take_back(before.get("controllers", []))
    sysctls.write(before.get("sysctls", {}))
    hiding.remove(before.get("folders", []))
    shutil.rmtree(state, ignore_errors=True)


def _note(state: Path, before: dict[str, Any]) -> None:
    """Write down how the machine was, for us or for the run after one that was killed."""
    new = state / f"{BEFORE}.new"
    new.write_text(json.dumps(before))
    new.rename(state / BEFORE)


def _noted(state: Path) -> dict[str, Any]:
    try:
        found: dict[str, Any] = json.loads((state / BEFORE).read_text())
    except FileNotFoundError:
        return {}
    return found


def _is_owned(state: Path) -> bool:
    """Whether the run that made a folder is still there."""
    try:
        pid, created = (state / OWNER).read_text().split()
        return bool(psutil.Process(int(pid)).create_time() == float(created))
    except (OSError, ValueError, psutil.NoSuchProcess):
        return False


def _live(command: Sequence[str]) -> int:
    """Wait for the node's end; who interrupts us has interrupted it as well, and gets a moment of patience."""
    with subprocess.Popen(command) as process:
        try:
            return process.wait()
        except KeyboardInterrupt:
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(PATIENCE)
            raise
        finally:
            process.kill()


def _keep_logs(state: Path, say: Say) -> None:
    shutil.rmtree(LOGS, ignore_errors=True)
    LOGS.mkdir(parents=True)
    for log in state.glob("*.log"):
        shutil.copy2(log, LOGS)
    say(f"the logs of the node's processes are in {LOGS}")


def why_not() -> str | None:
    """Say why there can be no node of our own; None where there can."""
    try:
        rights.ensure()
        buildah()
    except SandboxError as error:
        return str(error)
    return None
