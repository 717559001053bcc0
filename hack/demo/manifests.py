"""What a person would apply: a Deployment that serves the model, and the ModelDeployment that watches it."""

from typing import Any

from demo.stream import MODEL
from demo.timing import WINDOW_S

NAMESPACE = "flights"
CONTAINER = "model"
SECRET = f"{MODEL}-db"
REPOSITORY = f"registry.example.com/{MODEL}"
THRESHOLD_PERCENT = 5

Manifest = dict[str, Any]


def image(version: str) -> str:
    """Return the image that holds a version."""
    return f"{REPOSITORY}:{version}"


def secret(database_url: str) -> Manifest:
    """Return the Secret that points at the database."""
    return {**_head("v1", "Secret", SECRET), "stringData": {"uri": database_url}}


def deployment(version: str) -> Manifest:
    """Return the Deployment that serves a version."""
    labels = {"app": MODEL}
    pod = {"containers": [{"name": CONTAINER, "image": image(version)}]}
    template = {"metadata": {"labels": labels}, "spec": pod}
    return {
        **_head("apps/v1", "Deployment", MODEL),
        "spec": {"replicas": 2, "selector": {"matchLabels": labels}, "template": template},
    }


def model_deployment() -> Manifest:
    """Return the resource: the defaults, but for the times, which are compressed as the flights are."""
    return {
        **_head("modelward.dev/v1alpha1", "ModelDeployment", MODEL),
        "spec": {
            "database": {"secretRef": {"name": SECRET}},
            "degradationThresholdPercent": THRESHOLD_PERCENT,
            "autoRollback": True,
            "checkInterval": "10s",
            "evaluation": {"window": f"{WINDOW_S}s", "actOn": "Guarded", "consecutiveBreaches": 2},
        },
    }


def _head(api_version: str, kind: str, name: str) -> Manifest:
    return {"apiVersion": api_version, "kind": kind, "metadata": {"name": name, "namespace": NAMESPACE}}
