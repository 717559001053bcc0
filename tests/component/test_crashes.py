"""Killed at any request it sends, before it takes effect or after: the next operator comes to the same end."""

from collections import Counter
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from builders import NAME, NAMESPACE, A, B, C, image_of
from component.mail import Mail
from component.world import BAD, CHECK, GOOD, HOUR, World
from doubles import a_source_error

Step = Callable[[World], None]


def begin(world: World) -> None:
    world.model()
    world.deploy(A)
    world.predict(A, GOOD, over=HOUR)


def begin_managed(world: World) -> None:
    world.model(version=A)
    world.deploy(A)
    world.predict(A, GOOD, over=HOUR)


def name(version: str) -> Step:
    return lambda world: world.edit(version=version)


def ship(version: str) -> Step:
    return lambda world: world.deploy(version)


def turn_bad(world: World) -> None:
    world.predict(world.serving(), BAD)


def ask_for_previous(world: World) -> None:
    world.ask("rollback")


def jam(world: World) -> None:
    world.cluster.rolls_out = False
    turn_bad(world)


def take_down(world: World) -> None:
    """Let A never become available again, and nothing serve in between."""
    world.cluster.stuck = {image_of(A)}
    world.cluster.edit("Deployment", NAMESPACE, NAME, lambda body: body["spec"].update(strategy={"type": "Recreate"}))
    turn_bad(world)


def nothing(world: World) -> None:
    del world


def silence(world: World) -> None:
    world.reader.down = a_source_error()


def ship_bad(version: str) -> Step:
    """Deploy a version whose bad answers are there already: it is seen and rolled back in one turn."""

    def change(world: World) -> None:
        world.deploy(version)
        world.predict(version, BAD)

    return change


DEGRADED: list[Step] = [begin, ship(B), turn_bad]
MANAGED: list[Step] = [begin_managed, name(B)]
STORIES: dict[str, list[Step]] = {
    "a bad version is rolled back": DEGRADED,
    "a version is bad when it is first seen": [begin, ship_bad(B)],
    "a person asks for the previous version": [begin, ship(B), ask_for_previous],
    "a version put back does not start": [begin, ship(B), jam, nothing, nothing],
    "a version put back does not start and nothing serves": [begin, ship(B), take_down, nothing, nothing],
    "nothing serves, and the spec still names what was put back": [*MANAGED, take_down, nothing, nothing],
    "a hotfix follows when nothing served": [begin, ship(B), take_down, nothing, nothing, ship(C)],
    "a rolled-back version comes back and is put right": [*DEGRADED, ship(B)],
    "a rolled-back version comes back twice": [*DEGRADED, ship(B), ship(B)],
    "a hotfix follows a rollback": [*DEGRADED, ship(C)],
    "another version in the spec is put in place": [begin_managed, name(B)],
    "spec.version is rolled back and held, until the next one is named": [*MANAGED, turn_bad, nothing, name(C)],
    "a held version is named again after another": [*MANAGED, turn_bad, name(A), name(B)],
    "a person asks for the previous version of spec.version": [*MANAGED, ask_for_previous],
    "somebody writes another version than spec.version": [*MANAGED, ship(C), nothing, nothing],
    "somebody writes another version than spec.version twice": [
        *MANAGED,
        ship(C),
        nothing,
        nothing,
        ship(C),
        nothing,
    ],
    "the database goes down": [begin, ship(B), silence],
}
MOST = 28
UNDISTURBED: dict[str, World] = {}
"""Each story, lived through once."""


async def live(
    story: list[Step], kill: Callable[[World], None] = nothing, mail: Mail | None = None, **spec: Any
) -> World:
    """Live through a story; where the operator is killed, another one takes over."""
    world = World(mail)
    world.spec = spec
    kill(world)
    for step in [*story, nothing]:
        world.clock.advance(CHECK)
        step(world)
        world.clock.advance(-CHECK)
        await survive(world, lambda: world.turn(CHECK))
    return world


async def survive(world: World, turn: Callable[[], Awaitable[None]]) -> None:
    await turn()
    if world.cluster._dead:
        world.restart()
        await world.turn()


def end(world: World) -> dict[str, Any]:
    """Return all of a world that must not depend on crashes; times may."""
    status = world.status()
    rollback = status.last_rollback
    events = [(e["regarding"]["kind"], e["reason"]) for e in world.cluster.events.values()]
    return {
        "serving": world.serving(),
        "image changes": world.cluster.images,
        "history": [(m.epoch, m.version, m.placed_by, m.quality, m.rolled_back) for m in status.history],
        "epoch": status.epoch and (status.epoch.number, status.epoch.version, status.epoch.landing),
        "quarantine": [(q.version, q.rollback_id) for q in status.quarantine],
        "rollback": rollback and (rollback.id, rollback.from_, rollback.to, rollback.phase, rollback.message),
        "spec.version": status.placement and (status.placement.version, status.placement.state),
        "put right": len(status.reassertions),
        "requests": status.requests.rollback and status.requests.rollback.result,
        "verdict": (status.verdict, status.reason, [h.guard for h in status.holds]),
        "conditions": [(c.type, c.status, c.reason) for c in status.conditions],
        "events": Counter(events),
    }


@pytest.mark.parametrize("after", [False, True], ids=["before it takes effect", "after it took effect"])
@pytest.mark.parametrize("nth", range(1, MOST + 1), ids=lambda n: f"request {n}")
@pytest.mark.parametrize("story", STORIES)
async def test_the_end_is_the_same_when_killed_at(story: str, nth: int, after: bool):  # noqa: FBT001
    if story not in UNDISTURBED:
        UNDISTURBED[story] = await live(STORIES[story])
    calm = UNDISTURBED[story]
    if nth <= len(calm.cluster.calls):  # a story ends after fewer requests than the longest one
        assert end(await live(STORIES[story], lambda world: world.cluster.kill(nth, after=after))) == end(calm)


@pytest.mark.parametrize("story", STORIES.values(), ids=STORIES)
async def test_all_requests_of_a_story_are_tried(story: list[Step]):
    world = await live(story)
    assert len(world.cluster.calls) <= MOST
    assert world.cluster.repeated == 0


async def test_a_story_of_a_rollback_changes_the_image_once():
    world = await live(DEGRADED)
    assert (world.serving(), len(world.cluster.images)) == (A, 1)
