"""Labels that announce themselves: LISTEN on a link of its own, straight to the server."""

import asyncio
import math
from collections.abc import AsyncIterator

import psycopg

from modelward.database.errors import explain_query
from modelward.database.fence import Fence
from modelward.database.links import Link, open_link
from modelward.domain.errors import SourceError
from modelward.domain.questions import Connection
from modelward.domain.reasons import Reason


async def listen(
    connection: Connection, connect_timeout: float, fence: Fence | None = None
) -> AsyncIterator[tuple[str, str, float]]:
    """Yield what the triggers of our tables announce; SourceError when the link ends or cannot LISTEN."""
    link = await open_link(connection.direct or connection.parameters, connect_timeout, fence)
    try:
        if await stands_behind_pooler(link):
            message = "a pooler stands in between, and LISTEN does not go through it: put directUri into the Secret"
            raise SourceError(Reason.QUERY_FAILED, message)
        await link.execute("LISTEN modelward")
        while True:  # what came along with the answer to LISTEN is there already: read first, then wait
            async for notice in link.notifies(timeout=0):
                announced = _announced(notice.payload)
                if announced is not None:
                    yield announced
            await _until_readable(link.fileno())
    except psycopg.Error as error:
        raise explain_query(error) from None
    finally:
        await link.close()


async def stands_behind_pooler(link: Link) -> bool:
    """Whether the process that we talk to is not the one that took the connection."""
    row = await (await link.execute("SELECT pg_backend_pid() AS pid")).fetchone()
    return row is not None and row["pid"] != link.info.backend_pid


async def _until_readable(descriptor: int) -> None:
    """Sleep until the server says something; waiting inside psycopg would wake up ten times a second."""
    loop = asyncio.get_running_loop()
    readable = loop.create_future()
    loop.add_reader(descriptor, lambda: None if readable.done() else readable.set_result(None))
    try:
        await readable
    finally:
        loop.remove_reader(descriptor)


def _announced(payload: str) -> tuple[str, str, float] | None:
    """Read what a trigger announced; anybody may NOTIFY, so nonsense is looked past."""
    try:
        model_name, environment, moment = payload.split("\x1f")
        at = float(moment)
    except ValueError:
        return None
    return (model_name, environment, at) if math.isfinite(at) else None
