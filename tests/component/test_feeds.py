"""The breaker counts over each feed, too: a database and the tables in it, however many others there are."""

from collections import Counter
from datetime import timedelta
from typing import Any

import pytest

from builders import NAMESPACE, A, B
from component.mail import Mail
from component.told import ALL, OPS, SOON
from component.world import BAD, CHECK, GOOD, HOUR, MINUTE, SECRET, World
from doubles import a_source_error
from modelward.domain.reasons import Reason

ROWS = 24
THEIRS: dict[str, Any] = {"predictions": {"table": "theirs"}}
OTHERS = [f"other-{n}" for n in range(10)]


def add(world: World, feed: str, number: int, *, secret: str = "", **database: Any) -> list[str]:
    """Add models that are fed from one place; A served well, and B does since a while."""
    names = [f"{feed}-{n}" for n in range(number)]
    world.cluster.secrets.setdefault((NAMESPACE, secret or feed), {**SECRET, "host": feed})
    alerts = [{**OPS, "reasons": ALL}] if world.mail else []
    for name in names:
        world.model(name, database={"secretRef": {"name": secret or feed}, **database}, alerts=alerts)
        world.deploy(A, name)
        world.predict(A, GOOD, over=HOUR, model=name, n=ROWS)
    return names


async def settle(world: World) -> None:
    """Let every model have gone from A to B, and B have been found well."""
    await world.turn()
    names = sorted(name for _, name in world.registry.entries)
    for name in names:
        world.deploy(B, name)
    await world.turn(CHECK)
    label(world, names, GOOD)
    await world.turn(CHECK)


def label(world: World, names: list[str], quality: tuple[float, float]) -> None:
    for name in names:
        world.predict(B, quality, model=name, n=ROWS)


def rolled_back(world: World) -> list[str]:
    return sorted(name for _, name in world.registry.entries if world.serving(name) == A)


async def a_world(*, broken: int, others: int, each: int = 5, mail: Mail | None = None) -> tuple[World, list[str]]:
    """Return a world of one feed that is about to break, and of others that are well."""
    world = World(mail)
    suspects = add(world, "broken", broken)
    for feed in OTHERS[:others]:
        add(world, feed, each)
    await settle(world)
    return world, suspects


async def go(world: World, *, spread: bool = False) -> None:
    """Let a check pass: all at once, or each when its turn comes."""
    if spread:
        await world.turns(10, every=MINUTE)
    else:
        await world.turn(CHECK)


@pytest.mark.parametrize("spread", [False, True], ids=["together", "one after the other"])
async def test_one_alert_names_the_feed_when_its_models_are_looked_at(spread: bool):  # noqa: FBT001
    mail = Mail()
    world, suspects = await a_world(broken=8, others=8, mail=mail)
    label(world, suspects, BAD)
    await go(world, spread=spread)
    await world.turn(SOON)
    assert rolled_back(world) == []
    assert Counter(mail.courier.reasons()) == {"BreakerOpen": 1}
    said = "8 of 8 judged models look bad at once on the feed of Secret broken, table public.model_predictions"
    assert said in world.notes("Degraded")[0]


async def test_who_is_bad_on_another_feed_is_rolled_back_meanwhile():
    world, suspects = await a_world(broken=4, others=4)
    label(world, [*suspects, "other-1-0"], BAD)
    await go(world)
    assert rolled_back(world) == ["other-1-0"]


FEW = {"two of two": (2, 2), "three of six": (6, 3), "one of one": (1, 1)}


@pytest.mark.parametrize(("number", "bad"), FEW.values(), ids=FEW)
async def test_is_too_few_for_the_feeds_breaker(number: int, bad: int):
    world, suspects = await a_world(broken=number, others=2)
    label(world, suspects[:bad], BAD)
    label(world, suspects[bad:], GOOD)
    await go(world)
    assert rolled_back(world) == suspects[:bad]


