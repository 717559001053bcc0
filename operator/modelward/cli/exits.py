"""How a verb ends: its exit code, and an error as a sentence in the place of a traceback."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

from modelward.domain.errors import InvalidCallError, ModelwardError

if TYPE_CHECKING:
    from modelward.evaluation.results import Comparison

OK, ERROR, USAGE, DEGRADED, ROLLED_BACK, NOT_ENOUGH_DATA = range(6)
BY_STATUS = {"OK": OK, "DEGRADED": DEGRADED, "ROLLED_BACK": ROLLED_BACK, "INSUFFICIENT_DATA": NOT_ENOUGH_DATA}


def after_comparison(result: "Comparison") -> int:
    """Return how a comparison ends: with what was found, or with that there was nothing to compare."""
    if not result["samples_current"] or not result["samples_previous"]:
        return NOT_ENOUGH_DATA
    return DEGRADED if result["degraded"] else OK


@contextmanager
def sentences() -> Iterator[None]:
    """Turn our errors into click's: wrong use ends with 2, all else with 1."""
    try:
        yield
    except InvalidCallError as error:
        raise click.UsageError(str(error)) from None
    except ModelwardError as error:
        raise click.ClickException(str(error)) from None
    except OSError as error:
        raise click.ClickException(f"{error.filename or 'a file'}: {error.strerror or error}") from None
