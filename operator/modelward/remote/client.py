"""The adapter of the Api port: the kubernetes client library; what it raises becomes a sentence with what to do."""

import json
from base64 import b64decode
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, cast

from modelward.domain.errors import ClusterError, ConflictError, ForbiddenError, NotFoundError
from modelward.domain.resource import GROUP, PLURAL, VERSION
from modelward.remote.api import Json
from modelward.remote.kubeconfig import Login

PATIENCE = (10.0, 30.0)  # seconds to connect, and to answer
PAGE = 500


@dataclass(frozen=True, slots=True)
class Kind:
    """What is asked for: as people call it, as their rights do, and how the library finds it."""

    name: str
    resource: str
    path: Any = None


OURS = Kind("ModelDeployment", f"{PLURAL}.{GROUP}", {"group": GROUP, "version": VERSION, "plural": PLURAL})
DEPLOYMENTS = Kind("Deployment", "deployments.apps", {"group": "apps", "version": "v1", "plural": "deployments"})
SECRETS = Kind("Secret", "secrets")


class KubernetesApi:
    """One cluster, seen by one account."""

    def __init__(self, login: Login) -> None:
        from kubernetes.client import CustomObjectsApi  # noqa: PLC0415  heavy, and an extra

        self.namespace, self.user = login.namespace, login.user
        self._login = login
        self._objects: Any = CustomObjectsApi(login.client)

    def find_all(self, namespace: str | None) -> list[Json]:
        """List page by page."""
        found: list[Json] = []
        token: str | None = None
        with self._sentences("list", namespace):
            while token is None or token:
                page = self._page(namespace, token)
                found += page["items"]
                token = page["metadata"].get("continue") or ""
        return found

    def get(self, namespace: str, name: str) -> Json:
        """Read one."""
        with self._sentences("get", namespace, name):
            found = self._objects.get_namespaced_custom_object(
                **OURS.path, namespace=namespace, name=name, _request_timeout=PATIENCE
            )
        return cast("Json", found)

    def get_deployment(self, namespace: str, name: str) -> Json:
        """Read a Deployment, with who owns its fields."""
        with self._sentences("get", namespace, name, DEPLOYMENTS):
            found = self._objects.get_namespaced_custom_object(
                **DEPLOYMENTS.path, namespace=namespace, name=name, _request_timeout=PATIENCE
            )
        return cast("Json", found)

    def get_secret(self, namespace: str, name: str) -> dict[str, str]:
        """Read what a Secret holds, as text."""
        from kubernetes.client import CoreV1Api  # noqa: PLC0415  heavy, and an extra

        core: Any = CoreV1Api(self._login.client)
        with self._sentences("get", namespace, name, SECRETS):
            data = core.read_namespaced_secret(name, namespace, _request_timeout=PATIENCE).data or {}
        return {key: b64decode(value).decode(errors="replace") for key, value in data.items()}

    def annotate(self, namespace: str, name: str, seen: str, notes: dict[str, str]) -> Json:
        """Merge annotations into the object that was seen."""
        body = {"metadata": {"resourceVersion": seen, "annotations": notes}}
        with self._sentences("patch", namespace, name):
            found = self._objects.patch_namespaced_custom_object(
                **OURS.path, namespace=namespace, name=name, body=body, _content_type="application/merge-patch+json",
                field_manager="modelward-cli", _request_timeout=PATIENCE,
            )  # fmt: skip
        return cast("Json", found)

    def watch(self, namespace: str, name: str, seen: str, seconds: float) -> Iterator[Json]:
        """Follow one; where the server has forgotten what was seen, the stream just ends."""
        from urllib3.exceptions import ReadTimeoutError  # noqa: PLC0415  comes with the extra

        whole = max(int(seconds), 1)
        with self._sentences("watch", namespace, name):
            answer = self._objects.list_namespaced_custom_object(
                **OURS.path, namespace=namespace, watch=True, field_selector=f"metadata.name={name}",
                resource_version=seen, timeout_seconds=whole, _preload_content=False,
                _request_timeout=(PATIENCE[0], seconds + 1),
            )  # fmt: skip
            try:
                yield from _changes(answer, f"{namespace}/{name}")
            except ReadTimeoutError:
                return
            finally:
                answer.close()

    def _page(self, namespace: str | None, token: str | None) -> Json:
        paging: Any = {"limit": PAGE, "_request_timeout": PATIENCE} | ({"_continue": token} if token else {})
        if namespace is None:
            return cast("Json", self._objects.list_cluster_custom_object(**OURS.path, **paging))
        return cast("Json", self._objects.list_namespaced_custom_object(**OURS.path, namespace=namespace, **paging))

    @contextmanager
    def _sentences(
        self, verb: str, namespace: str | None, name: str | None = None, kind: Kind = OURS
    ) -> Iterator[None]:
        from kubernetes.client.exceptions import ApiException  # noqa: PLC0415  heavy, and an extra
        from urllib3.exceptions import HTTPError  # noqa: PLC0415  comes with it

        try:
            yield
        except ApiException as error:
            raise self._explain(error, verb, namespace, name, kind) from None
        except HTTPError as error:
            reason = getattr(error, "reason", None) or error
            raise ClusterError(f"the API server {self._login.server} does not answer: {reason}") from None

    def _explain(self, error: Any, verb: str, namespace: str | None, name: str | None, kind: Kind) -> ClusterError:
        said = _message(error)
        if error.status == 401:
            return ForbiddenError(f"the cluster does not know {self.user}: log in again. It says: {said}")
        if error.status == 403:
            return ForbiddenError(_forbidden(self.user, verb, namespace, kind.resource))
        if error.status == 404 and name is not None and "NotFound" in (error.body or ""):
            return NotFoundError(f"there is no {kind.name} {namespace}/{name}")
        if error.status == 404:
            return ClusterError(
                f"the cluster does not know {PLURAL}.{GROUP}/{VERSION}: modelward is not installed there"
            )
        if error.status == 409:
            return ConflictError()
        return ClusterError(f"the API server refused to {verb} {kind.resource}: {error.status} {said}")


def _forbidden(user: str, verb: str, namespace: str | None, resource: str) -> str:
    where = "--all-namespaces" if namespace is None else f"--namespace {namespace}"
    place = "all namespaces" if namespace is None else f"namespace {namespace}"
    return (
        f"{user} may not {verb} {resource} in {place}. To see what may be done: "
        f"kubectl auth can-i {verb} {resource} {where}"
    )


def _changes(answer: Any, what: str) -> Iterator[Json]:
    rest = b""
    for part in answer.stream(amt=None, decode_content=False):
        *lines, rest = (rest + part).split(b"\n")
        for line in filter(None, lines):
            event = json.loads(line)
            if event["type"] == "DELETED":
                raise NotFoundError(f"ModelDeployment {what} was deleted meanwhile")
            if event["type"] == "ERROR":
                return
            yield event["object"]


def _message(error: Any) -> str:
    try:
        return str(json.loads(error.body)["message"])
    except (KeyError, TypeError, ValueError):
        return str(error.reason)
