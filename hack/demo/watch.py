"""`kubectl get --watch` as a stream of objects, each with the moment at which it came.

A watch ends nothing and asks nothing twice; waiting means waiting for the next object.
"""

import json
import os
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from threading import Condition, Thread
from typing import Any

from demo.errors import DemoError, WaitedInVainError

PATIENCE_S = 0.2


@dataclass(frozen=True)
class Sight:
    """An object as it stood when it came; `at` is seconds since 1970."""

    at: float
    object: dict[str, Any] = field(repr=False)


class Watch:
    """All that was seen of one object since the watch began."""

    def __init__(self, kubectl: Path, kubeconfig: Path, arguments: Sequence[str]) -> None:
        """Begin to watch; `arguments` are those of `kubectl get`."""
        self.sights: list[Sight] = []
        self._news = Condition()
        self._what = " ".join(arguments)
        command = [str(kubectl), f"--kubeconfig={kubeconfig}", "get", *arguments, "--watch", "--output=json"]
        self._process = subprocess.Popen(  # its own session: Ctrl-C is ours to pass on
            command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL, start_new_session=True
        )
        self._reader = Thread(target=self._read, name=f"watch {self._what}", daemon=True)
        self._reader.start()

    @property
    def latest(self) -> dict[str, Any]:
        """The object as it stands; empty before it was seen."""
        return self.sights[-1].object if self.sights else {}

    def until(
        self,
        holds: Callable[[dict[str, Any]], bool],
        *,
        for_: str,
        timeout: float,
        since: int = 0,
        meanwhile: Callable[[], None] = lambda: None,
        tell: Callable[[dict[str, Any]], str] = str,
    ) -> Sight:
        """Return the first sight, from number `since` on, of which `holds` is true; `tell` says what was seen last."""
        deadline = time.monotonic() + timeout
        while True:
            meanwhile()
            for sight in self.sights[since:]:
                since += 1
                if holds(sight.object):
                    return sight
            self._alive()
            if time.monotonic() > deadline:
                raise WaitedInVainError(for_, timeout, tell(self.latest))
            with self._news:
                if len(self.sights) == since:
                    self._news.wait(PATIENCE_S)

    def stop(self) -> None:
        """End the process."""
        self._process.terminate()
        try:
            self._process.wait(timeout=5)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._reader.join(timeout=5)

    def _alive(self) -> None:
        if self._process.poll() is not None and not self._reader.is_alive():
            stderr = self._process.stderr.read().decode() if self._process.stderr else ""
            raise DemoError(f"kubectl get {self._what} --watch ended: {stderr.strip()}")

    def _read(self) -> None:
        assert self._process.stdout is not None
        for object_ in read_objects(self._process.stdout.fileno()):
            with self._news:
                self.sights.append(Sight(time.time(), object_))
                self._news.notify_all()


def read_objects(descriptor: int) -> Iterator[dict[str, Any]]:
    """Read JSON objects that follow each other, from a pipe, until it is closed."""
    decoder, text, rest = json.JSONDecoder(), "", b""
    while chunk := os.read(descriptor, 1 << 16):
        rest += chunk
        try:
            text, rest = text + rest.decode(), b""
        except UnicodeDecodeError:  # a letter was cut in two
            continue
        while text := text.lstrip():
            try:
                object_, end = decoder.raw_decode(text)
            except json.JSONDecodeError:  # the object goes on
                break
            yield object_
            text = text[end:]
