"""Managed mode after a rollback: what spec.version names is held, until it names another."""

from typing import Any

from builders import NAMESPACE, A, B, C
from component.world import CHECK, MINUTE, World, a_managed_world
from modelward.domain.status import PlacementState

KEY = ("Deployment", NAMESPACE, "house-prices")
HELD = ("False", "SpecVersionHeld")


async def a_held_world(**spec: Any) -> World:
    """B was put in place, was bad, and was rolled back: the spec still names it."""
    world = await a_managed_world(**spec)
    await world.go_bad()
    assert world.serving() == A
    return world


def placement(world: World) -> tuple[str, PlacementState] | None:
    found = world.status().placement
    return (found.version, found.state) if found else None


async def test_a_bad_version_is_rolled_back_and_held():
    world = await a_held_world()
    assert placement(world) == (B, PlacementState.HELD)
    assert world.condition("Ready") == HELD
    assert world.condition("Stalled") == ("True", "SpecVersionHeld")
    assert world.condition("RolledBack")[0] == "True"
    assert f'put spec.version: "{A}" into Git' in world.ready()
    await world.turns(3)
    world.restart()
    await world.turn()
    assert (world.serving(), len(world.cluster.images)) == (A, 2)


async def test_the_hold_ends_when_the_spec_names_what_serves():
    world = await a_held_world()
    world.edit(version=A)
    await world.turn(MINUTE)
    assert world.condition("Ready")[0] == "True"
    assert world.condition("Stalled")[0] == "Unknown"
    assert (world.serving(), len(world.cluster.images)) == (A, 2)


async def test_the_next_version_is_placed():
    world = await a_held_world()
    world.edit(version=C)
    await world.turn(MINUTE)
    assert (world.serving(), world.condition("Ready")[0]) == (C, "True")
    assert world.condition("RolledBack")[0] == "Unknown"


async def test_the_rolled_back_version_named_again_after_another_is_a_persons_word():
    world = await a_held_world()
    for version in (A, B):
        world.edit(version=version)
        await world.turn(MINUTE)
    assert world.serving() == B
    assert world.condition("Ready")[0] == "True"
    assert world.condition("RolledBack")[0] == "Unknown"
    await world.turns(2)
    assert world.serving() == B


async def test_the_hold_ends_when_its_quarantine_is_cleared():
    world = await a_held_world()
    world.ask("clear-quarantine", clear_quarantine=A)
    await world.turn(MINUTE)
    assert (world.serving(), placement(world)) == (A, (B, PlacementState.HELD))
    world.clock.advance(MINUTE)
    world.ask("clear-quarantine", clear_quarantine=B)
    world.clock.advance(-MINUTE)
    await world.turns(2, MINUTE)
    assert (world.serving(), placement(world)) == (B, (B, PlacementState.PLACED))
    assert world.condition("Stalled")[0] == "Unknown"


async def test_a_rollback_asked_for_holds_too():
    world = await a_managed_world()
    world.ask("rollback")
    await world.turn(MINUTE)
    assert (world.serving(), world.condition("Ready")) == (A, HELD)


async def test_a_rollback_asked_for_to_the_held_version_ends_the_hold():
    world = await a_held_world()
    world.ask("rollback", rollback_to=B)
    await world.turn(MINUTE)
    assert world.serving() == B
    assert world.condition("Stalled")[0] == "Unknown"
    await world.turn(CHECK)
    assert world.condition("Ready")[0] == "True"


async def test_a_third_version_while_held_is_an_override():
    world = await a_held_world()
    world.deploy(C)
    await world.turns(3, MINUTE)
    assert (world.serving(), world.status().current_version) == (C, C)
    assert world.condition("Ready") == HELD
    assert f'put spec.version: "{C}" into Git' in world.ready()
    world.edit(version=C)
    await world.turn(MINUTE)
    assert world.condition("Ready")[0] == "True"


async def test_the_held_version_put_back_by_hand_is_put_right_once_and_then_contested():
    world = await a_held_world()
    world.deploy(B)
    await world.turn(MINUTE)
    assert (world.serving(), world.told().count("QuarantineEnforced")) == (A, 1)
    assert world.condition("Ready") == HELD
    world.deploy(B)
    await world.turn(MINUTE)
    assert (world.serving(), world.condition("Ready")) == (B, ("False", "Contested"))


async def test_a_lost_status_does_not_end_the_hold():
    world = await a_held_world()
    world.cluster.edit("ModelDeployment", *KEY[1:], lambda body: body.update(status={"observedGeneration": -1}))
    world.restart()
    await world.turn()
    assert (world.serving(), world.condition("Ready")) == (A, HELD)


async def test_named_while_the_rollback_still_rolls_out_the_next_version_does_not_wait():
    world = await a_managed_world()
    world.cluster.rolls_out = False
    await world.go_bad()
    assert world.condition("Ready") == ("False", "RollingBack")
    world.edit(version=C)
    await world.turn(MINUTE)
    assert world.serving() == C
    assert world.told().count("Superseded") == 1
    last = world.status().last_rollback
    assert last is not None
    assert last.phase == "Superseded"
