"""More worlds in trouble: degraded and left in place, asked for and refused, and nobody was told."""

from typing import Any

from builders import NAMESPACE, A, B, C, image_of
from component.mail import Mail
from component.symptoms import a_first_world, condition, holds, symptom
from component.test_broken_feed import a_world_with_a_broken_feed
from component.test_contests import KEY as DEPLOYMENT
from component.told import SOON, a_told_world
from component.world import BAD, CHECK, GOOD, HOUR, MINUTE, World, a_degraded_world
from modelward.domain.errors import SourceError
from modelward.domain.reasons import Reason

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


@symptom("BudgetExhausted")
async def _spent() -> str:
    world = await a_degraded_world(rollback={"cooldown": "0s", "maxPerDay": 1})
    await world.turn(CHECK)
    world.deploy(C)
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
    mail = Mail()
    mail.book.error = SourceError(Reason.AUDIT_UNAVAILABLE, "the table modelward.audit is not there")
    world = await a_degraded_world(mail)
    await world.turn(CHECK)
    await world.turn(SOON)
    return f"status.audit: {world.status().audit}"
