"""The one write that matters: a JSON Patch that puts a version back, or changes nothing at all.

It tests the Deployment's uid, the container's name and its present image, so it is a compare-and-swap on exactly what
matters: a change of replicas in between does not disturb it, a change of the image makes it fail. It cannot create
anything. What was done stands in annotations of the same patch, so the act and its record cannot come apart.
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from modelward.domain.errors import NotFoundError, UnprocessableError
from modelward.domain.ports import Cluster, Json
from modelward.domain.serving import ROLLBACK_ID, ROLLED_BACK_FROM, ROLLED_BACK_TO, Container, Deployment
from modelward.domain.status import Rollback

MANAGER = "modelward"
TRIES = 3


class Outcome(StrEnum):
    """How a patch ended."""

    PATCHED = "Patched"
    SUPERSEDED = "Superseded"
    GONE = "Gone"


@dataclass(frozen=True, slots=True)
class Patched:
    """What became of the Deployment; `body` is the object after the patch, where there is one."""

    outcome: Outcome
    body: Json | None = None


async def put_back(
    cluster: Cluster,
    deployment: Deployment,
    container_name: str,
    rollback: Rollback,
    parse: Callable[[Json], Deployment],
) -> Patched:
    """Put the old image back; where a test fails, read the live object and decide by what it runs."""
    body: Json | None = None
    for _ in range(TRIES):
        standing = _standing(deployment, container_name, rollback)
        if isinstance(standing, Outcome):
            return Patched(standing, body or await _read(cluster, deployment))
        try:
            operations = make_operations(deployment, standing, rollback)
            body = await cluster.patch_deployment(deployment.namespace, deployment.name, operations)
            return Patched(Outcome.PATCHED, body)
        except NotFoundError:
            return Patched(Outcome.GONE)
        except UnprocessableError:
            body = await _read(cluster, deployment)
            if body is None or body["metadata"]["uid"] != deployment.uid:
                return Patched(Outcome.GONE)
            deployment = parse(body)
    raise UnprocessableError(f"Deployment {deployment.name} changes faster than it can be patched")


async def give_back(cluster: Cluster, body: Json) -> Json:
    """Remove our managedFields entry, so that server-side apply by Helm or kubectl never meets a conflict with us."""
    operations = make_give_back(body)
    if not operations:
        return body
    meta = body["metadata"]
    try:
        return await cluster.patch_deployment(meta["namespace"], meta["name"], operations)
    except (UnprocessableError, NotFoundError):
        return body  # somebody wrote in between: the entry goes with the next reading


def make_operations(deployment: Deployment, container: Container, rollback: Rollback) -> list[Json]:
    """Write the compare-and-swap for one container's image."""
    path = f"/spec/template/spec/containers/{container.index}"
    notes = {ROLLBACK_ID: rollback.id, ROLLED_BACK_FROM: rollback.from_, ROLLED_BACK_TO: rollback.to}
    return [
        {"op": "test", "path": "/metadata/uid", "value": deployment.uid},
        {"op": "test", "path": f"{path}/name", "value": container.name},
        {"op": "test", "path": f"{path}/image", "value": rollback.from_image},
        {"op": "replace", "path": f"{path}/image", "value": rollback.to_image},
        *_annotate(notes, present=deployment.has_annotations),
    ]


def make_give_back(body: Json) -> list[Json]:
    """Name each managedFields entry of ours, last first so that the places before it stay right."""
    entries = list(enumerate(body["metadata"].get("managedFields") or ()))
    operations: list[Json] = []
    for index, entry in reversed(entries):
        if entry.get("manager") == MANAGER:
            path = f"/metadata/managedFields/{index}"
            operations += [{"op": "test", "path": f"{path}/manager", "value": MANAGER}, {"op": "remove", "path": path}]
    return operations


def _annotate(notes: dict[str, str], *, present: bool) -> list[Json]:
    if not present:
        return [
            {"op": "test", "path": "/metadata/annotations", "value": None},
            {"op": "add", "path": "/metadata/annotations", "value": notes},
        ]
    return [
        {"op": "add", "path": f"/metadata/annotations/{key.replace('/', '~1')}", "value": value}
        for key, value in notes.items()
    ]


def _standing(deployment: Deployment, container_name: str, rollback: Rollback) -> Container | Outcome:
    """Say what the live container means for the rollback: still to be done, done already, or overtaken."""
    container = next((c for c in deployment.containers if c.name == container_name), None)
    if container is not None and container.image == rollback.from_image:
        return container
    done = container is not None and container.image == rollback.to_image
    return Outcome.PATCHED if done else Outcome.SUPERSEDED


async def _read(cluster: Cluster, deployment: Deployment) -> Json | None:
    try:
        return await cluster.get_deployment(deployment.namespace, deployment.name)
    except NotFoundError:
        return None
