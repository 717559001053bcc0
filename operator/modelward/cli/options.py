"""Options that several verbs share, what may be given for them, and what the shell offers as their completion."""

import dataclasses
import functools
import math
import re
from collections.abc import Callable, Sequence
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, cast

import click
from click.core import ParameterSource
from click.shell_completion import CompletionItem

from modelward.cli.doors import Alerts, Where
from modelward.cli.exits import sentences
from modelward.domain.durations import parse_duration
from modelward.domain.metrics import MetricName
from modelward.evaluation.rules import Rules

if TYPE_CHECKING:
    from modelward.evaluation.database import DatabaseDoor

F = TypeVar("F", bound=Callable[..., Any])
Amend = Callable[[Rules], Rules]
DAYS = re.compile(r"([0-9]+)d")


class Percent(click.ParamType[float]):
    """A limit: a number above 0, up to 100."""

    name = "percent"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """Read it, or say what is allowed."""
        try:
            number = float(value)
        except ValueError:
            self.fail(f"{value!r} is not a number of percent.", param, ctx)
        if not math.isfinite(number) or not 0 < number <= 100:
            self.fail(f"{value} is not above 0 and up to 100.", param, ctx)
        return number


class Duration(click.ParamType[timedelta]):
    """A length of time: 90d, 24h, 1h30m, 10s."""

    name = "duration"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> timedelta:
        """Read it, or say what is allowed."""
        if isinstance(value, timedelta):
            return value
        try:
            return parse_duration(DAYS.sub(lambda days: f"{int(days[1]) * 24}h", value))
        except (OverflowError, ValueError):
            self.fail(f"{value!r} is not a duration such as 90d, 24h or 10m.", param, ctx)


