"""`python -m node [--check | COMMAND...]`: run a command in a cluster with a real node; a shell if none is named.

`--check` only says whether there can be such a node here, and if not, why.
"""

import os
import signal
import sys
from collections.abc import Callable, Mapping, Sequence
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


def main(arguments: list[str]) -> int:
    """Take the first kind of node that can be had, and run the command there."""
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell lets what runs in its background ignore it
    signal.signal(signal.SIGTERM, _end)
    try:
        usable = choose(KINDS, os.environ.get(CHOICE))
        return 0 if arguments == ["--check"] else run(usable, arguments or [os.environ.get("SHELL", "/bin/sh")])
    except SandboxError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("interrupted; everything is cleaned up", file=sys.stderr)
        return 130


def choose(kinds: Mapping[str, Kind], chosen: str | None) -> list[Kind]:
    """Return the kinds of node that can be had, or the one that was chosen; SandboxError says why there is none."""
    if chosen and chosen not in kinds:
        raise SandboxError(f"{CHOICE}={chosen}: it is one of {', '.join(kinds)}, or not set")
    asked = [kind for name, kind in kinds.items() if chosen in {None, "", name}]
    found = [(kind, kind.why_not()) for kind in asked]
    usable = [kind for kind, reason in found if reason is None]
    if not usable:
        raise SandboxError("no real node can be had here:\n" + "\n".join(f"  {reason}" for _, reason in found))
    return usable


def run(usable: Sequence[Kind], command: Sequence[str]) -> int:
    """Run the command in the first of them that comes up."""
    *others, last = usable
    for kind in others:
        try:
            return kind.run(command, say)
        except SandboxError as error:
            say(f"node: not this one: {error}")
    return last.run(command, say)


def _end(number: int, frame: FrameType | None) -> None:  # noqa: ARG001  the shape of a signal's handler
    """End at once, through everything that cleans up; Ctrl-C alone waits for the command to end by itself."""
    sys.exit(128 + number)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
