"""The fleet: numbered models, each with a Deployment and a ModelDeployment, spread over a few namespaces."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from bench.api import Request

NAMESPACES = 5
OLD, NEW, WORSE = "v1", "v2", "v3"
RESOURCES = "/apis/modelward.dev/v1alpha1"


@dataclass(frozen=True)
class Model:
    """One model of the fleet."""

    number: int

    @property
    def name(self) -> str:
        """Its name everywhere: Deployment, ModelDeployment, database."""
        return f"model-{self.number:05d}"

    @property
    def namespace(self) -> str:
        """Where it stands."""
        return f"bench-{self.number % NAMESPACES}"

    @property
    def path(self) -> str:
        """The path of its ModelDeployment."""
        return f"{RESOURCES}/namespaces/{self.namespace}/modeldeployments/{self.name}"

    @property
    def deployment_path(self) -> str:
        """The path of its Deployment."""
        return f"/apis/apps/v1/namespaces/{self.namespace}/deployments/{self.name}"


def models(numbers: Iterable[int]) -> list[Model]:
    """Make models from their numbers."""
    return [Model(number) for number in numbers]


def namespaces() -> list[Request]:
    """Create the namespaces."""
    return [Request("/api/v1/namespaces", {"metadata": {"name": f"bench-{n}"}}) for n in range(NAMESPACES)]


def secrets(database_url: str) -> list[Request]:
    """Create a Secret in each namespace; all point at the same database."""
    body = {"metadata": {"name": "modelward-db"}, "stringData": {"uri": database_url}}
    return [Request(f"/api/v1/namespaces/bench-{n}/secrets", body) for n in range(NAMESPACES)]


def create_deployment(model: Model, replicas: int) -> Request:
    """Serve the new version; the operator looks at Deployments only, so most of the fleet needs no pods."""
    labels = {"app": model.name}
    pod = {"containers": [{"name": "model", "image": image(model, NEW)}], "terminationGracePeriodSeconds": 0}
    spec = {
        "replicas": replicas,
        "selector": {"matchLabels": labels},
        "template": {"metadata": {"labels": labels}, "spec": pod},
    }
    return Request(model.deployment_path.rpartition("/")[0], {"metadata": {"name": model.name}, "spec": spec})


def create_resource(model: Model, interval: str, *, previous: str | None = OLD) -> Request:
    """Watch it; without a previous version named, only what served here counts."""
    spec: dict[str, Any] = {
        "database": {"secretRef": {"name": "modelward-db"}},
        "degradationThresholdPercent": 5,
        "autoRollback": True,
        "checkInterval": interval,
        "evaluation": {"actOn": "Verdict"},
        "rollback": {"cooldown": "1s", "maxPerDay": 100},
    }
    if previous:
        spec["previousVersion"] = previous
    body = {
        "apiVersion": "modelward.dev/v1alpha1",
        "kind": "ModelDeployment",
        "metadata": {"name": model.name},
        "spec": spec,
    }
    return Request(model.path.rpartition("/")[0], body)


def set_interval(model: Model, interval: str) -> Request:
    """Have it checked more or less often."""
    return Request(model.path, [{"op": "replace", "path": "/spec/checkInterval", "value": interval}])


def deploy(model: Model, version: str) -> Request:
    """Put another version into its Deployment, as a release would."""
    place = "/spec/template/spec/containers/0/image"
    return Request(model.deployment_path, [{"op": "replace", "path": place, "value": image(model, version)}])


def image(model: Model, version: str) -> str:
    """Return the image of a version."""
    return f"registry.example.com/{model.name}:{version}"


def is_ready(resource: dict[str, Any]) -> bool:
    """Whether a ModelDeployment has a verdict and its condition Ready is True."""
    status = resource.get("status") or {}
    conditions = {c["type"]: c["status"] for c in status.get("conditions") or ()}
    return bool(status.get("verdict")) and conditions.get("Ready") == "True"


def is_rolled_out(deployment: dict[str, Any]) -> bool:
    """Whether the controller has seen a Deployment, and all its replicas are there."""
    wanted, status = deployment["spec"]["replicas"], deployment.get("status", {})
    return "observedGeneration" in status and status.get("availableReplicas", 0) == wanted


def phase(resource: dict[str, Any]) -> str:
    """Return how far its last rollback is."""
    return str(((resource.get("status") or {}).get("lastRollback") or {}).get("phase", ""))
