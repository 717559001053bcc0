"""Deployments and ReplicaSets, read: which version serves, and which served before."""

import hashlib
import json
from typing import Any

from modelward.domain.image import is_version, parse_image, version_in
from modelward.domain.ports import Json
from modelward.domain.reasons import Reason
from modelward.domain.serving import (
    ALLOW_ROLLBACK,
    ROLLBACK_ID,
    ROLLED_BACK_FROM,
    ROLLED_BACK_TO,
    Container,
    Deployment,
    Revision,
    Rollout,
    Serving,
    ServingProblem,
)
from modelward.domain.spec import Spec

REVISION = "deployment.kubernetes.io/revision"


def parse_deployment(body: Json) -> Deployment:
    """Keep what the operator needs of a Deployment."""
    meta, spec = body["metadata"], body["spec"]
    annotations: dict[str, str] | None = meta.get("annotations")
    notes = annotations or {}
    return Deployment(
        uid=meta["uid"],
        namespace=meta["namespace"],
        name=meta["name"],
        resource_version=meta["resourceVersion"],
        containers=_containers(spec["template"]["spec"]),
        template_hash=template_hash(spec["template"]["spec"]),
        rollout=_rollout(body),
        selector=_selector(spec["selector"].get("matchLabels") or {}),
        has_annotations=annotations is not None,
        rollback_id=notes.get(ROLLBACK_ID),
        allow_rollback=notes.get(ALLOW_ROLLBACK),
        rolled_back_from=notes.get(ROLLED_BACK_FROM),
        rolled_back_to=notes.get(ROLLED_BACK_TO),
    )


def template_hash(pod: Json) -> str:
    """Hash what must not change along with the version: env, command, args, volumes, init containers."""
    kept = ("name", "env", "envFrom", "command", "args")
    shape = {
        "containers": [{key: c[key] for key in kept if key in c} for c in pod.get("containers", ())],
        "initContainers": pod.get("initContainers", []),
        "volumes": pod.get("volumes", []),
    }
    return hashlib.sha256(json.dumps(shape, sort_keys=True).encode()).hexdigest()[:12]


def find_serving(spec: Spec, deployment: Deployment) -> Serving | ServingProblem:
    """Find the container that holds the version, and read the version out of its image."""
    container = _find_container(spec, deployment)
    if isinstance(container, ServingProblem):
        return container
    version = read_version(spec, container.image)
    if version is None:
        return _unreadable(spec, container)
    return _moving_repository(spec) or Serving(deployment, container, version)


def read_version(spec: Spec, image: str) -> str | None:
    """Read the version from an image: by the template, or else its tag."""
    if spec.image_template is not None:
        return version_in(image, spec.image_template)
    tag = parse_image(image).tag
    return tag if tag and is_version(tag) else None


def image_for(spec: Spec, serving_image: str, version: str) -> str:
    """Build the image of a version that was never seen here: by the template, or else the same repository."""
    if spec.image_template is not None:
        return spec.image_template.replace("{version}", version)
    return f"{parse_image(serving_image).repository}:{version}"


def find_revisions(spec: Spec, deployment: Deployment, replica_sets: list[Json]) -> tuple[Revision, ...]:
    """Read the Deployment's own ReplicaSets, oldest revision first, those that hold a readable version."""
    owned = (rs for rs in replica_sets if _is_owned(rs, deployment.uid))
    found = (_revision(spec, deployment, rs) for rs in owned)
    return tuple(sorted((r for r in found if r is not None), key=lambda r: r.number))


def _revision(spec: Spec, deployment: Deployment, replica_set: Json) -> Revision | None:
    pod = replica_set["spec"]["template"]["spec"]
    view = Deployment("", "", "", "", _containers(pod), "", deployment.rollout)
    container = _find_container(spec, view)
    if isinstance(container, ServingProblem):
        return None
    version = read_version(spec, container.image)
    number = (replica_set["metadata"].get("annotations") or {}).get(REVISION, "0")
    return Revision(int(number), version, container.image, template_hash(pod)) if version else None


def _is_owned(replica_set: Json, uid: str) -> bool:
    return any(owner.get("uid") == uid for owner in replica_set["metadata"].get("ownerReferences") or ())


def _containers(pod: Json) -> tuple[Container, ...]:
    return tuple(Container(c["name"], c.get("image") or "", i) for i, c in enumerate(pod.get("containers", ())))


def _find_container(spec: Spec, deployment: Deployment) -> Container | ServingProblem:
    names = ", ".join(c.name for c in deployment.containers)
    if spec.container_name is None:
        if len(deployment.containers) == 1:
            return deployment.containers[0]
        return ServingProblem(
            Reason.CONTAINER_AMBIGUOUS,
            f"Deployment {deployment.name} has several containers ({names}): name one in versionField.containerName",
        )
    for container in deployment.containers:
        if container.name == spec.container_name:
            return container
    return ServingProblem(
        Reason.CONTAINER_NOT_FOUND,
        f"Deployment {deployment.name} has no container {spec.container_name!r}; it has {names}",
    )


def _unreadable(spec: Spec, container: Container) -> ServingProblem:
    if spec.image_template is not None:
        why = f"does not fit versionField.image.template {spec.image_template!r}"
    elif parse_image(container.image).digest:
        why = "is given by digest only and has no tag that could be the version"
    else:
        why = "has no tag that could be the version"
    return ServingProblem(Reason.VERSION_UNREADABLE, f"image {container.image!r} of container {container.name} {why}")


def _moving_repository(spec: Spec) -> ServingProblem | None:
    """Refuse a template that puts the version anywhere but into the tag: another repository is another program."""
    template = spec.image_template
    if template is None or "{version}" in (parse_image(template).tag or ""):
        return None
    return ServingProblem(
        Reason.REPOSITORY_NOT_ALLOWED,
        f"versionField.image.template {template!r} puts the version into the repository; only the tag may change",
    )


def _selector(labels: dict[str, str]) -> str:
    return ",".join(f"{key}={value}" for key, value in sorted(labels.items()))


def _rollout(body: Json) -> Rollout:
    status: Json = body.get("status") or {}
    wanted = body["spec"].get("replicas", 1)
    counts = [status.get(key, 0) for key in ("updatedReplicas", "availableReplicas", "replicas")]
    seen = status.get("observedGeneration", 0) >= body["metadata"].get("generation", 0)
    sentence = f"{counts[0]} of {wanted} replicas updated, {counts[1]} available"
    return Rollout(seen and counts == [wanted] * 3, seen and _deadline_exceeded(status), sentence)


def _deadline_exceeded(status: dict[str, Any]) -> bool:
    return any(
        c.get("type") == "Progressing" and c.get("reason") == "ProgressDeadlineExceeded"
        for c in status.get("conditions") or ()
    )
