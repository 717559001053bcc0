"""What stands on the playground: a namespace, a serving Deployment of its second version, and who watches it."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psycopg

from sandbox.kubectl import Kubectl
from sandbox.waiting import wait_until

NAMESPACE = "modelward-demo"
MODEL = "house-prices"
OLDER, CURRENT, WORSE = "20260103_120000", "20260104_120000", "20260105_143022"
REPOSITORY = "registry.example.com/house-prices"

INSERT = """
INSERT INTO model_predictions (model_name, model_version, predicted_at, prediction, actual, actual_at)
SELECT %(model)s, %(version)s, now() - random() * interval '2 hours', price + error, price, now()
FROM (
    SELECT 300000 + 90000 * sin(n) AS price, %(error)s * cos(7 * n) AS error FROM generate_series(1, 600) AS n
) AS sold
"""

TO_TRY = """
The sandbox is up. In your shell:

  source {state}/env
  kubectl config set-context --current --namespace=$NAMESPACE
  kubectl get mdl -o wide
  kubectl describe mdl house-prices
  kubectl explain mdl.spec

Deploy a worse version, and let its labels arrive: within ten seconds it is rolled back.

  kubectl set image deployment/house-prices model={repository}:{worse}
  psql "$DATABASE_URL" -c "INSERT INTO model_predictions (model_name, model_version, prediction, actual, actual_at)
    SELECT 'house-prices', '{worse}', 300000 + 90000*sin(n) + 60000*cos(7*n), 300000 + 90000*sin(n), now()
    FROM generate_series(1, 600) AS n"
  kubectl get events --watch

Ask for something:

  kubectl annotate mdl house-prices --overwrite modelward.dev/check-requested-at=$(date -u +%FT%TZ)
  kubectl annotate mdl house-prices --overwrite modelward.dev/rollback-requested-at=$(date -u +%FT%TZ)
  kubectl annotate mdl house-prices --overwrite modelward.dev/clear-quarantine={worse} \\
      modelward.dev/clear-quarantine-requested-at=$(date -u +%FT%TZ)

The operator's log: {state}/operator/operator.log. Its pid is the first word of {state}/operator/operator.pid;
kill it if you like, and make up starts it again. When you are done: make down
"""


def set_up(kubectl: Kubectl, database_url: str, say: Callable[[str], None]) -> None:
    """Deploy two versions one after the other, with predictions of both, and a resource that watches."""
    say(f"setting the scene in namespace {NAMESPACE}")
    kubectl.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}})
    kubectl.apply(secret(NAMESPACE, database_url))
    for version in (OLDER, CURRENT):
        kubectl.apply(deployment(version))
        kubectl.run("rollout", "status", f"deployment/{MODEL}", "--namespace", NAMESPACE, "--timeout=120s")
    with psycopg.connect(database_url) as connection:
        for version, error in ((OLDER, 20000.0), (CURRENT, 19500.0)):
            connection.execute(INSERT, {"model": MODEL, "version": version, "error": error})
    kubectl.apply(resource())


def wait_for_verdict(kubectl: Kubectl) -> None:
    """Wait until the operator has judged the scene's model."""

    def judged() -> bool:
        status = json.loads(kubectl.run("get", "mdl", MODEL, "--output", "json")).get("status", {})
        return bool(status.get("verdict"))

    wait_until(judged, for_="the operator's first verdict", timeout=60)


def what_to_try(state: Path) -> str:
    """Say what a person can do now."""
    return TO_TRY.format(state=state, repository=REPOSITORY, worse=WORSE)


def secret(namespace: str, database_url: str) -> dict[str, Any]:
    """Point at the database."""
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": "modelward-db", "namespace": namespace},
        "stringData": {"uri": database_url},
    }


def deployment(version: str) -> dict[str, Any]:
    """Serve one version."""
    labels = {"app": MODEL}
    container = {"name": "model", "image": f"{REPOSITORY}:{version}"}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": MODEL, "namespace": NAMESPACE, "labels": labels},
        "spec": {
            "replicas": 2,
            "selector": {"matchLabels": labels},
            "template": {"metadata": {"labels": labels}, "spec": {"containers": [container]}},
        },
    }


def resource() -> dict[str, Any]:
    """Watch it closely and act on the first verdict, so that a person who plays need not wait."""
    return {
        "apiVersion": "modelward.dev/v1alpha1",
        "kind": "ModelDeployment",
        "metadata": {"name": MODEL, "namespace": NAMESPACE},
        "spec": {
            "database": {"secretRef": {"name": "modelward-db"}},
            "degradationThresholdPercent": 5,
            "autoRollback": True,
            "checkInterval": "10s",
            "evaluation": {"window": "24h", "minSamples": 100, "actOn": "Verdict"},
            "rollback": {"cooldown": "10s", "maxPerDay": 100},
        },
    }
