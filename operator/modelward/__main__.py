"""The command line; what a verb needs is imported by the verb, so that --help stays fast."""

import asyncio
import logging
import sys
from pathlib import Path

import click

from modelward import __version__
from modelward.domain.errors import ModelwardError

log = logging.getLogger("modelward")


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__)
def main() -> None:
    """Watch models after they shipped, and put the previous version back when one got worse."""


@main.command()
def operator() -> None:
    """Run the operator: in a cluster by its ServiceAccount, elsewhere by KUBECONFIG."""
    from modelward.settings import read_settings  # noqa: PLC0415  --help stays fast
    from modelward.telemetry import set_up_logging  # noqa: PLC0415

    # kopf imports the big Kubernetes client wherever it is installed, though nothing here uses it: 20 MB for nothing.
    # None is how Python marks a module as absent.
    sys.modules.setdefault("kubernetes", None)  # type: ignore[arg-type]
    from modelward.run import run  # noqa: PLC0415

    try:
        settings = read_settings()
        set_up_logging(settings.log_level, settings.log_format)
        asyncio.run(run(settings))
    except ModelwardError as error:
        log.critical("%s", error)
        raise SystemExit(1) from None


@main.group()
def db() -> None:
    """Prepare and check the database."""


@db.command()
@click.option("--database-url", envvar="DATABASE_URL", help="postgresql://user:password@host/db")
@click.option("--print-sql", is_flag=True, help="Only print what would be run on an empty database.")
def init(database_url: str | None, *, print_sql: bool) -> None:
    """Create the tables model_predictions and model_versions, or bring them up to date; harmless twice."""
    from modelward.database.migrate import migrate, print_migrations  # noqa: PLC0415  --help stays fast

    if print_sql:
        click.echo(print_migrations())
        return
    if not database_url:
        raise click.UsageError("Missing option '--database-url' (env var: 'DATABASE_URL').")
    try:
        applied = migrate(database_url)
    except ModelwardError as error:
        raise click.ClickException(f"the database could not be prepared: {error}") from None
    click.echo(f"applied: {', '.join(applied)}" if applied else "nothing to do: the database is up to date")


@db.command()
@click.option("--database-url", envvar="DATABASE_URL", required=True, help="postgresql://user:password@host/db")
@click.option(
    "-f",
    "--file",
    "path",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Check for the tables that the ModelDeployments of this YAML file name; without it, for our own.",
)
@click.option("-o", "--output", type=click.Choice(["text", "json"]), default="text", help="For people or programs.")
def check(database_url: str, path: Path | None, output: str) -> None:
    """Say whether a database is fit to be judged from, and what mends it where it is not; changes nothing."""
    from modelward import checking  # noqa: PLC0415  --help stays fast

    try:
        checked = checking.check(database_url, checking.read_subjects(path))
    except ModelwardError as error:
        raise click.ClickException(str(error)) from None
    click.echo(checking.as_json(checked) if output == "json" else checking.as_text(checked))
    raise SystemExit(0 if checking.is_fine(checked) else 1)


if __name__ == "__main__":
    main()
