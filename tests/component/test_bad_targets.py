"""What is wrong with a Deployment or a spec is said with its reason and the names there are; mending it is enough."""

from collections.abc import Callable
from typing import Any

import pytest

from builders import NAMESPACE, NOW, A, a_deployment, a_model, image_of
from component.world import CHECK, MINUTE, SPEC, World, a_degraded_world

MODEL = {"name": "model", "image": image_of(A)}
PROXY = {"name": "proxy", "image": "proxy:1"}
KEY = ("Deployment", NAMESPACE, "house-prices")


def runs(*containers: dict[str, str]) -> Callable[[World], None]:
    return lambda world: world.cluster.apply(a_deployment(containers=containers)) and None


def no_deployment(world: World) -> None:
    world.cluster.objects.pop(KEY, None)


def a_good_one(world: World) -> None:
    world.cluster.apply(a_deployment())


# -- the Deployment --------------------------------------------------------------------------------------------------

PROBLEMS: dict[str, tuple[Callable[[World], None], dict[str, Any], str, str]] = {
    "the Deployment is missing": (
        no_deployment,
        {},
        "TargetNotFound",
        "Deployment house-prices does not exist in this namespace",
    ),
    "the container's name is wrong": (
        runs(MODEL, PROXY),
        {"versionField": {"containerName": "server"}},
        "ContainerNotFound",
        "it has model, proxy",
    ),
    "two containers and none named": (runs(MODEL, PROXY), {}, "ContainerAmbiguous", "(model, proxy)"),
    "an image without a tag": (runs({**MODEL, "image": "r/m"}), {}, "VersionUnreadable", "has no tag"),
    "an image by digest only": (
        runs({**MODEL, "image": "r/m@sha256:" + "0" * 64}),
        {},
        "VersionUnreadable",
        "by digest only",
    ),
    "a spec stored under an older schema": (
        a_good_one,
        {"metrics": [{"name": "auc"}]},
        "InvalidSpec",
        "'auc' is not a metric; known are r2, rmse, mae",
    ),
}


@pytest.mark.parametrize(("given", "spec", "reason", "words"), PROBLEMS.values(), ids=PROBLEMS)
async def test_is_not_ready_with_the_reason(
    given: Callable[[World], None], spec: dict[str, Any], reason: str, words: str
):
    world = World()
    given(world)
    world.model(**spec)
    await world.turn()
    assert world.condition("Ready") == ("False", reason)
    ready = world.status().condition("Ready")
    assert ready is not None
    assert words in ready.message
    assert world.told() == [reason]


@pytest.mark.parametrize("problem", PROBLEMS)
async def test_is_said_once_and_does_not_spin(problem: str):
    given, spec, _, _ = PROBLEMS[problem]
    world = World()
    given(world)
    world.model(**spec)
    await world.turn()
    world.writes()
    await world.turns(5)
    assert world.writes() == []


MENDED: dict[str, tuple[Callable[[World], None], Callable[[World], None]]] = {
    "the Deployment is made": (no_deployment, a_good_one),
    "the sidecar goes": (runs(MODEL, PROXY), a_good_one),
    "the image gets a tag": (runs({**MODEL, "image": "r/m"}), a_good_one),
    "the spec names the container": (
        runs(MODEL, PROXY),
        lambda world: world.edit(versionField={"type": "Image", "containerName": "model"}),
    ),
}


@pytest.mark.parametrize(("given", "mend"), MENDED.values(), ids=MENDED)
async def test_is_picked_up_by_itself_when(given: Callable[[World], None], mend: Callable[[World], None]):
    world = World()
    given(world)
    world.model()
    await world.turn()
    mend(world)
    await world.turn()
    assert world.condition("Ready") == ("True", "Watching")
    assert world.status().current_version == A


async def test_a_deployment_that_goes_away_and_comes_back():
    world = await a_degraded_world()
    world.cluster.delete(*KEY)
    await world.turn(CHECK)
    assert world.condition("Ready") == ("False", "TargetNotFound")
    assert world.cluster.images == []
    world.deploy(A)
    await world.turn(MINUTE)
    assert world.condition("Ready")[0] == "True"


async def test_the_second_resource_for_one_deployment_does_nothing():
    world = await a_degraded_world()
    world.cluster.apply(later("second"))
    await world.turn()
    assert world.condition("Ready", "second") == ("False", "Conflict")
    ready = world.status("second").condition("Ready")
    assert ready is not None
    assert "house-prices already looks after" in ready.message
    await world.turn(CHECK)
    assert world.cluster.images == [image_of(A)]
    assert world.status("second").last_rollback is None


async def test_the_second_resource_takes_over_when_the_first_is_deleted():
    world = await a_degraded_world()
    world.cluster.apply(later("second"))
    await world.turn()
    world.cluster.delete("ModelDeployment", NAMESPACE, "house-prices")
    await world.turn()
    assert world.condition("Ready", "second")[0] == "True"


def later(name: str) -> dict[str, Any]:
    return a_model(name, created=NOW, targetRef={"name": "house-prices"}, modelName="house-prices", **SPEC)


@pytest.mark.parametrize(("annotation", "reason"), [(None, "NotOptedIn"), ("other", "NotOptedIn")])
async def test_where_opting_in_is_asked_for_the_deployment_must(annotation: str | None, reason: str):
    world = World(require_opt_in=True)
    world.model()
    world.cluster.apply(a_deployment(annotations={"modelward.dev/allow-rollback": annotation} if annotation else {}))
    await world.turn()
    assert world.condition("Ready") == ("False", reason)
    world.cluster.apply(a_deployment(annotations={"modelward.dev/allow-rollback": "house-prices"}))
    await world.turn()
    assert world.condition("Ready")[0] == "True"
