"""What is made once and kept: beside its final place first, then renamed, so that what stands there is whole."""

import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from fasteners import InterProcessLock

KEPT_DAYS = 3


def make_once(target: Path, make: Callable[[Path], None]) -> Path:
    """Return a file or folder; where it is not there, `make` writes it, once, however many ask at the same time."""
    if target.exists():
        target.touch()
        return target
    target.parent.mkdir(parents=True, exist_ok=True)
    with InterProcessLock(target.parent / f".{target.name}.lock"):
        if not target.exists():
            with tempfile.TemporaryDirectory(dir=target.parent, prefix=".new-") as scratch:
                make(Path(scratch) / target.name)
                (Path(scratch) / target.name).rename(target)
    return target


def forget_old(folder: Path, pattern: str) -> None:
    """Remove files that nobody asked for in the last days: an older state of what is made."""
    too_old = time.time() - KEPT_DAYS * 86400
    for path in folder.glob(pattern):
        if path.is_file() and path.stat().st_mtime < too_old:
            path.unlink(missing_ok=True)
