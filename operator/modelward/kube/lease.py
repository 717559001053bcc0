"""One operator acts at a time: a coordination.k8s.io Lease, taken, renewed and given back.

The holder renews every ten seconds and must stop when it could not for twenty; another one takes over after thirty
seconds without a renewal, counted on its own monotonic clock from when it saw the last change, so that clocks that
disagree do no harm. That clock goes on while a machine is suspended.

Its resourceVersion never falls, but where etcd was restored from a backup: then all that is remembered is of a cluster
that never was, and the operator ends, to begin anew with what there is.
"""

import asyncio
import contextlib
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from modelward.domain.errors import ClusterError, ConflictError, ModelwardError, NotFoundError
from modelward.domain.ports import Json
from modelward.kube.client import Client

log = logging.getLogger(__name__)


class LeaseLostError(ModelwardError):
    """Another operator may hold the Lease by now; this one must end."""


class ClusterRestoredError(ModelwardError):
    """The Lease is older than it was: the cluster was restored from a backup; ending, to begin anew with it."""


def standing_clock() -> float:
    """Return seconds that never jump and, where the system can tell, go on while the machine is suspended."""
    return time.clock_gettime(time.CLOCK_BOOTTIME) if hasattr(time, "CLOCK_BOOTTIME") else time.monotonic()


@dataclass(frozen=True, slots=True)
class Timing:
    """Seconds: how long a Lease lasts, until when it must have been renewed, how often that is tried."""

    duration: float = 30.0
    deadline: float = 20.0
    period: float = 10.0


class Lease:
    """A Lease of one name, held or waited for by one identity.

    Its client should be its own: a renewal must not queue behind a thousand status writes.
    """

    def __init__(
        self,
        client: Client,
        namespace: str,
        name: str,
        identity: str,
        timing: Timing | None = None,
        monotonic: Callable[[], float] = standing_clock,
    ) -> None:
        self._client = client
        self._path = f"/apis/coordination.k8s.io/v1/namespaces/{namespace}/leases"
        self._namespace, self._name, self._identity = namespace, name, identity
        self._timing = timing or Timing()
        self._monotonic = monotonic
        self._renewed_at = self._waited_at = float("-inf")
        self._seen: tuple[str, float] = ("", float("-inf"))
        self._newest = 0

    @property
    def is_held(self) -> bool:
        """Whether it was renewed within the deadline: the fence before every write that matters."""
        return self._monotonic() - self._renewed_at < self._timing.deadline

    @property
    def stands_by(self) -> bool:
        """Whether somebody else was lately seen to hold it, and all there is to do is to wait."""
        return not self.is_held and self._monotonic() - self._waited_at < self._timing.deadline

    @property
    def calls(self) -> dict[str, int]:
        """Requests sent for it, by verb."""
        return self._client.calls

    async def acquire(self) -> None:
        """Wait until the Lease is ours."""
        waiting = False
        while not await self._try():
            if not waiting:
                log.info("waiting for the Lease %s/%s", self._namespace, self._name)
                waiting = True
            await asyncio.sleep(self._timing.period / 5)
        log.info("holding the Lease %s/%s as %s", self._namespace, self._name, self._identity)

    async def keep(self) -> None:
        """Renew for ever; LeaseLostError when it could not be renewed in time."""
        while True:
            await asyncio.sleep(self._timing.period if self._fresh() else 1.0)
            if not await self._try() and not self.is_held:
                raise LeaseLostError

    async def release(self) -> None:
        """Give it back, so that the next one need not wait."""
        if not self.is_held:
            return
        with contextlib.suppress(ClusterError):
            body = await self._client.get(f"{self._path}/{self._name}")
            if body["spec"].get("holderIdentity") == self._identity:
                body["spec"]["holderIdentity"] = ""
                await self._client.put(f"{self._path}/{self._name}", body)
        self._renewed_at = float("-inf")

    async def close(self) -> None:
        """Hang up."""
        await self._client.close()

    def _fresh(self) -> bool:
        return self._monotonic() - self._renewed_at < self._timing.period

    async def _try(self) -> bool:
        asked_at = self._monotonic()
        try:
            await asyncio.wait_for(self._take(), self._timing.period / 2)
        except (ClusterError, TimeoutError) as error:
            log.warning("the Lease could not be renewed: %s", error)
            return False
        except _HeldByAnotherError:
            self._waited_at = asked_at
            return False
        self._renewed_at = asked_at
        return True

    async def _take(self) -> None:
        try:
            body = self._date(await self._client.get(f"{self._path}/{self._name}"))
        except NotFoundError:
            self._date(await self._client.post(self._path, self._fill({"metadata": {"name": self._name}, "spec": {}})))
            return
        if not self._is_free(body):
            raise _HeldByAnotherError
        try:
            self._date(await self._client.put(f"{self._path}/{self._name}", self._fill(body)))
        except ConflictError:
            raise _HeldByAnotherError from None

    def _date(self, body: Json) -> Json:
        """Let no Lease pass that is older than the newest one seen; reads are consistent, so it cannot only seem so."""
        version = body["metadata"]["resourceVersion"]
        if version.isdigit():
            if int(version) < self._newest:
                raise ClusterRestoredError
            self._newest = int(version)
        return body

    def _is_free(self, body: Json) -> bool:
        holder, version = body["spec"].get("holderIdentity") or "", body["metadata"]["resourceVersion"]
        if holder in {"", self._identity}:
            return True
        if self._seen[0] != version:
            self._seen = (version, self._monotonic())
        return self._monotonic() - self._seen[1] > self._timing.duration

    def _fill(self, body: Json) -> Json:
        now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        spec = body["spec"]
        if spec.get("holderIdentity") != self._identity:
            spec["leaseTransitions"] = spec.get("leaseTransitions", -1) + 1
            spec["acquireTime"] = now
        spec |= {
            "holderIdentity": self._identity,
            "leaseDurationSeconds": int(self._timing.duration),
            "renewTime": now,
        }
        return {"apiVersion": "coordination.k8s.io/v1", "kind": "Lease", **body}


class _HeldByAnotherError(ModelwardError):
    """The Lease is held by another operator."""
