"""The operator's life: wait for our resource and the Lease, list, watch, sweep, and leave nothing behind."""

import asyncio
import contextlib
import gc
import signal
from collections.abc import Coroutine
from typing import Any

from modelward import handlers, wiring
from modelward.page import serve_page
from modelward.settings import Settings
from modelward.wiring import House


async def run(settings: Settings) -> None:
    """Live until a signal comes (then return) or one part fails (then raise)."""
    collect_early()
    told = hear_signals()
    house = wiring.build(settings, handlers.find_access())
    page = await serve_page(house) if settings.http_port else None
    try:
        if await comes_first(_get_ready(house), told):
            house.ready = True
            await _live(house, told)
    finally:
        await house.close()
        if page is not None:
            await page.cleanup()


def hear_signals() -> asyncio.Event:
    """Note that somebody wants us to end.

    kopf hears signals itself, but not before it runs, and the first process of a container gets none that it does not
    ask for: one that waits for the Lease would wait on until it is killed, and might still take it.
    """
    told = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, told.set)
    return told


async def comes_first(work: Coroutine[Any, Any, None], told: asyncio.Event) -> bool:
    """Whether some work is done before somebody wants us to end; else it is given up. What it raises is raised."""
    doing, hearing = asyncio.create_task(work), asyncio.create_task(told.wait())
    done, _ = await asyncio.wait((doing, hearing), return_when=asyncio.FIRST_COMPLETED)
    for task in (doing, hearing):
        task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await doing
    return doing in done


async def _get_ready(house: House) -> None:
    await wiring.wait_for_crd(house)
    await house.lease.acquire()
    await wiring.preload(house)


def collect_early() -> None:
    """Collect cycles often and small: what a burst of new resources leaves would else stand between what stays.

    What was imported stays for good and is looked at no more.
    """
    gc.freeze()
    gc.set_threshold(300, 5, 5)


async def _live(house: House, told: asyncio.Event) -> None:
    """Run every part until one ends: kopf by a signal, the others only by failing.

    kopf cancels at its end what was started after it, so it is started last.
    """
    ours = (
        house.lease.keep(),
        house.sweeper.run(),
        house.postman.run(),
        house.claims.run(),
        wiring.tidy(house),
        wiring.give_back_memory(house),
    )
    # a signal that comes before kopf hears them ends it as well
    parts = [asyncio.create_task(part) for part in (*ours, told.wait(), handlers.run_kopf(house))]
    done, others = await asyncio.wait(parts, return_when=asyncio.FIRST_COMPLETED)
    for task in others:
        task.cancel()
    for task in others:
        with contextlib.suppress(asyncio.CancelledError):
            await task
    for task in done:
        task.result()
