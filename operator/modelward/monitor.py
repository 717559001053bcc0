"""`python -m modelward.monitor`: the guide's flags, for cron and CI; the same verbs as the command line's.

Logs to the standard error; ends with 0 (fine), 1 (error), 2 (wrong use), 3 (degraded), 4 (rolled back) or 5 (not
enough data).
"""

import dataclasses
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from modelward.cli import options
from modelward.cli.doors import Alerts, Where, open_door
from modelward.cli.exits import BY_STATUS, ERROR, OK, after_comparison
from modelward.cli.logs import log_to_file, log_to_screen
from modelward.cli.output import emit
from modelward.cli.pages import WIDTH, Verb
from modelward.evaluation.telling import log_check, log_outcomes, log_rollback

if TYPE_CHECKING:
    from collections.abc import Callable

    from modelward.evaluation.database import DatabaseDoor

HISTORY = 10


@dataclass(frozen=True, slots=True)
class Call:
    """The flags of one call."""

    output: str
    threshold: float | None
    check: bool
    rollback_previous: bool
    rollback: str | None
    status: bool
    history: int | None
    compare: tuple[str, str] | None
    no_auto_rollback: bool


@click.command(cls=Verb, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": WIDTH})
@click.option("--check", is_flag=True, help="Judge the version in production; roll back when it is degraded.")
@click.option("--rollback-previous", is_flag=True, help="Put the previous version in production.")
@click.option(
    "--rollback", metavar="VERSION", shell_complete=options.complete_version, help="Put this version in production."
)
@click.option("--status", is_flag=True, help="Tell how things stand.")
@click.option(
    "--history",
    type=click.IntRange(min=1),
    is_flag=False,
    flag_value=HISTORY,
    metavar="[N]",
    help=f"List the last N versions ({HISTORY}).",
)
@click.option(
    "--compare",
    nargs=2,
    metavar="CURRENT PREVIOUS",
    shell_complete=options.complete_version,
    help="Compare two versions.",
)
@options.threshold
@click.option("--no-auto-rollback", is_flag=True, help="With --check: only say that it is degraded.")
@options.alerts
@options.log_file
@options.where
@click.pass_context
def main(
    ctx: click.Context,
    /,
    where: Where,
    output: str,
    threshold: float,
    alerts: Alerts,
    log_file: str | None,
    **flags: Any,
) -> None:
    """Check the version in production, roll back, or tell how things stand: exactly one of the first six.

    \b
    Examples:
      python -m modelward.monitor --check --threshold 3.0
      python -m modelward.monitor --rollback-previous
      python -m modelward.monitor --rollback 20260105_143022
      python -m modelward.monitor --history 20
    """
    asked = [name for name in ACTIONS if flags[name]]
    if len(asked) != 1:
        names = ", ".join(f"--{name.replace('_', '-')}" for name in ACTIONS)
        raise click.UsageError(f"give exactly one of {names}")
    log_to_screen()
    log_to_file(log_file)
    given = ctx.get_parameter_source("threshold") is not ParameterSource.DEFAULT
    with open_door(where, alerts) as door:
        code = ACTIONS[asked[0]](door, Call(output, threshold if given else None, **flags))
    ctx.exit(code)


def _check(door: "DatabaseDoor", call: Call) -> int:
    rules = door.rules if call.threshold is None else door.rules.with_threshold(call.threshold)
    result = door.check(dataclasses.replace(rules, auto_rollback=rules.auto_rollback and not call.no_auto_rollback))
    log_check(result)
    log_outcomes(door.tell())
    return BY_STATUS[result["status"]]


def _roll_back(door: "DatabaseDoor", call: Call) -> int:
    plan = door.plan_rollback(call.rollback, force=False)
    log_rollback(door.roll_back(plan, "asked for on the command line"))
    log_outcomes(door.tell())
    return OK


def _status(door: "DatabaseDoor", call: Call) -> int:
    report = door.status()
    emit(call.output, "Status", report)
    return OK if report["production"] else ERROR


def _history(door: "DatabaseDoor", call: Call) -> int:
    emit(call.output, "History", door.history(call.history or HISTORY))
    return OK


def _compare(door: "DatabaseDoor", call: Call) -> int:
    assert call.compare is not None
    result = door.compare(*call.compare, call.threshold)
    emit(call.output, "Comparison", result)
    return after_comparison(result)


ACTIONS: dict[str, "Callable[[DatabaseDoor, Call], int]"] = {
    "check": _check,
    "rollback_previous": _roll_back,
    "rollback": _roll_back,
    "status": _status,
    "history": _history,
    "compare": _compare,
}

if __name__ == "__main__":
    main()
