"""Random courses with hanging rollouts, conflicts, restarts and long silences: what must hold in every one of them."""

import asyncio
from collections.abc import Callable
from datetime import timedelta
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from builders import NAMESPACE, A, B, C
from component.world import BAD, CHECK, GOOD, HOUR, World
from doubles import a_source_error
from modelward.domain.errors import ConflictError
from modelward.domain.status import PlacedBy

Step = Callable[[World], None]
KEY = ("Deployment", NAMESPACE, "house-prices")


def lively(quality: tuple[float, float]) -> Step:
    return lambda world: world.predict(world.serving(), quality, over=CHECK / 2)


def set_database(*, down: bool) -> Step:
    return lambda world: setattr(world.reader, "down", a_source_error() if down else None)


def set_rollout(*, works: bool) -> Step:
    def change(world: World) -> None:
        world.cluster.rolls_out = works
        if works:
            world.cluster.finish_rollout(*KEY[1:])

    return change


STEPS: dict[str, Step] = {
    "the version serves badly": lively(BAD),
    "the version serves well": lively(GOOD),
    "nothing": lambda _: None,
    "A is deployed": lambda world: world.deploy(A),
    "B is deployed": lambda world: world.deploy(B),
    "C is deployed": lambda world: world.deploy(C),
    "previous is asked for": lambda world: world.ask("rollback"),
    "quarantine is cleared": lambda world: world.ask("clear-quarantine", clear_quarantine=B),
    "the database goes": set_database(down=True),
    "the database comes": set_database(down=False),
    "rollouts hang": set_rollout(works=False),
    "rollouts work": set_rollout(works=True),
    "suspended": lambda world: world.edit(suspend=True),
    "taken up again": lambda world: world.edit(suspend=False),
    "restarted": lambda world: world.restart(),
    "killed at the second request": lambda world: world.cluster.kill(2),
    "killed after the second request": lambda world: world.cluster.kill(2, after=True),
    "killed after the fourth request": lambda world: world.cluster.kill(4, after=True),
    "a conflict": lambda world: world.cluster.fail(ConflictError("try again"), verb="patch"),
}
usual = st.sampled_from(list(STEPS)[:6]) | st.sampled_from(list(STEPS))
pauses = st.sampled_from([timedelta(minutes=1), CHECK, CHECK, HOUR, 25 * HOUR])
courses = st.lists(st.tuples(usual, pauses), max_size=14)


async def live(course: list[tuple[str, timedelta]]) -> World:
    world = World()
    world.model(rollback={"cooldown": "0s", "maxPerDay": 100, "verifyTimeout": "30m"})
    world.deploy(A)
    world.predict(A, GOOD, over=HOUR)
    await world.turn()
    for name, pause in course:
        world.clock.advance(pause)
        STEPS[name](world)
        world.clock.advance(-pause)
        await step(world, pause)
        check(world)
    world.reader.down = None
    await step(world, CHECK)
    return world


async def step(world: World, pause: timedelta) -> None:
    await world.turn(pause)
    if world.cluster._dead:
        world.restart()
        await world.turn()
    await world.turn(timedelta(seconds=30))


def check(world: World) -> None:
    """Check what must hold at any moment."""
    status = world.status()
    moves = status.history
    assert len(moves) <= 20
    assert [m.epoch for m in moves] == sorted({m.epoch for m in moves})
    for before, landed in pairwise(moves):
        if landed.placed_by is PlacedBy.ROLLBACK:
            assert before.placed_by not in {PlacedBy.ROLLBACK, PlacedBy.REQUEST}, "a landing was rolled back by itself"
            assert landed.version in {m.version for m in moves if m.epoch < before.epoch}, "it never served here"
    assert len(world.cluster.images) <= sum(
        world.told().count(reason) for reason in ("RolledBack", "QuarantineEnforced", "RollbackFailed", "Superseded")
    ) + (status.last_rollback is not None and status.last_rollback.phase.under_way), "every change was told"


@settings(max_examples=150, deadline=None)
@given(courses)
def test_whatever_happens_and_whenever_the_operator_dies(course: list[tuple[str, timedelta]]):
    world = asyncio.run(live(course))
    spec = world.cluster.objects["ModelDeployment", NAMESPACE, "house-prices"]["spec"]
    if not spec.get("suspend"):
        assert world.status().current_version == world.serving()
        assert world.status().observed_generation == world.entry().resource.generation
