"""HTTP verbs against the API server, each failure turned into a ClusterError that says what was asked."""

import json
from collections.abc import AsyncIterator
from typing import Any

import aiohttp

from modelward.domain.errors import (
    ClusterError,
    ConflictError,
    ForbiddenError,
    NotFoundError,
    ThrottledError,
    UnprocessableError,
)
from modelward.domain.ports import Json

JSON_PATCH = "application/json-patch+json"
PAGE = 100  # objects: a page is parsed whole, and what it costs at its peak is never given back
BY_STATUS: dict[int, type[ClusterError]] = {
    400: ForbiddenError,
    403: ForbiddenError,
    404: NotFoundError,
    409: ConflictError,
    422: UnprocessableError,
}


class Client:
    """A session with the API server; `calls` counts the requests sent, by verb."""

    def __init__(self, session: aiohttp.ClientSession, server: str) -> None:
        self._session = session
        self._server = server.rstrip("/")
        self.calls: dict[str, int] = {}

    async def get(self, path: str, **query: str) -> Json:
        """Read an object or a list."""
        return await self._send("GET", path, query=query)

    async def pages(self, path: str, **query: str) -> AsyncIterator[list[Json]]:
        """Read a list page by page, so that a large one never stands in memory whole."""
        following = ""
        while True:
            more = {"continue": following} if following else {}
            page = await self.get(path, limit=str(PAGE), **query, **more)
            yield page.get("items") or []
            following = (page.get("metadata") or {}).get("continue") or ""
            if not following:
                return

    async def post(self, path: str, body: Json) -> Json:
        """Create an object."""
        return await self._send("POST", path, body, "application/json")

    async def put(self, path: str, body: Json) -> Json:
        """Replace an object."""
        return await self._send("PUT", path, body, "application/json")

    async def patch(self, path: str, operations: list[Json]) -> Json:
        """Apply a JSON Patch."""
        return await self._send("PATCH", path, operations, JSON_PATCH)

    async def close(self) -> None:
        """Hang up."""
        await self._session.close()

    async def _send(
        self, verb: str, path: str, body: Any = None, content: str | None = None, query: dict[str, str] | None = None
    ) -> Json:
        self.calls[verb] = self.calls.get(verb, 0) + 1
        headers = {"Content-Type": content} if content else {}
        data = None if body is None else json.dumps(body).encode()
        try:
            async with self._session.request(
                verb, self._server + path, data=data, headers=headers, params=query or None
            ) as response:
                text = await response.text()
                if response.status >= 400:
                    raise _error(f"{verb} {path}", response, text)
        except TimeoutError as error:
            raise ClusterError(f"{verb} {path}: no answer in time") from error
        except aiohttp.ClientError as error:
            raise ClusterError(f"{verb} {path}: {type(error).__name__}: {error}") from error
        return _read(f"{verb} {path}", text)


def _read(what: str, text: str) -> Json:
    try:
        answer: Json = json.loads(text) if text else {}
    except ValueError as error:  # something in between answers in the server's place
        raise ClusterError(f"{what}: the answer is no JSON: {text[:80]!r}") from error
    return answer


def _error(what: str, response: aiohttp.ClientResponse, text: str) -> ClusterError:
    message = f"{what}: {response.status} {_message(text)}"
    if response.status in {429, 503} and response.headers.get("Retry-After", "").isdigit():
        return ThrottledError(message, float(response.headers["Retry-After"]))
    return BY_STATUS.get(response.status, ClusterError)(message)


def _message(text: str) -> str:
    try:
        return str(json.loads(text).get("message", ""))[:500]
    except (ValueError, AttributeError):
        return text[:200]
