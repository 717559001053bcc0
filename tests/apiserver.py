"""An API server on a socket, as far as the operator's client asks it; behind it stand the objects of a double.

It can misbehave once, at the n-th write from now: answer with an error or cut the line, before the write takes effect
or after, or never answer at all.
"""

import asyncio
import base64
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import aiohttp
from aiohttp import web

from doubles import InMemoryCluster
from modelward.domain.errors import ClusterError, ConflictError, NotFoundError, UnprocessableError
from modelward.kube.client import Client
from modelward.kube.cluster import KubeCluster

if TYPE_CHECKING:
    from modelward.domain.ports import Json

STATUS_OF: dict[type[ClusterError], int] = {NotFoundError: 404, ConflictError: 409, UnprocessableError: 422}
PATH = re.compile(r"/namespaces/(?P<namespace>[^/]+)/(?P<kind>\w+)(?:/(?P<name>[^/]+))?(?P<status>/status)?$")
RESET, SILENCE, NONSENSE = -1, -2, -3
PATIENCE = 0.5  # seconds that the client waits for an answer


@dataclass(frozen=True)
class Fault:
    """What the server does instead: a status to answer with, or RESET, SILENCE or NONSENSE."""

    answer: int
    after: bool = False
    headers: dict[str, str] = field(default_factory=dict)


class ApiServer:
    """Answers for a double; `writes` lists the writes that reached it."""

    def __init__(self, cluster: InMemoryCluster) -> None:
        self.cluster = cluster
        self.writes: list[str] = []
        self._fault: Fault | None = None
        self._left = 0
        self._closed = asyncio.Event()

    def arm(self, fault: Fault, write: int) -> None:
        """Misbehave at the n-th write from now."""
        self._fault, self._left = fault, write

    @property
    def has_misbehaved(self) -> bool:
        """Whether that has happened."""
        return self._fault is None

    async def handle(self, request: web.BaseRequest) -> web.StreamResponse:
        """Answer one request, well or badly."""
        fault = self._take_fault(request)
        if fault is not None and not fault.after:
            return await self._misbehave(fault, request)
        try:
            answer = await self._answer(request)
        except ClusterError as error:
            return web.json_response({"message": str(error)}, status=STATUS_OF.get(type(error), 500))
        return await self._misbehave(fault, request) if fault else web.json_response(answer)

    def close(self) -> None:
        """Let go of everybody who still waits."""
        self._closed.set()

    def _take_fault(self, request: web.BaseRequest) -> Fault | None:
        if request.method not in {"PATCH", "POST"}:
            return None
        self.writes.append(f"{request.method} {_parts(request)['kind']}")
        self._left -= 1
        if self._fault is None or self._left != 0:
            return None
        fault, self._fault = self._fault, None
        return fault

    async def _misbehave(self, fault: Fault, request: web.BaseRequest) -> web.StreamResponse:
        if fault.answer == SILENCE:
            await self._closed.wait()
        if fault.answer == NONSENSE:
            return web.Response(text="<html>welcome to the proxy</html>", content_type="text/html")
        if fault.answer > 0:
            return web.json_response({"message": "not now"}, status=fault.answer, headers=fault.headers)
        if request.transport is not None:
            request.transport.abort()
        return web.Response()

    async def _answer(self, request: web.BaseRequest) -> "Json":
        parts = _parts(request)
        body: Any = await request.json() if request.can_read_body else None
        return await ANSWERS[request.method, parts["kind"]](self.cluster, parts["namespace"], parts["name"], body)


async def _patch_status(cluster: InMemoryCluster, namespace: str, name: str, body: Any) -> "Json":
    values = {operation["path"]: operation["value"] for operation in body}
    return await cluster.patch_status(namespace, name, values["/metadata/resourceVersion"], values["/status"])


async def _create_event(cluster: InMemoryCluster, namespace: str, _: str, body: Any) -> "Json":
    if body["metadata"]["name"] in cluster.events:
        raise ConflictError("it exists")
    await cluster.create_event(namespace, body)
    return {}


async def _get_secret(cluster: InMemoryCluster, namespace: str, name: str, _: Any) -> "Json":
    secret = await cluster.get_secret(namespace, name)
    return {"data": {key: base64.b64encode(value.encode()).decode() for key, value in secret.items()}}


async def _get_namespace(cluster: InMemoryCluster, *_: Any) -> "Json":
    return {"metadata": {"uid": await cluster.get_cluster_uid()}}


async def _list_replica_sets(cluster: InMemoryCluster, namespace: str, *_: Any) -> "Json":
    return {"items": await cluster.list_replica_sets(namespace, "")}


Answer = Callable[[InMemoryCluster, str, str, Any], Awaitable["Json"]]
ANSWERS: dict[tuple[str, str], Answer] = {
    ("GET", "modeldeployments"): lambda cluster, namespace, name, _: cluster.get_resource(namespace, name),
    ("PATCH", "modeldeployments"): _patch_status,
    ("GET", "deployments"): lambda cluster, namespace, name, _: cluster.get_deployment(namespace, name),
    ("PATCH", "deployments"): lambda cluster, namespace, name, body: cluster.patch_deployment(namespace, name, body),
    ("GET", "replicasets"): _list_replica_sets,
    ("GET", "secrets"): _get_secret,
    ("GET", "namespaces"): _get_namespace,
    ("POST", "events"): _create_event,
}


def _parts(request: web.BaseRequest) -> dict[str, str]:
    found = PATH.search(request.path)
    if found is None:
        return {"namespace": "", "kind": "namespaces", "name": request.path.rpartition("/")[2]}
    return {key: value or "" for key, value in found.groupdict().items()}


@asynccontextmanager
async def serve(cluster: InMemoryCluster) -> AsyncIterator[tuple[ApiServer, KubeCluster]]:
    """Serve a double's objects on a socket; yields the server, and the operator's own client of it."""
    server = ApiServer(cluster)
    runner = web.ServerRunner(web.Server(server.handle), shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    session = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=PATIENCE))
    try:
        yield server, KubeCluster(Client(session, f"http://127.0.0.1:{runner.addresses[0][1]}"))
    finally:
        server.close()
        await session.close()
        await runner.cleanup()