@pytest.mark.parametrize("spread", [False, True], ids=["together", "one after the other"])
async def test_three_of_five_are_enough_when_they_are_looked_at(spread: bool):  # noqa: FBT001
    world, suspects = await a_world(broken=5, others=4)
    label(world, suspects[:3], BAD)
    label(world, suspects[3:], GOOD)
    await go(world, spread=spread)
    assert rolled_back(world) == []


async def test_two_tables_of_one_database_are_two_feeds():
    world = World()
    ours, theirs = add(world, "db", 4, secret="db"), add(world, "more", 4, secret="db", source=THEIRS)
    add(world, "other", 6)
    await settle(world)
    label(world, [*ours, theirs[0]], BAD)
    await go(world)
    assert rolled_back(world) == [theirs[0]]


async def test_whoever_logs_in_it_is_the_same_feed():
    world = World()
    names = [name for n in range(4) for name in add(world, f"user-{n}", 1)]
    for n in range(4):
        said = {"host": "DB.example", "user": f"u{n}", "port": "5432"}
        world.cluster.secrets[NAMESPACE, f"user-{n}"] = {**SECRET, **said}
    world.cluster.secrets[NAMESPACE, "user-0"] = {**SECRET, "host": "db.example"}
    add(world, "other", 9)
    await settle(world)
    label(world, names, BAD)
    await go(world, spread=True)
    assert rolled_back(world) == []


async def test_each_broken_feed_is_told_of_once():
    mail = Mail()
    world, suspects = await a_world(broken=4, others=8, mail=mail)
    label(world, suspects, BAD)
    await go(world)
    label(world, [f"other-0-{n}" for n in range(5)], BAD)
    label(world, suspects, BAD)
    await go(world)
    await world.turn(SOON)
    assert Counter(mail.courier.reasons()) == {"BreakerOpen": 2}
    assert rolled_back(world) == []


async def test_a_feed_that_broke_a_moment_after_it_was_looked_at_is_looked_at_anew():
    world, suspects = await a_world(broken=20, others=3, each=20)
    label(world, suspects[:1], BAD)
    label(world, suspects[1:], GOOD)
    world.sweeper.hear((NAMESPACE, suspects[0]), world.clock.now().timestamp() - 1)
    await world.turn(timedelta(seconds=2))
    assert rolled_back(world) == [suspects[0]]
    for name in suspects[1:]:
        world.predict(B, BAD, over=timedelta(seconds=2), model=name, n=400)
    for name in suspects[1:]:
        world.sweeper.hear((NAMESPACE, name), world.clock.now().timestamp() - 1)
        await world.turn(timedelta(seconds=1))
    assert rolled_back(world) == [suspects[0]]


async def test_for_one_or_two_models_no_further_statement_is_needed():
    world, suspects = await a_world(broken=2, others=0)
    label(world, suspects, BAD)
    before = world.reader.statements
    await go(world)
    assert rolled_back(world) == suspects
    assert world.reader.statements - before == 1


async def test_a_feed_that_cannot_be_looked_at_counts_as_it_was_last_seen():
    world, suspects = await a_world(broken=5, others=4)
    world.reader.broken = {name: a_source_error(Reason.QUERY_TOO_COSTLY) for name in suspects[1:]}
    label(world, suspects, BAD)
    await go(world)
    assert rolled_back(world) == suspects[:1]


async def test_a_feeds_breaker_closes_by_itself_when_it_is_mended():
    world, suspects = await a_world(broken=5, others=4)
    label(world, suspects, BAD)
    await go(world)
    assert rolled_back(world) == []
    world.clock.advance(2 * HOUR)
    label(world, suspects[:1], BAD)
    label(world, suspects[1:], GOOD)
    world.clock.advance(-2 * HOUR)
    await world.turn(2 * HOUR)
    await world.turn(CHECK)
    assert rolled_back(world) == suspects[:1]


async def test_a_person_may_roll_one_of_a_broken_feed_back():
    world, suspects = await a_world(broken=5, others=4)
    label(world, suspects, BAD)
    await go(world)
    world.ask("rollback", suspects[3])
    await world.turn(MINUTE)
    assert rolled_back(world) == [suspects[3]]
