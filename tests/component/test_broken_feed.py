"""One broken label feed under two hundred models: nobody is rolled back, one alert is sent, and a way out is there."""

from collections import Counter
from typing import Any

import pytest

from builders import A, B
from component.mail import Mail
from component.told import ALL, OPS, SOON
from component.world import BAD, CHECK, GOOD, HOUR, MINUTE, World
from modelward.reconcile import Rules

MODELS = [f"m{n}" for n in range(200)]
ROWS = 24


def label(world: World, quality: tuple[float, float], *, but: dict[str, tuple[float, float]] | None = None) -> None:
    """Let the labels of the next ten minutes say the same of all models, some excepted."""
    world.clock.advance(CHECK)
    for name in MODELS:
        world.predict(B, (but or {}).get(name, quality), model=name, n=ROWS)
    world.clock.advance(-CHECK)


async def a_world_with_a_broken_feed(**spec: Any) -> tuple[World, Mail]:
    mail = Mail()
    world = World(mail)
    for name in MODELS:
        world.model(name, alerts=[{**OPS, "reasons": ALL}], **spec)
        world.deploy(A, name)
        world.predict(A, GOOD, over=HOUR, model=name, n=ROWS)
    await world.turn()
    for name in MODELS:
        world.deploy(B, name)
    await world.turn(MINUTE)
    label(world, BAD)
    await world.turn(CHECK)
    await world.turn(SOON)
    return world, mail


@pytest.fixture(scope="module")
def window() -> dict[str, Any]:
    """A window that forgets soon, so that a mended feed shows."""
    return {"evaluation": {"window": "10m"}}


async def test_none_is_rolled_back_and_one_alert_is_sent(window: dict[str, Any]):
    world, mail = await a_world_with_a_broken_feed(**window)
    assert world.cluster.images == []
    assert {world.serving(name) for name in MODELS} == {B}
    assert {h.guard for name in MODELS for h in world.status(name).holds} == {"BreakerOpen"}
    assert Counter(mail.courier.reasons()) == {"BreakerOpen": 1}
    assert "200 of 200 judged models look bad at once" in world.notes("Degraded")[0]


async def test_it_closes_by_itself_when_the_feed_is_mended_and_a_bad_one_is_rolled_back_again(window: dict[str, Any]):
    world, _ = await a_world_with_a_broken_feed(**window)
    label(world, GOOD, but={"m7": BAD})
    await world.turn(CHECK)
    label(world, GOOD, but={"m7": BAD})
    await world.turn(CHECK)
    assert [name for name in MODELS if world.serving(name) == A] == ["m7"]


async def test_a_person_may_roll_one_back_while_it_is_open(window: dict[str, Any]):
    world, _ = await a_world_with_a_broken_feed(**window)
    world.ask("rollback", "m7")
    await world.turn(MINUTE)
    assert [name for name in MODELS if world.serving(name) == A] == ["m7"]


async def test_a_person_who_knows_that_all_are_bad_turns_it_off(window: dict[str, Any]):
    world, _ = await a_world_with_a_broken_feed(**window)
    world.rules = Rules(breaker_percent=100)
    world.restart()
    await world.turn(CHECK)
    assert {world.serving(name) for name in MODELS} == {A}
