"""Requests by annotation, from the annotation to the answer in status and Event; each is handled once."""

from collections.abc import Callable
from typing import Any

import pytest

from builders import NAMESPACE, A, B, C, image_of
from component.world import BAD, CHECK, GOOD, HOUR, MINUTE, World, a_degraded_world
from doubles import a_source_error
from modelward.domain.status import PlacedBy, RequestRecord, Verdict

D = "20260107_100000"


async def a_world_of(*versions: str, **spec: Any) -> World:
    """Return a world in which versions were deployed one after the other; nothing is judged by itself."""
    world = World()
    world.model(autoRollback=False, **spec)
    for version in versions:
        world.deploy(version)
        await world.turn(MINUTE)
    return world


def answer(world: World, kind: str = "rollback") -> RequestRecord:
    record: RequestRecord | None = getattr(world.status().requests, kind)
    assert record is not None
    return record


async def test_rollback_to_the_previous_version():
    world = await a_world_of(A, B)
    world.ask("rollback", requested_by="jane")
    await world.turn()
    assert (world.serving(), world.cluster.images) == (A, [image_of(A)])
    assert (answer(world).result, answer(world).message) == ("Done", f"{B} -> {A}")
    assert world.told().count("RequestDone") == world.told().count("RolledBack") == 1
    assert "asked for by jane (unverified)" in world.notes("RolledBack")[0]
    rollback, epoch = world.status().last_rollback, world.status().epoch
    assert rollback is not None
    assert epoch is not None
    assert (rollback.automatic, rollback.actor) == (False, "jane (unverified)")
    assert (epoch.landing, epoch.placed_by) == (True, PlacedBy.REQUEST)


async def test_previous_asked_twice_goes_on_to_the_next_older_one():
    world = await a_world_of(A, B, C)
    world.ask("rollback")
    await world.turn(MINUTE)
    assert world.serving() == B
    await world.turn(MINUTE)
    world.ask("rollback")
    await world.turn(MINUTE)
    assert world.serving() == A
    assert [q.version for q in world.status().quarantine] == [C, B]


async def test_rollback_to_a_named_version_that_served_here():
    world = await a_world_of(A, B, C)
    world.ask("rollback", rollback_to=A)
    await world.turn()
    assert world.serving() == A


async def test_rollback_to_a_version_that_only_the_database_knows():
    world = await a_world_of(A)
    world.predict(D, GOOD)
    world.ask("rollback", rollback_to=D)
    await world.turn()
    assert world.cluster.images == [image_of(D)]


@pytest.mark.parametrize("name", ["a b", "x/y", "-x"])
async def test_a_name_in_the_database_that_can_be_no_version_is_not_written(name: str):
    world = await a_world_of(A, B)
    world.predict(name, GOOD)
    world.ask("rollback", rollback_to=name)
    await world.turn()
    assert (answer(world).result, world.cluster.images) == ("Refused", [])
    assert "would not be read as a version" in answer(world).message


REFUSED: dict[str, tuple[dict[str, str], list[str]]] = {
    "a version that nobody knows": ({"rollback_to": "v7"}, ["target version v7 not found", f"{B}, {A}", D]),
    "the version that serves": ({"rollback_to": B}, [f"{B} is what serves already", A]),
    "a time long past": ({"rollback_requested_at": "2026-01-08T10:00:00Z"}, ["more than 10m: ask again"]),
    "no time at all": ({"rollback_requested_at": "now"}, ["is not an RFC 3339 time"]),
}


@pytest.mark.parametrize(("what", "words"), REFUSED.values(), ids=REFUSED)
async def test_is_refused_with_the_versions_there_are(what: dict[str, str], words: list[str]):
    world = await a_world_of(A, B)
    world.predict(D, GOOD)
    world.ask("rollback", **what)
    await world.turn()
    assert (world.serving(), world.cluster.images) == (B, [])
    assert answer(world).result == "Refused"
    for word in words:
        assert word in answer(world).message
        assert word in world.notes("RequestRefused")[0]


async def test_a_database_that_is_down_refuses_only_what_it_would_have_to_know():
    world = await a_world_of(A, B)
    world.reader.down = a_source_error()
    world.ask("rollback", rollback_to=D)
    await world.turn(MINUTE)
    assert "not found: the database could not list its versions: " in answer(world).message
    assert str(world.reader.down) in answer(world).message
    world.ask("rollback", rollback_to=None)
    await world.turn(MINUTE)
    assert world.serving() == A


async def test_each_is_handled_once():
    world = await a_world_of(A, B)
    world.ask("rollback")
    await world.turn()
    world.deploy(B)
    await world.turns(3)
    world.restart()
    await world.turns(2)
    assert world.serving() == B
    assert world.told().count("RequestDone") == 1


