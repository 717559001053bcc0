"""`modelward archive`: old versions put away, and brought back."""

from datetime import timedelta
from pathlib import Path

import click

from modelward.cli import options
from modelward.cli.doors import Where, open_door
from modelward.cli.output import emit

FILE = click.Path(dir_okay=False, path_type=Path)


@click.command(short_help="Put old versions away, or bring them back.")
@click.option("--older-than", type=options.Duration(), metavar="TIME", help="Not made, promoted or asked since: 90d.")
@click.option("--keep", type=click.IntRange(min=1), metavar="N", help="The newest N stay, whatever their age.")
@click.option("--dry-run", is_flag=True, help="Only say what would be archived.")
@click.option("--export", type=FILE, metavar="FILE", help="Write their rows there (.gz: compressed), to be restored.")
@click.option("--delete-predictions", is_flag=True, help="With --export: remove the predictions from the database.")
@click.option("--restore", "restored", type=FILE, metavar="FILE", help="Bring back what --export wrote.")
@options.where
def archive(
    where: Where,
    output: str,
    older_than: timedelta | None,
    keep: int | None,
    dry_run: bool,
    export: Path | None,
    delete_predictions: bool,
    restored: Path | None,
) -> None:
    """Put old versions away: never the one in production, nor the one that a rollback would put back.

    An archived version is no rollback target until it is restored. Its rows stay, unless they are exported and
    removed.

    \b
    Examples:
      modelward archive --older-than 90d --keep 5 --dry-run
      modelward archive --older-than 90d --export old.jsonl.gz --delete-predictions
      modelward archive --restore old.jsonl.gz
    """
    from modelward.decide.retention import Retention
    from modelward.evaluation.archive import ArchiveOrder, archive_versions, restore_versions

    if restored and (older_than or keep or export or dry_run or delete_predictions):
        raise click.UsageError("--restore stands alone: it takes no other option of archive")
    with open_door(where) as door:
        if restored:
            report = restore_versions(door.ledger, restored, where.model, where.environment)
        else:
            order = ArchiveOrder(Retention(older_than, keep), export, delete_predictions, dry_run)
            report = archive_versions(door, order)
    emit(output, "Archive", report)
