"""Scenes for the operator's tests: a model that serves, what it predicted, who watches it, and what a person sees.

Rows are made so that R2 and RMSE come out exactly as asked: the error is +-RMSE, and the actuals lie
RMSE / sqrt(1 - R2) above and below their mean.
"""

import json
import secrets
import selectors
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import psycopg

from sandbox.errors import SandboxError
from sandbox.kubectl import Kubectl
from sandbox.waiting import wait_until

Json = dict[str, Any]
OLDER, A, A2, B, C = (f"202601{day}_143022" for day in ("03", "04", "05", "06", "07"))
REPOSITORY = "registry.example.com/house-prices"
PATIENCE = 45
INSERT = """
INSERT INTO model_predictions (model_name, environment, model_version, predicted_at, prediction, actual, actual_at)
SELECT %(model)s, '', %(version)s, now() - make_interval(secs => %(seconds)s * (1 - n / %(rows)s::float8)),
       y + e, y, now()
FROM (
    SELECT n, 250000 + %(spread)s * (1 - 2 * (n %% 2)) AS y, %(rmse)s * (1 - 2 * (n / 2 %% 2)) AS e
    FROM generate_series(0, %(rows)s - 1) AS n
) AS row
"""


@dataclass(frozen=True)
class Grade:
    """How good a version is on its rows."""

    r2: float
    rmse: float

    @property
    def spread(self) -> float:
        """How far the actuals lie from their mean, so that R2 and RMSE belong together."""
        return float(self.rmse / (1 - self.r2) ** 0.5)


GOOD, MINOR, WORSE = Grade(0.93, 3480), Grade(0.92, 3500), Grade(0.85, 4200)


@dataclass(frozen=True)
class Model:
    """One model: its Deployment and its ModelDeployment have the same name, its rows too."""

    kubectl: Kubectl
    database_url: str
    name: str = "house-prices"

    @property
    def resource(self) -> str:
        """The ModelDeployment, as kubectl names it."""
        return f"mdl/{self.name}"

    # -- what people and programs do ---------------------------------------------------------------------------------

    def deploy(self, version: str, **changes: Any) -> None:
        """Apply the Deployment of a version, as a pipeline does."""
        self.kubectl.apply(deployment(self.name, image_of(version), **changes))

    def set_image(self, version: str) -> None:
        """Change the image alone, as a person in a hurry does."""
        self.kubectl.run("set", "image", f"deployment/{self.name}", f"model={image_of(version)}")

    def predict(self, version: str, grade: Grade = GOOD, *, rows: int = 200, seconds: float = 3600.0) -> None:
        """Insert labelled predictions, spread over the last seconds (negative: the seconds to come)."""
        values = {"model": self.name, "version": version, "rows": rows, "seconds": seconds}
        self.execute(INSERT, {**values, "spread": grade.spread, "rmse": grade.rmse})

    def execute(self, statement: str, values: Mapping[str, Any] | None = None) -> None:
        """Run one statement in the model's database."""
        with psycopg.connect(self.database_url, autocommit=True) as connection:
            connection.execute(statement.encode(), values)

    def watch(self, **spec: Any) -> None:
        """Apply the ModelDeployment; without more words the first Degraded verdict acts."""
        self.kubectl.apply(resource(self.name, **spec))

    def ask(self, request: str, **more: str) -> str:
        """Annotate the ModelDeployment with a request of now; returns the time that was written."""
        at = datetime.now(UTC).isoformat()
        self.annotate({f"{request}-requested-at": at, **{key.replace("_", "-"): value for key, value in more.items()}})
        return at

    def annotate(self, notes: Mapping[str, str]) -> None:
        """Write annotations under modelward.dev/."""
        pairs = [f"modelward.dev/{key}={value}" for key, value in notes.items()]
        self.kubectl.run("annotate", self.resource, "--overwrite", *pairs)

    # -- what is seen ------------------------------------------------------------------------------------------------

    def see(self) -> Json:
        """Read the ModelDeployment."""
        found: Json = self.kubectl.json("get", self.resource)
        return found

    def target(self) -> Json:
        """Read the Deployment."""
        found: Json = self.kubectl.json("get", "deployment", self.name)
        return found

    def image(self) -> str:
        """Read the image that serves."""
        return str(self.target()["spec"]["template"]["spec"]["containers"][0]["image"])

    def until(self, holds: Callable[[Json], object], for_: str, *, timeout: float = PATIENCE) -> Json:
        """Watch the ModelDeployment until its status is as wanted; return that status."""
        path = f"/apis/modelward.dev/v1alpha1/namespaces/{self.kubectl.namespace}/modeldeployments"
        status: Json = {}
        with closing(follow(self.kubectl, path, self.name, timeout)) as versions:
            for found in versions:
                status = found.get("status", {})
                if holds(status):
                    return status
        raise SandboxError(f"gave up waiting for {for_}; status is {json.dumps(status, indent=1)}")

    def until_verdict(self, verdict: str, version: str | None = None) -> Json:
        """Wait for a verdict, of a version where one is named."""

        def holds(status: Json) -> bool:
            return status.get("verdict") == verdict and version in {None, status.get("currentVersion")}

        return self.until(holds, f"{verdict} of {version or 'any version'}")

    def until_ready(self, value: str, reason: str) -> Json:
        """Wait for the condition Ready with a reason; return the condition."""
        status = self.until(lambda s: is_condition(s, "Ready", value, reason), f"Ready={value} ({reason})")
        return condition(status, "Ready")

    def until_rolled_back(self, version: str) -> Json:
        """Wait until a version was put back and is rolled out."""

        def holds(status: Json) -> bool:
            last = status.get("lastRollback", {})
            return bool(last.get("to") == version and last.get("phase") == "Verified")

        return self.until(holds, f"the rollback to {version}")

    def until_answered(self, request: str, at: str) -> Json:
        """Wait until a request was handled; return its record."""

        def holds(status: Json) -> bool:
            return bool(status.get("requests", {}).get(request, {}).get("requestedAt") == at)

        record: Json = self.until(holds, f"the answer to {request}")["requests"][request]
        return record

    def check(self) -> Json:
        """Have the database asked now; return the status after that."""
        self.until_answered("check", self.ask("check"))
        status: Json = self.see()["status"]
        return status

    def check_until(self, holds: Callable[[Json], object], for_: str) -> Json:
        """Have the database asked again and again until the status is as wanted; return that status."""
        wait_until(lambda: holds(self.check()), for_=for_, timeout=PATIENCE)
        status: Json = self.see()["status"]
        return status

    def events(self, reason: str | None = None, kind: str = "ModelDeployment") -> list[Json]:
        """List the Events about the ModelDeployment, or about the Deployment, oldest first."""
        found = self.kubectl.json("get", "events.events.k8s.io")["items"]
        own = [e for e in found if (e["regarding"]["kind"], e["regarding"]["name"]) == (kind, self.name)]
        ours = [e for e in own if e["reportingController"] == "modelward" and reason in {None, e["reason"]}]
        return sorted(ours, key=lambda e: str(e["eventTime"]))

    def notes(self, reason: str, kind: str = "ModelDeployment") -> list[str]:
        """Wait until there is an Event with a reason; return what all of them say."""
        wait_until(lambda: self.events(reason, kind), for_=f"an Event {reason} on the {kind}", timeout=PATIENCE)
        return [e["note"] for e in self.events(reason, kind)]


