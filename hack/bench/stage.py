"""The stage: cluster with an audit log, database, operator; all that is started here is stopped here."""

import secrets
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

import sandbox.cluster
import sandbox.database
import sandbox.operator
from bench import data, fleet
from bench.api import Api, Request
from bench.audit import AuditLog
from bench.errors import BenchError
from bench.fleet import Model
from demo.signals import turn_deaf, undisturbed
from sandbox.cluster import Cluster
from sandbox.database import EmbeddedDatabase
from sandbox.operator import Operator
from sandbox.waiting import wait_until

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
        self._write([fleet.create_resource(m, self.interval, previous=self._previous(m)) for m in new], new)
        self.models += new

    def set_interval(self, interval: str) -> None:
        """Have all models checked at another interval, and wait until the operator has nothing more to write."""
        if interval != self.interval:
            self.say(f"setting checkInterval to {interval}")
            self._write([fleet.set_interval(m, interval) for m in self.models], self.models)
            self.interval = interval

    def _write(self, requests: list[Request], models: list[Model]) -> None:
        mark = self.audit.mark()
        self.api.burst(requests)
        self.audit.await_status(mark, {m.name for m in models})
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
            _populate(api, (database.url, reader), resources, rollbacks, say)
            with undisturbed():
                operator = sandbox.operator.start(cluster, Path(state), SETTINGS, wait=False)
                stack.callback(operator.stop)
            wait_until(operator.is_ready, for_="the operator to be ready", timeout=60)
            stack.push(lambda kind, *_: _show_log(kind, operator, say))
            yield Stage(say, resources, rollbacks, seconds, database, reader, cluster, operator, api, audit)
        finally:
            turn_deaf()
            say("stopping all that was started")


def _show_log(kind: type[BaseException] | None, operator: Operator, say: Say) -> None:
    if kind is not None and issubclass(kind, Exception):
        say("the operator's last lines:\n" + operator.runner.log_tail(operator.name))


def _populate(api: Api, urls: tuple[str, str], resources: int, rollbacks: int, say: Say) -> None:
    say(f"inserting rows, creating {resources} Deployments")
    for version in (fleet.OLD, fleet.NEW):
        data.insert(urls[0], range(resources), version)
    api.burst(fleet.namespaces())
    api.burst(fleet.secrets(urls[1]))
    models = fleet.models(range(resources))
    api.burst([fleet.create_deployment(m, replicas=int(m.number < 2 * rollbacks)) for m in models])
    wait_until(lambda: _are_rolled_out(api), for_="the Deployments to be rolled out", timeout=180)


def _are_rolled_out(api: Api) -> bool:
    threading.Event().wait(1.0)  # such a list is some work for the server
    return all(fleet.is_rolled_out(item) for item in api.get("/apis/apps/v1/deployments")["items"])
