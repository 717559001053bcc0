"""Worlds in trouble, each with the text that a person then reads: what docs/troubleshooting.md quotes."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

from builders import NAMESPACE, A, B, C, a_deployment, image_of
from component.test_broken_feed import a_world_with_a_broken_feed
from component.test_contests import KEY as DEPLOYMENT
from component.test_held import a_held_world
from component.test_keepers import a_kept_world, apply
from component.told import SOON, a_told_world
from component.world import BAD, CHECK, GOOD, HOUR, MINUTE, World, a_degraded_world
from doubles import a_source_error
from modelward.domain.errors import SourceError
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
        generation = body["metadata"]["generation"]
        body["status"] = {"observedGeneration": generation, "replicas": 1, "updatedReplicas": 1, "availableReplicas": 0}

    world.cluster.edit(*DEPLOYMENT, wait_for_pods)
    await world.turn(timedelta(minutes=6))
    return condition(world, "Ready")


# -- degraded, and left in place -------------------------------------------------------------------------------------


async def a_guarded_world(**spec: Any) -> World:
    """Return a world in which B is bad, for the first time, under the guards."""
    world = World()
    world.model(evaluation={"actOn": "Guarded"}, **spec)
    world.deploy(A)
    world.predict(A, GOOD, over=HOUR)
    await world.turn()
    world.deploy(B)
    await world.turn(MINUTE)
    await world.go_bad()
    return world


@symptom("NotConfirmed")
async def _once() -> str:
    return holds(await a_guarded_world())


@symptom("AutoRollbackOff")
async def _off() -> str:
    world = await a_degraded_world(autoRollback=False)
    await world.turn(CHECK)
    return condition(world, "Degraded")


@symptom("TemplateChanged")
async def _template() -> str:
    world = World()
    world.model(evaluation={"actOn": "Guarded", "consecutiveBreaches": 1, "window": "10m"})
    world.deploy(A)
    world.predict(A, GOOD)
    await world.turn()

    def ship(body: dict[str, Any]) -> None:
        container = body["spec"]["template"]["spec"]["containers"][0]
        container |= {"image": image_of(B), "env": [{"name": "MODE", "value": "new"}]}

    world.cluster.edit(*DEPLOYMENT, ship)
    await world.turn(MINUTE)
    for _ in range(3):
        await world.go_bad()
    return holds(world)


@symptom("NoTarget")
async def _archived() -> str:
    world = await a_degraded_world()
    world.reader.registered = {A: True}
    await world.turn(CHECK)
    return holds(world)


@symptom("BreakerOpen")
async def _feed() -> str:
    world = await a_world_with_a_broken_feed()
    return holds_of(world, "m0")


def holds_of(world: World, name: str) -> str:
    """Return what held back one of many."""
    return "\n".join(f"{hold.guard}: {hold.message}" for hold in world.status(name).holds)


@symptom("Landing")
async def _shifted() -> str:
    world = await a_first_world()
    world.predict(A, GOOD, over=HOUR)
    for version in (B, C):
        world.deploy(version)
        await world.turn(MINUTE)
        world.clock.advance(HOUR)
        world.predict(version, GOOD if version == B else BAD, over=HOUR)
        world.clock.advance(-HOUR)
        await world.turn(HOUR)
    for _ in range(8):
        await world.go_bad()
    return holds(world)


@symptom("CoolingDown")
async def _twice() -> str:
    world = await a_degraded_world(rollback={"cooldown": "6h"})
    await world.turn(CHECK)
    world.deploy("20260106_090000")
    await world.turn(MINUTE)
    await world.go_bad()
    return holds(world)


# -- asked for, and refused ------------------------------------------------------------------------------------------


async def refused(**more: str | None) -> str:
    """Ask for a rollback, and return what is answered."""
    world = await a_degraded_world()
    world.ask("rollback", **more)
    await world.turn(MINUTE)
    record = world.status().requests.rollback
    assert record is not None
    return f"{record.result}: {record.message}"


@symptom("RequestRefused")
async def _unknown() -> str:
    return await refused(rollback_to="20260101_000000")


@symptom("RequestTooOld")
async def _too_old() -> str:
    world = await a_degraded_world()
    world.ask("rollback")
    world.clock.advance(HOUR)
    await world.turn()
    record = world.status().requests.rollback
    assert record is not None
    return f"{record.result}: {record.message}"


# -- nobody was told -------------------------------------------------------------------------------------------------


@symptom("AlertFailed")
async def _receiver_down() -> str:
    world, mail = await a_told_world()
    mail.courier.down = {"smtp"}
    await world.turn(CHECK)
    await world.turn(SOON)
    return condition(world, "AlertsReady")


@symptom("AlertAddressInvalid")
async def _no_address() -> str:
    world, _ = await a_told_world()
    world.cluster.secrets[NAMESPACE, "ops-mail"] = {"url": "mail.example.com"}
    await world.turn(CHECK)
    await world.turn(SOON)
    return condition(world, "AlertsReady")


@symptom("AuditUnavailable")
async def _no_audit() -> str:
    world, mail = await a_told_world()
    mail.book.error = SourceError(Reason.AUDIT_UNAVAILABLE, "the table modelward.audit is not there")
    await world.turn(CHECK)
    await world.turn(SOON)
    return f"status.audit: {world.status().audit}"
