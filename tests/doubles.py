"""The outside world in memory, for tests that replace the edge: a clock, a database, an API server.

Each double fills a Protocol of `domain/ports.py` and keeps to what the real thing does as far as the operator uses it:
resourceVersion and generation, 404, 409 and 422, JSON Patch with its tests, Events that exist once by name, a status
that the CustomResourceDefinition allows; windows and labels summed row by row.
"""

import copy
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import jsonpatch
import jsonpointer
import jsonschema
import yaml

from modelward.domain.codec import format_time
from modelward.domain.errors import (
    ClusterError,
    ConflictError,
    ForbiddenError,
    NotFoundError,
    SourceError,
    UnprocessableError,
)
from modelward.domain.ports import Json
from modelward.domain.reasons import Reason
from rows import FixedClock, InMemoryReader, Row

CRD = Path(__file__).resolve().parents[1] / "deploy/crds/modeldeployments.yaml"
STATUS_SCHEMA = yaml.safe_load(CRD.read_text())["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"][
    "status"
]
__all__ = ["Call", "FixedClock", "InMemoryCluster", "InMemoryReader", "Row"]
STATUS_VALIDATOR = jsonschema.Draft202012Validator(STATUS_SCHEMA)


class Call(NamedTuple):
    """A request that reached the API server."""

    verb: str
    kind: str
    name: str


@dataclass(slots=True)
class Interruption:
    """Something that happens at the n-th request that fits, before it takes effect or after."""

    action: Callable[[], None]
    nth: int
    verb: str
    kind: str
    after: bool

    def meets(self, call: Call, *, after: bool) -> bool:
        """Count a request; true for the one that is meant."""
        if after is not self.after or self.verb not in {"", call.verb} or self.kind not in {"", call.kind}:
            return False
        self.nth -= 1
        return self.nth == 0


