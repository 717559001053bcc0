"""What is made once and kept: beside its final place first, then renamed, so that what stands there is whole."""

import tempfile
from collections.abc import Callable
from pathlib import Path

from fasteners import InterProcessLock

KEPT = 3


def make_once(target: Path, make: Callable[[Path], None]) -> Path:
    """Return a file or folder; where it is not there, `make` writes it, once, however many ask at the same time."""
    if target.exists():
        target.touch()
        return target
    target.parent.mkdir(parents=True, exist_ok=True)
    with InterProcessLock(target.parent / ".making.lock"):
        if not target.exists():
            with tempfile.TemporaryDirectory(dir=target.parent, prefix=".new-") as scratch:
                make(Path(scratch) / target.name)
                (Path(scratch) / target.name).rename(target)
    return target


def forget_old(folder: Path, pattern: str) -> None:
    """Keep of what is made the few states that were asked for last: other clones may be at work with theirs."""
    states = sorted(folder.glob(pattern), key=lambda path: path.stat().st_mtime, reverse=True)
    for path in states[KEPT:]:
        path.unlink(missing_ok=True)
