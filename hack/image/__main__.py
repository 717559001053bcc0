"""`make image`: the operator's image with whatever builds images here, as modelward:<version>."""

import sys
import tempfile
import tomllib
from pathlib import Path

from image.store import ROOT, Store, any_tool, operator_context, operator_recipe
from image.tools import Buildah
from sandbox.commands import run_command
from sandbox.errors import SandboxError


def project_version() -> str:
    """Read the project's version."""
    with (ROOT / "pyproject.toml").open("rb") as file:
        return str(tomllib.load(file)["project"]["version"])


def revision() -> str:
    """Read the commit that is built; unknown outside of a clone."""
    done = run_command(["git", "-C", ROOT, "rev-parse", "HEAD"])
    return done.stdout.strip() if done.returncode == 0 else "unknown"


def say(text: str) -> None:
    """Print at once: what takes long says so while it does."""
    print(text, flush=True)


def main() -> int:
    """Build it, and say where it is."""
    try:
        tool = any_tool()
        version = project_version()
        name = f"modelward:{version}"
        with tempfile.TemporaryDirectory() as scratch:
            context = operator_context(tool, Path(scratch), say)
            recipe = operator_recipe(tool, context, name, version, revision())
            if isinstance(tool, Buildah):
                say(f"{name} is in {Store(tool, say).archive(recipe)} (podman load, ctr images import)")
            else:
                Store(tool, say).build(recipe)
                say(f"{name} is built")
    except SandboxError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