class InMemoryCluster:
    """An API server as far as the operator uses one."""

    def __init__(self, clock: FixedClock) -> None:
        self.clock = clock
        self.objects: dict[tuple[str, str, str], Json] = {}
        self.secrets: dict[tuple[str, str], dict[str, str] | ClusterError] = {}
        self.events: dict[str, Json] = {}
        self.repeated = 0
        """Events that were written although they were there."""
        self.calls: list[Call] = []
        self.images: list[str] = []
        """Every image that a patch put in place of another one."""
        self.rolls_out = True
        self.stuck: set[str] = set()
        """Images whose pods never become available."""
        self._interruptions: list[Interruption] = []
        self._dead = False
        self._version = 100

    # -- what people and controllers do -------------------------------------------------------------------------

    def apply(self, body: Json) -> Json:
        """Create an object, or replace what stands under its name."""
        key = _key(body)
        before = self.objects.get(key)
        fresh = copy.deepcopy(body)
        self._version += 1
        meta = {"uid": f"uid-{self._version}", "creationTimestamp": format_time(self.clock.now()), "generation": 1}
        fresh["metadata"] = meta | fresh["metadata"]
        if before is not None:
            kept = ("uid", "creationTimestamp", "generation")
            fresh["metadata"] |= {name: before["metadata"][name] for name in kept}
        return self._store(key, fresh)

    def edit(self, kind: str, namespace: str, name: str, change: Callable[[Json], None]) -> Json:
        """Change an object in place, as a person or a controller would."""
        body = copy.deepcopy(self._find(kind, namespace, name))
        change(body)
        return self._store((kind, namespace, name), body)

    def delete(self, kind: str, namespace: str, name: str) -> None:
        """Delete an object."""
        del self.objects[kind, namespace, name]

    def finish_rollout(self, namespace: str, name: str) -> None:
        """Let a Deployment's controller come to its end."""
        self.edit("Deployment", namespace, name, _roll_out)

    # -- what goes wrong ----------------------------------------------------------------------------------------

    def interrupt(
        self, action: Callable[[], None], nth: int = 1, *, verb: str = "", kind: str = "", after: bool = False
    ) -> None:
        """Do something at the n-th request from now that fits; an action may raise."""
        self._interruptions.append(Interruption(action, nth, verb, kind, after))

    def fail(self, error: ClusterError, nth: int = 1, *, verb: str = "", kind: str = "", after: bool = False) -> None:
        """Answer the n-th request that fits with an error, before it takes effect or after."""

        def action() -> None:
            raise error

        self.interrupt(action, nth, verb=verb, kind=kind, after=after)

    def kill(self, nth: int, *, verb: str = "", kind: str = "", after: bool = False) -> None:
        """End the operator at the n-th request from now that fits: nothing it sends afterwards arrives."""

        def action() -> None:
            self._dead = True
            raise ClusterError("the operator was killed")

        self.interrupt(action, nth, verb=verb, kind=kind, after=after)

    def revive(self) -> None:
        """Let a new operator in; what was scripted is over."""
        self._dead = False
        self._interruptions.clear()

    # -- what the operator does ---------------------------------------------------------------------------------

    async def get_resource(self, namespace: str, name: str) -> Json:
        """Read a ModelDeployment."""
        with self._serve("get", "ModelDeployment", name):
            return copy.deepcopy(self._find("ModelDeployment", namespace, name))

    async def patch_status(self, namespace: str, name: str, resource_version: str, status: Json) -> Json:
        """Replace the status of a ModelDeployment that was not written in between."""
        with self._serve("patch", "ModelDeployment", name):
            body = copy.deepcopy(self._find("ModelDeployment", namespace, name))
            if body["metadata"]["resourceVersion"] != resource_version:
                raise ConflictError(f"{name} has been modified")
            for error in STATUS_VALIDATOR.iter_errors(status):
                raise UnprocessableError(f"status{error.json_path[1:]}: {error.message}")
            body["status"] = copy.deepcopy(status)
            return copy.deepcopy(self._store(("ModelDeployment", namespace, name), body))

    async def get_deployment(self, namespace: str, name: str) -> Json:
        """Read a Deployment."""
        with self._serve("get", "Deployment", name):
            return copy.deepcopy(self._find("Deployment", namespace, name))

    async def list_deployments(self, namespaces: tuple[str, ...]) -> AsyncIterator[Json]:
        """Read all Deployments."""
        with self._serve("list", "Deployment", ",".join(namespaces)):
            for (kind, namespace, _), body in list(self.objects.items()):
                if kind == "Deployment" and (not namespaces or namespace in namespaces):
                    yield copy.deepcopy(body)

    async def list_replica_sets(self, namespace: str, selector: str) -> list[Json]:
        """List the ReplicaSets that carry the labels."""
        wanted = dict(part.split("=") for part in selector.split(",") if part)
        with self._serve("list", "ReplicaSet", selector):
            found = [b for (kind, where, _), b in self.objects.items() if (kind, where) == ("ReplicaSet", namespace)]
            return [copy.deepcopy(b) for b in found if wanted.items() <= b["metadata"].get("labels", {}).items()]

    async def patch_deployment(self, namespace: str, name: str, operations: list[Json]) -> Json:
        """Apply a JSON Patch to a Deployment, whole or not at all."""
        with self._serve("patch", "Deployment", name):
            before = self._find("Deployment", namespace, name)
            after = apply_json_patch(before, operations)
            if images(before) != images(after):
                self.images += images(after)
            fields = after["metadata"].setdefault("managedFields", [])
            if not any(o["path"].startswith("/metadata/managedFields") for o in operations):
                fields.append({"manager": "modelward", "operation": "Update"})
            return copy.deepcopy(self._store(("Deployment", namespace, name), after))

    async def get_secret(self, namespace: str, name: str) -> dict[str, str]:
        """Read a Secret."""
        with self._serve("get", "Secret", name):
            found = self.secrets.get((namespace, name), NotFoundError(f"secret {name} not found"))
            if isinstance(found, ClusterError):
                raise found
            return dict(found)

    async def get_cluster_uid(self) -> str:
        """Return the uid of kube-system."""
        with self._serve("get", "Namespace", "kube-system"):
            return "11111111-2222-3333-4444-555555555555"

    async def create_event(self, namespace: str, event: Json) -> None:
        """Write an Event; the second of a name is as good as the first."""
        with self._serve("create", "Event", event["reason"]):
            _check_event(event, namespace)
            if event["metadata"]["name"] in self.events:
                self.repeated += 1
            self.events.setdefault(event["metadata"]["name"], copy.deepcopy(event))

    # -- how it works -------------------------------------------------------------------------------------------

    @contextmanager
    def _serve(self, verb: str, kind: str, name: str) -> Iterator[None]:
        if self._dead:
            raise ClusterError("the operator is dead")
        call = Call(verb, kind, name)
        self.calls.append(call)
        self._meet(call, after=False)
        yield
        self._meet(call, after=True)

    def _meet(self, call: Call, *, after: bool) -> None:
        for interruption in [i for i in self._interruptions if i.meets(call, after=after)]:
            interruption.action()

    def _find(self, kind: str, namespace: str, name: str) -> Json:
        try:
            return self.objects[kind, namespace, name]
        except KeyError:
            raise NotFoundError(f"{kind} {name} not found") from None

    def _store(self, key: tuple[str, str, str], body: Json) -> Json:
        before = self.objects.get(key)
        if before is not None and _same(before, body):
            return before
        self._version += 1
        body["metadata"]["resourceVersion"] = str(self._version)
        if before is not None and before["spec"] != body["spec"]:
            body["metadata"]["generation"] += 1
        if key[0] == "Deployment" and self.rolls_out:
            (_get_stuck if self.stuck.intersection(images(body)) else _roll_out)(body)
        self.objects[key] = body
        return body


