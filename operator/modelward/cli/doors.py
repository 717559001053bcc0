"""From options to a door, and from a verb's errors to its end."""

import dataclasses
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from modelward.cli.exits import sentences
from modelward.domain.source import OWN

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from modelward.evaluation.alerting import Receiver
    from modelward.evaluation.database import DatabaseDoor
    from modelward.evaluation.results import AlertOutcome

ON_THE_LINE = (
    "Warning: who lists the processes of this machine sees --alert-url, with its password; MODELWARD_ALERT_URLS and "
    "--alert-file keep it to yourself"
)


@dataclass(frozen=True, slots=True)
class Where:
    """Which database and which model are meant, as the options say."""

    database_url: str | None
    model: str | None
    environment: str | None
    file: Path | None = None
    """A ModelDeployment that says whose tables, and by which rules."""
    source: Path | None = None
    metrics: tuple[str, ...] = ()
    positive_class: str | None = None


@dataclass(frozen=True, slots=True)
class Alerts:
    """Whom to tell, as the options say; the environment says it where they do not."""

    urls: tuple[str, ...] = ()
    file: Path | None = None


@contextmanager
def open_door(where: Where, alerts: Alerts | None = None) -> "Iterator[DatabaseDoor]":
    """Open the door to a database; what goes wrong inside becomes a sentence and an exit code."""
    with sentences():
        from modelward.evaluation.database import DatabaseDoor
        from modelward.evaluation.rules import Rules
        from modelward.manifest import read_manifest, read_source

        manifest = read_manifest(where.file, where.model) if where.file else None
        rules, source = (Rules.of(manifest.spec), manifest.spec.source) if manifest else (Rules(), OWN)
        rules = dataclasses.replace(rules, positive_class=where.positive_class or rules.positive_class)
        door = DatabaseDoor(
            where.database_url,
            manifest.spec.model_name if manifest else where.model,
            manifest.spec.environment if manifest and where.environment is None else where.environment,
            source=read_source(where.source) if where.source else source,
            rules=rules.with_metrics(where.metrics) if where.metrics else rules,
            receivers=_receivers(alerts),
        )
        try:
            yield door
        finally:
            door.close()


def report_alerts(outcomes: "Sequence[AlertOutcome]") -> None:
    """Log what became of messages, and say on the standard error which did not arrive; the exit code stays."""
    from modelward.evaluation.telling import log_outcomes, subject_of

    log_outcomes(outcomes)
    for outcome in outcomes:
        if not outcome["delivered"]:
            click.echo(f"Warning: alert {subject_of(outcome)} to {outcome['to']}: {outcome['error']}", err=True)


def _receivers(alerts: Alerts | None) -> "tuple[Receiver, ...]":
    if alerts is None:
        return ()
    from modelward.evaluation.alerting import find_receivers

    if alerts.urls:
        click.echo(ON_THE_LINE, err=True)
    given = alerts.urls or alerts.file
    return find_receivers(alerts.urls if given else None, alerts.file)
