"""A Deployment is read for what the operator needs of it, and its template known again by all but the version."""

from typing import Any

import pytest

from builders import A, B, a_deployment, image_of
from modelward.domain.serving import Deployment, ServingProblem
from modelward.domain.version_field import FieldType, VersionField
from modelward.observe.deployments import parse_deployment, template_hash
from modelward.observe.place import find_place

MODEL, PROXY = {"name": "model", "image": image_of(B)}, {"name": "proxy", "image": "proxy:1"}
ENV = VersionField(FieldType.ENV, env="MODEL_VERSION")


def raw(**changes: Any) -> dict[str, Any]:
    body = a_deployment(version=B, **changes)
    body["metadata"] |= {"uid": "uid-d", "resourceVersion": "7", "generation": 3}
    return body


def deployment(**changes: Any) -> Deployment:
    return parse_deployment(raw(**changes))


# -- the Deployment --------------------------------------------------------------------------------------------------


def test_our_annotations_are_read():
    notes = {
        "modelward.dev/rollback-id": "7",
        "modelward.dev/rolled-back-from": B,
        "modelward.dev/rolled-back-to": A,
        "modelward.dev/allow-rollback": "house-prices",
        "modelward.dev/allowed-images": "r/m",
    }
    read = deployment(annotations=notes)
    assert read.allowed_images == "r/m"
    assert (read.rollback_id, read.rolled_back_from, read.rolled_back_to, read.allow_rollback) == (
        "7",
        B,
        A,
        "house-prices",
    )


@pytest.mark.parametrize(("annotations", "present"), [(None, False), ({}, True), ({"a": "b"}, True)])
def test_whether_there_are_annotations_at_all_is_known(annotations: dict[str, str] | None, present: bool):  # noqa: FBT001
    assert deployment(annotations=annotations).has_annotations is present


def rollout(status: dict[str, Any], replicas: int | None = 2) -> tuple[bool, bool]:
    body = raw()
    body["status"] = status
    body["spec"]["replicas"] = replicas
    if replicas is None:
        del body["spec"]["replicas"]
    read = parse_deployment(body).rollout
    return read.complete, read.failed


FULL = {"observedGeneration": 3, "replicas": 2, "updatedReplicas": 2, "availableReplicas": 2}
STUCK = {"conditions": [{"type": "Progressing", "status": "False", "reason": "ProgressDeadlineExceeded"}]}

ROLLOUTS: dict[str, tuple[tuple[bool, bool], tuple[bool, bool]]] = {
    "all new and available": (rollout(FULL), (True, False)),
    "one replica where none is said": (
        rollout({**FULL, "replicas": 1, "updatedReplicas": 1, "availableReplicas": 1}, None),
        (True, False),
    ),
    "scaled to nothing": (rollout({"observedGeneration": 3}, 0), (True, False)),
    "not seen by its controller yet": (rollout({**FULL, "observedGeneration": 2}), (False, False)),
    "not all updated": (rollout({**FULL, "updatedReplicas": 1}), (False, False)),
    "not all available": (rollout({**FULL, "availableReplicas": 1}), (False, False)),
    "old ones still there": (rollout({**FULL, "replicas": 3}), (False, False)),
    "nothing known": (rollout({}), (False, False)),
    "past its deadline": (rollout({**FULL, "availableReplicas": 0, **STUCK}), (False, True)),
    "past the deadline of an earlier template": (
        rollout({**FULL, "observedGeneration": 2, **STUCK}),
        (False, False),
    ),
}


@pytest.mark.parametrize(("read", "expected"), ROLLOUTS.values(), ids=ROLLOUTS)
def test_a_rollout_is(read: tuple[bool, bool], expected: tuple[bool, bool]):
    assert read == expected


NONE = {"observedGeneration": 3, "replicas": 2, "updatedReplicas": 2}
DOWN: dict[str, tuple[dict[str, Any], dict[str, Any], bool]] = {
    "none is available": (NONE, {}, True),
    "none is there": ({"observedGeneration": 3}, {}, True),
    "a part is available": ({**NONE, "availableReplicas": 1}, {}, False),
    "not seen by its controller yet": ({**NONE, "observedGeneration": 2}, {}, False),
    "nothing known": ({}, {}, False),
    "scaled to nothing": ({"observedGeneration": 3}, {"replicas": 0}, False),
    "paused": (NONE, {"paused": True}, False),
}