async def test_a_backup_that_brings_an_old_request_back_changes_nothing():
    world = await a_world_of(A, B)
    world.ask("rollback")
    await world.turn()
    world.deploy(C)
    await world.turn(HOUR)
    world.cluster.edit("ModelDeployment", NAMESPACE, "house-prices", lambda b: b.update(status={}))
    world.restart()
    await world.turn(CHECK)
    assert world.serving() == C
    assert "ago, more than 10m" in answer(world).message


async def test_a_check_asked_for_is_made_at_once():
    world = await a_world_of(A, B)
    asked = world.reader.statements
    world.ask("check")
    await world.turn()
    assert world.reader.statements == asked + 1
    assert answer(world, "check") == RequestRecord(answer(world, "check").requested_at, "Done", "checked")


async def test_a_check_asked_for_acts_on_what_it_finds():
    world = await a_degraded_world()
    world.clock.advance(CHECK)
    world.ask("check")
    await world.turn()
    assert world.serving() == A


async def test_a_check_whose_time_is_long_past_is_not_made():
    world = await a_world_of(A, B)
    asked = world.reader.statements
    world.ask("check", check_requested_at="2026-01-08T10:00:00Z")
    await world.turn()
    assert answer(world, "check").result == "Refused"
    assert world.reader.statements == asked


async def test_a_version_comes_out_of_quarantine():
    world = await a_world_of(A, B)
    world.ask("rollback")
    await world.turn(MINUTE)
    world.ask("clear-quarantine", clear_quarantine=B)
    await world.turn(MINUTE)
    assert world.status().quarantine == ()
    assert answer(world, "clear_quarantine").result == "Done"


async def test_a_version_that_is_not_in_quarantine_cannot_come_out():
    world = await a_world_of(A, B)
    world.ask("clear-quarantine", clear_quarantine=A)
    await world.turn()
    assert answer(world, "clear_quarantine").result == "Refused"
    assert f"{A} is not in quarantine; in quarantine: none" in world.notes("RequestRefused")[0]


def suspend(world: World) -> None:
    world.edit(suspend=True)


def lose_the_deployment(world: World) -> None:
    world.cluster.delete("Deployment", NAMESPACE, "house-prices")


CANNOT: dict[str, tuple[Callable[[World], None], str]] = {
    "suspended": (suspend, "spec.suspend is true"),
    "there is no Deployment": (lose_the_deployment, "does not exist"),
}


@pytest.mark.parametrize(("given", "why"), CANNOT.values(), ids=CANNOT)
async def test_all_are_refused_where(given: Callable[[World], None], why: str):
    world = await a_world_of(A, B)
    given(world)
    await world.turn()
    for kind in ("rollback", "check", "clear-quarantine"):
        world.ask(kind)
    await world.turn()
    for kind in ("rollback", "check", "clear_quarantine"):
        assert answer(world, kind).result == "Refused"
        assert why in answer(world, kind).message
    assert world.told().count("RequestRefused") == 3
    assert world.cluster.images == []


async def test_requests_come_before_the_verdict():
    world = await a_degraded_world()
    world.ask("rollback")
    await world.turn(CHECK)
    rollback = world.status().last_rollback
    assert rollback is not None
    assert not rollback.automatic
    assert len(world.cluster.images) == 1


async def test_a_manual_rollback_does_not_spend_the_budget():
    world = World()
    world.model(rollback={"cooldown": "0s", "maxPerDay": 1})
    world.deploy(A)
    world.predict(A, GOOD, over=HOUR)
    await world.turn()
    world.deploy(C)
    await world.turn(MINUTE)
    world.ask("rollback")
    await world.turn(MINUTE)
    assert world.serving() == A
    world.deploy(B)
    await world.turn(MINUTE)
    world.clock.advance(CHECK)
    world.predict(B, BAD)
    world.clock.advance(-CHECK)
    await world.turn(CHECK)
    assert world.serving() == A
    assert world.status().verdict is not Verdict.SOURCE_ERROR


async def test_what_the_registry_calls_archived_is_not_put_back_by_name():
    world = await a_world_of(A, B, C)
    world.reader.registered = {A: True, B: False}
    world.ask("rollback", rollback_to=A)
    await world.turn()
    assert (world.serving(), answer(world).result) == (C, "Refused")
    assert answer(world).message == (
        f"{A} is archived in the versions table: take it out of there first; not archived: {C}, {B}"
    )


async def test_the_previous_version_is_the_newest_that_is_not_archived():
    world = await a_world_of(A, B, C)
    world.reader.registered = {B: True}
    world.ask("rollback")
    await world.turn()
    assert (world.serving(), answer(world).result) == (A, "Done")


async def test_a_person_can_go_back_while_the_registry_does_not_answer():
    world = await a_world_of(A, B)
    world.reader.registered_error = a_source_error()
    world.ask("rollback")
    await world.turn()
    assert (world.serving(), answer(world).result) == (A, "Done")
