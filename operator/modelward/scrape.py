"""What /metrics says of resources and of the operator, read from memory when somebody asks.

Between two scrapes nothing is kept: no gauge, no label set. The answer is written in pieces, so that ten thousand
resources neither stand in memory as text nor keep the operator from its work.
"""

import itertools
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from importlib import metadata

from prometheus_client import REGISTRY, CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.registry import Collector

from modelward import readings
from modelward.readings import Sample, Sources

PIECE = 500  # samples
VERSION = metadata.version("modelward")
Metric = GaugeMetricFamily | CounterMetricFamily


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


FAMILIES: tuple[Family, ...] = (
    Family(
        "modelward_verdict",
        "1 for the verdict that stands, in its label.",
        readings.verdicts,
        ("verdict",),
        of_resource=True,
    ),
    Family(
        "modelward_ready",
        "1 where the condition Ready is True; its reason is a label.",
        readings.ready,
        ("reason",),
        of_resource=True,
    ),
    Family(
        "modelward_metric_value",
        "A metric of the version that serves (current) and of the one that it is compared with (previous).",
        readings.metric_values,
        ("metric", "version"),
        of_resource=True,
    ),
    Family(
        "modelward_metric_breached",
        "1 where a metric is beyond its limit.",
        readings.breached,
        ("metric",),
        of_resource=True,
    ),
    Family(
        "modelward_metric_limit_ratio",
        "How much worse than before a metric may become: the share of its previous value.",
        readings.limits,
        ("metric",),
        of_resource=True,
    ),
    Family("modelward_samples", "Rows with a label that the verdict rests on.", readings.samples, of_resource=True),
    Family(
        "modelward_label_coverage_ratio",
        "The share of predictions in the window that have a label.",
        readings.coverage,
        of_resource=True,
    ),
    Family(
        "modelward_label_lag_seconds",
        "How old the newest prediction with a label was when the database last answered; absent where none has one.",
        readings.label_lags,
        of_resource=True,
    ),
    Family(
        "modelward_evaluation_age_seconds",
        "Since the database last answered for a resource; absent until it first did after a start of the operator.",
        readings.ages,
        of_resource=True,
    ),
    Family(
        "modelward_last_rollback_timestamp_seconds",
        "When the last rollback reached its phase, which is a label (Unix time).",
        readings.last_rollbacks,
        ("phase",),
        of_resource=True,
    ),
    Family(
        "modelward_alert_receivers_failing",
        "How many of spec.alerts cannot be delivered to; absent where there are none.",
        readings.failing_receivers,
        of_resource=True,
    ),
    Family("modelward_undelivered_letters", "Letters that not all of their addresses have got yet.", readings.letters),
    Family(
        "modelward_resources", "ModelDeployments that are watched.", readings.one(lambda s: len(s.registry.entries))
    ),
    Family(
        "modelward_sweep_lag_seconds",
        "How long the resource that has waited longest is overdue, or has its turn.",
        readings.one(lambda s: s.sweep_lag()),
    ),
    Family(
        "modelward_clock_offset_seconds",
        "How far a database's clock is ahead of the operator's: the one that is furthest off, either way.",
        readings.one(lambda s: max((e.clock_offset.total_seconds() for e in s.entries), key=abs, default=0.0)),
    ),
    Family(
        "modelward_breaker_open",
        "1 while so many models, of all or of one feed, look bad at once that none of them is rolled back.",
        readings.one(lambda s: s.is_breaker_open()),
    ),
    Family(
        "modelward_lease_held",
        "1 while this operator holds the Lease and may act.",
        readings.one(lambda s: s.is_leading()),
    ),
    Family(
        "modelward_operator_ready",
        "1 after the first list and the Lease, as /readyz.",
        readings.one(lambda s: s.is_ready()),
    ),
    Family(
        "modelward_api_requests",
        "Requests to the API server by verb, beside the two watches.",
        readings.requests,
        ("verb",),
        counts=True,
    ),
    Family(
        "modelward_sql_statements",
        "Statements that databases were asked to judge by, or for versions; a transaction's settings are not counted.",
        readings.one(lambda s: s.statements()),
        counts=True,
    ),
    Family("modelward_build_info", "Always 1; the version is a label.", lambda _: [((VERSION,), 1.0)], ("version",)),
)
