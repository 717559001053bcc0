"""One broken label feed under two hundred of many models: none is rolled back, one alert is sent, a way out exists."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import pytest

from builders import NAMESPACE, A, B, a_resource, a_spec, a_status
from component.mail import Mail
from component.told import ALL, OPS, SOON
from component.world import BAD, CHECK, GOOD, HOUR, MINUTE, World
from modelward.domain.status import Verdict
from modelward.reconcile import Rules
from modelward.registry import Entry

ALL_MODELS = [f"m{n}" for n in range(200)]
MODELS = ALL_MODELS[:20]
ROWS = 24
HALF_A_MINUTE = timedelta(seconds=30)


def names(world: World) -> list[str]:
    """List the models of a world that are fed from the one database."""
    return sorted(name for namespace, name in world.registry.entries if namespace == NAMESPACE)


def label(world: World, quality: tuple[float, float], over: timedelta = CHECK, **but: tuple[float, float]) -> None:
    """Let the labels until now say the same of all models, some excepted."""
    for name in names(world):
        world.predict(B, but.get(name, quality), over=over, model=name, n=ROWS)


async def a_world_with_a_broken_feed(
    *, models: Sequence[str] = MODELS, bystanders: int = 0, spread: bool = False, mail: Mail | None = None
) -> World:
    """Return a world in which the labels of all have just gone bad; looked at together, or one after the other."""
    world = World(mail)
    alerts = [{**OPS, "reasons": ALL}] if mail else []
    for name in models:
        world.model(name, alerts=alerts)
        world.deploy(A, name)
        world.predict(A, GOOD, over=HOUR, model=name, n=ROWS)
    await world.turn()
    stand_by(world, bystanders)
    for name in models:
        world.deploy(B, name)
    await world.turn(CHECK)
    label(world, GOOD)
    await world.turn(CHECK)
    assert {world.status(name).verdict for name in models} == {Verdict.HEALTHY}
    label(world, BAD)
    if spread:
        await world.turns(int(CHECK / HALF_A_MINUTE), every=HALF_A_MINUTE)
    else:
        await world.turn(CHECK)
    return world


def stand_by(world: World, number: int) -> None:
    """Let many other models be there, fed from elsewhere and well, that have no turn just now."""
    well = replace(a_status(A, B), verdict=Verdict.HEALTHY)
    for n in range(number):
        resource = replace(a_resource(a_spec(), well), namespace="elsewhere", name=f"other-{n}")
        world.registry.entries[resource.key] = Entry(resource)


def rolled_back(world: World) -> list[str]:
    return [name for name in names(world) if world.serving(name) == A]


@pytest.mark.parametrize("spread", [False, True], ids=["together", "one after the other"])
async def test_none_is_rolled_back_and_one_alert_is_sent_when_they_are_looked_at(spread: bool):  # noqa: FBT001
    mail = Mail()
    world = await a_world_with_a_broken_feed(models=ALL_MODELS, bystanders=1000, spread=spread, mail=mail)
    await world.turn(SOON)
    assert world.cluster.images == []
    assert {h.guard for name in ALL_MODELS for h in world.status(name).holds} == {"BreakerOpen"}
    assert Counter(mail.courier.reasons()) == {"BreakerOpen": 1}
    said = "200 of 200 judged models look bad at once on the feed of Secret house-prices-db"
    assert said in world.notes("Degraded")[0]


async def test_looking_at_all_the_others_is_a_statement_a_minute_at_most():
    world = await a_world_with_a_broken_feed(spread=True)
    whole = [questions for questions in world.reader.asked if len(questions) > len(MODELS) / 2]
    assert len(whole) <= 4 + CHECK / MINUTE  # four are of the beginning


async def test_it_closes_by_itself_when_the_feed_is_mended_and_a_bad_one_is_rolled_back_again():
    world = await a_world_with_a_broken_feed()
    world.clock.advance(2 * HOUR)
    label(world, GOOD, m7=BAD)
    world.clock.advance(-2 * HOUR)
    await world.turn(2 * HOUR)
    await world.turn(CHECK)
    assert rolled_back(world) == ["m7"]


async def test_a_person_may_roll_one_back_while_it_is_open():
    world = await a_world_with_a_broken_feed()
    world.ask("rollback", "m7")
    await world.turn(MINUTE)
    assert rolled_back(world) == ["m7"]


async def test_a_person_who_knows_that_all_are_bad_turns_it_off():
    world = await a_world_with_a_broken_feed()
    world.rules = Rules(breaker_percent=100)
    world.restart()
    await world.turn(CHECK)
    assert rolled_back(world) == sorted(MODELS)


async def test_a_few_bad_ones_are_rolled_back_one_after_the_other():
    world = World()
    for name in MODELS:
        world.model(name)
        world.deploy(A, name)
        world.predict(A, GOOD, over=HOUR, model=name, n=ROWS)
    await world.turn()
    for name in MODELS:
        world.deploy(B, name)
    await world.turn(2 * CHECK)
    label(world, GOOD, m3=BAD, m7=BAD, m11=BAD, m13=BAD)
    await world.turns(int(CHECK / HALF_A_MINUTE), every=HALF_A_MINUTE)
    assert rolled_back(world) == ["m11", "m13", "m3", "m7"]
