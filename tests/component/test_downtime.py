"""Killed in the middle of a rollback, and the world goes on while no operator looks: what the next one makes of it."""

from collections import Counter

import pytest

from builders import NAMESPACE, A, B, C, image_of
from component.world import CHECK, MINUTE, World, a_degraded_world
from doubles import a_source_error
from modelward.domain.status import Phase

KEY = ("Deployment", NAMESPACE, "house-prices")
MOST = 9
at_each_request = pytest.mark.parametrize("nth", range(1, MOST + 1), ids=lambda n: f"request {n}")
at_either_end = pytest.mark.parametrize("after", [False, True], ids=["before it takes effect", "after it took effect"])


async def a_killed_world(nth: int, *, after: bool) -> World:
    """Return a world whose operator was killed at the n-th request of a rollback, or had ended it before."""
    world = await a_degraded_world()
    world.cluster.kill(nth, after=after)
    await world.turn(CHECK)
    return world


async def take_over(world: World) -> None:
    """Let the next operator come, and look twice."""
    world.restart()
    await world.turn()
    await world.turn(MINUTE)


def phase(world: World) -> Phase | None:
    rollback = world.status().last_rollback
    return rollback.phase if rollback else None


async def test_a_rollback_has_no_more_requests_than_are_tried():
    world = await a_degraded_world()
    world.cluster.calls.clear()
    await world.turn(CHECK)
    assert len(world.cluster.calls) <= MOST


@at_either_end
@at_each_request
async def test_a_hotfix_stays(nth: int, after: bool):  # noqa: FBT001
    world = await a_killed_world(nth, after=after)
    world.deploy(C)
    await take_over(world)
    assert (world.serving(), world.status().current_version) == (C, C)
    assert world.cluster.images in ([], [image_of(A)])
    assert phase(world) in {None, Phase.SUPERSEDED, Phase.VERIFIED}
    assert world.condition("Ready") == ("True", "Watching")


@at_either_end
@at_each_request
async def test_a_deployment_that_is_gone_is_said_to_be_gone(nth: int, after: bool):  # noqa: FBT001
    world = await a_killed_world(nth, after=after)
    world.cluster.delete(*KEY)
    await take_over(world)
    assert world.condition("Ready") == ("False", "TargetNotFound")
    assert phase(world) in {None, Phase.FAILED, Phase.VERIFIED}


@at_either_end
@at_each_request
async def test_suspended_only_what_was_begun_is_finished(nth: int, after: bool):  # noqa: FBT001
    world = await a_killed_world(nth, after=after)
    begun = phase(world) is not None
    world.edit(suspend=True)
    await take_over(world)
    assert (world.serving(), phase(world)) == ((A, Phase.VERIFIED) if begun else (B, None))
    assert world.condition("Ready") == ("True", "Suspended")


@at_either_end
@at_each_request
async def test_without_the_database_only_what_was_begun_is_finished(nth: int, after: bool):  # noqa: FBT001
    world = await a_killed_world(nth, after=after)
    begun = phase(world) is not None
    world.reader.down = a_source_error()
    await take_over(world)
    assert (world.serving(), phase(world)) == ((A, Phase.VERIFIED) if begun else (B, None))
    assert len(world.cluster.images) == int(begun)


@at_either_end
@at_each_request
async def test_without_the_resource_nothing_is_finished(nth: int, after: bool):  # noqa: FBT001
    world = await a_killed_world(nth, after=after)
    before = list(world.cluster.images)
    world.cluster.delete("ModelDeployment", *KEY[1:])
    world.cluster.calls.clear()
    await take_over(world)
    assert (world.cluster.images, world.cluster.calls) == (before, [])


@pytest.mark.parametrize("second", range(1, MOST + 1), ids=lambda n: f"then at {n}")
@at_each_request
async def test_killed_twice_there_is_still_one_rollback(nth: int, second: int):
    world = await a_killed_world(nth, after=True)
    world.restart()
    world.cluster.kill(second, after=True)
    await world.turn()
    await take_over(world)
    assert (world.serving(), world.cluster.images) == (A, [image_of(A)])
    assert phase(world) is Phase.VERIFIED
    assert [q.version for q in world.status().quarantine] == [B]
    told = Counter((e["regarding"]["kind"], e["reason"]) for e in world.cluster.events.values())
    assert told["ModelDeployment", "RolledBack"] == told["Deployment", "RolledBack"] == 1
