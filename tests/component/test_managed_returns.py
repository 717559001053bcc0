"""Managed mode, and the version put back does not start: what spec.version says counts before any way back."""

from builders import A, B, C, image_of
from component.test_returns import AFTER, KEY, phase, recreate
from component.world import MINUTE, World, a_managed_world
from modelward.domain.status import Phase


async def a_managed_down_world() -> World:
    world = await a_managed_world()
    world.cluster.edit(*KEY, recreate)
    world.cluster.stuck = {image_of(A)}
    await world.go_bad()
    assert (world.serving(), phase(world)) == (A, Phase.PATCHED)
    return world


async def test_spec_version_that_was_rolled_back_and_put_back_serves_and_stalls():
    world = await a_managed_down_world()
    await world.turns(3, AFTER)
    assert (world.serving(), phase(world)) == (B, Phase.RETURNED)
    assert world.condition("Ready") == ("False", "RollbackFailed")
    assert len(world.cluster.images) == 3  # placed, rolled back, put back


async def test_a_version_that_the_spec_names_meanwhile_comes_instead():
    world = await a_managed_down_world()
    world.edit(version=C)
    await world.turn(AFTER)
    assert (world.serving(), phase(world)) == (C, Phase.SUPERSEDED)
    assert world.cluster.images[-2:] == [image_of(A), image_of(C)]
    assert world.condition("Ready")[0] == "True"


async def test_a_version_that_cannot_be_placed_does_not_stand_in_the_way():
    world = await a_managed_down_world()
    world.edit(version="v9", versions=[{"name": A, "image": image_of(A)}, {"name": B, "image": image_of(B)}])
    await world.turn(AFTER)
    assert (world.serving(), phase(world)) == (B, Phase.RETURNED)
    await world.turn(MINUTE)
    assert world.told().count("VersionUnknown") == 1
