"""What the kubelet asks over HTTP: an operator that stands still says so, and one that waits is not ready."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, cast

import aiohttp
import pytest

from component.loops import WITHIN, a_world_of_two, hang, running
from component.world import World
from modelward.page import serve_page
from modelward.readings import Sources
from modelward.settings import Settings
from sandbox.ports import free_ports


class Lease:
    """Held by another, or not."""

    stands_by = False


class House:
    """As much of the house as the page asks."""

    def __init__(self, world: World, port: int) -> None:
        self.settings = Settings(http_host="127.0.0.1", http_port=port)
        self.sweeper, self.ready, self.lease = world.sweeper, False, Lease()
        self.sources = Sources(
            world.registry, lambda: world.monotonic, world.sweeper.lag, lambda: True, lambda: self.ready,
            lambda: False, dict, lambda: 0,
        )  # fmt: skip


class Page:
    """Asks for pages."""

    def __init__(self, session: aiohttp.ClientSession, port: int, house: House) -> None:
        self.session, self.port, self.house = session, port, house

    async def ask(self, path: str) -> tuple[int, str]:
        async with self.session.get(f"http://127.0.0.1:{self.port}{path}") as answer:
            return answer.status, await answer.text()


@asynccontextmanager
async def a_page(world: World) -> AsyncIterator[Page]:
    (port,) = free_ports(1)
    house = House(world, port)
    runner = await serve_page(cast("Any", house))
    try:
        async with aiohttp.ClientSession() as session:
            yield Page(session, port, house)
    finally:
        await runner.cleanup()


OK = (200, "ok\n")


async def test_a_sweeper_whose_loop_has_ended_is_noticed():
    world = World()
    async with a_page(world) as page:
        page.house.ready = True
        assert await page.ask("/healthz") == OK
        async with running(world):
            await asyncio.sleep(0)
        world.monotonic += 61
        assert await page.ask("/healthz") == (503, "waiting for the sweeper\n")


async def test_a_turn_that_really_hangs_is_noticed_and_one_that_comes_to_its_end_is_forgiven():
    world = a_world_of_two()
    reader = hang(world)
    async with a_page(world) as page, running(world):
        page.house.ready = True
        await asyncio.wait_for(reader.asked_slow.wait(), WITHIN)
        while len(world.sweeper._busy) > 1:  # noqa: ASYNC110  the turn of the other one comes to its end
            await asyncio.sleep(0)
        world.monotonic = world.sweeper.last_round = world.monotonic + 601
        assert await page.ask("/healthz") == (503, "waiting for the sweeper\n")
        assert "modelward_sweep_lag_seconds 601" in (await page.ask("/metrics"))[1]
        reader.speak.set()
        await asyncio.wait_for(asyncio.gather(*world.sweeper._sweeps, return_exceptions=True), WITHIN)
        assert await page.ask("/healthz") == OK


async def test_one_that_waits_for_the_lease_is_alive_however_long():
    world = World()
    async with a_page(world) as page:
        world.monotonic += 6_000
        assert await page.ask("/healthz") == OK


async def test_ready_is_who_has_the_first_list_and_the_lease():
    async with a_page(World()) as page:
        assert await page.ask("/readyz") == (503, "waiting for the first list and the Lease\n")
        page.house.ready = True
        assert await page.ask("/readyz") == OK


async def test_where_several_run_one_that_waits_its_turn_is_ready_as_well():
    async with a_page(World()) as page:
        assert (await page.ask("/readyz?standby"))[0] == 503
        page.house.lease.stands_by = True
        assert await page.ask("/readyz?standby") == OK
        assert (await page.ask("/readyz"))[0] == 503
        page.house.ready, page.house.lease.stands_by = True, False
        assert await page.ask("/readyz?standby") == OK


async def test_metrics_come_as_prometheus_wants_them():
    async with a_page(World()) as page:
        status, text = await page.ask("/metrics")
    assert status == 200
    assert "# TYPE modelward_operator_ready gauge\nmodelward_operator_ready 0.0\n" in text


@pytest.mark.parametrize("path", ["/", "/metrics/", "/debug"])
async def test_nothing_else_is_answered(path: str):
    async with a_page(World()) as page:
        assert (await page.ask(path))[0] == 404
