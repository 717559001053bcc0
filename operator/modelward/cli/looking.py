"""Verbs that only look: status, history, compare."""

import click

from modelward.cli import options
from modelward.cli.doors import Where, open_door
from modelward.cli.exits import ERROR, after_comparison
from modelward.cli.output import emit


@click.command(short_help="Tell how things stand.")
@options.where
@click.pass_context
def status(ctx: click.Context, where: Where, output: str) -> None:
    """Tell how things stand: the database, the version in production, the way back.

    Ends with 1 where the database does not answer or no version is in production.

    \b
    Example:
      modelward status --model house-prices
    """
    with open_door(where) as door:
        report = door.status()
    emit(output, "Status", report)
    if report["production"] is None:
        ctx.exit(ERROR)


@click.command(short_help="List the last versions.")
@click.argument("number", type=click.IntRange(min=1), default=10)
@options.where
def history(where: Where, output: str, number: int) -> None:
    """List the last NUMBER versions (10), the newest first.

    LIVE figures come from model_predictions, over each version's own last 24 hours with predictions; TRAINING figures
    are what the registry was told.

    \b
    Example:
      modelward history 20
    """
    with open_door(where) as door:
        entries = door.history(number)
    emit(output, "History", entries)


@click.command(short_help="Compare two versions.")
@click.argument("current", shell_complete=options.complete_version)
@click.argument("previous", shell_complete=options.complete_version)
@options.threshold
@options.where
@click.pass_context
def compare(ctx: click.Context, where: Where, output: str, current: str, previous: str, threshold: float) -> None:
    """Compare two versions by their live predictions: CURRENT against PREVIOUS.

    Ends with 3 where CURRENT is worse than the threshold allows, with 5 where one has no rows. Changes nothing.

    \b
    Example:
      modelward compare 20260105_143022 20260104_120000
    """
    with open_door(where) as door:
        result = door.compare(current, previous, threshold)
    emit(output, "Comparison", result)
    ctx.exit(after_comparison(result))
