"""Deployments as the API server holds them, read for what the operator needs of them."""

import hashlib
import json
from typing import Any

from modelward.domain.ports import Json
from modelward.domain.serving import (
    ALLOW_ROLLBACK,
    ALLOWED_IMAGES,
    LEFT_ALONE_BY,
    ROLLBACK_ID,
    ROLLED_BACK_FROM,
    ROLLED_BACK_TO,
    Deployment,
    Rollout,
    ServingProblem,
)
from modelward.domain.version_field import VersionField
from modelward.observe.place import Keys, find_place

REVISION = "deployment.kubernetes.io/revision"
LONGEST_REVISION = 19  # digits; the controller counts with 64 bits, and anybody may annotate
KEPT = ("name", "image", "env", "envFrom", "command", "args")


def parse_deployment(body: Json, field: VersionField = VersionField()) -> Deployment:  # noqa: B008  it is frozen
    """Keep what the operator needs of a Deployment whose version stands in `field`."""
    meta, spec = body["metadata"], body["spec"]
    annotations: dict[str, str] | None = meta.get("annotations")
    notes = annotations or {}
    found = find_place(field, spec["template"], meta["name"], meta.get("managedFields"))
    place, keys = (found, ()) if isinstance(found, ServingProblem) else found
    return Deployment(
        uid=meta["uid"],
        namespace=meta["namespace"],
        name=meta["name"],
        resource_version=meta["resourceVersion"],
        place=place,
        template_hash=template_hash(spec["template"], keys),
        rollout=_rollout(body),
        selector=_selector(spec["selector"].get("matchLabels") or {}),
        has_annotations=annotations is not None,
        rollback_id=notes.get(ROLLBACK_ID),
        allow_rollback=notes.get(ALLOW_ROLLBACK),
        allowed_images=notes.get(ALLOWED_IMAGES),
        left_alone_by=notes.get(LEFT_ALONE_BY),
        rolled_back_from=notes.get(ROLLED_BACK_FROM),
        rolled_back_to=notes.get(ROLLED_BACK_TO),
        revision=read_revision(notes),
    )


def read_revision(annotations: dict[str, str]) -> int | None:
    """Read the number that the controller gives to a Deployment's template and to its ReplicaSets."""
    number = annotations.get(REVISION, "")
    return int(number) if number.isdecimal() and len(number) <= LONGEST_REVISION else None


def template_hash(template: Json, version_at: Keys = ()) -> str:
    """Hash what must not change along with the version; the version's own place is left out.

    That is: images, env, command and args of all containers, the whole of init containers, and volumes.
    """
    pod = template["spec"]
    shape = {
        "containers": [{key: c[key] for key in KEPT if key in c} for c in pod.get("containers") or ()],
        "initContainers": pod.get("initContainers") or [],
        "volumes": pod.get("volumes") or [],
    }
    if version_at and version_at[0] == "spec":
        shape = _without(shape, version_at[1:])
    return hashlib.sha256(json.dumps(shape, sort_keys=True).encode()).hexdigest()[:12]


def _without(shape: Any, keys: Keys) -> Any:
    """Return a shape without what stands at the end of a way through it; only what lies on the way is copied."""
    first, rest = keys[0], keys[1:]
    if not rest:
        return {key: value for key, value in shape.items() if key != first}
    copied = shape.copy()
    copied[first] = _without(shape[first], rest)
    return copied


def _selector(labels: dict[str, str]) -> str:
    return ",".join(f"{key}={value}" for key, value in sorted(labels.items()))


def _rollout(body: Json) -> Rollout:
    status: Json = body.get("status") or {}
    wanted = body["spec"].get("replicas", 1)
    counts = [status.get(key, 0) for key in ("updatedReplicas", "availableReplicas", "replicas")]
    seen = status.get("observedGeneration", 0) >= body["metadata"].get("generation", 0)
    paused = bool(body["spec"].get("paused"))
    sentence = f"{counts[0]} of {wanted} replicas updated, {counts[1]} available" + (", paused" if paused else "")
    down = seen and not paused and wanted > 0 and not counts[1]
    return Rollout(seen and counts == [wanted] * 3, seen and _deadline_exceeded(status), sentence, down)


def _deadline_exceeded(status: dict[str, Any]) -> bool:
    return any(
        c.get("type") == "Progressing" and c.get("reason") == "ProgressDeadlineExceeded"
        for c in status.get("conditions") or ()
    )
