"""`modelward db`: the database, prepared."""

import click

from modelward.cli.options import database_url


@click.group(short_help="Prepare and check the database.")
def db() -> None:
    """Prepare and check the database."""


@db.command()
@database_url
def init(database_url: str | None) -> None:
    """Create the tables model_predictions and model_versions, or bring them up to date; harmless twice.

    \b
    Example:
      modelward db init --database-url postgresql://user:password@host/database
    """
    from modelward.database.migrate import migrate
    from modelward.domain.errors import ModelwardError

    if not database_url:
        raise click.UsageError("Missing option '--database-url' (or the variable DATABASE_URL).")
    try:
        applied = migrate(database_url)
    except ModelwardError as error:
        raise click.ClickException(f"the database could not be prepared: {error}") from None
    click.echo(f"applied: {', '.join(applied)}" if applied else "nothing to do: the database is up to date")
