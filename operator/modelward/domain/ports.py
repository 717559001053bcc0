"""One Protocol for each outside system; adapters and the tests' doubles fill them."""

from collections.abc import AsyncIterator, Sequence
from datetime import datetime
from typing import Any, Protocol

from modelward.domain.errors import SourceError
from modelward.domain.quality import Quality, VersionCount
from modelward.domain.questions import Connection, Question
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

    async def create_event(self, namespace: str, event: Json) -> None:
        """Write an Event; one of that name being there already is success."""
        ...
