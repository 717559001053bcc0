"""`modelward db`: the database, prepared and checked."""

from pathlib import Path

import click

from modelward.cli.exits import sentences
from modelward.cli.options import database_url


@click.group(short_help="Prepare and check the database.")
def db() -> None:
    """Prepare and check the database."""


@db.command()
@database_url
@click.option("--print-sql", is_flag=True, help="Only print what would be run on an empty database.")
def init(database_url: str | None, print_sql: bool) -> None:
    """Create the tables model_predictions and model_versions, or bring them up to date; harmless twice.

    \b
    Example:
      modelward db init --database-url postgresql://user:password@host/database
    """
    from modelward.database.migrate import migrate, print_migrations
    from modelward.domain.errors import ModelwardError

    if print_sql:
        click.echo(print_migrations())
        return
    url = _named(database_url)
    try:
        applied = migrate(url)
    except ModelwardError as error:
        raise click.ClickException(f"the database could not be prepared: {error}") from None
    click.echo(f"applied: {', '.join(applied)}" if applied else "nothing to do: the database is up to date")


@db.command()
@database_url
@click.option(
    "-f",
    "--file",
    "path",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Check for the tables that the ModelDeployments of this YAML file name; without it, for our own.",
)
@click.option("-o", "--output", type=click.Choice(["text", "json"]), default="text", help="For people or programs.")
def check(database_url: str | None, path: Path | None, output: str) -> None:
    """Say whether a database is fit to be judged from, and what mends it where it is not; changes nothing.

    \b
    Example:
      modelward db check -f house-prices.yaml
    """
    from modelward import checking

    url = _named(database_url)
    with sentences():
        checked = checking.check(url, checking.read_subjects(path))
    click.echo(checking.as_json(checked) if output == "json" else checking.as_text(checked))
    raise SystemExit(0 if checking.is_fine(checked) else 1)


def _named(database_url: str | None) -> str:
    if not database_url:
        raise click.UsageError("Missing option '--database-url' (env var: 'DATABASE_URL').")
    return database_url
