"""Somebody may want the operator to end before it has begun."""

import asyncio
import os
import signal

import pytest

from modelward.run import comes_first, hear_signals


async def never() -> None:
    await asyncio.Event().wait()


async def fails() -> None:
    raise LookupError


@pytest.fixture
async def told():
    """What a signal sets; afterwards signals are as they were."""
    yield hear_signals()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().remove_signal_handler(number)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
async def test_a_signal_ends_the_waiting(told: asyncio.Event, number: int):
    asyncio.get_running_loop().call_soon(os.kill, os.getpid(), number)
    assert not await comes_first(never(), told)


async def test_what_is_done_in_time_counts(told: asyncio.Event):
    assert await comes_first(asyncio.sleep(0), told)


async def test_what_fails_is_raised(told: asyncio.Event):
    with pytest.raises(LookupError):
        await comes_first(fails(), told)


async def test_what_is_given_up_is_cancelled(told: asyncio.Event):
    ended = asyncio.Event()

    async def waits() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()

    asyncio.get_running_loop().call_soon(told.set)
    assert not await comes_first(waits(), told)
    assert ended.is_set()
