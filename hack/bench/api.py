"""Many requests at once, as the cluster's administrator: a thousand objects one after the other would take minutes."""

import asyncio
import json
import ssl
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from modelward.domain.errors import ConflictError
from modelward.kube.client import Client
from modelward.kube.session import Access, open_session

AT_ONCE = 16


@dataclass(frozen=True)
class Request:
    """A POST of an object (one that exists is left as it is), or a PATCH of a list of operations."""

    path: str
    body: Any


@dataclass(frozen=True)
class Api:
    """Address, trust and token of a sandbox's administrator."""

    server: str
    authority: str
    token: str

    @classmethod
    def of(cls, kubeconfig: Path) -> "Api":
        """Read the kubeconfig that the sandbox wrote (JSON, one cluster, one token)."""
        config = json.loads(kubeconfig.read_text())
        cluster, user = config["clusters"][0]["cluster"], config["users"][0]["user"]
        return cls(cluster["server"], cluster["certificate-authority"], user["token"])

    def get(self, path: str) -> Any:
        """Read one object or list."""
        return asyncio.run(self._get(path))

    def burst(self, requests: Sequence[Request]) -> None:
        """Send all, a few at a time; the first one that is refused raises."""
        asyncio.run(self._burst(requests))

    def _open(self) -> Client:
        access = Access(self.server, ssl.create_default_context(cafile=self.authority), lambda: f"Bearer {self.token}")
        return Client(open_session(access, connections=AT_ONCE, user_agent="bench", total=120), self.server)

    async def _get(self, path: str) -> Any:
        client = self._open()
        try:
            return await client.get(path)
        finally:
            await client.close()

    async def _burst(self, requests: Sequence[Request]) -> None:
        client, waiting = self._open(), iter(requests)

        async def work() -> None:
            for request in waiting:
                await _send(client, request)

        try:
            await asyncio.gather(*(work() for _ in range(AT_ONCE)))
        finally:
            await client.close()


async def _send(client: Client, request: Request) -> None:
    if isinstance(request.body, list):
        await client.patch(request.path, request.body)
        return
    with suppress(ConflictError):
        await client.post(request.path, request.body)
