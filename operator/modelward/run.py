"""The operator's life: wait for our resource and the Lease, list, watch, sweep, and leave nothing behind."""

import asyncio
import contextlib
import gc

from modelward import handlers, wiring
from modelward.page import serve_page
from modelward.settings import Settings
from modelward.wiring import House


async def run(settings: Settings) -> None:
    """Live until a signal comes (then return) or one part fails (then raise)."""
    collect_early()
    house = wiring.build(settings, handlers.find_access())
    page = await serve_page(house) if settings.http_port else None
    try:
        await wiring.wait_for_crd(house)
        await house.lease.acquire()
        await wiring.preload(house)
        house.ready = True
        await _live(house)
    finally:
        await house.close()
        if page is not None:
            await page.cleanup()


def collect_early() -> None:
    """Collect cycles often and small: what a burst of new resources leaves would else stand between what stays.

    What was imported stays for good and is looked at no more.
    """
    gc.freeze()
    gc.set_threshold(300, 5, 5)


async def _live(house: House) -> None:
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
    parts = [asyncio.create_task(part) for part in (*ours, handlers.run_kopf(house))]
    done, others = await asyncio.wait(parts, return_when=asyncio.FIRST_COMPLETED)
    for task in others:
        task.cancel()
    for task in others:
        with contextlib.suppress(asyncio.CancelledError):
            await task
    for task in done:
        task.result()
