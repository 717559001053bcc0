"""Other programs, run to their end: what they printed, and whether they succeeded."""

import os
import pwd
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path


def run_command(
    command: Sequence[str | Path],
    *,
    stdin: str | None = None,
    folder: Path | None = None,
    environment: Mapping[str, str] | None = None,
    user: str | None = None,
) -> "subprocess.CompletedProcess[str]":
    """Run a command and capture its output; the caller looks at the return code."""
    return subprocess.run(
        [str(part) for part in command],
        input=stdin,
        capture_output=True,
        text=True,
        check=False,
        cwd="/" if user else folder,
        env={**os.environ, **(environment or {})},
        user=user,
        group=group_of(user),
        extra_groups=[] if user else None,
    )


def group_of(user: str | None) -> int | None:
    """Return the main group of another user; None stands for who we are."""
    return pwd.getpwnam(user).pw_gid if user else None
