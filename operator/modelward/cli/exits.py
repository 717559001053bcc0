"""How a verb ends: its exit code, and an error as a sentence in the place of a traceback."""

from collections.abc import Iterator
from contextlib import contextmanager

import click

from modelward.domain.errors import InvalidCallError, ModelwardError

OK, ERROR, USAGE, DEGRADED, ROLLED_BACK, NOT_ENOUGH_DATA = range(6)
BY_STATUS = {"OK": OK, "DEGRADED": DEGRADED, "ROLLED_BACK": ROLLED_BACK, "INSUFFICIENT_DATA": NOT_ENOUGH_DATA}


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
