"""Labels announce themselves: one feed for each database, and everybody concerned hears of it."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from doubles import a_source_error
from modelward.domain.questions import Connection
from modelward.domain.reasons import Reason
from modelward.listening import Listeners

Announced = tuple[str, str, float]
ONE, TWO = Connection((("host", "one"),)), Connection((("host", "two"),))
FIRST, SECOND = ("ml", "first"), ("ml", "second")


class Feed:
    """A database that announces what a test says."""

    def __init__(self) -> None:
        self.lines: list[Connection] = []
        self.heard: list[tuple[tuple[str, str], float]] = []
        self.queue: asyncio.Queue[Announced | Exception] = asyncio.Queue()

    async def listen(self, connection: Connection) -> AsyncIterator[Announced]:
        self.lines.append(connection)
        while True:
            announced = await self.queue.get()
            self.queue.task_done()
            if isinstance(announced, Exception):
                raise announced
            yield announced

    def hear(self, key: tuple[str, str], moment: float) -> None:
        self.heard.append((key, moment))

    async def announce(self, *announced: Announced | Exception) -> None:
        """Announce, and wait until all of it was taken."""
        for one in announced:
            self.queue.put_nowait(one)
        await asyncio.wait_for(self.queue.join(), 10)


@pytest.fixture
async def feed() -> Feed:
    return Feed()


@pytest.fixture
async def listeners(feed: Feed) -> AsyncIterator[Listeners]:
    made = Listeners(feed)
    made.hear = feed.hear
    yield made
    made.stop()
    await asyncio.gather(*(f.task for f in made._feeds.values()), return_exceptions=True)


async def test_everybody_who_follows_a_model_hears_of_its_labels(feed: Feed, listeners: Listeners):
    for key in (FIRST, SECOND):
        listeners.follow(ONE, ("m", ""), key)
    await feed.announce(("m", "", 7.0))
    assert sorted(feed.heard) == [(FIRST, 7.0), (SECOND, 7.0)]


async def test_nobody_hears_of_models_that_are_not_followed(feed: Feed, listeners: Listeners):
    listeners.follow(ONE, ("m", ""), FIRST)
    await feed.announce(("other", "", 7.0), ("m", "staging", 7.0))
    assert feed.heard == []


async def test_a_database_is_listened_to_once_however_often_it_is_followed(feed: Feed, listeners: Listeners):
    for _ in range(3):
        listeners.follow(ONE, ("m", ""), FIRST)
    listeners.follow(ONE, ("n", ""), SECOND)
    await feed.announce(("m", "", 1.0))
    assert feed.lines == [ONE]
    listeners.follow(TWO, ("m", ""), FIRST)
    await feed.announce(("n", "", 1.0), ("m", "", 2.0))
    assert feed.lines == [ONE, TWO]


@pytest.mark.parametrize("reason", [Reason.DATABASE_UNREACHABLE, Reason.PERMISSION_DENIED])
async def test_a_database_that_cannot_announce_is_tried_again_later(feed: Feed, listeners: Listeners, reason: Reason):
    listeners.follow(ONE, ("m", ""), FIRST)
    await feed.announce(a_source_error(reason))
    assert [f.task.done() for f in listeners._feeds.values()] == [False]


async def test_stopping_hangs_up(feed: Feed, listeners: Listeners):
    listeners.follow(ONE, ("m", ""), FIRST)
    await feed.announce(("m", "", 1.0))
    listeners.stop()
    (task,) = (f.task for f in listeners._feeds.values())
    await asyncio.wait([task], timeout=10)
    assert task.cancelled()


async def test_a_database_that_nobody_asks_any_more_is_hung_up_on(listeners: Listeners):
    listeners.follow(ONE, ("m", ""), FIRST)
    task = listeners._feeds[ONE].task
    listeners.leave(ONE)
    listeners.leave(TWO)
    await asyncio.gather(task, return_exceptions=True)
    assert task.cancelled()
    assert listeners._feeds == {}
