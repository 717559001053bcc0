"""The operator's verbs on the objects it knows: the adapter of the Cluster port."""

import base64
import contextlib
from collections.abc import AsyncIterator

from modelward.domain.errors import ConflictError, ForbiddenError, NotFoundError
from modelward.domain.ports import Json
from modelward.domain.resource import GROUP, PLURAL, VERSION
from modelward.kube.client import Client

RESOURCES = f"/apis/{GROUP}/{VERSION}"


class KubeCluster:
    """Reads and writes through a Client."""

    def __init__(self, client: Client) -> None:
        self._client = client

    async def get_resource(self, namespace: str, name: str) -> Json:
        """Read a ModelDeployment."""
        return await self._client.get(f"{RESOURCES}/namespaces/{namespace}/{PLURAL}/{name}")

    async def patch_status(self, namespace: str, name: str, resource_version: str, status: Json) -> Json:
        """Replace `status` whole; naming a stale resourceVersion makes the server answer 409."""
        operations: list[Json] = [
            {"op": "replace", "path": "/metadata/resourceVersion", "value": resource_version},
            {"op": "add", "path": "/status", "value": status},
        ]
        return await self._client.patch(f"{RESOURCES}/namespaces/{namespace}/{PLURAL}/{name}/status", operations)

    async def get_deployment(self, namespace: str, name: str) -> Json:
        """Read a Deployment."""
        return await self._client.get(f"/apis/apps/v1/namespaces/{namespace}/deployments/{name}")

    async def list_replica_sets(self, namespace: str, selector: str) -> list[Json]:
        """List the ReplicaSets that a selector finds, each without what nobody asks for."""
        path = f"/apis/apps/v1/namespaces/{namespace}/replicasets"
        query = {"labelSelector": selector} if selector else {}
        return [item async for page in self._client.pages(path, **query) for item in map(_slim, page)]

    async def patch_deployment(self, namespace: str, name: str, operations: list[Json]) -> Json:
        """Apply a JSON Patch to a Deployment."""
        return await self._client.patch(f"/apis/apps/v1/namespaces/{namespace}/deployments/{name}", operations)

    async def get_secret(self, namespace: str, name: str) -> dict[str, str]:
        """Read a Secret's values; bytes that are no text are replaced, so that a message can be made of the rest."""
        body = await self._client.get(f"/api/v1/namespaces/{namespace}/secrets/{name}")
        data: dict[str, str] = body.get("data") or {}
        return {key: base64.b64decode(value).decode(errors="replace") for key, value in data.items()}

    async def get_cluster_uid(self) -> str:
        """Return the uid of kube-system, which stands for the cluster; our account need not be allowed to read it."""
        try:
            body = await self._client.get("/api/v1/namespaces/kube-system")
        except (ForbiddenError, NotFoundError):
            return ""
        return str(body["metadata"]["uid"])

    async def create_event(self, namespace: str, event: Json) -> None:
        """Write an Event; a 409 means that it was written before, which is as good."""
        with contextlib.suppress(ConflictError):
            await self._client.post(f"/apis/events.k8s.io/v1/namespaces/{namespace}/events", event)

    async def list_resources(self, namespaces: tuple[str, ...]) -> AsyncIterator[Json]:
        """Read all ModelDeployments, of all namespaces or of those named."""
        for path in _paths(RESOURCES, namespaces, PLURAL):
            async for page in self._client.pages(path):
                for item in page:
                    yield item

    async def list_deployments(self, namespaces: tuple[str, ...]) -> AsyncIterator[Json]:
        """Read all Deployments, of all namespaces or of those named."""
        for path in _paths("/apis/apps/v1", namespaces, "deployments"):
            async for page in self._client.pages(path):
                for item in page:
                    yield item


def _slim(replica_set: Json) -> Json:
    meta = replica_set["metadata"]
    kept = {key: meta[key] for key in ("name", "annotations", "ownerReferences") if key in meta}
    template = replica_set["spec"]["template"]
    notes = (template.get("metadata") or {}).get("annotations") or {}
    return {"metadata": kept, "spec": {"template": {"metadata": {"annotations": notes}, "spec": template["spec"]}}}


def _paths(base: str, namespaces: tuple[str, ...], plural: str) -> list[str]:
    return [f"{base}/namespaces/{n}/{plural}" for n in namespaces] or [f"{base}/{plural}"]
