"""The API server's audit log, read: which calls one user made, when, and how they ended."""

import json
import threading
import time
from collections import Counter
from collections.abc import Iterable
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from bench.errors import BenchError

OPERATOR = "system:serviceaccount:modelward-system:modelward"
PAUSE = 0.2


@dataclass(frozen=True)
class Call:
    """One request; `resource` includes the subresource, times are seconds since 1970 on the server's clock."""

    verb: str
    resource: str
    namespace: str
    name: str
    code: int
    received: float
    done: float

    @property
    def is_watch(self) -> bool:
        """Whether it is one of the standing watches."""
        return self.verb == "watch"

    @property
    def is_lease(self) -> bool:
        """Whether it is about the operator's Lease."""
        return self.resource == "leases"

    @property
    def is_secret(self) -> bool:
        """Whether it reads a Secret, as a check that is due may do once a minute."""
        return self.verb == "get" and self.resource == "secrets"

    @property
    def is_status_write(self) -> bool:
        """Whether it writes the status of a ModelDeployment."""
        return self.verb == "patch" and self.resource == "modeldeployments/status"

    @property
    def is_deployment_patch(self) -> bool:
        """Whether it changed a Deployment."""
        return self.verb == "patch" and self.resource == "deployments" and self.code < 300

    @property
    def what(self) -> str:
        """Say it as the role does: verb and resource."""
        return f"{self.verb} {self.resource}"


def parse_calls(lines: Iterable[str], user: str) -> list[Call]:
    """Read the calls of one user in the order of their ends; the end of a watch is none, its start is."""
    found = []
    for line in lines:
        if f'"username":"{user}"' not in line:
            continue
        event = json.loads(line)
        if event["user"]["username"] == user and event["stage"] == _counted_stage(event):
            found.append(_call(event))
    return found


def _counted_stage(event: dict[str, Any]) -> str:
    return "ResponseStarted" if event["verb"] == "watch" else "ResponseComplete"


def _call(event: dict[str, Any]) -> Call:
    about = event.get("objectRef") or {}
    resource = about.get("resource") or event.get("requestURI", "").partition("?")[0]
    subresource = about.get("subresource")
    return Call(
        verb=event["verb"],
        resource=f"{resource}/{subresource}" if subresource else resource,
        namespace=about.get("namespace", ""),
        name=about.get("name", ""),
        code=int((event.get("responseStatus") or {}).get("code", 0)),
        received=parse_time(event["requestReceivedTimestamp"]),
        done=parse_time(event["stageTimestamp"]),
    )


def parse_time(text: str) -> float:
    """Read an audit timestamp."""
    return datetime.fromisoformat(text).timestamp()


def tally(calls: Iterable[Call]) -> dict[str, int]:
    """Count by verb and resource, the most frequent first."""
    return dict(Counter(call.what for call in calls).most_common())


def without_standing(calls: Iterable[Call]) -> list[Call]:
    """Leave out the watches and the Lease."""
    return [call for call in calls if not call.is_watch and not call.is_lease]


def about(calls: Iterable[Call], name: str) -> list[Call]:
    """Keep what concerns the resource or Deployment of one name, its Events included (named after it)."""
    return [call for call in calls if call.name == name or call.name.startswith(f"{name}.")]


class AuditLog:
    """A growing log; a mark is a place in it."""

    def __init__(self, path: Path, user: str = OPERATOR) -> None:
        self._path, self._user = path, user

    def mark(self) -> int:
        """Return the present end."""
        return self._path.stat().st_size

    def since(self, mark: int) -> list[Call]:
        """Read what one user did after a mark; a line still being written is left out."""
        if self._path.stat().st_size < mark:
            raise BenchError("the audit log was rotated: its calls cannot be counted")
        with self._path.open("rb") as log:
            log.seek(mark)
            whole = log.read().rpartition(b"\n")[0]
        return parse_calls(whole.decode().splitlines(), self._user)

    def await_quiet(self, *, seconds: float = 3.0, timeout: float = 120.0) -> None:
        """Wait until the user has called for nothing but watches and the Lease for a while."""
        mark, silent_since = self.mark(), time.monotonic()
        give_up_at = silent_since + timeout
        pause = threading.Event()
        while time.monotonic() - silent_since < seconds:
            if time.monotonic() > give_up_at:
                raise BenchError(f"gave up after {timeout:g} s of waiting for the operator to be quiet")
            pause.wait(PAUSE)
            now_at = self.mark()
            if without_standing(self.since(mark)):
                silent_since = time.monotonic()
            mark = now_at

    def await_status(self, mark: int, names: AbstractSet[str], *, timeout: float = 120.0) -> None:
        """Wait until the status of every named resource was written after a mark."""
        give_up_at, pause = time.monotonic() + timeout, threading.Event()
        while missing := names - {call.name for call in self.since(mark) if call.is_status_write}:
            if time.monotonic() > give_up_at:
                raise BenchError(f"gave up after {timeout:g} s: {len(missing)} of {len(names)} statuses not written")
            pause.wait(PAUSE)
