"""Waiting for a condition, with a deadline and a sentence for the case that it never comes."""

import threading
import time
from collections.abc import Callable

from sandbox.errors import SandboxError

PAUSE = 0.05


def wait_until(condition: Callable[[], object], *, for_: str, timeout: float) -> None:
    """Ask again and again until the condition holds; SandboxError names what was waited for."""
    give_up_at = time.monotonic() + timeout
    pause = threading.Event()
    while not condition():
        if time.monotonic() > give_up_at:
            raise SandboxError(f"gave up after {timeout:g} s of waiting for {for_}")
        pause.wait(PAUSE)