def image_of(version: str) -> str:
    """Name the image that holds a version; a text with a slash is an image already."""
    return version if "/" in version else f"{REPOSITORY}:{version}"


def deployment(name: str, *images: str, **changes: Any) -> Json:
    """Serve images; the first container is called model, `changes` go into it."""
    names = ("model", "proxy", "cache")
    containers: list[Json] = [{"name": n, "image": image} for n, image in zip(names, images, strict=False)]
    containers[0] |= changes
    labels = {"app": name}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name, "labels": labels},
        "spec": {
            "selector": {"matchLabels": labels},
            "template": {"metadata": {"labels": labels}, "spec": {"containers": containers}},
        },
    }


def resource(name: str, *, secret: str = "modelward-db", **spec: Any) -> Json:
    """Watch a model, to the letter of the guide where nothing else is said."""
    meant = {"database": {"secretRef": {"name": secret}}, "autoRollback": True, "evaluation": {"actOn": "Verdict"}}
    return {
        "apiVersion": "modelward.dev/v1alpha1",
        "kind": "ModelDeployment",
        "metadata": {"name": name},
        "spec": {**meant, **spec},
    }


def condition(status: Json, kind: str) -> Json:
    """Find a condition; empty where it is absent."""
    return next((c for c in status.get("conditions", ()) if c["type"] == kind), {})


def is_condition(status: Json, kind: str, value: str, reason: str) -> bool:
    """Whether a condition stands so."""
    found = condition(status, kind)
    return (found.get("status"), found.get("reason")) == (value, reason)


def holds(status: Json) -> dict[str, str]:
    """Return the guards that spoke, and what they said."""
    return {hold["guard"]: hold["message"] for hold in status.get("holds", ())}


def follow(kubectl: Kubectl, path: str, name: str, timeout: float) -> Iterator[Json]:
    """Watch one object: yield it as it is and at each change, until the time is over."""
    command = [kubectl.cluster.kubectl, "--kubeconfig", kubectl.cluster.kubeconfig, "get", "--raw"]
    query = f"{path}?watch=1&fieldSelector=metadata.name%3D{name}"
    with subprocess.Popen([*command, query], stdout=subprocess.PIPE) as process:
        try:
            for line in _lines(process, time.monotonic() + timeout):
                yield json.loads(line)["object"]
        finally:
            process.kill()


def _lines(process: "subprocess.Popen[bytes]", give_up_at: float) -> Iterator[bytes]:
    stream, rest = process.stdout, b""
    if stream is None:
        return
    with selectors.DefaultSelector() as selector:
        selector.register(stream, selectors.EVENT_READ)
        while selector.select(give_up_at - time.monotonic()):
            read = stream.read1(1 << 20)  # type: ignore[attr-defined]
            if not read:
                return
            *whole, rest = (rest + read).split(b"\n")
            yield from whole


def unused_name(stem: str) -> str:
    """Make a name that nobody has."""
    return f"{stem}-{secrets.token_hex(3)}"
