"""Where this user's built programs stay."""

import os
from pathlib import Path


def cache_folder() -> Path:
    """Return XDG_CACHE_HOME, or else ~/.cache, with our name behind it."""
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "modelward"
