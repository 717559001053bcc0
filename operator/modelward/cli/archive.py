"""`modelward archive`: old versions put away, and brought back."""

from datetime import timedelta
from pathlib import Path

import click

from modelward.cli import either, options
from modelward.cli.doors import open_door
from modelward.cli.either import Doors
from modelward.cli.exits import sentences
from modelward.cli.output import emit
from modelward.cli.pages import Verb


@click.command(cls=Verb, short_help="Put old versions away, or bring them back.")
@click.argument("words", nargs=-1, metavar="[NAME]", shell_complete=either.complete_name)
@click.option("--older-than", type=options.Duration(), metavar="TIME", help="Not made, promoted or asked since: 90d.")
@click.option("--keep", type=click.IntRange(min=1), metavar="N", help="The newest N stay, whatever their age.")
@click.option("--dry-run", is_flag=True, help="Only say what would be archived.")
@click.option("--export", type=options.FILE, metavar="FILE", help="Write their rows there (.gz: compressed).")
@click.option("--delete-predictions", is_flag=True, help="With --export: remove the predictions from the database.")
@click.option("--restore", "restored", type=options.FILE, metavar="FILE", help="Bring back what --export wrote.")
@click.option("--force", is_flag=True, help="Without asking the ModelDeployment that looks after the model.")
@either.both_doors
@click.pass_context
def archive(
    ctx: click.Context,
    doors: Doors,
    output: str,
    words: tuple[str, ...],
    older_than: timedelta | None,
    keep: int | None,
    dry_run: bool,
    export: Path | None,
    delete_predictions: bool,
    restored: Path | None,
    force: bool,
) -> None:
    """Put old versions away: never the one in production, nor the one that a rollback would put back.

    An archived version is no rollback target until it is restored. Its rows stay, unless they are exported and
    removed. In a cluster, the ModelDeployment NAME says which versions it needs; the rows are reached by
    --database-url, or by the Secret that it names, if you may read it.

    \b
    Examples:
      modelward archive --older-than 90d --keep 5 --dry-run
      modelward archive --older-than 90d --export old.jsonl.gz --delete-predictions
      modelward archive --restore old.jsonl.gz
      modelward archive house-prices -n ml --older-than 90d
    """
    from modelward.decide.retention import Retention
    from modelward.evaluation.archive import ArchiveOrder, archive_versions, restore_versions

    if restored and (older_than or keep or export or dry_run or delete_predictions):
        raise click.UsageError("--restore stands alone: it takes no other option of archive")
    with sentences():
        order = (
            None if restored else ArchiveOrder(Retention(older_than, keep), export, delete_predictions, force, dry_run)
        )
    if doors.cluster:
        from modelward.cli import clustered

        ctx.exit(clustered.archive(doors.cluster, doors.where, words, output, order, restored))
    either.database_words(words, 0)
    with open_door(doors.where) as door:
        if restored:
            report = restore_versions(door.ledger, restored, doors.where.model, doors.where.environment)
        elif order:
            report = archive_versions(door, order)
    emit(output, "Archive", report)
