"""The operator's clock jumps: what is judged goes by the database's, and comes to the same end."""

from datetime import timedelta

import pytest

from builders import A, B, image_of
from component.world import CHECK, MINUTE, World, a_degraded_world

JUMPS = {
    "ten minutes ahead": timedelta(minutes=10),
    "ten minutes back": -timedelta(minutes=10),
    "a time zone ahead": timedelta(hours=3),
    "a time zone back": -timedelta(hours=3),
}


def jump(world: World, length: timedelta) -> None:
    """Set the operator's clock; the database's goes on as before."""
    world.clock.advance(length)
    world.reader.offset -= length


@pytest.mark.parametrize("length", JUMPS.values(), ids=JUMPS)
async def test_a_worse_version_is_rolled_back_once(length: timedelta):
    world = await a_degraded_world()
    jump(world, length)
    await world.turn(CHECK)
    await world.turn(MINUTE)
    assert (world.serving(), world.cluster.images) == (A, [image_of(A)])
    assert world.told().count("RolledBack") == 1
    assert world.condition("ClocksAgree") == ("False", "ClockSkewed")


@pytest.mark.parametrize("length", JUMPS.values(), ids=JUMPS)
async def test_nobody_is_rolled_back_by_it_and_a_clock_that_is_set_right_is_forgotten(length: timedelta):
    world = await a_degraded_world()
    world.reader.rows.clear()  # nothing is known of B
    for _ in range(3):
        jump(world, length)
        await world.turn(CHECK)
        assert world.condition("ClocksAgree") == ("False", "ClockSkewed")
        jump(world, -length)
        await world.turn(CHECK)
        assert world.condition("ClocksAgree") == ("Unknown", "")
    assert (world.serving(), world.cluster.images) == (B, [])
