"""Random courses in Managed mode: edits of the spec, others who write the Deployment, bad versions, and crashes."""

import asyncio
from collections.abc import Callable

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from builders import A, B, C
from component.world import BAD, CHECK, GOOD, HOUR, MINUTE, World
from modelward.domain.status import PlacementState

Step = Callable[[World], None]


def name(version: str | None) -> Step:
    return lambda world: world.edit(version=version)


def ship(version: str) -> Step:
    return lambda world: world.deploy(version)


def serve(quality: tuple[float, float]) -> Step:
    return lambda world: world.predict(world.serving(), quality)


def kill(nth: int, *, after: bool) -> Step:
    return lambda world: world.cluster.kill(nth, after=after)


def suspend(*, on: bool) -> Step:
    return lambda world: world.edit(suspend=on)


def ask(world: World) -> None:
    world.ask("rollback")


steps = st.one_of(
    st.sampled_from([name(A), name(B), name(C), name(None)]),
    st.sampled_from([ship(A), ship(B), ship(C)]),
    st.sampled_from([serve(BAD), serve(BAD), serve(GOOD), ask]),
    st.sampled_from([suspend(on=True), suspend(on=False)]),
    st.builds(lambda nth, after: kill(nth, after=after), st.integers(1, 8), st.booleans()),
)


async def live(course: list[Step]) -> World:
    world = World()
    world.model(version=A)
    world.deploy(A)
    world.predict(A, GOOD, over=HOUR)
    await world.turn()
    for step in course:
        await go(world, step)
    world.restart()
    for step in (suspend(on=False), lambda _: None, lambda _: None):
        await go(world, step)
    return world


async def go(world: World, step: Step) -> None:
    """Let something happen, then time pass and the operator look; a killed operator is followed by another."""
    world.clock.advance(CHECK)
    step(world)
    world.clock.advance(-CHECK)
    await world.turn(CHECK)
    if world.cluster._dead:
        world.restart()
        await world.turn(MINUTE)


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(steps, min_size=2, max_size=12))
def test_it_ends_where_the_spec_says_or_says_why_not(course: list[Step]):
    world = asyncio.run(live(course))
    status, told = world.status(), world.told()
    assert status.current_version == world.serving() == status.history[-1].version
    changes = [told.count(r) for r in ("RolledBack", "QuarantineEnforced", "VersionPlaced", "SpecVersionEnforced")]
    assert len(world.cluster.images) <= sum(changes)
    assert told.count("SpecVersionEnforced") + told.count("QuarantineEnforced") <= 1, "more than once in a day"
    wanted = world.cluster.objects["ModelDeployment", "ml", "house-prices"]["spec"].get("version")
    placement = status.placement
    assert (placement and placement.version) == wanted
    if placement is not None and world.serving() != wanted:
        assert placement.state in {PlacementState.HELD, PlacementState.CONTESTED}
        assert world.condition("Ready")[0] == "False"
    if placement is not None and placement.state is PlacementState.HELD and world.serving() != wanted:
        assert any(r in told for r in ("RolledBack", "RequestDone"))


def test_the_courses_do_place_and_hold():
    world = asyncio.run(live([name(B), serve(BAD)]))
    assert world.condition("Ready") == ("False", "SpecVersionHeld")
