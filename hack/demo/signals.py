"""Ctrl-C, SIGTERM and a closed terminal: the first one ends the demo in good order, the next ones wait for that."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

ENDINGS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Interruption(BaseException):
    """A person or the system asked the demo to end; like KeyboardInterrupt, no handler of errors may swallow it."""


@contextmanager
def interruptible() -> Iterator[None]:
    """Raise Interruption in the main thread at the first signal; put the old handlers back at the end."""
    before = {ending: signal.signal(ending, _interrupt) for ending in ENDINGS}
    try:
        yield
    finally:
        for ending, handler in before.items():
            signal.signal(ending, handler)


@contextmanager
def undisturbed() -> Iterator[None]:
    """Let a signal wait while something starts that must be known before it can be stopped."""
    came: list[int] = []
    before = {ending: signal.signal(ending, lambda number, _frame: came.append(number)) for ending in ENDINGS}
    try:
        yield
    finally:
        for ending, handler in before.items():
            signal.signal(ending, handler)
    if came:
        signal.raise_signal(came[0])


def turn_deaf() -> None:
    """From here on nothing interrupts: what was started is being stopped."""
    for ending in ENDINGS:
        signal.signal(ending, _ignore)


def _interrupt(number: int, _frame: FrameType | None) -> None:
    turn_deaf()
    raise Interruption(f"interrupted by {signal.Signals(number).name}")


def _ignore(_number: int, _frame: FrameType | None) -> None:
    """Do nothing; unlike SIG_IGN, processes started meanwhile do not inherit it."""