@pytest.mark.parametrize(("status", "spec", "down"), DOWN.values(), ids=DOWN)
def test_nothing_is_available_when(status: dict[str, Any], spec: dict[str, Any], down: bool):  # noqa: FBT001
    body = a_deployment()
    body["metadata"] |= {"uid": "u", "resourceVersion": "1", "generation": 3}
    body["status"] = status
    body["spec"] |= {"replicas": 2, **spec}
    assert parse_deployment(body).rollout.down is down


# -- the template ----------------------------------------------------------------------------------------------------


def pod(**changes: Any) -> dict[str, Any]:
    container = {"name": "model", "image": image_of(B), "env": [VERSION], **changes.pop("container", {})}
    return {"containers": [container], **changes}


def hash_of(pod: dict[str, Any], field: VersionField) -> str:
    found = find_place(field, {"spec": pod}, "house-prices")
    assert not isinstance(found, ServingProblem)
    return template_hash({"spec": pod}, found[1])


VERSION, OTHER = {"name": "MODEL_VERSION", "value": B}, {"name": "MODEL_VERSION", "value": A}
FETCH = {"name": "fetch", "image": "fetch:1"}
IMAGE, INIT = VersionField(container="model"), VersionField(container="fetch")
SAME: dict[str, tuple[VersionField, dict[str, Any], dict[str, Any]]] = {
    "another image": (IMAGE, pod(), pod(container={"image": image_of(A)})),
    "other resources": (IMAGE, pod(), pod(container={"resources": {"limits": {"cpu": "1"}}})),
    "probes": (IMAGE, pod(), pod(container={"livenessProbe": {}})),
    "a node selector": (IMAGE, pod(), pod(nodeSelector={"a": "b"})),
    "another value of the variable that is the version": (ENV, pod(), pod(container={"env": [OTHER]})),
    "another image of the init container that is the version": (
        INIT,
        pod(initContainers=[FETCH]),
        pod(initContainers=[{**FETCH, "image": "fetch:2"}]),
    ),
}
CHANGED: dict[str, tuple[VersionField, dict[str, Any], dict[str, Any]]] = {
    "env": (IMAGE, pod(), pod(container={"env": [{"name": "X", "value": "1"}]})),
    "envFrom": (IMAGE, pod(), pod(container={"envFrom": [{"configMapRef": {"name": "x"}}]})),
    "command": (IMAGE, pod(), pod(container={"command": ["serve"]})),
    "args": (IMAGE, pod(), pod(container={"args": ["--fast"]})),
    "volumes": (IMAGE, pod(), pod(volumes=[{"name": "v", "emptyDir": {}}])),
    "init containers": (IMAGE, pod(), pod(initContainers=[FETCH])),
    "containers": (IMAGE, pod(), {"containers": [*pod()["containers"], PROXY]}),
    "images beside it": (
        IMAGE,
        {"containers": [*pod()["containers"], PROXY]},
        {"containers": [*pod()["containers"], {**PROXY, "image": "proxy:2"}]},
    ),
    "images, where the version is a variable": (ENV, pod(), pod(container={"image": image_of(A)})),
    "variables beside it": (ENV, pod(), pod(container={"env": [VERSION, {"name": "X", "value": "1"}]})),
    "arguments of the init container that is the version": (
        INIT,
        pod(initContainers=[FETCH]),
        pod(initContainers=[{**FETCH, "args": ["--fast"]}]),
    ),
}


@pytest.mark.parametrize(("field", "one", "other"), SAME.values(), ids=SAME)
def test_the_template_is_still_the_same_with(field: VersionField, one: dict[str, Any], other: dict[str, Any]):
    assert hash_of(other, field) == hash_of(one, field)


@pytest.mark.parametrize(("field", "one", "other"), CHANGED.values(), ids=CHANGED)
def test_the_template_is_another_with_other(field: VersionField, one: dict[str, Any], other: dict[str, Any]):
    assert hash_of(other, field) != hash_of(one, field)


def test_hashing_changes_nothing():
    body = raw()
    parse_deployment(body)
    assert body == raw()
