"""Deployments that no version can be read from, and what becomes of them when they are mended."""

from collections.abc import Callable

import pytest

from cluster.scenes import A2, REPOSITORY, A, B, Model, deployment, image_of, resource
from sandbox.kubectl import Kubectl
from sandbox.operator import Operator

DIGEST = f"{REPOSITORY}@sha256:{'0' * 64}"
TWO = (image_of(A), "registry.example.com/proxy:1")


@pytest.fixture
def model(operator: Operator, kubectl: Kubectl, database_secret: str) -> Model:
    """Nothing is deployed yet."""
    assert operator.is_ready()
    return Model(kubectl, database_secret)


def serve(*images: str) -> Callable[[Model], None]:
    """Apply a Deployment of these images."""

    def apply(model: Model) -> None:
        model.kubectl.apply(deployment(model.name, *images))

    return apply


def watch(**spec: object) -> Callable[[Model], None]:
    """Apply the ModelDeployment with these fields."""
    return lambda model: model.watch(**spec)


def named(container: str) -> dict[str, object]:
    """Name the container that holds the version."""
    return {"versionField": {"containerName": container}}


CASES = {
    "no Deployment": (watch(), "TargetNotFound", "Deployment house-prices does not exist", serve(image_of(A))),
    "another container's name": (
        watch(**named("modle")),
        "ContainerNotFound",
        "Deployment house-prices has no container 'modle'; it has model, proxy",
        watch(**named("model")),
    ),
    "two containers and none named": (
        watch(),
        "ContainerAmbiguous",
        "Deployment house-prices has several containers (model, proxy): name one in versionField.containerName",
        watch(**named("model")),
    ),
    "an image without a tag": (
        watch(),
        "VersionUnreadable",
        f"image '{REPOSITORY}' of container model has no tag that could be the version: give it one",
        serve(image_of(A)),
    ),
    "an image by digest only": (
        watch(),
        "VersionUnreadable",
        f"image '{DIGEST}' of container model is given by digest only and has no tag that could be the version",
        serve(image_of(A)),
    ),
    "an image that does not fit the template": (
        watch(versionField={"image": {"template": f"{REPOSITORY}:v{{version}}-gpu"}}),
        "VersionUnreadable",
        f"image '{image_of(A)}' of container model does not fit versionField.image.template",
        serve(f"{REPOSITORY}:v{A}-gpu"),
    ),
}
FIRST = {
    "no Deployment": None,
    "another container's name": serve(*TWO),
    "two containers and none named": serve(*TWO),
    "an image without a tag": serve(REPOSITORY),
    "an image by digest only": serve(DIGEST),
    "an image that does not fit the template": serve(image_of(A)),
}


@pytest.mark.parametrize("case", CASES)
def test_what_is_wrong_is_said_and_what_is_mended_is_picked_up_by_itself(model: Model, case: str):
    first, (then, reason, words, mend) = FIRST[case], CASES[case]
    if first is not None:
        first(model)
    then(model)
    assert words in model.until_ready("False", reason)["message"]
    (note,) = model.notes(reason)
    assert words in note
    model.predict(A)
    mend(model)
    ready = model.until_ready("True", "Watching")
    assert "InsufficientData" in ready["message"]
    assert model.see()["status"]["currentVersion"] == A


def test_a_request_is_refused_while_no_version_can_be_read(model: Model):
    model.watch()
    model.until_ready("False", "TargetNotFound")
    record = model.until_answered("rollback", model.ask("rollback"))
    assert (record["result"], record["message"]) == (
        "Refused",
        "Deployment house-prices does not exist in this namespace",
    )


def test_a_deployment_that_is_deleted_and_made_anew_is_followed(model: Model):
    model.predict(A)
    model.deploy(A)
    model.watch()
    model.until_ready("True", "Watching")
    model.kubectl.run("delete", "deployment", model.name)
    model.until_ready("False", "TargetNotFound")
    model.deploy(A2)
    model.until_ready("True", "Watching")
    assert [m["version"] for m in model.see()["status"]["history"]] == [A, A2]


def test_the_past_is_read_from_replica_sets(model: Model):
    for version in (A, A2, B):
        model.predict(version)
        model.deploy(version)
        model.kubectl.run("rollout", "status", f"deployment/{model.name}", "--timeout=30s")
    model.watch()
    status = model.until_verdict("Healthy", B)
    assert [m["version"] for m in status["history"]] == [A, A2, B]
    assert status["previousVersion"] == A2


def test_the_second_resource_for_a_deployment_is_in_conflict_until_the_first_is_gone(model: Model):
    model.predict(A)
    model.deploy(A)
    model.watch()
    model.until_ready("True", "Watching")
    second = Model(model.kubectl, model.database_url, "house-prices-too")
    model.kubectl.apply(resource(second.name, targetRef={"name": model.name}, modelName=model.name))
    message = second.until_ready("False", "Conflict")["message"]
    assert message == "ModelDeployment house-prices already looks after Deployment house-prices"
    assert "verdict" not in second.see()["status"]
    model.kubectl.run("delete", model.resource)
    second.until_ready("True", "Watching")
    assert second.see()["status"]["currentVersion"] == A


def test_a_resource_that_is_deleted_is_forgotten(model: Model):
    model.predict(A)
    model.deploy(A)
    model.watch()
    model.until_ready("True", "Watching")
    model.kubectl.run("delete", model.resource)
    model.predict(B, rows=400)
    model.deploy(B)
    model.watch()
    status = model.until_verdict("Healthy", B)
    assert [m["placedBy"] for m in status["history"]] == ["Found", "Found"]
