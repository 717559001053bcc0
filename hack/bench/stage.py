"""The stage: cluster with an audit log, database, operator; all that is started here is stopped here."""

import secrets
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

import sandbox.cluster
import sandbox.database
import sandbox.operator
from bench import data, fleet
from bench.api import Api
from bench.audit import AuditLog
from bench.errors import BenchError
from bench.fleet import Model
from demo.signals import turn_deaf, undisturbed
from sandbox.cluster import Cluster
from sandbox.database import EmbeddedDatabase
from sandbox.operator import Operator

Say = Callable[[str], None]
SETTINGS = {"MODELWARD_BREAKER_PERCENT": "100"}


@dataclass
class Stage:
    """All that the measurements need; models to be rolled back name no previous version: what served counts."""

    say: Say
    resources: int
    rollbacks: int
    seconds: float
    database: EmbeddedDatabase
    reader_url: str
    cluster: Cluster
    operator: Operator
    api: Api
    audit: AuditLog
    models: list[Model] = field(default_factory=list)
    interval: str = "1h"

    def grow(self, count: int) -> None:
        """Create ModelDeployments until there are so many, and wait until the operator has nothing more to write."""
        new = fleet.models(range(len(self.models), count))
        requests = [fleet.create_resource(m, self.interval, previous=self._previous(m)) for m in new]
        self.api.burst(requests)
        self.models += new
        self.audit.await_quiet()

    def set_interval(self, interval: str) -> None:
        """Have all models checked at another interval, and wait until the operator has nothing more to write."""
        if interval != self.interval:
            self.say(f"setting checkInterval to {interval}")
            self.api.burst([fleet.set_interval(m, interval) for m in self.models])
            self.interval = interval
        self.audit.await_quiet()

    def check_ready(self) -> None:
        """Raise unless every resource has a verdict and is Ready."""
        items = self.api.get(f"{fleet.RESOURCES}/modeldeployments")["items"]
        ready = sum(map(fleet.is_ready, items))
        if ready != len(self.models):
            raise BenchError(f"{ready} of {len(self.models)} resources are ready")

    def _previous(self, model: Model) -> str | None:
        return None if model.number < 2 * self.rollbacks else fleet.OLD


@contextmanager
def build_database(say: Say) -> Iterator[EmbeddedDatabase]:
    """Start a database; it is always our own, since its log is read."""
    with TemporaryDirectory(prefix="modelward-bench-") as state, ExitStack() as stack:
        say("starting a database")
        with undisturbed():
            database = sandbox.database.start_embedded(Path(state) / "database")
            stack.callback(database.stop)
        try:
            yield database
        finally:
            turn_deaf()


@contextmanager
def build(database: EmbeddedDatabase, resources: int, rollbacks: int, seconds: float, say: Say) -> Iterator[Stage]:
    """Set up the rest, with all Deployments and rows there and no ModelDeployment yet; take it down at the end."""
    with TemporaryDirectory(prefix="modelward-bench-") as state, ExitStack() as stack:
        try:
            cluster = sandbox.cluster.start(Path(state), audit=True, say=say)
            stack.callback(cluster.stop)
            if cluster.audit_log is None:
                raise BenchError(f"no audit log there ({cluster.source}): unset KUBECONFIG")
            sandbox.operator.install(cluster, say)
            reader = data.prepare(database.url, secrets.token_hex(8))
            api, audit = Api.of(cluster.kubeconfig), AuditLog(cluster.audit_log)
            _populate(api, database.url, reader, resources, say)
            with undisturbed():
                operator = sandbox.operator.start(cluster, Path(state), SETTINGS, wait=False)
                stack.callback(operator.stop)
            yield Stage(say, resources, rollbacks, seconds, database, reader, cluster, operator, api, audit)
        finally:
            turn_deaf()
            say("stopping all that was started")


def _populate(api: Api, url: str, reader: str, resources: int, say: Say) -> None:
    say(f"inserting rows, creating {resources} Deployments")
    for version in (fleet.OLD, fleet.NEW):
        data.insert(url, range(resources), version)
    api.burst(fleet.namespaces())
    api.burst(fleet.secrets(reader))
    api.burst([fleet.create_deployment(m) for m in fleet.models(range(resources))])
