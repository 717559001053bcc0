"""`modelward rollback`: by hand, after a look at what would change."""

import sys
from typing import TYPE_CHECKING

import click

from modelward.cli import either, options
from modelward.cli.doors import Where, open_door, report_alerts
from modelward.cli.either import Doors
from modelward.cli.output import emit
from modelward.cli.pages import Verb

if TYPE_CHECKING:
    from datetime import timedelta

    from modelward.cli.doors import Alerts
    from modelward.evaluation.results import RollbackPlan


@click.command(cls=Verb, short_help="Put another version in production.")
@click.argument("words", nargs=-1, metavar="[NAME] [VERSION]", shell_complete=either.complete_name_or_version)
@click.option("--yes", "-y", is_flag=True, help="Do not ask.")
@click.option("--reason", default="asked for on the command line", help="Why; it stands in the audit.")
@click.option("--force", is_flag=True, help="Even where a ModelDeployment in a cluster looks after the model.")
@options.alerts
@options.log_file
@click.option("--wait/--no-wait", default=True, help="Follow it to its end.  [--wait]")
@either.timeout
@either.door
@click.pass_context
def rollback(
    ctx: click.Context,
    doors: Doors,
    output: str,
    words: tuple[str, ...],
    yes: bool,
    reason: str,
    force: bool,
    alerts: "Alerts",
    log_file: str | None,
    wait: bool,
    timeout: "timedelta | None",
) -> None:
    """Put VERSION in production, the previous one where none is named.

    Shows what would change and asks; both the change and its record in the audit are made, or neither. In a cluster
    the operator is asked for it, and followed until the version is rolled out.

    \b
    Examples:
      modelward rollback                           back to the previous version
      modelward rollback 20260105_143022 --yes     to this one, without asking
      modelward rollback house-prices -n ml        a ModelDeployment's previous version
    """
    if doors.cluster:
        from modelward.cli import clustered

        ctx.exit(clustered.rollback(doors.cluster, words, output, yes=yes, wait=wait, timeout=timeout))
    (version,) = either.database_words(words, 1) or (None,)
    from modelward.cli.logs import log_to_file

    log_to_file(log_file)
    _in_database(doors.where, alerts, output, version, yes=yes, reason=reason, force=force)


def _in_database(
    where: Where, alerts: "Alerts", output: str, version: str | None, *, yes: bool, reason: str, force: bool
) -> None:
    from modelward.evaluation.telling import log_rollback

    with open_door(where, alerts) as door:
        plan = door.plan_rollback(version, force=force)
        if not yes:
            _ask(plan)
        done = door.roll_back(plan, reason)
        log_rollback(done)
        report_alerts(door.tell())
    emit(output, "Rollback", done)


def _ask(plan: "RollbackPlan") -> None:
    if not sys.stdin.isatty():
        moved = f"{plan['from_version']} -> {plan['to_version']}"
        raise click.UsageError(f"{moved} is to be confirmed and nobody can be asked here: add --yes to go on")
    emit("table", "RollbackPlan", plan)
    click.confirm("Put it in production?", abort=True)
