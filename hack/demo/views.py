"""What the story reads off a Deployment and a ModelDeployment, as Kubernetes returns them."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from demo.errors import DemoError

Object = dict[str, Any]


def image_of(deployment: Object) -> str:
    """Return the image of the only container."""
    return str(deployment["spec"]["template"]["spec"]["containers"][0]["image"])


def version_of(deployment: Object) -> str:
    """Return the version: the image's tag."""
    return image_of(deployment).rpartition(":")[2]


def is_rolled_out(deployment: Object) -> bool:
    """Tell whether every replica runs what the template says, as `kubectl rollout status` does."""
    status, wanted = deployment.get("status", {}), deployment["spec"]["replicas"]
    counts = [status.get(name, 0) for name in ("replicas", "updatedReplicas", "availableReplicas")]
    return bool(status.get("observedGeneration", 0) >= deployment["metadata"]["generation"] and counts == [wanted] * 3)


@dataclass(frozen=True)
class Metric:
    """One metric as status shows it: the version that serves, the one before, and the change in percent."""

    name: str
    current: float
    previous: float | None
    change: str
    limit: str
    breached: bool


@dataclass(frozen=True)
class View:
    """A ModelDeployment's status, as far as the story tells it."""

    verdict: str = ""
    reason: str = ""
    message: str = ""
    version: str = ""
    change: str = ""
    samples: int = 0
    breaches: int = 0
    holds: tuple[tuple[str, str], ...] = ()
    metrics: tuple[Metric, ...] = ()
    window: tuple[float, float] | None = None
    epoch_started: float = 0.0
    rollback: Object | None = None

    def pair(self, name: str) -> tuple[float, float]:
        """Return a metric of the version that serves, and of the one before."""
        for metric in self.metrics:
            if metric.name == name and metric.previous is not None:
                return metric.current, metric.previous
        raise DemoError(f"the verdict lacks the figures of {name}: {self}")

    @property
    def covers_a_window(self) -> bool:
        """Tell whether all of the judged window lies after the version began to serve."""
        return self.window is not None and self.window[0] >= self.epoch_started - 1

    def __str__(self) -> str:
        """Say the verdict, what it rests on, and who spoke against acting."""
        held = "; held by " + ", ".join(name for name, _ in self.holds) if self.holds else ""
        return f"{self.version or '?'}: {self.verdict or 'no verdict yet'} ({self.reason or '-'}) {self.message}{held}"


def read_view(resource: Object) -> View:
    """Read the status of a ModelDeployment; what is not there is empty."""
    status = resource.get("status", {})
    window, epoch = status.get("window") or {}, status.get("epoch") or {}
    return View(
        verdict=status.get("verdict", ""),
        reason=status.get("reason", ""),
        message=status.get("message", ""),
        version=status.get("currentVersion", ""),
        change=status.get("change", ""),
        samples=status.get("samples", 0),
        breaches=(status.get("breaches") or {}).get("count", 0),
        holds=tuple((h["guard"], h.get("message", "")) for h in status.get("holds", ())),
        metrics=tuple(_metric(m) for m in status.get("metrics", ()) if m.get("current") is not None),
        window=(_seconds(window["startTime"]), _seconds(window["endTime"])) if window else None,
        epoch_started=_seconds(epoch["startedTime"]) if epoch.get("startedTime") else 0.0,
        rollback=status.get("lastRollback"),
    )


def _metric(raw: Object) -> Metric:
    previous = raw.get("previous")
    return Metric(
        raw["name"],
        float(raw["current"]),
        None if previous is None else float(previous),
        raw.get("changePercent", ""),
        raw.get("limitPercent", ""),
        bool(raw.get("breached")),
    )


def _seconds(rfc3339: str) -> float:
    return datetime.fromisoformat(rfc3339).timestamp()
