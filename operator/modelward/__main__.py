"""`modelward`: settings, wiring, and then kopf runs; nothing else lives here."""

import asyncio
import contextlib
import logging
import sys
from typing import TYPE_CHECKING, cast

import click

from modelward import __version__
from modelward.domain.errors import ModelwardError

if TYPE_CHECKING:
    from types import ModuleType

    from modelward.wiring import House

log = logging.getLogger("modelward")


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__)
def main() -> None:
    """Watch models after they shipped, and put the previous version back when one got worse."""


@main.command()
def operator() -> None:
    """Run the operator: in a cluster by its ServiceAccount, elsewhere by KUBECONFIG."""
    from modelward.settings import read_settings  # noqa: PLC0415  --help stays fast
    from modelward.telemetry import set_up_logging  # noqa: PLC0415

    # kopf imports the big Kubernetes client wherever it is installed, though nothing here uses it: 20 MB for nothing.
    sys.modules.setdefault("kubernetes", cast("ModuleType", None))
    try:
        settings = read_settings()
        set_up_logging(settings.log_level, settings.log_format)
        asyncio.run(_run())
    except ModelwardError as error:
        log.critical("%s", error)
        raise SystemExit(1) from None


@main.group()
def db() -> None:
    """Prepare and check the database."""


@db.command()
@click.option("--database-url", envvar="DATABASE_URL", required=True, help="postgresql://user:password@host/db")
def init(database_url: str) -> None:
    """Create the tables model_predictions and model_versions, or bring them up to date; harmless twice."""
    from modelward.database.migrate import migrate  # noqa: PLC0415  --help stays fast

    try:
        applied = migrate(database_url)
    except ModelwardError as error:
        raise click.ClickException(f"the database could not be prepared: {error}") from None
    click.echo(f"applied: {', '.join(applied)}" if applied else "nothing to do: the database is up to date")


async def _run() -> None:
    from modelward import handlers, wiring  # noqa: PLC0415  after the settings are known to be good
    from modelward.page import serve_page  # noqa: PLC0415
    from modelward.settings import read_settings  # noqa: PLC0415

    settings = read_settings()
    house = wiring.build(settings, handlers.find_access())
    page = await serve_page(house) if settings.http_port else None
    try:
        await wiring.wait_for_crd(house)
        await house.lease.acquire()
        await wiring.preload(house)
        house.ready = True
        await _live(house)
    finally:
        await house.close()
        if page is not None:
            await page.cleanup()


async def _live(house: "House") -> None:
    """Run until one part ends: kopf ends by a signal, the others only by failing."""
    from modelward import handlers, wiring  # noqa: PLC0415

    parts = [asyncio.create_task(c) for c in (house.lease.keep(), house.sweeper.run(), wiring.tidy(house))]
    parts.append(asyncio.create_task(handlers.run_kopf(house)))
    done, others = await asyncio.wait(parts, return_when=asyncio.FIRST_COMPLETED)
    for task in others:
        task.cancel()
    for task in others:
        with contextlib.suppress(asyncio.CancelledError):
            await task
    for task in done:
        task.result()


if __name__ == "__main__":
    main()
