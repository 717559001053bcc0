"""A gate before the API server: it lets everything pass, and can end the operator right after one of its writes.

So "killed at any moment" is no matter of luck: a power cut after each single write, whose answer never arrives.
"""

import asyncio
import json
import os
import signal
import ssl
import threading
from base64 import b64decode
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import aiohttp
from aiohttp import web

from sandbox.errors import SandboxError
from sandbox.waiting import wait_until

DROPPED = {"host", "connection", "transfer-encoding", "content-length", "content-encoding", "accept-encoding"}
ALL = aiohttp.ClientTimeout(total=None)


class Gate:
    """Passes requests on, counts the writes, and kills who sent the one that was agreed upon."""

    _before, _about = False, ""

    def __init__(self, kubeconfig: dict[str, Any]) -> None:
        self._cluster = kubeconfig["clusters"][0]["cluster"]
        self._left: int | None = None
        self._spoils = 0
        self._answer, self._after = 0, False
        self._fired = threading.Event()
        self.pid: Callable[[], int] | None = None
        self.writes: list[str] = []
        self.opened = threading.Event()
        self.port = 0

    def arm(self, write: int, pid: Callable[[], int], *, before: bool = False, about: str = "") -> None:
        """Kill the process after so many more writes, or before the last of them arrives; the Lease's do not count.

        With `about`, only those count that name it.
        """
        self._fired.clear()
        self.writes.clear()
        self._before, self._about = before, about
        self.pid, self._left = pid, write

    def spoil(self, write: int, answer: int, *, after: bool) -> None:
        """Answer the n-th write from now with a status (0: cut the line), before it takes effect or after."""
        self._fired.clear()
        self._spoils, self._answer, self._after = write, answer, after

    def wait(self, patience: float = 45) -> None:
        """Wait until that has happened."""
        if not self._fired.wait(patience):
            raise SandboxError(f"the operator did not write so often: {self.writes}")

    async def _handle(self, request: web.BaseRequest) -> web.StreamResponse:
        """Pass one request on, and its answer back as it comes."""
        counts = self._about in request.path or self._about.encode() in await request.read()
        if counts and self._before and self._is_last(request):
            await asyncio.Event().wait()  # it never arrives
        body = await request.read()
        headers = {key: value for key, value in request.headers.items() if key.lower() not in DROPPED}
        url = self._cluster["server"] + request.path_qs
        spoilt = self._is_spoilt(request)
        if spoilt and not self._after:
            return self._spoil(request)
        async with self._session.request(request.method, url, data=body or None, headers=headers) as answer:
            if counts and not self._before and answer.status < 400 and self._is_last(request):
                await asyncio.Event().wait()  # whoever asked is dead
            if spoilt:
                await answer.read()
                return self._spoil(request)
            kept = {key: value for key, value in answer.headers.items() if key.lower() not in DROPPED}
            response = web.StreamResponse(status=answer.status, headers=kept)
            await response.prepare(request)
            with suppress(ConnectionError):  # whoever asked is gone
                async for chunk in answer.content.iter_any():
                    await response.write(chunk)
                await response.write_eof()
            return response

    def fires_before(self, other: Callable[[], bool]) -> bool:
        """Wait for the kill or for something else; True if it was the kill."""
        wait_until(lambda: self._fired.is_set() or other(), for_="a write", timeout=45)
        return self._fired.is_set()

    def disarm(self) -> None:
        """Let everything pass again."""
        self._left = None

    async def serve(self) -> None:
        """Stand open until it is closed."""
        self._loop, self._closed = asyncio.get_running_loop(), asyncio.Event()
        trust = ssl.create_default_context(cadata=b64decode(self._cluster["certificate-authority-data"]).decode())
        connector = aiohttp.TCPConnector(ssl=trust, limit=0)
        async with aiohttp.ClientSession(connector=connector, timeout=ALL) as self._session:
            runner = web.ServerRunner(web.Server(self._handle), shutdown_timeout=0.1)
            await runner.setup()
            await web.TCPSite(runner, "127.0.0.1", 0).start()
            self.port = runner.addresses[0][1]
            self.opened.set()
            await self._closed.wait()
            await runner.cleanup()

    def close(self) -> None:
        """End it, from any thread."""
        self._loop.call_soon_threadsafe(self._closed.set)

    def _is_spoilt(self, request: web.BaseRequest) -> bool:
        if request.method not in {"POST", "PATCH"}:
            return False
        self._spoils -= 1
        return self._spoils == 0

    def _spoil(self, request: web.BaseRequest) -> web.StreamResponse:
        self._fired.set()
        if self._answer:
            return web.json_response({"message": "not now"}, status=self._answer, headers={"Retry-After": "1"})
        if request.transport is not None:
            request.transport.abort()
        return web.Response()

    def _is_last(self, request: web.BaseRequest) -> bool:
        if self._left is None or request.method not in {"POST", "PATCH"}:
            return False
        self.writes.append(f"{request.method} {request.path}")
        self._left -= 1
        if self._left > 0 or self.pid is None:
            return False
        os.kill(self.pid(), signal.SIGKILL)
        self._left = None
        self._fired.set()
        return True


@contextmanager
def gate_before(kubeconfig: str, folder: Path) -> Iterator[tuple[Gate, Path]]:
    """Open a gate before the cluster of a kubeconfig; yields it and a kubeconfig that leads through it."""
    config = json.loads(kubeconfig)
    gate = Gate(config)
    thread = threading.Thread(target=asyncio.run, args=(gate.serve(),))
    thread.start()
    gate.opened.wait(10)
    path = folder / "gate.kubeconfig"
    clusters = [{**config["clusters"][0], "cluster": {"server": f"http://127.0.0.1:{gate.port}"}}]
    path.touch(mode=0o600)
    path.write_text(json.dumps({**config, "clusters": clusters}))
    try:
        yield gate, path
    finally:
        gate.close()
        thread.join()
