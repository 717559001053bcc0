"""`python -m workflows [FILE ...]` checks workflows; those of deploy/examples where none is named."""

import sys
from pathlib import Path

from sandbox import go
from sandbox.commands import run_command
from sandbox.errors import SandboxError

HERE = Path(__file__).parent
EXAMPLES = HERE.parent.parent / "deploy" / "examples"
PACKAGE = "github.com/rhysd/actionlint/cmd/actionlint"


def find_actionlint() -> Path:
    """Return actionlint; SandboxError says why it cannot be had."""
    return go.build_once(HERE, PACKAGE, "actionlint", _say)


def find_workflows() -> list[Path]:
    """List the workflows among the examples."""
    return sorted(EXAMPLES.glob("github-*.yaml"))


def check(files: list[Path]) -> str:
    """Return what actionlint finds wrong; nothing where all is well."""
    done = run_command([find_actionlint(), "-no-color", *files])
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
