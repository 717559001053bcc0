"""/healthz, /readyz and /metrics."""

import asyncio

from aiohttp import web
from prometheus_client import CONTENT_TYPE_LATEST

from modelward.scrape import pieces
from modelward.wiring import House


async def serve_page(house: House) -> web.AppRunner:
    """Start the server; the caller cleans it up."""

    async def metrics(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": CONTENT_TYPE_LATEST})
        await response.prepare(request)
        for piece in pieces(house.sources):
            await response.write(piece)
            await asyncio.sleep(0)  # a write to a fast reader does not wait by itself, and turns must not either
        await response.write_eof()
        return response

    async def alive(request: web.Request) -> web.Response:
        del request
        return _answer(ok=is_alive(house), what="the sweeper")

    async def ready(request: web.Request) -> web.Response:
        # where several run by intent, one that waits its turn is as it should be, and a rollout must not wait for it
        waits_its_turn = "standby" in request.query and house.lease.stands_by
        return _answer(ok=house.ready or waits_its_turn, what="the first list and the Lease")

    app = web.Application()
    app.router.add_get("/healthz", alive)
    app.router.add_get("/readyz", ready)
    app.router.add_get("/metrics", metrics)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, house.settings.http_host, house.settings.http_port).start()
    return runner


def is_alive(house: House) -> bool:
    """Whether a restart would mend nothing: one that waits for the Lease or the API server does all it can."""
    return not house.ready or house.sweeper.is_alive()


def _answer(*, ok: bool, what: str) -> web.Response:
    return web.Response(text="ok\n") if ok else web.Response(status=503, text=f"waiting for {what}\n")
