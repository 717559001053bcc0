"""Verbs that only look: status, history, compare."""

import click
from click.core import ParameterSource

from modelward.cli import either, options
from modelward.cli.doors import open_door
from modelward.cli.either import Doors
from modelward.cli.exits import ERROR, after_comparison
from modelward.cli.output import emit
from modelward.cli.pages import Verb


@click.command(cls=Verb, short_help="Tell how things stand.")
@click.argument("words", nargs=-1, metavar="[NAME]...", shell_complete=either.complete_name)
@either.door
@click.pass_context
def status(ctx: click.Context, doors: Doors, output: str, words: tuple[str, ...]) -> None:
    """Tell how things stand: the database, the version in production, the way back; or each ModelDeployment.

    Ends with 1 where the database does not answer or no version is in production.

    \b
    Examples:
      modelward status --model house-prices        of the database in DATABASE_URL
      modelward status -A                          of a cluster's ModelDeployments
    """
    if doors.cluster:
        from modelward.cli import clustered

        ctx.exit(clustered.status(doors.cluster, words, output))
    either.database_words(words, 0)
    with open_door(doors.where) as door:
        report = door.status()
    emit(output, "Status", report)
    if report["production"] is None:
        ctx.exit(ERROR)


@click.command(cls=Verb, short_help="List the last versions.")
@click.argument("words", nargs=-1, metavar="[NAME]... [NUMBER]", shell_complete=either.complete_name)
@either.door
@click.pass_context
def history(ctx: click.Context, doors: Doors, output: str, words: tuple[str, ...]) -> None:
    """List the last NUMBER versions (10), the newest first.

    LIVE figures come from model_predictions, over each version's own last 24 hours with predictions; TRAINING figures
    are what the registry was told. In a cluster: what served when, how it came there, and what was rolled back.

    \b
    Examples:
      modelward history 20
      modelward history house-prices 20 -n ml      of a cluster's ModelDeployment
    """
    if doors.cluster:
        from modelward.cli import clustered

        ctx.exit(clustered.history(doors.cluster, words, output))
    number = _number(ctx, either.database_words(words, 1))
    with open_door(doors.where) as door:
        entries = door.history(number)
    emit(output, "History", entries)


@click.command(cls=Verb, short_help="Compare two versions.")
@click.argument("words", nargs=-1, metavar="[NAME] CURRENT PREVIOUS", shell_complete=either.complete_name_or_version)
@options.threshold
@either.door
@click.pass_context
def compare(ctx: click.Context, doors: Doors, output: str, words: tuple[str, ...], threshold: float) -> None:
    """Compare two versions by their live predictions: CURRENT against PREVIOUS.

    Ends with 3 where CURRENT is worse than the threshold allows, with 5 where one has no rows. Changes nothing. In a
    cluster: the version that serves against the one before it, as the last verdict has them.

    \b
    Examples:
      modelward compare 20260105_143022 20260104_120000
      modelward compare house-prices 20260105_143022 20260104_120000 -n ml
    """
    if len(words) < 2:
        raise click.UsageError(f"Missing argument '{'PREVIOUS' if words else 'CURRENT'}'.")
    if doors.cluster:
        from modelward.cli import clustered

        ctx.exit(clustered.compare(doors.cluster, words, output))
    current, previous = either.database_words(words, 2)
    given = ctx.get_parameter_source("threshold") is not ParameterSource.DEFAULT
    with open_door(doors.where) as door:
        result = door.compare(current, previous, threshold if given else None)
    emit(output, "Comparison", result)
    ctx.exit(after_comparison(result))


def _number(ctx: click.Context, words: tuple[str, ...]) -> int:
    if not words:
        return 10
    try:
        return click.IntRange(min=1)(words[0], None, ctx)
    except click.BadParameter as error:
        error.param_hint = "'[NUMBER]'"
        raise
