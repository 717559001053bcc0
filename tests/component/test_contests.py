"""Against a rollback, and after it: who puts the bad version back, and what holds the next rollback back."""

from typing import Any

from builders import NAMESPACE, A, B, C, image_of
from component.world import BAD, CHECK, GOOD, HOUR, MINUTE, World, a_degraded_world
from modelward.domain.status import Phase

KEY = ("Deployment", NAMESPACE, "house-prices")
DAY = 24 * HOUR


async def a_rolled_back_world(**spec: Any) -> World:
    world = await a_degraded_world(**spec)
    await world.turn(CHECK)
    assert world.serving() == A
    return world


def phase(world: World) -> Phase | None:
    rollback = world.status().last_rollback
    return rollback.phase if rollback else None


# -- against it ------------------------------------------------------------------------------------------------------


async def test_a_rolled_back_version_that_comes_back_is_put_right_once():
    world = await a_rolled_back_world()
    world.deploy(B)
    await world.turn(MINUTE)
    assert world.serving() == A
    assert world.told().count("QuarantineEnforced") == 1
    assert len(world.status().reassertions) == 1
    assert world.condition("Ready")[0] == "True"


async def test_the_second_time_within_a_day_it_is_contested_and_left():
    world = await a_rolled_back_world()
    for _ in range(2):
        world.deploy(B)
        await world.turn(HOUR)
    assert world.serving() == B
    assert world.condition("Stalled") == ("True", "Contested")
    assert world.told().count("Contested") == world.told("Deployment").count("Contested") == 1
    world.predict(B, BAD)
    await world.turns(3)
    assert world.serving() == B
    assert len(world.cluster.images) == 2


async def test_what_is_contested_is_settled_by_clearing_its_quarantine():
    world = await a_rolled_back_world()
    for _ in range(2):
        world.deploy(B)
        await world.turn(HOUR)
    world.ask("clear-quarantine", clear_quarantine=B)
    await world.turn(MINUTE)
    assert world.condition("Stalled")[0] == "Unknown"
    assert world.status().quarantine == ()


async def test_what_is_contested_is_settled_by_a_third_version():
    world = await a_rolled_back_world()
    for _ in range(2):
        world.deploy(B)
        await world.turn(HOUR)
    world.deploy(C)
    await world.turn(MINUTE)
    assert world.condition("Stalled")[0] == "Unknown"
    assert world.serving() == C


async def test_after_a_day_it_is_put_right_once_more():
    world = await a_rolled_back_world()
    world.deploy(B)
    await world.turn(MINUTE)
    world.deploy(B)
    await world.turn(DAY + HOUR)
    assert world.serving() == A
    assert world.told().count("QuarantineEnforced") == 2


async def test_an_older_view_of_the_deployment_is_not_taken_for_somebody_elses_doing():
    world = await a_degraded_world()
    before = world.cluster.objects[KEY]
    await world.turn(CHECK)
    world._show(KEY, before)
    await world.turn(MINUTE)
    assert "QuarantineEnforced" not in world.told()
    assert world.status().reassertions == ()


# -- after it --------------------------------------------------------------------------------------------------------


async def go_bad(world: World, version: str) -> None:
    """Deploy a version, let it serve badly, and let it be judged."""
    world.deploy(version)
    await world.turn(MINUTE)
    world.clock.advance(CHECK)
    world.predict(version, BAD)
    world.clock.advance(-CHECK)
    await world.turn(CHECK)


async def test_the_cooldown_holds_the_next_rollback_back():
    world = await a_rolled_back_world(rollback={"cooldown": "1h"})
    await go_bad(world, C)
    assert (world.serving(), [h.guard for h in world.status().holds]) == (C, ["CoolingDown"])
    for _ in range(6):
        world.predict(C, BAD)
        await world.turn(CHECK)
    assert world.serving() == A


async def test_the_budget_of_a_day_is_kept():
    world = await a_rolled_back_world(rollback={"cooldown": "0s", "maxPerDay": 2})
    await go_bad(world, "v3")
    assert world.serving() == A
    await go_bad(world, "v4")
    assert (world.serving(), [h.guard for h in world.status().holds]) == ("v4", ["BudgetExhausted"])
    assert world.condition("Ready") == ("True", "Watching")
    assert len(world.cluster.images) == 2


async def test_a_quarantined_version_is_never_gone_back_to():
    world = await a_rolled_back_world()
    await go_bad(world, C)
    assert world.serving() == A
    assert [q.version for q in world.status().quarantine] == [B, C]


async def test_a_lost_status_is_made_up_from_the_deployments_own_annotations():
    world = await a_rolled_back_world()
    world.cluster.edit("ModelDeployment", *KEY[1:], lambda body: body.update(status={"observedGeneration": -1}))
    world.restart()
    world.predict(A, BAD)
    await world.turn(CHECK)
    status = world.status()
    assert status.epoch is not None
    assert status.epoch.landing
    assert status.is_quarantined(B)
    assert (world.serving(), world.cluster.images) == (A, [image_of(A)])


async def test_a_version_whose_template_changed_too_is_held():
    world = World()
    world.model(evaluation={"actOn": "Guarded", "consecutiveBreaches": 1, "window": "10m"})
    world.deploy(A)
    world.predict(A, GOOD)
    await world.turn()

    def ship(body: dict[str, Any]) -> None:
        container = body["spec"]["template"]["spec"]["containers"][0]
        container |= {"image": image_of(B), "env": [{"name": "MODE", "value": "new"}]}

    world.cluster.edit(*KEY, ship)
    await world.turn(MINUTE)
    for _ in range(3):
        world.clock.advance(CHECK)
        world.predict(B, BAD)
        world.clock.advance(-CHECK)
        await world.turn(CHECK)
    assert (world.serving(), [h.guard for h in world.status().holds]) == (B, ["TemplateChanged"])
