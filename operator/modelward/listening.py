"""Labels announce themselves: one LISTEN for each database, and a turn at once for the models concerned.

It only ever makes a check come earlier. Where LISTEN is not to be had (a standby, a pooler in transaction mode, tables
without our triggers) the interval goes on as before.
"""

import asyncio
import logging
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from modelward.domain.errors import SourceError
from modelward.domain.ports import LabelFeed
from modelward.domain.questions import Connection
from modelward.registry import Key

if TYPE_CHECKING:
    from collections.abc import Callable

log = logging.getLogger(__name__)
PAUSE, LONGEST_PAUSE = 5.0, 300.0
Model = tuple[str, str]  # model name, environment


@dataclass(slots=True)
class _Feed:
    """Who wants to hear of a database, and the task that listens."""

    task: asyncio.Task[None]
    interested: dict[Model, set[Key]] = field(default_factory=dict)


class Listeners:
    """All feeds; `hear` is called with a resource and the moment (database's clock, seconds) of its newest label."""

    def __init__(self, feed: LabelFeed) -> None:
        self.hear: Callable[[Key, float], None] = lambda *_: None
        self._feed = feed
        self._feeds: dict[Connection, _Feed] = {}

    def follow(self, connection: Connection, model: Model, key: Key) -> None:
        """Hear of a model from now on; told at every check, so it must cost next to nothing."""
        feed = self._feeds.get(connection)
        if feed is None:
            feed = self._feeds[connection] = _Feed(asyncio.create_task(self._listen(connection)))
        feed.interested.setdefault(model, set()).add(key)

    def leave(self, connection: Connection) -> None:
        """Hang up on a database that nobody asks any more."""
        feed = self._feeds.pop(connection, None)
        if feed is not None:
            feed.task.cancel()

    def stop(self) -> None:
        """Hang up."""
        for feed in self._feeds.values():
            feed.task.cancel()

    async def _listen(self, connection: Connection) -> None:
        pause = PAUSE
        while True:
            try:
                async for announced in self._feed.listen(connection):
                    pause = PAUSE
                    self._tell(connection, announced)
            except SourceError as error:
                log.info("labels are not announced (%s: %s): the interval decides", error.reason, error)
            await asyncio.sleep(pause)
            pause = min(pause * 2, LONGEST_PAUSE)

    def _tell(self, connection: Connection, announced: tuple[str, str, float]) -> None:
        model_name, environment, moment = announced
        feed = self._feeds.get(connection)
        for key in feed.interested.get((model_name, environment), ()) if feed else ():
            self.hear(key, moment)