def complete_version(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Offer the versions there are."""
    del param
    return _offer(ctx, incomplete, lambda door: door.version_names())


def complete_model(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Offer the models there are."""
    del param
    return _offer(ctx, incomplete, lambda door: sorted({key.model for key in door.ledger.models()}))


def _offer(ctx: click.Context, begun: str, find: "Callable[[DatabaseDoor], list[str]]") -> list[CompletionItem]:
    """Ask the database; one that does not answer offers nothing, since nobody completes to read an error."""
    from modelward.domain.errors import ModelwardError
    from modelward.evaluation.database import DatabaseDoor

    given = ctx.params
    try:
        door = DatabaseDoor(given.get("database_url"), given.get("model"), given.get("environment"))
    except ModelwardError:
        return []
    try:
        names = find(door)
    except ModelwardError:
        return []
    finally:
        door.close()
    return [CompletionItem(name) for name in names if name.startswith(begun)]


database_url = click.option(
    "--database-url", envvar="DATABASE_URL", metavar="URL", help="postgresql://user:password@host/db  [DATABASE_URL]"
)
model = click.option(
    "--model",
    envvar="MODELWARD_MODEL",
    metavar="NAME",
    shell_complete=complete_model,
    help="Which model, where the database holds several.  [MODELWARD_MODEL]",
)
environment = click.option(
    "--environment", envvar="MODELWARD_ENVIRONMENT", metavar="NAME",
    help="Which environment, where a model has several.  [MODELWARD_ENVIRONMENT]",
)  # fmt: skip
output = click.option(
    "-o", "--output", type=click.Choice(["table", "json", "yaml"]), default="table", show_default=True,
    help="For people, or for programs.",
)  # fmt: skip
threshold = click.option(
    "--threshold", type=Percent(), default=5.0, show_default=True,
    help="Percent by which R2 may fall or RMSE rise: 3 is strict, 10 lenient.",
)  # fmt: skip
JUDGING = (
    threshold,
    click.option(
        "--window", type=Duration(), default="24h", show_default=True, help="How far each version's rows reach back."
    ),
    click.option(
        "--min-samples", type=click.IntRange(min=2), default=100, show_default=True,
        help="Labelled rows needed of each version.",
    ),
    click.option(
        "--label-delay", type=Duration(), default="0s", show_default=True,
        help="How long labels may take; later ones do not count, in either version.",
    ),
    click.option(
        "--cooldown", type=Duration(), default="1h", show_default=True,
        help="No automatic rollback so soon after the last one.",
    ),
    click.option(
        "--max-per-day", type=click.IntRange(min=0), default=3, show_default=True,
        help="Automatic rollbacks within 24 hours.",
    ),
)  # fmt: skip
log_file = click.option(
    "--log-file", type=click.Path(dir_okay=False), metavar="FILE",
    help="Log there, too; kept below 10 MB, the last five files stay.",
)  # fmt: skip


FILE = click.Path(dir_okay=False, path_type=Path)
SUBJECT = (
    click.option(
        "-f", "--file", type=FILE, metavar="FILE",
        help="Tables, metrics and limits as the ModelDeployment of this YAML file has them.",
    ),
    click.option("--source", type=FILE, metavar="FILE", help="Your own tables: a YAML file as under database.source."),
    click.option(
        "--metric", "metrics", multiple=True, type=click.Choice([name.value for name in MetricName]), metavar="NAME",
        help="Compare this in the place of R2 and RMSE (more than once: each): accuracy, f1, mae, ...",
    ),
    click.option("--positive-class", metavar="CLASS", help="What precision, recall, F1 and scores are about.  [1]"),
)  # fmt: skip
ALERTS = (
    click.option(
        "--alert-file", type=FILE, metavar="FILE",
        help="Tell these addresses, one a line.  [MODELWARD_ALERT_FILE]",
    ),
    click.option(
        "--alert-url", "alert_urls", multiple=True, metavar="URL",
        help="Tell this address; the list of processes shows it, so rather  [MODELWARD_ALERT_URLS]",
    ),
)  # fmt: skip


def where(verb: F) -> F:
    """Add the options that say which database and which model, handed over as one `where`; and how to answer."""

    @functools.wraps(verb)
    def bundled(*args: Any, **given: Any) -> Any:
        return verb(*args, where=take_where(given), **given)

    return cast("F", database_url(model(environment(subject(output(bundled))))))


def subject(verb: F) -> F:
    """Add the options that say whose tables are read and what is compared."""
    return _with(SUBJECT, verb)


def take_where(given: dict[str, Any]) -> Where:
    """Take what says where out of what was given."""
    names = ("database_url", "model", "environment", "file", "source", "metrics", "positive_class")
    return Where(**{name: given.pop(name) for name in names})


def where_alone(given: dict[str, Any]) -> Where:
    """Take what says which database and which model, and nothing of metrics."""
    names = ("database_url", "model", "environment", "file", "source")
    return Where(**{name: given.pop(name) for name in names})


def alerts(verb: F) -> F:
    """Add the options that say whom to tell, handed over as one `alerts`."""

    @functools.wraps(verb)
    def bundled(*args: Any, alert_urls: tuple[str, ...], alert_file: Path | None, **others: Any) -> Any:
        return verb(*args, alerts=Alerts(alert_urls, alert_file), **others)

    return cast("F", _with(ALERTS, bundled))


def amendment(given: dict[str, Any]) -> "Amend":
    """Return what changes rules into those that were asked for: only what somebody said counts, no default does."""
    ctx = click.get_current_context()
    said = {n: v for n, v in given.items() if ctx.get_parameter_source(n) not in {None, ParameterSource.DEFAULT}}

    def amend(rules: Rules) -> Rules:
        plain = {name: value for name, value in said.items() if name != "threshold"}
        amended = dataclasses.replace(rules, **plain)
        return amended.with_threshold(said["threshold"]) if "threshold" in said else amended

    return amend


def rules(verb: F) -> F:
    """Add the options that say how to judge, handed over as one `amend`, from rules to rules."""

    @functools.wraps(verb)
    def bundled(*args: Any, **given: Any) -> Any:
        names = ("threshold", "window", "min_samples", "label_delay", "cooldown", "max_per_day")
        amend = amendment({name: given.pop(name) for name in names})
        with sentences():
            amend(Rules())  # what cannot be meant is refused before anything is asked
        return verb(*args, amend=amend, **given)

    return cast("F", _with(JUDGING, bundled))


def _with(options: Sequence[Callable[[Any], Any]], verb: F) -> F:
    wrapped: Callable[..., Any] = verb
    for option in reversed(options):
        wrapped = option(wrapped)
    return cast("F", wrapped)