def apply_json_patch(body: Json, operations: list[Json]) -> Json:
    """Apply a JSON Patch as the API server does: a test for null holds where nothing stands."""
    for operation in operations:
        absent = operation["op"] == "test" and operation["value"] is None
        if absent and jsonpointer.resolve_pointer(body, operation["path"], None) is None:
            continue
        try:
            body = jsonpatch.apply_patch(body, [operation])
        except (jsonpatch.JsonPatchException, jsonpointer.JsonPointerException) as error:
            raise UnprocessableError(f"{operation['op']} {operation['path']}: {error}") from None
    return body


def images(deployment: Json) -> list[str]:
    """List the images of a Deployment's containers."""
    return [container["image"] for container in deployment["spec"]["template"]["spec"]["containers"]]


def _key(body: Json) -> tuple[str, str, str]:
    return body["kind"], body["metadata"]["namespace"], body["metadata"]["name"]


def _same(before: Json, after: Json) -> bool:
    return {**before, "metadata": before["metadata"]} == after


def _roll_out(body: Json) -> None:
    wanted, generation = body["spec"].get("replicas", 1), body["metadata"]["generation"]
    counts = dict.fromkeys(("replicas", "updatedReplicas", "availableReplicas"), wanted)
    body["status"] = {"observedGeneration": generation, **counts}


def _get_stuck(body: Json) -> None:
    """New pods are there and never available; with Recreate the old ones are gone. A count of none is left out."""
    wanted, recreate = body["spec"].get("replicas", 1), body["spec"].get("strategy", {}).get("type") == "Recreate"
    counts = {"replicas": wanted, "updatedReplicas": wanted} if recreate else {"replicas": wanted + 1}
    rest = {} if recreate else {"updatedReplicas": 1, "availableReplicas": wanted}
    body["status"] = {"observedGeneration": body["metadata"]["generation"], **counts, **rest}


def _check_event(event: Json, namespace: str) -> None:
    """Refuse what the API server would."""
    sizes = {"note": 1024, "reason": 128, "action": 128, "reportingInstance": 128, "reportingController": 128}
    too_long = [name for name, most in sizes.items() if not 0 < len(event[name].encode()) <= most]
    if too_long or len(event["metadata"]["name"]) > 253 or event["type"] not in {"Normal", "Warning"}:
        raise UnprocessableError(f"Event is invalid: {too_long or event['metadata']['name']}")
    if {event["metadata"]["namespace"], event["regarding"]["namespace"]} != {namespace}:
        raise UnprocessableError("Event stands in another namespace than what it is about")


def a_source_error(reason: Reason = Reason.DATABASE_UNREACHABLE) -> SourceError:
    """Return what a database that is down makes of a question."""
    return SourceError(reason, "the connection was refused: is the server running, is the port right?")


def forbidden(what: str) -> ForbiddenError:
    """Return what the API server says to an account without the right."""
    return ForbiddenError(f"{what} is forbidden")
