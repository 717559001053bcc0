"""Processes that are started here, and ended by the pid that was started: never by name.

Each leaves a file with its pid and the moment it was created, so that a number used again is never taken for it.
"""

import contextlib
import os
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import psutil

from sandbox.commands import group_of
from sandbox.errors import SandboxError

TAIL = 15


@dataclass(frozen=True)
class Runner:
    """Starts and stops named processes; their pids and logs stand in one folder."""

    folder: Path

    def start(
        self,
        name: str,
        command: Sequence[str | Path],
        *,
        environment: Mapping[str, str] | None = None,
        user: str | None = None,
    ) -> None:
        """Start a process in a session of its own, so that it outlives the terminal."""
        self.folder.mkdir(parents=True, exist_ok=True)
        with self.log_path(name).open("ab") as log:
            process = subprocess.Popen(
                [str(part) for part in command],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                env={**os.environ, **(environment or {})},
                cwd="/" if user else None,
                user=user,
                group=group_of(user),
                extra_groups=[] if user else None,
                start_new_session=True,
            )
        _CHILDREN[process.pid] = process
        created = psutil.Process(process.pid).create_time()
        self._pid_path(name).write_text(f"{process.pid} {created!r}\n")

    def is_running(self, name: str) -> bool:
        """Whether the process that was started under this name is alive."""
        return self._find(name) is not None

    def stop(self, name: str, *, patience: float = 10.0) -> None:
        """End a process: politely, then by force; nothing happens where it is gone already."""
        process = self._find(name)
        if process is not None:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.terminate()
                _wait(process, patience)
        self._pid_path(name).unlink(missing_ok=True)

    def kill(self, name: str) -> None:
        """End a process by force, as a power cut would."""
        process = self._find(name)
        if process is not None:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.kill()
                _wait(process, 5)
        self._pid_path(name).unlink(missing_ok=True)

    def pid(self, name: str) -> int:
        """Return the pid of a running process; SandboxError where it has ended."""
        process = self._find(name)
        if process is None:
            raise SandboxError(f"{name} is not running\n{self.log_tail(name)}")
        return int(process.pid)

    def log_path(self, name: str) -> Path:
        """Where a process writes what it says."""
        return self.folder / f"{name}.log"

    def log_tail(self, name: str) -> str:
        """Return the last lines of a log, for an error message."""
        path = self.log_path(name)
        lines = path.read_text(errors="replace").splitlines()[-TAIL:] if path.exists() else []
        return "\n".join(f"  {name}: {line[:300]}" for line in lines)

    def _pid_path(self, name: str) -> Path:
        return self.folder / f"{name}.pid"

    def _find(self, name: str) -> psutil.Process | None:
        try:
            pid, created = self._pid_path(name).read_text().split()
            process = psutil.Process(int(pid))
            same = process.create_time() == float(created) and process.status() != psutil.STATUS_ZOMBIE
        except (OSError, ValueError, psutil.NoSuchProcess):
            return None
        return process if same else None


_CHILDREN: dict[int, "subprocess.Popen[bytes]"] = {}


def _wait(process: psutil.Process, patience: float) -> None:
    try:
        process.wait(patience)
    except psutil.TimeoutExpired:
        process.kill()
        process.wait(5)
    child = _CHILDREN.pop(process.pid, None)
    if child is not None:
        child.wait()
