"""`modelward operator`: the process that runs in a cluster."""

import logging
import signal
import sys

import click

from modelward.domain.errors import ModelwardError

log = logging.getLogger("modelward")


@click.command(short_help="Run the operator.")
def operator() -> None:
    """Run the operator: in a cluster by its ServiceAccount, elsewhere by KUBECONFIG."""
    # the first process of a container gets no signal that it does not ask for, and what follows takes a moment
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    import asyncio

    from modelward.settings import read_settings
    from modelward.telemetry import set_up_logging

    # kopf imports the big Kubernetes client wherever it is installed, though nothing here uses it: 20 MB for nothing.
    # None is how Python marks a module as absent.
    sys.modules.setdefault("kubernetes", None)  # type: ignore[arg-type]
    from modelward.run import run

    try:
        settings = read_settings()
        set_up_logging(settings.log_level, settings.log_format)
        asyncio.run(run(settings))
    except ModelwardError as error:
        log.critical("%s", error)
        raise SystemExit(1) from None
