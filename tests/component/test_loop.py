"""The sweeper's own loop, run as it runs in the operator: it wakes when something happens, and waits for nobody."""

import asyncio

import pytest

from builders import A
from component.loops import WITHIN, Gate, a_world_of_two, hang, running
from component.world import World


async def test_whoever_is_new_gets_a_turn_without_waiting():
    world = World()
    async with running(world):
        first = Gate(world)
        world.model()
        world.deploy(A)
        world._watch()
        await first.wait()
    assert world.status().current_version == A


async def test_an_edit_wakes_it():
    world = World()
    world.model()
    world.deploy(A)
    await world.turn()
    async with running(world):
        gate = Gate(world)
        world.edit(suspend=True)
        world._watch()
        await gate.wait()
    assert world.condition("Ready") == ("True", "Suspended")


async def test_a_database_that_hangs_delays_nobody_else():
    world = a_world_of_two()
    reader = hang(world)
    async with running(world):
        gate = Gate(world)
        await gate.wait()
        assert world.status("fine").current_version == A
        assert world.status("slow").epoch is None
        gate = Gate(world)
        reader.speak.set()
        await gate.wait()
    assert world.status("slow").current_version == A


async def test_a_request_that_has_to_ask_a_database_that_hangs_delays_nobody_else():
    world = a_world_of_two()
    await world.turn()
    reader = hang(world)
    world.ask("rollback", "slow")
    world.ask("check", "fine")
    world._watch()
    async with running(world):
        await asyncio.wait_for(reader.asked_slow.wait(), WITHIN)
        gate = Gate(world)
        await gate.wait()
        assert world.status("fine").requests.check is not None
        assert world.status("slow").requests.rollback is None
        reader.speak.set()


async def test_what_happens_to_a_resource_during_its_turn_is_looked_at_after_it():
    world = a_world_of_two()
    reader = hang(world)
    async with running(world):
        await asyncio.wait_for(reader.asked_slow.wait(), WITHIN)
        world.edit("slow", suspend=True)
        world._watch()
        gate = Gate(world)
        reader.speak.set()
        await gate.wait()
        while world.condition("Ready", "slow") != ("True", "Suspended"):
            gate = Gate(world)
            world._watch()
            await gate.wait()


@pytest.mark.parametrize("moment", ["at rest", "while a database hangs"])
async def test_it_ends_when_it_is_told_to(moment: str):
    world = a_world_of_two()
    reader = hang(world)
    if moment == "at rest":
        reader.speak.set()
    async with running(world):
        await asyncio.wait_for(reader.asked_slow.wait(), WITHIN)
    await asyncio.gather(*world.sweeper._sweeps, return_exceptions=True)
    assert world.cluster.images == []


async def test_a_loop_that_stands_still_is_not_alive():
    world = World()
    assert world.sweeper.is_alive()
    world.monotonic += 61
    assert not world.sweeper.is_alive()
    async with running(world):
        gate = Gate(world)
        world.model()
        world.deploy(A)
        world._watch()
        await gate.wait()
        assert world.sweeper.is_alive()


async def test_turns_that_never_end_are_not_life():
    world = a_world_of_two()
    hang(world)
    async with running(world):
        await asyncio.wait_for(world.reader.asked_slow.wait(), WITHIN)  # type: ignore[attr-defined]
        began = world.monotonic
        world.monotonic = world.sweeper.last_round = began + 599
        assert world.sweeper.is_alive()
        assert world.sweeper.lag() >= 599
        world.monotonic = world.sweeper.last_round = began + 601
        assert not world.sweeper.is_alive()
