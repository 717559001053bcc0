"""The sweeper's own loop, running, and a database that hangs while another one answers."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from builders import NAMESPACE, A
from component.world import SECRET, World
from doubles import InMemoryReader
from modelward.domain.errors import SourceError
from modelward.domain.quality import Quality
from modelward.domain.questions import Connection, Question
from modelward.domain.source import OWN, Source

WITHIN = 10
SLOW = {**SECRET, "host": "slow"}


class HangingReader(InMemoryReader):
    """Its database called slow says nothing before it is told to."""

    def __init__(self, world: World) -> None:
        super().__init__(world.clock)
        self.asked_slow, self.speak = asyncio.Event(), asyncio.Event()

    async def read(
        self, connection: Connection, questions: Sequence[Question], source: Source = OWN
    ) -> list[Quality | SourceError]:
        """Answer, the slow one only after `speak`."""
        if ("host", "slow") in connection.parameters:
            self.asked_slow.set()
            await self.speak.wait()
        return await super().read(connection, questions, source)

    async def archived(
        self, connection: Connection, model_name: str, environment: str, source: Source = OWN
    ) -> tuple[str, ...]:
        """Answer, the slow one only after `speak`."""
        if ("host", "slow") in connection.parameters:
            self.asked_slow.set()
            await self.speak.wait()
        return await super().archived(connection, model_name, environment, source)


class Gate:
    """Opens when a resource's status has been written."""

    def __init__(self, world: World, nth: int = 1) -> None:
        self.opened = asyncio.Event()
        world.cluster.interrupt(self.opened.set, nth, verb="patch", kind="ModelDeployment", after=True)

    async def wait(self) -> None:
        await asyncio.wait_for(self.opened.wait(), WITHIN)


@asynccontextmanager
async def running(world: World) -> AsyncIterator[None]:
    """Let the loop run; a fault in it is a fault of the test."""
    loop = asyncio.create_task(world.sweeper.run())
    yield
    loop.cancel()
    (ended,) = await asyncio.gather(loop, return_exceptions=True)
    assert isinstance(ended, asyncio.CancelledError), ended


def a_world_of_two() -> World:
    """Return a world with a model on a database that answers and one on a database that hangs."""
    world = World()
    world.cluster.secrets[NAMESPACE, "slow"] = SLOW
    world.model("fine")
    world.model("slow", database={"secretRef": {"name": "slow"}})
    for name in ("fine", "slow"):
        world.deploy(A, name)
    return world


def hang(world: World) -> HangingReader:
    """Put a new operator with a hanging database into the world."""
    world.reader = HangingReader(world)
    world.restart()
    return world.reader
