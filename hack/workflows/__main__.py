"""`python -m workflows [FILE ...]` checks workflows; without a name the project's and those of deploy/examples."""

import sys
from pathlib import Path

from sandbox.commands import run_command
from sandbox.errors import SandboxError
from sandbox.modules import Module

HERE = Path(__file__).parent
ROOT = HERE.parent.parent
ACTIONLINT = Module(HERE, ("github.com/rhysd/actionlint/cmd/actionlint",), 20)


def find_workflows() -> list[Path]:
    """List the project's workflows, and those among the examples."""
    return sorted([*(ROOT / ".github/workflows").glob("*.y*ml"), *(ROOT / "deploy/examples").glob("github-*.yaml")])


def check(files: list[Path]) -> str:
    """Return what actionlint finds wrong; nothing where all is well."""
    done = run_command([ACTIONLINT.build(_say) / "actionlint", "-no-color", *files])
    return (done.stdout + done.stderr).strip() if done.returncode else ""


def _say(line: str) -> None:
    print(f"workflows: {line}", file=sys.stderr)


def main(arguments: list[str]) -> int:
    """Check, and say what is wrong."""
    try:
        found = check([Path(argument) for argument in arguments] or find_workflows())
    except SandboxError as error:
        found = f"workflows: {error}"
    if found:
        print(found, file=sys.stderr)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
