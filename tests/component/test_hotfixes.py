"""Somebody deploys a third version at any moment of a rollback: it stays, and is judged like any other."""

import pytest

from builders import A, B, C, image_of
from component.world import BAD, CHECK, MINUTE, World, a_degraded_world
from modelward.domain.status import Phase, PlacedBy

MOST = 7


async def deploy_at(nth: int, *, after: bool) -> World:
    world = await a_degraded_world()
    world.cluster.interrupt(lambda: world.deploy(C), nth, after=after)
    await world.turn(CHECK)
    await world.turn(MINUTE)
    return world


@pytest.mark.parametrize("after", [False, True], ids=["before it takes effect", "after it took effect"])
@pytest.mark.parametrize("nth", range(1, MOST + 1), ids=lambda n: f"request {n}")
async def test_a_hotfix_stays_and_is_no_landing_when_it_comes_with(nth: int, after: bool):  # noqa: FBT001
    world = await deploy_at(nth, after=after)
    status = world.status()
    assert world.serving() == C
    assert world.cluster.images in ([], [image_of(A)])
    assert status.epoch is not None
    assert (status.epoch.version, status.epoch.landing) == (C, False)
    assert status.history[-1].placed_by is PlacedBy.OBSERVED
    assert [m.version for m in status.history if m.placed_by is PlacedBy.ROLLBACK] in ([], [A])
    assert status.last_rollback is None or status.last_rollback.phase in {Phase.SUPERSEDED, Phase.VERIFIED}


async def test_a_hotfix_that_is_bad_is_rolled_back_although_it_came_in_the_middle():
    world = await deploy_at(3, after=False)  # between our patch and its record
    assert world.cluster.images == [image_of(A)]
    world.clock.advance(CHECK)
    world.predict(C, BAD)
    world.clock.advance(-CHECK)
    await world.turn(CHECK)
    assert world.serving() == A
    assert {q.version for q in world.status().quarantine} == {B, C}
