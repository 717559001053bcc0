"""/healthz, /readyz and /metrics."""

import prometheus_client
from aiohttp import web

from modelward.wiring import House


async def serve_page(house: House) -> web.AppRunner:
    """Start the server; the caller cleans it up."""
    app = web.Application()
    app.router.add_get("/healthz", lambda _: _answer(ok=house.sweeper.is_alive(), what="the sweeper"))
    app.router.add_get("/readyz", lambda _: _answer(ok=house.ready, what="the first list and the Lease"))
    app.router.add_get("/metrics", _metrics)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, house.settings.http_host, house.settings.http_port).start()
    return runner


async def _answer(*, ok: bool, what: str) -> web.Response:
    return web.Response(text="ok\n") if ok else web.Response(status=503, text=f"waiting for {what}\n")


async def _metrics(_: web.Request) -> web.Response:
    return web.Response(
        body=prometheus_client.generate_latest(), headers={"Content-Type": prometheus_client.CONTENT_TYPE_LATEST}
    )
