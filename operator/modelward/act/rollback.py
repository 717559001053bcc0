"""The one write that matters: a JSON Patch that puts a version into its place, or changes nothing at all.

It tests the Deployment's uid, the names on the way to the place (of the container, of the variable) and what stands
there now, so it is a compare-and-swap on exactly what matters: a change of replicas in between does not disturb it, a
change of the version makes it fail. It cannot create anything. What a rollback did stands in annotations of the same
patch, so the act and its record cannot come apart.
"""

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from modelward.domain.errors import ForbiddenError, NotFoundError, UnprocessableError
from modelward.domain.ports import Cluster, Json
from modelward.domain.serving import ROLLBACK_ID, ROLLED_BACK_FROM, ROLLED_BACK_TO, Deployment, Place
from modelward.domain.status import Rollback

log = logging.getLogger(__name__)
MANAGER = "modelward"
TRIES = 3
STILL_DOWN: tuple[Json, ...] = (  # a count of none is left out
    {"op": "test", "path": "/status/availableReplicas", "value": None},
    {"op": "test", "path": "/spec/paused", "value": None},
)


class Outcome(StrEnum):
    """How a patch ended."""

    PATCHED = "Patched"
    SUPERSEDED = "Superseded"
    GONE = "Gone"
    NEEDLESS = "Needless"


@dataclass(frozen=True, slots=True)
class Patched:
    """What became of the Deployment; `body` is the object after the patch, where there is one."""

    outcome: Outcome
    body: Json | None = None


@dataclass(frozen=True, slots=True)
class Swap:
    """One value for another, and the annotations that go with it; perhaps only as long as nothing is available."""

    from_value: str
    to_value: str
    notes: Mapping[str, str] = field(default_factory=dict)
    only_while_down: bool = False


def swap_of(rollback: Rollback) -> Swap:
    """Say what a rollback writes."""
    notes = {ROLLBACK_ID: rollback.id, ROLLED_BACK_FROM: rollback.from_, ROLLED_BACK_TO: rollback.to}
    return Swap(rollback.from_value, rollback.to_value, notes)


def swap_back(rollback: Rollback) -> Swap:
    """Say what is written where the version put back does not start: the way back, to be read from the Deployment."""
    notes = {ROLLBACK_ID: rollback.id, ROLLED_BACK_FROM: rollback.to, ROLLED_BACK_TO: rollback.from_}
    return Swap(rollback.to_value, rollback.from_value, notes, only_while_down=True)


async def put(cluster: Cluster, deployment: Deployment, swap: Swap, parse: Callable[[Json], Deployment]) -> Patched:
    """Carry a swap out; where a test fails, read the live object and decide by what stands there.

    What is refused although every test holds is refused by somebody else, such as an admission policy: ForbiddenError.
    """
    body: Json | None = None
    tried: list[Json] = []
    for _ in range(TRIES):
        standing = _standing(deployment, swap)
        if isinstance(standing, Outcome) and body is not None:
            return Patched(standing, body)
        if isinstance(standing, Place):
            try:
                operations = make_operations(deployment, standing, swap)
                body = await cluster.patch_deployment(deployment.namespace, deployment.name, operations)
                return Patched(Outcome.PATCHED, body)
            except NotFoundError:
                return Patched(Outcome.GONE)
            except UnprocessableError as error:
                if operations == tried:
                    raise ForbiddenError(str(error)) from error
                tried = operations
                log.debug("Deployment %s was changed in between: %s", deployment.name, error)
        body = await _read(cluster, deployment)  # what was seen before may be over by now
        if body is None or body["metadata"]["uid"] != deployment.uid:
            return Patched(Outcome.GONE)
        deployment = parse(body)
    raise UnprocessableError(f"Deployment {deployment.name} changes faster than it can be patched")


async def give_back(cluster: Cluster, body: Json) -> Json:
    """Remove our managedFields entry, so that server-side apply by Helm or kubectl never meets a conflict with us.

    Where somebody writes in between the entries have moved: they are looked for once more in the live object. Nothing
    is decided by what comes back: a hotfix may stand in it already.
    """
    meta = body["metadata"]
    for _ in range(TRIES):
        operations = make_give_back(body)
        if not operations:
            return body
        try:
            try:
                return await cluster.patch_deployment(meta["namespace"], meta["name"], operations)
            except UnprocessableError:
                body = await cluster.get_deployment(meta["namespace"], meta["name"])
        except NotFoundError:
            return body
    log.warning("Deployment %s changes faster than the ownership of its fields can be given back", meta["name"])
    return body


def make_operations(deployment: Deployment, place: Place, swap: Swap) -> list[Json]:
    """Write the compare-and-swap for the version's place."""
    names: list[Json] = [{"op": "test", "path": path, "value": name} for path, name in place.names]
    return [
        {"op": "test", "path": "/metadata/uid", "value": deployment.uid},
        *names,
        *(STILL_DOWN if swap.only_while_down else ()),
        {"op": "test", "path": place.path, "value": swap.from_value},
        {"op": "replace", "path": place.path, "value": swap.to_value},
        *_annotate(swap.notes, present=deployment.has_annotations),
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


def _annotate(notes: Mapping[str, str], *, present: bool) -> list[Json]:
    if notes and not present:
        return [
            {"op": "test", "path": "/metadata/annotations", "value": None},
            {"op": "add", "path": "/metadata/annotations", "value": dict(notes)},
        ]
    return [
        {"op": "add", "path": f"/metadata/annotations/{key.replace('/', '~1')}", "value": value}
        for key, value in notes.items()
    ]


def _standing(deployment: Deployment, swap: Swap) -> Place | Outcome:
    """Say what the live object means for the swap: still to be done, done already, needless by now, or overtaken."""
    place = deployment.place
    if isinstance(place, Place) and place.value == swap.from_value:
        return place if deployment.rollout.down or not swap.only_while_down else Outcome.NEEDLESS
    done = isinstance(place, Place) and place.value == swap.to_value
    return Outcome.PATCHED if done else Outcome.SUPERSEDED


async def _read(cluster: Cluster, deployment: Deployment) -> Json | None:
    try:
        return await cluster.get_deployment(deployment.namespace, deployment.name)
    except NotFoundError:
        return None
