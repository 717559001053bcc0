"""Log lines as the guide shows them, on the screen and in a file that does not grow without end."""

import logging
import sys
from logging.handlers import RotatingFileHandler

import click

from modelward.cli.exits import sentences
from modelward.telemetry import PlainLines

LARGEST, KEPT = 10_000_000, 5


def log_to_screen() -> None:
    """Log to the standard error."""
    _add(logging.StreamHandler(sys.stderr))


def log_to_file(path: str | None) -> None:
    """Log to a file, if any; a folder that is not there, or may not be written to, is an error.

    Without one, what is logged goes nowhere: the verb itself says it.
    """
    if path is None:
        _add(logging.NullHandler())
        return
    with sentences():
        _add(RotatingFileHandler(path, maxBytes=LARGEST, backupCount=KEPT, encoding="utf-8"))


def _add(handler: logging.Handler) -> None:
    """Add a handler for as long as the command runs: who calls it from Python has a logging of their own."""
    handler.setFormatter(PlainLines())
    logger = logging.getLogger("modelward")
    before = (logger.level, logger.propagate)

    def remove() -> None:
        logger.removeHandler(handler)
        handler.close()
        logger.setLevel(before[0])
        logger.propagate = before[1]

    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    logger.propagate = False
    click.get_current_context().call_on_close(remove)
