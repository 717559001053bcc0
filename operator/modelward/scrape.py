"""What /metrics says of resources and of the operator, read from memory when somebody asks.

Between two scrapes nothing is kept: no gauge, no label set. The answer is written in pieces, so that ten thousand
resources neither stand in memory as text nor keep the operator from its work.
"""

import itertools
import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from importlib import metadata

from prometheus_client import REGISTRY, CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.registry import Collector

from modelward.domain.reasons import Reason
from modelward.domain.status import MetricStatus
from modelward.registry import Entry, Registry

PIECE = 500  # samples
VERSION = metadata.version("modelward")
Sample = tuple[tuple[str, ...], float]
Metric = GaugeMetricFamily | CounterMetricFamily


@dataclass(frozen=True, slots=True)
class Sources:
    """Where the figures are read; each is asked at every scrape."""

    registry: Registry
    monotonic: Callable[[], float]
    sweep_lag: Callable[[], float]
    is_leading: Callable[[], bool]
    is_ready: Callable[[], bool]
    is_breaker_open: Callable[[], bool]
    api_requests: Callable[[], Mapping[str, int]]
    statements: Callable[[], int]

    @property
    def entries(self) -> list[Entry]:
        """The resources as they are now; the registry may change while pieces are written."""
        return list(self.registry.entries.values())


@dataclass(frozen=True, slots=True)
class Family:
    """One metric: its name without `_total`, what it says, its labels, and how it is read."""

    name: str
    meaning: str
    read: Callable[[Sources], Iterable[Sample]]
    labels: tuple[str, ...] = ()
    of_resource: bool = False
    counts: bool = False

    @property
    def all_labels(self) -> tuple[str, ...]:
        """Its labels, those of the resource first."""
        return (("namespace", "name") if self.of_resource else ()) + self.labels

    @property
    def full_name(self) -> str:
        """The name as Prometheus knows it."""
        return f"{self.name}_total" if self.counts else self.name

    def fill(self, samples: Iterable[Sample]) -> Metric:
        """Put samples into the library's form."""
        kind = CounterMetricFamily if self.counts else GaugeMetricFamily
        metric = kind(self.name, self.meaning, labels=self.all_labels)
        for labels, value in samples:
            metric.add_metric(list(labels), value)
        return metric


def pieces(sources: Sources) -> Iterator[bytes]:
    """Write the whole exposition, piece by piece."""
    yield generate_latest(REGISTRY)
    for family in FAMILIES:
        samples = iter(family.read(sources))
        first = True
        while part := list(itertools.islice(samples, PIECE)):
            text = generate_latest(_Once.of(family.fill(part)))
            yield text if first else _without_head(text)
            first = False


class _Once(Collector):
    """A collector of one metric that is made already."""

    def __init__(self, metric: Metric) -> None:
        self._metric = metric

    @classmethod
    def of(cls, metric: Metric) -> CollectorRegistry:
        """Return a registry that knows one metric only."""
        registry = CollectorRegistry(auto_describe=False)
        registry.register(cls(metric))
        return registry

    def describe(self) -> list[Metric]:
        return []

    def collect(self) -> list[Metric]:
        return [self._metric]


def _without_head(text: bytes) -> bytes:
    """Leave out HELP and TYPE, which may stand once only."""
    return b"".join(line for line in text.splitlines(keepends=True) if not line.startswith(b"# "))


# -- of each resource ------------------------------------------------------------------------------------------------


def _verdicts(sources: Sources) -> Iterator[Sample]:
    for entry in sources.entries:
        verdict = entry.resource.status.verdict
        if verdict is not None:
            yield (*entry.resource.key, verdict.value), 1.0


def _ready(sources: Sources) -> Iterator[Sample]:
    for entry in sources.entries:
        ready = entry.resource.status.condition("Ready")
        if ready is not None:
            yield (*entry.resource.key, ready.reason), float(ready.status == "True")


def _metric_values(sources: Sources) -> Iterator[Sample]:
    for entry in sources.entries:
        for metric in entry.resource.status.metrics:
            for which, value in _two_values(metric):
                yield (*entry.resource.key, metric.name, which), value


def _two_values(metric: MetricStatus) -> Iterator[tuple[str, float]]:
    for which, text in (("current", metric.current), ("previous", metric.previous)):
        value = _number(text)
        if value is not None:
            yield which, value


def _breached(sources: Sources) -> Iterator[Sample]:
    for entry in sources.entries:
        for metric in entry.resource.status.metrics:
            yield (*entry.resource.key, metric.name), float(metric.breached)


def _samples(sources: Sources) -> Iterator[Sample]:
    for entry in sources.entries:
        samples = entry.resource.status.samples
        if samples is not None:
            yield entry.resource.key, float(samples)


