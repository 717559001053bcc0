"""Where the API server is and how we prove who we are; in a cluster the token file is read again as it rotates."""

import ssl
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import aiohttp

TOKEN_LIFE = 60.0


@dataclass(slots=True)
class Access:
    """Address, trust and identity; `authorization` gives the header before every request, since it may rotate."""

    server: str
    tls: ssl.SSLContext | bool
    authorization: Callable[[], str | None]


@dataclass(slots=True)
class TokenFile:
    """A projected ServiceAccount token, read again at most once a minute."""

    path: Path
    _value: str = field(default="", repr=False)
    _read_at: float = float("-inf")

    def __call__(self) -> str | None:
        """Return the present header."""
        if time.monotonic() - self._read_at > TOKEN_LIFE:
            self._value, self._read_at = self.path.read_text().strip(), time.monotonic()
        return f"Bearer {self._value}"


def open_session(
    access: Access, *, connections: int, user_agent: str, total: float | None = 15
) -> aiohttp.ClientSession:
    """Open a session with few connections: each costs memory, and a burst is better queued here than there."""

    async def authorize(request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType) -> aiohttp.ClientResponse:
        header = access.authorization()
        if header:
            request.headers["Authorization"] = header
        return await handler(request)

    return aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=connections, ssl=access.tls, keepalive_timeout=60),
        headers={"User-Agent": user_agent, "Accept": "application/json"},
        timeout=aiohttp.ClientTimeout(total=total, connect=5),
        middlewares=(authorize,),
    )
