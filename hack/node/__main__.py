"""`python -m node [--check | COMMAND...]`: run a command in a cluster with a real node; a shell if none is named.

`--check` only says whether there can be such a node here, and if not, why.
"""

import os
import signal
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from types import FrameType

from node import docked, space
from sandbox.errors import SandboxError

CHOICE = "MODELWARD_E2E_NODE"


@dataclass(frozen=True)
class Kind:
    """One way to a node: why it cannot be gone, and the way itself."""

    why_not: Callable[[], str | None]
    run: Callable[[Sequence[str], Callable[[str], None]], int]


KINDS = {"kind": Kind(docked.why_not, docked.run), "own": Kind(space.why_not, space.run)}


def say(text: str) -> None:
    """Print at once: what takes long says so while it does."""
    print(text, flush=True)


def reasons() -> dict[str, str | None]:
    """Say of each kind of node why it cannot be had; None where it can."""
    chosen = os.environ.get(CHOICE)
    if chosen and chosen not in KINDS:
        raise SandboxError(f"{CHOICE}={chosen}: it is one of {', '.join(KINDS)}, or not set")
    return {name: kind.why_not() for name, kind in KINDS.items() if chosen in {None, "", name}}


def main(arguments: list[str]) -> int:
    """Take the first kind of node that can be had, and run the command there."""
    signal.signal(signal.SIGTERM, _interrupt)
    try:
        usable = usable_kinds()
        return 0 if arguments == ["--check"] else run(usable, arguments or [os.environ.get("SHELL", "/bin/sh")])
    except SandboxError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("interrupted; everything is cleaned up", file=sys.stderr)
        return 130


def usable_kinds() -> list[str]:
    """Name the kinds of node that can be had; SandboxError says why there is none."""
    found = reasons()
    usable = [name for name, reason in found.items() if reason is None]
    if not usable:
        raise SandboxError("no real node can be had here:\n" + "\n".join(f"  {r}" for r in found.values()))
    return usable


def run(usable: list[str], command: list[str]) -> int:
    """Run the command in the first of them that comes up."""
    *others, last = usable
    for name in others:
        try:
            return KINDS[name].run(command, say)
        except SandboxError as error:
            say(f"node: not {name}: {error}")
    return KINDS[last].run(command, say)


def _interrupt(number: int, frame: FrameType | None) -> None:  # noqa: ARG001  the shape of a signal's handler
    raise KeyboardInterrupt


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
