"""A gate before the API server: it lets everything pass, and misbehaves where that was agreed upon.

It can end the operator right after one of its writes, so "killed at any moment" is no matter of luck. It can answer a
write with an error, cut the line or say nothing, before the write takes effect or after; let watches end, expire or
fall silent while their connections stay; and show lists as they once were.
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
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
from aiohttp import web

from sandbox.errors import SandboxError
from sandbox.waiting import wait_until

DROPPED = {"host", "connection", "transfer-encoding", "content-length", "content-encoding", "accept-encoding"}
ALL = aiohttp.ClientTimeout(total=None)
RESET, SILENCE = 0, -1
ANYBODY = ""


@dataclass(frozen=True)
class Fault:
    """What is done to a write instead: a status to answer with, RESET or SILENCE; before it takes effect or after."""

    answer: int
    after: bool = False


@dataclass(eq=False)
class Stream:
    """An answer that is being passed on; a silent one says nothing more, and stays open."""

    request: web.BaseRequest
    silent: bool = False


class Gate:
    """Passes requests on, counts the writes, and does to them what was agreed upon."""

    _before, _about = False, ""

    def __init__(self, kubeconfig: dict[str, Any]) -> None:
        self._cluster = kubeconfig["clusters"][0]["cluster"]
        self._left: int | None = None
        self._planned: dict[str, tuple[int, Fault]] = {}
        self._each: dict[str, Fault] = {}
        self._tried: dict[str, set[str]] = {}
        self._fired = threading.Event()
        self._watches: set[Stream] = set()
        self._errors: dict[str, int] = {}
        self._old: dict[str, bytes] = {}
        self.pid: Callable[[], int] | None = None
        self.writes: list[str] = []
        self.opened = threading.Event()
        self.port = 0

    # -- what is agreed upon -----------------------------------------------------------------------------------------

    def arm(self, write: int, pid: Callable[[], int], *, before: bool = False, about: str = "") -> None:
        """Kill the process after so many more writes, or before the last of them arrives; the Lease's do not count.

        With `about`, only those count that name it.
        """
        self._fired.clear()
        self.writes.clear()
        self._before, self._about = before, about
        self.pid, self._left = pid, write

    def spoil(self, write: int, fault: Fault, name: str = ANYBODY) -> None:
        """Let a fault befall the n-th write from now, of all or about the objects of one name."""
        self._fired.clear()
        self._planned[name] = (write, fault)

    def spoil_each_once(self, fault: Fault, name: str) -> None:
        """Let a fault befall every write of the objects of one name, the first time that it is tried; Events pass.

        Each fault doubles the pause before the next try: those of Events have a test of their own, on a double's clock.
        """
        self._each[name] = fault

    def wait(self, patience: float = 45) -> None:
        """Wait until that has happened."""
        if not self._fired.wait(patience):
            raise SandboxError(f"the operator did not write so often: {self.writes}")

    def fires_before(self, other: Callable[[], bool]) -> bool:
        """Wait for the kill or for something else; True if it was the kill."""
        wait_until(lambda: self._fired.is_set() or other(), for_="a write", timeout=45)
        return self._fired.is_set()

    def spoilt(self, name: str) -> int:
        """Count the faults that befell writes about the objects of a name."""
        return len(self._tried.get(name, ()))

    def disarm(self) -> None:
        """Let everything pass again."""
        self._left = None
        self._planned.clear()
        self._each.clear()
        self._errors.clear()
        self._old.clear()
        self._loop.call_soon_threadsafe(self._caught_up.set)

    def silence_watches(self) -> None:
        """Let nothing through on the watches that are open now, and leave their connections open."""
        for stream in self._watches:
            stream.silent = True

    def cut_watches(self) -> None:
        """Cut the line of every watch that is open now."""
        for stream in list(self._watches):
            if stream.request.transport is not None:
                self._loop.call_soon_threadsafe(stream.request.transport.abort)

    def break_watches(self, code: int) -> None:
        """Answer the next watch of each kind with an ERROR event of a code (410: expired), and cut those of now."""
        self._errors = dict.fromkeys(("modeldeployments", "deployments"), code)
        self.cut_watches()

    def has_broken_watches(self) -> bool:
        """Whether each of them got its ERROR."""
        return not self._errors

    def show_old(self, lists: dict[str, bytes]) -> None:
        """Answer lists with what they once were (plural -> body), and let watches say nothing, as a server behind."""
        self._old = lists
        self._loop.call_soon_threadsafe(self._caught_up.clear)

    # -- what passes -------------------------------------------------------------------------------------------------

    async def _handle(self, request: web.BaseRequest) -> web.StreamResponse:
        """Pass one request on, and its answer back as it comes."""
        body = await request.read()
        counts = self._about in request.path or self._about.encode() in body
        if counts and self._before and self._is_last(request):
            await self._closed.wait()  # it never arrives
        fault = self._find_fault(request, body)
        if fault is not None and not fault.after:
            return await self._spoil(request, fault)
        kind = request.path.rpartition("/")[2]
        if kind in self._old and request.method == "GET":
            return await self._show_old(request, kind)
        if "watch" in request.query and self._errors.get(kind):
            return await self._expire(request, self._errors.pop(kind))
        headers = {key: value for key, value in request.headers.items() if key.lower() not in DROPPED}
        url = self._cluster["server"] + request.path_qs
        async with self._session.request(request.method, url, data=body or None, headers=headers) as answer:
            if counts and not self._before and answer.status < 400 and self._is_last(request):
                await asyncio.Event().wait()  # whoever asked is dead
            if fault is not None:
                await answer.read()
                return await self._spoil(request, fault)
            return await self._pass_on(request, answer)

    async def _pass_on(self, request: web.BaseRequest, answer: aiohttp.ClientResponse) -> web.StreamResponse:
        kept = {key: value for key, value in answer.headers.items() if key.lower() not in DROPPED}
        response = web.StreamResponse(status=answer.status, headers=kept)
        await response.prepare(request)
        stream = Stream(request)
        if "watch" in request.query:
            self._watches.add(stream)
        try:
            async for chunk in answer.content.iter_any():
                if stream.silent:
                    break
                await response.write(chunk)
            if stream.silent:
                await self._closed.wait()
            await response.write_eof()
        except (ConnectionError, aiohttp.ClientError):  # one of both is gone
            if request.transport is not None:
                request.transport.abort()
        finally:
            self._watches.discard(stream)
        return response

    async def _show_old(self, request: web.BaseRequest, kind: str) -> web.StreamResponse:
        if "watch" not in request.query:
            return web.Response(body=self._old[kind], content_type="application/json")
        response = web.StreamResponse(headers={"Content-Type": "application/json"})
        await response.prepare(request)
        await self._caught_up.wait()
        return response

    async def _expire(self, request: web.BaseRequest, code: int) -> web.StreamResponse:
        said = {"kind": "Status", "apiVersion": "v1", "status": "Failure", "message": "said so", "code": code}
        response = web.StreamResponse(headers={"Content-Type": "application/json"})
        await response.prepare(request)
        with suppress(ConnectionError):
            await response.write(json.dumps({"type": "ERROR", "object": said}).encode() + b"\n")
        return response

    def _find_fault(self, request: web.BaseRequest, body: bytes) -> Fault | None:
        if not _is_write(request):
            return None
        subject = _subject(request, body)
        each = self._each.get(subject)
        if each is not None and request.method != "POST":
            what, tried = _identity(request, body), self._tried.setdefault(subject, set())
            fresh = what not in tried
            tried.add(what)
            return each if fresh else None
        for name in (subject, ANYBODY):
            left, fault = self._planned.get(name, (0, None))
            if fault is not None and left > 1:
                self._planned[name] = (left - 1, fault)
            elif fault is not None:
                del self._planned[name]
                return fault
        return None

    async def _spoil(self, request: web.BaseRequest, fault: Fault) -> web.StreamResponse:
        self._fired.set()
        if fault.answer == SILENCE:
            await self._closed.wait()
        if fault.answer > 0:
            return web.json_response({"message": "not now"}, status=fault.answer, headers={"Retry-After": "1"})
        if request.transport is not None:
            request.transport.abort()
        return web.Response()

    def _is_last(self, request: web.BaseRequest) -> bool:
        if self._left is None or not _is_write(request):
            return False
        self.writes.append(f"{request.method} {request.path}")
        self._left -= 1
        if self._left > 0 or self.pid is None:
            return False
        os.kill(self.pid(), signal.SIGKILL)
        self._left = None
        self._fired.set()
        return True

    # -- its life ----------------------------------------------------------------------------------------------------

    async def serve(self) -> None:
        """Stand open until it is closed."""
        self._loop, self._closed, self._caught_up = asyncio.get_running_loop(), asyncio.Event(), asyncio.Event()
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


def _is_write(request: web.BaseRequest) -> bool:
    return request.method in {"POST", "PATCH"} and "/leases" not in request.path


def _subject(request: web.BaseRequest, body: bytes) -> str:
    """Name the object that a write is about: the one that is patched, or the one that an Event regards."""
    parts = request.path.split("/namespaces/")[-1].split("/")
    if request.method == "POST":
        return str(json.loads(body).get("regarding", {}).get("name", ""))
    return parts[2] if len(parts) > 2 else ANYBODY


def _identity(request: web.BaseRequest, body: bytes) -> str:
    """Name a write by what it does: the same, tried again, has the same name."""
    said = json.loads(body)
    if request.method == "POST":
        return str(said["metadata"]["name"])
    status = next((operation["value"] for operation in said if operation["path"] == "/status"), None)
    return f"patch of {said[0]['path']}" if status is None else f"status {status.get('lastRollback', {}).get('phase')}"


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
