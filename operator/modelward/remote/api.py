"""The edge to the cluster: the few things that a person's account must be allowed to do."""

from collections.abc import Iterator
from typing import Any, Protocol

Json = dict[str, Any]


class Api(Protocol):
    """ModelDeployments as a person sees them; ForbiddenError, NotFoundError and ClusterError are sentences for them."""

    @property
    def namespace(self) -> str:
        """The namespace that is meant where none is named."""
        ...

    @property
    def user(self) -> str:
        """Who asks, as the kubeconfig says it; nobody has checked it."""
        ...

    def find_all(self, namespace: str | None) -> list[Json]:
        """List those of a namespace, or of all (None)."""
        ...

    def get(self, namespace: str, name: str) -> Json:
        """Read one; NotFoundError where it is not there."""
        ...

    def get_deployment(self, namespace: str, name: str) -> Json:
        """Read a Deployment; NotFoundError where it is not there."""
        ...

    def get_secret(self, namespace: str, name: str) -> dict[str, str]:
        """Read what a Secret holds, as text; NotFoundError where it is not there."""
        ...

    def annotate(self, namespace: str, name: str, seen: str, notes: dict[str, str]) -> Json:
        """Write annotations if nobody wrote since resourceVersion `seen`; ConflictError otherwise."""
        ...

    def watch(self, namespace: str, name: str, seen: str, seconds: float) -> Iterator[Json]:
        """Yield one at each change since `seen`, for some seconds at most; NotFoundError where it is deleted."""
        ...
