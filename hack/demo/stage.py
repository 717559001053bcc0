"""The stage: cluster, database, operator and models; everything that is started here is stopped here."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Event

import sandbox.cluster
import sandbox.database
import sandbox.operator
from demo import flights, models
from demo.errors import DemoError
from demo.flights import Flights
from demo.manifests import NAMESPACE
from demo.models import Version
from demo.signals import turn_deaf, undisturbed
from demo.timing import CLOSES, OPENS
from sandbox.cluster import Cluster
from sandbox.database import Database
from sandbox.kubectl import Kubectl
from sandbox.operator import Operator
from sandbox.waiting import wait_until

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


def train(stopped: Event) -> Cast:
    """Read the flights and train the versions: a few seconds; it ends early where nobody waits for it any more."""
    year = flights.read()
    season = year.between(OPENS, CLOSES)
    versions: list[Version] = []
    for recipe in models.RECIPES:
        if stopped.is_set():
            raise DemoError("the training was stopped")
        versions += models.train(year, season, [recipe])
    return Cast(year, season, tuple(versions))


@contextmanager
def build(state: Path, say: Say) -> Iterator[Stage]:
    """Set everything up, the models meanwhile; take it down at the end, whatever happens."""
    with ExitStack() as stack:
        try:
            yield _build(stack, state, say)
        finally:
            turn_deaf()
            say("stopping all that was started")


def _build(stack: ExitStack, state: Path, say: Say) -> Stage:
    stopped, trainer = Event(), stack.enter_context(ThreadPoolExecutor(1, "trainer"))
    stack.callback(stopped.set)
    cast = trainer.submit(train, stopped)
    cluster = sandbox.cluster.start(state, say=say)
    stack.callback(cluster.stop)
    with undisturbed():
        database = sandbox.database.start(state, say)
        stack.callback(database.stop)
    migrate(database.url)
    kubectl = Kubectl(cluster)
    kubectl.run("create", "namespace", NAMESPACE)  # and no other's: it is deleted at the end
    if cluster.is_given:
        stack.callback(_leave, cluster)
    sandbox.operator.install(cluster, say)
    say("starting the operator with the ServiceAccount of the chart")
    with undisturbed():
        operator = sandbox.operator.start(cluster, state, wait=False)
        stack.callback(operator.stop)
    wait_until(operator.is_ready, for_="the operator to be ready", timeout=60)
    say("waiting for the models to be trained")
    return Stage(cluster, kubectl, database, operator, cast.result())


def migrate(url: str) -> None:
    """Make the tables, as a person would; the address holds a password, so it is not an argument."""
    command, environment = [sys.executable, "-m", "modelward", "db", "init"], {**os.environ, "DATABASE_URL": url}
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    if done.returncode:
        raise DemoError(f"modelward db init failed: {done.stderr.strip() or done.stdout.strip()}")


def _leave(cluster: Cluster) -> None:
    """Take from somebody else's cluster what the demo brought there."""
    Kubectl(cluster).run("delete", "namespace", NAMESPACE, "--timeout=60s")
    sandbox.operator.uninstall(cluster)
