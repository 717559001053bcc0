"""A model whose pods answer: a real Deployment of a tiny server, asked over HTTP which version it is."""

from dataclasses import dataclass
from typing import Any

from cluster.scenes import Model
from node.pictures import MODEL
from sandbox.waiting import wait_until

Json = dict[str, Any]
PATIENCE = 120
UNPRIVILEGED: Json = {
    "allowPrivilegeEscalation": False,
    "readOnlyRootFilesystem": True,
    "runAsNonRoot": True,
    "runAsUser": 65532,
    "capabilities": {"drop": ["ALL"]},
    "seccompProfile": {"type": "RuntimeDefault"},
}


@dataclass(frozen=True)
class Served(Model):
    """A model with pods behind a Service."""

    def serve(self, version: str) -> None:
        """Deploy a version, as a pipeline does, and wait until it is rolled out."""
        self.kubectl.apply(deployment(self.name, f"{MODEL}:{version}", replicas=2))
        self.kubectl.apply(service(self.name, 8080))
        self.kubectl.run("rollout", "status", f"deployment/{self.name}", f"--timeout={PATIENCE}s")

    def answers(self) -> dict[str, str]:
        """Ask each pod that is not on its way out which version it is."""
        pods = self.kubectl.json("get", "pods", "--selector", f"app={self.name}")["items"]
        staying = [pod["metadata"]["name"] for pod in pods if "deletionTimestamp" not in pod["metadata"]]
        return {name: self._ask(f"pods/{name}:8080") for name in staying}

    def answer(self) -> str:
        """Ask the Service, as a client does."""
        return self._ask(f"services/{self.name}:8080")

    def until_all_answer(self, version: str) -> None:
        """Wait until every pod answers with a version, and the Service does."""
        wait_until(
            lambda: list(self.answers().values()) == [version, version] and self.answer() == version,
            for_=f"both pods to answer {version}",
            timeout=PATIENCE,
        )

    def _ask(self, what: str) -> str:
        path = f"/api/v1/namespaces/{self.kubectl.namespace}/{what}/proxy/version"
        return self.kubectl.run("get", "--raw", path, check=False).strip()


def deployment(name: str, image: str, *, replicas: int = 1, port: int = 8080, **container: Any) -> Json:
    """Run an image as the strict policy of a namespace wants it."""
    labels = {"app": name}
    probe = {"tcpSocket": {"port": port}, "periodSeconds": 1}
    pod = {
        "terminationGracePeriodSeconds": 5,
        "automountServiceAccountToken": False,
        "volumes": [{"name": "tmp", "emptyDir": {}}],
        "containers": [
            {
                "name": "model",
                "image": image,
                "imagePullPolicy": "Never",
                "securityContext": UNPRIVILEGED,
                "readinessProbe": probe,
                "volumeMounts": [{"name": "tmp", "mountPath": "/tmp"}],
                **container,
            }
        ],
    }
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name, "labels": labels},
        "spec": {
            "replicas": replicas,
            "selector": {"matchLabels": labels},
            "template": {"metadata": {"labels": labels}, "spec": pod},
        },
    }


def service(name: str, port: int) -> Json:
    """Give its pods one name and one address."""
    spec = {"selector": {"app": name}, "ports": [{"port": port, "targetPort": port}]}
    return {"apiVersion": "v1", "kind": "Service", "metadata": {"name": name}, "spec": spec}


def secret(name: str, **values: str) -> Json:
    """Keep values from eyes."""
    return {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": name}, "stringData": values}