def _coverage(sources: Sources) -> Iterator[Sample]:
    for entry in sources.entries:
        window = entry.resource.status.window
        percent = _number(window.label_coverage_percent) if window is not None and window.predictions else None
        if percent is not None:
            yield entry.resource.key, percent / 100


def _ages(sources: Sources) -> Iterator[Sample]:
    now = sources.monotonic()
    for entry in sources.entries:
        if entry.answered_at > -math.inf:
            yield entry.resource.key, max(now - entry.answered_at, 0.0)


def _last_rollbacks(sources: Sources) -> Iterator[Sample]:
    for entry in sources.entries:
        rollback = entry.resource.status.last_rollback
        if rollback is not None:
            at = rollback.finished_time or rollback.patched_time or rollback.decided_time
            yield (*entry.resource.key, rollback.phase.value), at.timestamp()


def _failing_receivers(sources: Sources) -> Iterator[Sample]:
    for entry in sources.entries:
        stands = entry.resource.status.alerts
        if stands:
            bad = sum(stand.reason != Reason.ALERTS_READABLE for stand in stands)
            yield entry.resource.key, float(bad)


def _letters(sources: Sources) -> Iterator[Sample]:
    yield (), float(sum(len(entry.resource.status.outbox.letters) for entry in sources.entries))


def _number(text: str | None) -> float | None:
    """Read a decimal of status; what is no number there is none here."""
    try:
        value = float(text) if text is not None else math.nan
    except ValueError:
        return None
    return value if math.isfinite(value) else None


# -- of the operator -------------------------------------------------------------------------------------------------


def _requests(sources: Sources) -> Iterator[Sample]:
    for verb, count in sorted(sources.api_requests().items()):
        yield (verb,), float(count)


def _one(read: Callable[[Sources], float]) -> Callable[[Sources], Iterable[Sample]]:
    return lambda sources: [((), float(read(sources)))]


FAMILIES: tuple[Family, ...] = (
    Family(
        "modelward_verdict", "1 for the verdict that stands, in its label.", _verdicts, ("verdict",), of_resource=True
    ),
    Family(
        "modelward_ready",
        "1 where the condition Ready is True; its reason is a label.",
        _ready,
        ("reason",),
        of_resource=True,
    ),
    Family(
        "modelward_metric_value",
        "A metric of the version that serves (current) and of the one that it is compared with (previous).",
        _metric_values,
        ("metric", "version"),
        of_resource=True,
    ),
    Family(
        "modelward_metric_breached", "1 where a metric is beyond its limit.", _breached, ("metric",), of_resource=True
    ),
    Family("modelward_samples", "Rows with a label that the verdict rests on.", _samples, of_resource=True),
    Family(
        "modelward_label_coverage_ratio",
        "The share of predictions in the window that have a label.",
        _coverage,
        of_resource=True,
    ),
    Family(
        "modelward_evaluation_age_seconds",
        "Since the database last answered for a resource; absent until it first did after a start of the operator.",
        _ages,
        of_resource=True,
    ),
    Family(
        "modelward_last_rollback_timestamp_seconds",
        "When the last rollback reached its phase, which is a label (Unix time).",
        _last_rollbacks,
        ("phase",),
        of_resource=True,
    ),
    Family(
        "modelward_alert_receivers_failing",
        "How many of spec.alerts cannot be delivered to; absent where there are none.",
        _failing_receivers,
        of_resource=True,
    ),
    Family("modelward_undelivered_letters", "Letters that not all of their addresses have got yet.", _letters),
    Family("modelward_resources", "ModelDeployments that are watched.", _one(lambda s: len(s.registry.entries))),
    Family(
        "modelward_sweep_lag_seconds",
        "How long the resource that has waited longest is overdue, or has its turn.",
        _one(lambda s: s.sweep_lag()),
    ),
    Family(
        "modelward_breaker_open",
        "1 while so many models, of all or of one feed, look bad at once that none of them is rolled back.",
        _one(lambda s: s.is_breaker_open()),
    ),
    Family(
        "modelward_lease_held", "1 while this operator holds the Lease and may act.", _one(lambda s: s.is_leading())
    ),
    Family(
        "modelward_operator_ready", "1 after the first list and the Lease, as /readyz.", _one(lambda s: s.is_ready())
    ),
    Family(
        "modelward_api_requests",
        "Requests to the API server by verb, beside the two watches.",
        _requests,
        ("verb",),
        counts=True,
    ),
    Family(
        "modelward_sql_statements",
        "Statements that databases were asked to judge by, or for versions; a transaction's settings are not counted.",
        _one(lambda s: s.statements()),
        counts=True,
    ),
    Family("modelward_build_info", "Always 1; the version is a label.", lambda _: [((VERSION,), 1.0)], ("version",)),
)
