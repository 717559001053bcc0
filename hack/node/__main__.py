"""`python -m node [--check | COMMAND...]`: run a command in a cluster with a real node; a shell if none is named.

`--check` only says whether there can be such a node here, and if not, why.
"""

import os
import signal
import sys
from types import FrameType

from node import docked, space
from sandbox.errors import SandboxError

CHOICE = "MODELWARD_E2E_NODE"
KINDS = {"kind": docked, "own": space}


def say(text: str) -> None:
    """Print at once: what takes long says so while it does."""
    print(text, flush=True)


def reasons() -> dict[str, str | None]:
    """Say of each kind of node why it cannot be had; None where it can."""
    chosen = os.environ.get(CHOICE)
    if chosen and chosen not in KINDS:
        raise SandboxError(f"{CHOICE}={chosen}: it is one of {', '.join(KINDS)}, or not set")
    return {name: module.why_not() for name, module in KINDS.items() if chosen in {None, "", name}}


def main(arguments: list[str]) -> int:
    """Take the first kind of node that can be had, and run the command there."""
    signal.signal(signal.SIGTERM, _interrupt)
    try:
        found = reasons()
        usable = [name for name, reason in found.items() if reason is None]
        if not usable:
            raise SandboxError("no real node can be had here:\n" + "\n".join(f"  {r}" for r in found.values()))
        if arguments == ["--check"]:
            return 0
        return KINDS[usable[0]].run(arguments or [os.environ.get("SHELL", "/bin/sh")], say)
    except SandboxError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("interrupted; everything is cleaned up", file=sys.stderr)
        return 130


def _interrupt(number: int, frame: FrameType | None) -> None:  # noqa: ARG001  the shape of a signal's handler
    raise KeyboardInterrupt


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
