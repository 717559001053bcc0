"""Programs that must succeed."""

from collections.abc import Mapping
from pathlib import Path

from release.errors import ReleaseError
from sandbox.commands import run_command


def run_ok(*command: str | Path, folder: Path | None = None, environment: Mapping[str, str] | None = None) -> str:
    """Run a command and return what it printed; ReleaseError carries what it complained of."""
    done = run_command(command, folder=folder, environment=environment)
    if done.returncode:
        said = (done.stderr or done.stdout).strip()[-1500:]
        raise ReleaseError(f"{' '.join(str(part) for part in command[:4])} failed:\n{said}")
    return done.stdout
