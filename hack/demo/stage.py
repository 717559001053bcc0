"""The stage: cluster, database, operator and models; everything that is started here is stopped here."""

import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import sandbox.cluster
import sandbox.database
import sandbox.operator
from sandbox.cluster import Cluster
from sandbox.database import Database
from sandbox.kubectl import Kubectl
from sandbox.operator import Operator

from demo import flights, models
from demo.errors import DemoError
from demo.flights import Flights
from demo.models import Version
from demo.signals import turn_deaf
from demo.timing import CLOSES, OPENS

Say = Callable[[str], None]


@dataclass(frozen=True)
class Cast:
    """The year's flights, those of the story, and the versions that answer for the latter."""

    year: Flights
    season: Flights
    versions: tuple[Version, ...]


@dataclass(frozen=True)
class Stage:
    """All that the story plays on."""

    cluster: Cluster
    kubectl: Kubectl
    database: Database
    operator: Operator
    cast: Cast


def train() -> Cast:
    """Read the flights and train the versions: a few seconds."""
    year = flights.read()
    season = year.between(OPENS, CLOSES)
    return Cast(year, season, models.train(year, season))


@contextmanager
def build(state: Path, say: Say) -> Iterator[Stage]:
    """Set everything up, the models meanwhile; take it down at the end, whatever happens."""
    with ExitStack() as stack:
        try:
            yield _build(stack, state, say)
        finally:
            turn_deaf()


def _build(stack: ExitStack, state: Path, say: Say) -> Stage:
    trainer = stack.enter_context(ThreadPoolExecutor(1, "trainer"))
    cast = trainer.submit(train)
    cluster = sandbox.cluster.start(state, say=say)
    stack.callback(cluster.stop)
    database = sandbox.database.start(state, say)
    stack.callback(database.stop)
    migrate(database.url)
    sandbox.operator.install(cluster, say)
    operator = sandbox.operator.start(cluster, state)
    stack.callback(operator.stop)
    say("waiting for the models to be trained")
    return Stage(cluster, Kubectl(cluster), database, operator, cast.result())


def migrate(url: str) -> None:
    """Make the tables, as a person would."""
    command = [sys.executable, "-m", "modelward", "db", "init", "--database-url", url]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise DemoError(f"modelward db init failed: {done.stderr.strip() or done.stdout.strip()}")
