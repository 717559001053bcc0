"""Which version serves is read from the Deployment; where it cannot be, the problem names what there is."""

from typing import Any

import pytest

from builders import A, B, C, a_deployment, a_replica_set, a_spec, image_of
from modelward.domain.reasons import Reason
from modelward.domain.serving import Deployment, Serving, ServingProblem
from modelward.observe.serving import (
    find_revisions,
    find_serving,
    image_for,
    parse_deployment,
    read_version,
    template_hash,
)

MODEL, PROXY = {"name": "model", "image": image_of(B)}, {"name": "proxy", "image": "proxy:1"}
DIGEST = "sha256:" + "0" * 64


def raw(**changes: Any) -> dict[str, Any]:
    body = a_deployment(version=B, **changes)
    body["metadata"] |= {"uid": "uid-d", "resourceVersion": "7", "generation": 3}
    return body


def deployment(**changes: Any) -> Deployment:
    return parse_deployment(raw(**changes))


def template(text: str) -> dict[str, Any]:
    return {"versionField": {"image": {"template": text}}}


# -- the version -----------------------------------------------------------------------------------------------------

FOUND: dict[str, tuple[list[dict[str, str]], dict[str, Any], str]] = {
    "the only container's tag": ([MODEL], {}, B),
    "the named container's tag": ([PROXY, MODEL], {"versionField": {"containerName": "model"}}, B),
    "a tag behind a port": ([{"name": "m", "image": "registry:5000/m:7"}], {}, "7"),
    "a tag beside a digest": ([{"name": "m", "image": f"r/m:7@{DIGEST}"}], {}, "7"),
    "a part of the tag, by template": ([{"name": "m", "image": "r/m:gpu-7"}], template("r/m:gpu-{version}"), "7"),
}


@pytest.mark.parametrize(("containers", "spec", "version"), FOUND.values(), ids=FOUND)
def test_is_found_in(containers: list[dict[str, str]], spec: dict[str, Any], version: str):
    serving = find_serving(a_spec(**spec), deployment(containers=containers))
    assert isinstance(serving, Serving)
    assert serving.version == version
    assert serving.image == serving.deployment.containers[serving.container.index].image


PROBLEMS: dict[str, tuple[list[dict[str, str]], dict[str, Any], Reason, str]] = {
    "two containers and none named": (
        [MODEL, PROXY],
        {},
        Reason.CONTAINER_AMBIGUOUS,
        "has several containers (model, proxy): name one in versionField.containerName",
    ),
    "no container of that name": (
        [MODEL, PROXY],
        {"versionField": {"containerName": "server"}},
        Reason.CONTAINER_NOT_FOUND,
        "has no container 'server'; it has model, proxy",
    ),
    "an image without a tag": (
        [{"name": "model", "image": "registry:5000/model"}],
        {},
        Reason.VERSION_UNREADABLE,
        "image 'registry:5000/model' of container model has no tag that could be the version",
    ),
    "an image by digest only": (
        [{"name": "model", "image": f"model@{DIGEST}"}],
        {},
        Reason.VERSION_UNREADABLE,
        "is given by digest only",
    ),
    "an image that does not fit the template": (
        [MODEL],
        template("other/house-prices:{version}"),
        Reason.VERSION_UNREADABLE,
        "does not fit versionField.image.template 'other/house-prices:{version}'",
    ),
    "a template that would move the repository": (
        [{"name": "model", "image": "r/7:latest"}],
        template("r/{version}:latest"),
        Reason.REPOSITORY_NOT_ALLOWED,
        "only the tag may change",
    ),
}


@pytest.mark.parametrize(("containers", "spec", "reason", "words"), PROBLEMS.values(), ids=PROBLEMS)
def test_is_not_found_in(containers: list[dict[str, str]], spec: dict[str, Any], reason: Reason, words: str):
    problem = find_serving(a_spec(**spec), deployment(containers=containers))
    assert isinstance(problem, ServingProblem)
    assert problem.reason is reason
    assert words in problem.message


