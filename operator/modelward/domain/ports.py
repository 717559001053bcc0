"""One Protocol for each outside system; adapters and the tests' doubles fill them."""

from collections.abc import AsyncIterator, Callable, Sequence
from datetime import datetime
from typing import Any, Protocol

from modelward.domain.claims import Claim, Sweep
from modelward.domain.errors import AlertError, SourceError
from modelward.domain.ledger import Book, ModelKey, Move, RollbackRecord
from modelward.domain.letters import Past, Row
from modelward.domain.messages import Errand
from modelward.domain.quality import Quality, Sums, VersionCount
from modelward.domain.questions import Connection, Question, Span
from modelward.domain.source import OWN, Source

Json = dict[str, Any]


class Clock(Protocol):
    """Tells the time."""

    def now(self) -> datetime:
        """Return the present moment, with a zone."""
        ...


class QualityReader(Protocol):
    """Reads predictions and actuals."""

    async def read(
        self, connection: Connection, questions: Sequence[Question], source: Source = OWN
    ) -> list[Quality | SourceError]:
        """Answer all questions with one statement, in their order; a failing one carries its SourceError."""
        ...

    async def spans(
        self, connection: Connection, question: Question, spans: Sequence[Span], source: Source = OWN
    ) -> list[dict[str, dict[int, Sums]]]:
        """Sum stretches of time, by version and bucket, with one statement; raises SourceError."""
        ...

    async def versions(
        self, connection: Connection, model_name: str, environment: str, source: Source = OWN
    ) -> list[VersionCount]:
        """List the versions that the database knows of a model, newest last; raises SourceError."""
        ...

    async def release(self, connection: Connection) -> None:
        """Hang up on a database that is not asked any more."""
        ...

    async def archived(
        self, connection: Connection, model_name: str, environment: str, source: Source = OWN
    ) -> tuple[str, ...]:
        """List the versions that the registry calls archived; raises SourceError."""
        ...


class LabelFeed(Protocol):
    """Hears of labels as they arrive."""

    def listen(self, connection: Connection) -> AsyncIterator[tuple[str, str, float]]:
        """Yield model name, environment and the newest labelled prediction's time (Unix seconds); SourceError."""
        ...


class Ledger(Protocol):
    """Reads and changes the registry of versions; each verb raises SourceError where the database does not answer."""

    def pulse(self) -> dict[str, Any]:
        """Return version, database, role and read_only of the server that answers."""
        ...

    def models(self) -> list[ModelKey]:
        """List the models of the registry."""
        ...

    def predicted_models(self) -> list[ModelKey]:
        """List the models that have predictions."""
        ...

    def book(self, key: ModelKey) -> Book:
        """Read all that is recorded of a model, at one moment."""
        ...

    def move(self, move: Move, check: Callable[[Book], None]) -> RollbackRecord:
        """Change the version in production and write it down, both or neither; `check` may refuse under the lock."""
        ...

    def close(self) -> None:
        """Hang up."""
        ...


class Courier(Protocol):
    """Carries messages to people."""

    async def deliver(self, errands: Sequence[Errand]) -> list[AlertError | None]:
        """Send all; None for each that was taken, else why not."""
        ...


class AuditBook(Protocol):
    """Keeps what happened, in the resource's own database."""

    async def write(self, connection: Connection, rows: Sequence[Row], cluster_uid: str) -> list[SourceError | None]:
        """Write rows, each once however often it is written; a book that cannot be had says AuditUnavailable."""
        ...

    async def past(self, connection: Connection) -> list[Past]:
        """List what put versions into quarantine or took them out, oldest first; raises SourceError."""
        ...


class ClaimBook(Protocol):
    """Keeps which models a cluster looks after, in their own database."""

    async def write(
        self,
        connection: Connection,
        cluster_uid: str,
        claims: Sequence[Claim],
        released: Sequence[Claim],
        sweep: Sweep | None,
    ) -> None:
        """Write and remove rows, all or none; SourceError, with AuditUnavailable where there is no such book."""
        ...


class Cluster(Protocol):
    """The few verbs the operator may use; each raises a ClusterError."""

    async def get_resource(self, namespace: str, name: str) -> Json:
        """Read a ModelDeployment."""
        ...

    async def patch_status(self, namespace: str, name: str, resource_version: str, status: Json) -> Json:
        """Replace `status` if the object still has that resourceVersion (else ConflictError)."""
        ...

    async def get_deployment(self, namespace: str, name: str) -> Json:
        """Read a Deployment."""
        ...

    def list_deployments(self, namespaces: tuple[str, ...]) -> AsyncIterator[Json]:
        """Read all Deployments of some namespaces (none named: of all), page by page."""
        ...

    async def list_replica_sets(self, namespace: str, selector: str) -> list[Json]:
        """List ReplicaSets by label selector."""
        ...

    async def patch_deployment(self, namespace: str, name: str, operations: list[Json]) -> Json:
        """Apply a JSON Patch to a Deployment; a failed test raises UnprocessableError and changes nothing."""
        ...

    async def get_secret(self, namespace: str, name: str) -> dict[str, str]:
        """Read a Secret's values as text."""
        ...

    async def get_cluster_uid(self) -> str:
        """Return the uid of the namespace kube-system, empty where it may not be read."""
        ...

    async def create_event(self, namespace: str, event: Json) -> None:
        """Write an Event; one of that name being there already is success."""
        ...
