"""Verbs that judge: check, which may act, and explain, which never does."""

import dataclasses
from typing import TYPE_CHECKING

import click

from modelward.cli import either, options
from modelward.cli.doors import open_door, report_alerts
from modelward.cli.either import Doors
from modelward.cli.exits import BY_STATUS
from modelward.cli.output import emit
from modelward.cli.pages import Verb

if TYPE_CHECKING:
    from datetime import timedelta

    from modelward.cli.doors import Alerts


@click.command(cls=Verb, short_help="Judge; roll back when degraded.")
@click.argument("words", nargs=-1, metavar="[NAME]...", shell_complete=either.complete_name)
@options.rules
@click.option(
    "--auto-rollback/--no-auto-rollback", default=True, show_default=True,
    help="Put the previous version back when the one in production is degraded.",
)  # fmt: skip
@click.option("--dry-run", is_flag=True, help="Only say what would be done; changes nothing.")
@click.option("--force", is_flag=True, help="Even where a ModelDeployment in a cluster looks after the model.")
@options.alerts
@options.log_file
@either.timeout
@either.door
@click.pass_context
def check(
    ctx: click.Context,
    doors: Doors,
    output: str,
    words: tuple[str, ...],
    timeout: "timedelta | None",
    amend: "options.Amend",
    auto_rollback: bool,
    dry_run: bool,
    force: bool,
    alerts: "Alerts",
    log_file: str | None,
) -> None:  # fmt: skip
    """Judge the version in production against the previous one; when it is degraded, put the previous one back.

    Degraded means that R2 fell, or RMSE rose, by more than the threshold, in percent of the previous value. Both come
    from live predictions and their actuals. Too little data is never a reason to act.

    In a cluster the operator is asked to check now, by the rules of the ModelDeployment, and its answer is waited for.

    Ends with 0 (fine), 3 (degraded, left in place), 4 (rolled back) or 5 (not enough data).

    \b
    Examples:
      modelward check                              judge, and roll back when degraded
      modelward check --threshold 3 --dry-run      try a stricter limit without changing anything
      modelward check --no-auto-rollback           for a person to decide
      modelward check -f house-prices.yaml         tables, metrics, limits of a ModelDeployment
      modelward check house-prices -n ml           have a ModelDeployment checked now
    """
    if doors.cluster:
        from modelward.cli import clustered

        ctx.exit(clustered.check(doors.cluster, words, output, timeout))
    either.database_words(words, 0)
    from modelward.cli.logs import log_to_file
    from modelward.evaluation.telling import log_check

    choose = options.amendment({"auto_rollback": auto_rollback})
    log_to_file(log_file)
    with open_door(doors.where, alerts) as door:
        result = door.check(dataclasses.replace(choose(amend(door.rules)), dry_run=dry_run, force=force))
        log_check(result)
        if not dry_run:
            result["alerts"] = door.tell()
    report_alerts(result["alerts"])
    emit(output, "Check", result)
    ctx.exit(BY_STATUS[result["status"]])


@click.command(cls=Verb, short_help="Tell why the verdict is what it is.")
@click.argument("words", nargs=-1, metavar="[NAME]...", shell_complete=either.complete_name)
@options.rules
@either.door
@click.pass_context
def explain(ctx: click.Context, doors: Doors, output: str, words: tuple[str, ...], amend: "options.Amend") -> None:
    """Tell why the verdict is what it is: rows, window, metrics, limits, and what would hold a rollback back.

    Changes nothing, and ends with 0 whatever the verdict.

    \b
    Examples:
      modelward explain --threshold 3
      modelward explain house-prices -n ml         a ModelDeployment's last verdict
    """
    if doors.cluster:
        from modelward.cli import clustered

        ctx.exit(clustered.explain(doors.cluster, words, output))
    either.database_words(words, 0)
    with open_door(doors.where) as door:
        result = door.explain(amend(door.rules))
    emit(output, "Explanation", result)
