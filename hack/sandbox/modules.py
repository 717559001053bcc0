"""Programs of pinned Go modules: each module is built once, into a folder of the user's cache named after its pins."""

import hashlib
import shutil
import tempfile
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from fasteners import InterProcessLock

from sandbox import go
from sandbox.kept import cache_folder

Say = Callable[[str], None]


@dataclass(frozen=True)
class Module:
    """A folder with a go.mod, what to build of it, and how many seconds that takes on two cores the first time."""

    folder: Path
    packages: tuple[str, ...]
    usual_seconds: int
    stamp: str = ""

    @property
    def target(self) -> Path:
        """Where its programs stand, or would stand: other pins are another folder."""
        digest = hashlib.sha256(f"{self.packages} {self.stamp}".encode())
        for path in sorted(self.folder.rglob("*")):
            if path.is_file() and path.suffix in {".mod", ".sum", ".go"}:
                digest.update(path.name.encode() + path.read_bytes())
        return cache_folder() / f"{self.folder.name}-{digest.hexdigest()[:12]}"

    @property
    def programs(self) -> tuple[str, ...]:
        """What comes out of it."""
        return tuple(package.rpartition("/")[2] for package in self.packages)

    @property
    def is_built(self) -> bool:
        """Whether all of it is there."""
        return all((self.target / program).exists() for program in self.programs)

    def build(self, say: Say) -> Path:
        """Build it unless it is built; a second call, or a second clone, finds it there. Returns its folder."""
        if not self.is_built:
            with build_lock(say):
                if not self.is_built:
                    self._build(say)
        return self.target

    def _build(self, say: Say) -> None:
        """Build beside the final place and rename: what stands there is whole."""
        tool = go.find(say)
        with tempfile.TemporaryDirectory(dir=self.target.parent, prefix="building-") as scratch:
            out = Path(scratch) / "bin"
            out.mkdir()
            flags = ["-trimpath", "-ldflags", f"-s -w {self.stamp}".strip()]
            title = f"building {', '.join(self.programs)} from a Go module"
            with _Progress(title, self.usual_seconds, say):
                go.run(tool, self.folder, "build", *flags, "-o", f"{out}/", *self.packages)
            shutil.rmtree(self.target, ignore_errors=True)
            out.rename(self.target)


class build_lock:  # noqa: N801  used like a function
    """One build at a time on a machine: each takes all of its cores. One that holds it may ask for it again."""

    _held = threading.local()

    def __init__(self, say: Say) -> None:
        self._say = say

    def __enter__(self) -> None:
        """Wait for the others, and say so."""
        depth = getattr(self._held, "depth", 0)
        if not depth:
            cache_folder().mkdir(parents=True, exist_ok=True)
            lock = InterProcessLock(cache_folder() / "build.lock")
            if not lock.acquire(blocking=False):
                self._say("another build is under way: waiting for it")
                lock.acquire()
            self._held.lock = lock
        self._held.depth = depth + 1

    def __exit__(self, *_: object) -> None:
        """Let the next one build."""
        self._held.depth -= 1
        if not self._held.depth:
            self._held.lock.release()


class _Progress:
    """Says every 20 seconds that it still goes on."""

    def __init__(self, title: str, usual_seconds: int, say: Say) -> None:
        self._title, self._usual, self._say = title, usual_seconds, say
        self._done = threading.Event()

    def __enter__(self) -> None:
        self._say(f"{self._title}: usually {self._usual} s, once; kept in {cache_folder()}")
        self._began = time.monotonic()
        self._reporter = threading.Thread(target=self._report, daemon=True)
        self._reporter.start()

    def __exit__(self, kind: object, *_: object) -> None:
        self._done.set()
        self._reporter.join()
        if kind is None:
            self._say(f"{self._title}: done in {self._seconds()} s")

    def _report(self) -> None:
        while not self._done.wait(20):
            self._say(f"{self._title}: {self._seconds()} s so far")

    def _seconds(self) -> int:
        return round(time.monotonic() - self._began)
