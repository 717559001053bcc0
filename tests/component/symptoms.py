"""Worlds in trouble, each with the text that a person then reads: what docs/troubleshooting.md quotes."""

import math
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

from builders import NAMESPACE, A, B, a_deployment, image_of
from component.test_contests import KEY as DEPLOYMENT
from component.test_held import a_held_world
from component.test_keepers import a_kept_world, apply
from component.test_returns import a_returned_world
from component.world import CHECK, GOOD, HOUR, MINUTE, World, a_degraded_world
from doubles import a_source_error
from modelward.domain.reasons import Reason

Producer = Callable[[], Awaitable[str]]
SYMPTOMS: dict[str, Producer] = {}


def symptom(name: str) -> Callable[[Producer], Producer]:
    """Name the block of the page that a world belongs to."""

    def keep(produce: Producer) -> Producer:
        SYMPTOMS[name] = produce
        return produce

    return keep


def condition(world: World, kind: str) -> str:
    """Return a condition as `kubectl describe` shows it."""
    found = world.status().condition(kind)
    assert found is not None
    return f"{kind} {found.status} {found.reason}: {found.message}"


def verdict(world: World) -> str:
    """Return the verdict with its reason and sentence."""
    status = world.status()
    return f"{status.verdict} {status.reason}: {status.message}"


def holds(world: World) -> str:
    """Return what held a rollback back."""
    return "\n".join(f"{hold.guard}: {hold.message}" for hold in world.status().holds)


async def a_first_world(**spec: Any) -> World:
    """Return a world in which one version serves and was looked at."""
    world = World()
    world.model(**spec)
    world.deploy(A)
    await world.turn()
    return world


# -- nothing is judged -----------------------------------------------------------------------------------------------


@symptom("VersionNotSeen")
async def _other_name() -> str:
    world = await a_first_world()
    world.predict("v20260104", GOOD)
    await world.turn(CHECK)
    return verdict(world)


@symptom("NoPredictions")
async def _nothing() -> str:
    return verdict(await a_first_world())


@symptom("TooFewSamples")
async def _few() -> str:
    world = await a_first_world()
    world.predict(A, GOOD, n=19)
    await world.turn(CHECK)
    return verdict(world)


@symptom("NoBaseline")
async def _first_version() -> str:
    world = await a_first_world()
    world.predict(A, GOOD)
    await world.turn(CHECK)
    return verdict(world)


@symptom("DatabaseUnreachable")
async def _down() -> str:
    world = await a_degraded_world()
    world.reader.down = a_source_error(Reason.DATABASE_UNREACHABLE)
    await world.turn(CHECK)
    return condition(world, "MetricsAvailable")


@symptom("SecretNotFound")
async def _no_secret() -> str:
    world = await a_first_world()
    world.cluster.secrets.clear()
    world.restart()
    await world.turn(CHECK)
    return condition(world, "MetricsAvailable")


@symptom("SecretIncomplete")
async def _wrong_keys() -> str:
    world = await a_first_world()
    world.cluster.secrets[NAMESPACE, "house-prices-db"] = {"url": "postgresql://db/prices"}
    world.restart()
    await world.turn(CHECK)
    return condition(world, "MetricsAvailable")


@symptom("LabelCoverageLow")
async def _early_labels() -> str:
    world = await a_first_world(evaluation={"minLabelCoveragePercent": 80})
    world.predict(A, GOOD)
    rows = world.reader.rows["house-prices"]
    world.reader.rows["house-prices"] = [r if n % 2 else replace(r, actual=None) for n, r in enumerate(rows)]
    await world.turn(CHECK)
    return verdict(world)


@symptom("NonFinitePredictions")
async def _no_numbers() -> str:
    world = await a_first_world()
    world.predict(A, GOOD)
    rows = world.reader.rows["house-prices"]
    world.reader.rows["house-prices"] = [replace(r, prediction=math.nan) if n < 4 else r for n, r in enumerate(rows)]
    await world.turn(CHECK)
    return verdict(world)


# -- not ready -------------------------------------------------------------------------------------------------------


@symptom("TargetNotFound")
async def _no_deployment() -> str:
    world = World()
    world.model()
    await world.turn()
    return condition(world, "Ready")


@symptom("ContainerAmbiguous")
async def _two_containers() -> str:
    world = World()
    containers = ({"name": "model", "image": image_of(A)}, {"name": "proxy", "image": "proxy:1"})
    world.cluster.apply(a_deployment(containers=containers))
    world.model()
    await world.turn()
    return condition(world, "Ready")


@symptom("VersionUnreadable")
async def _digest() -> str:
    world = World()
    image = "registry.example.com/house-prices@sha256:" + "0" * 64
    world.cluster.apply(a_deployment(containers=({"name": "model", "image": image},)))
    world.model()
    await world.turn()
    return condition(world, "Ready")


@symptom("Conflict")
async def _two_resources() -> str:
    world = await a_first_world()
    world.model("second", targetRef={"name": "house-prices"})
    await world.turn(MINUTE)
    found = world.status("second").condition("Ready")
    assert found is not None
    return f"Ready {found.status} {found.reason}: {found.message}"


@symptom("VersionUnknown")
async def _no_image() -> str:
    world = await a_first_world(version=A, versions=[{"name": A, "image": image_of(A)}])
    world.edit(version=B)
    await world.turn(MINUTE)
    return condition(world, "Ready")


@symptom("EnvNotFound")
async def _no_variable() -> str:
    return condition(await a_first_world(versionField={"type": "Env", "env": {"name": "MODEL_VERSION"}}), "Ready")


@symptom("RepositoryNotAllowed")
async def _another_repository() -> str:
    world = await a_first_world(version=A)
    catalogue = [{"name": B, "image": f"elsewhere.example.com/house-prices:{B}"}]
    world.edit(version=B, versions=catalogue)
    await world.turn(MINUTE)
    return condition(world, "Ready")


@symptom("SpecVersionHeld")
async def _held() -> str:
    return condition(await a_held_world(), "Ready")


@symptom("Contested")
async def _contested() -> str:
    world = await a_degraded_world()
    await world.turn(CHECK)
    for _ in range(2):
        apply(world, B, "kustomize-controller")
        await world.turn(HOUR)
    return condition(world, "Ready")


@symptom("RollbackProtected")
async def _kept() -> str:
    return condition(await a_kept_world("kustomize-controller"), "RollbackProtected")


@symptom("RollbackFailed")
async def _does_not_start() -> str:
    world = await a_degraded_world(rollback={"verifyTimeout": "5m"})
    world.cluster.rolls_out = False
    await world.turn(CHECK)

    def wait_for_pods(body: dict[str, Any]) -> None:
        body["spec"]["replicas"] = 2
        generation = body["metadata"]["generation"] + 1
        body["status"] = {"observedGeneration": generation, "replicas": 2, "updatedReplicas": 1, "availableReplicas": 1}

    world.cluster.edit(*DEPLOYMENT, wait_for_pods)
    await world.turn(timedelta(minutes=6))
    return condition(world, "Ready")


@symptom("Returned")
async def _nothing_serves() -> str:
    return f"RollbackFailed: {(await a_returned_world()).notes('RollbackFailed')[0]}"