IMAGES = {
    "the same repository, another tag": ({}, "r:5000/a/m:7", "r:5000/a/m:9"),
    "a digest is not carried over": ({}, f"r/m:7@{DIGEST}", "r/m:9"),
    "by the template": (template("r/m:gpu-{version}"), "r/m:gpu-7", "r/m:gpu-9"),
}


@pytest.mark.parametrize(("spec", "serving", "image"), IMAGES.values(), ids=IMAGES)
def test_the_image_of_a_version_that_never_served_here(spec: dict[str, Any], serving: str, image: str):
    assert image_for(a_spec(**spec), serving, "9") == image
    assert read_version(a_spec(**spec), image) == "9"


# -- the Deployment --------------------------------------------------------------------------------------------------


def test_our_annotations_are_read():
    notes = {
        "modelward.dev/rollback-id": "7",
        "modelward.dev/rolled-back-from": B,
        "modelward.dev/rolled-back-to": A,
        "modelward.dev/allow-rollback": "house-prices",
    }
    read = deployment(annotations=notes)
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


# -- the template ----------------------------------------------------------------------------------------------------


def pod(**changes: Any) -> dict[str, Any]:
    return {"containers": [{"name": "model", "image": image_of(B), **changes.pop("container", {})}], **changes}


SAME: dict[str, dict[str, Any]] = {
    "another image": pod(container={"image": image_of(A)}),
    "other resources": pod(container={"resources": {"limits": {"cpu": "1"}}}),
    "probes": pod(container={"livenessProbe": {}}),
    "a node selector": pod(nodeSelector={"a": "b"}),
}
CHANGED: dict[str, dict[str, Any]] = {
    "env": pod(container={"env": [{"name": "X", "value": "1"}]}),
    "envFrom": pod(container={"envFrom": [{"configMapRef": {"name": "x"}}]}),
    "command": pod(container={"command": ["serve"]}),
    "args": pod(container={"args": ["--fast"]}),
    "volumes": pod(volumes=[{"name": "v", "emptyDir": {}}]),
    "init containers": pod(initContainers=[{"name": "fetch", "image": "fetch:2"}]),
    "another container": {"containers": [MODEL, PROXY]},
}


@pytest.mark.parametrize("other", SAME.values(), ids=SAME)
def test_the_template_is_still_the_same_with(other: dict[str, Any]):
    assert template_hash(other) == template_hash(pod())


@pytest.mark.parametrize("other", CHANGED.values(), ids=CHANGED)
def test_the_template_is_another_with_other(other: dict[str, Any]):
    assert template_hash(other) != template_hash(pod())


# -- the past --------------------------------------------------------------------------------------------------------


def test_the_deployments_own_replica_sets_are_its_past_oldest_first():
    body = raw()
    sets = [a_replica_set(body, v, n) for v, n in ((C, 10), (A, 2), (B, 9))]
    found = find_revisions(a_spec(), parse_deployment(body), sets)
    assert [(r.number, r.version, r.image) for r in found] == [
        (2, A, image_of(A)),
        (9, B, image_of(B)),
        (10, C, image_of(C)),
    ]


def test_replica_sets_of_others_or_without_a_readable_version_are_left_out():
    body = raw()
    foreign = a_replica_set({**body, "metadata": {**body["metadata"], "uid": "other"}}, A, 1)
    orphan = a_replica_set(body, A, 2)
    del orphan["metadata"]["ownerReferences"]
    unreadable = a_replica_set(body, A, 3)
    unreadable["spec"]["template"]["spec"]["containers"][0]["image"] = "model"
    ambiguous = a_replica_set(body, A, 4)
    ambiguous["spec"]["template"]["spec"]["containers"].append(PROXY)
    assert find_revisions(a_spec(), parse_deployment(body), [foreign, orphan, unreadable, ambiguous]) == ()
