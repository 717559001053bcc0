"""The figures of /metrics: each is a function that reads them from memory, one sample for each set of labels."""

import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass

from modelward.domain.reasons import Reason
from modelward.domain.status import MetricStatus
from modelward.registry import Entry, Registry

Sample = tuple[tuple[str, ...], float]


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


# -- of each resource ------------------------------------------------------------------------------------------------


def verdicts(sources: Sources) -> Iterator[Sample]:
    for entry in sources.entries:
        verdict = entry.resource.status.verdict
        if verdict is not None:
            yield (*entry.resource.key, verdict.value), 1.0


def ready(sources: Sources) -> Iterator[Sample]:
    for entry in sources.entries:
        ready = entry.resource.status.condition("Ready")
        if ready is not None:
            yield (*entry.resource.key, ready.reason), float(ready.status == "True")


def metric_values(sources: Sources) -> Iterator[Sample]:
    for entry in sources.entries:
        for metric in entry.resource.status.metrics:
            for which, value in _two_values(metric):
                yield (*entry.resource.key, metric.name, which), value


def _two_values(metric: MetricStatus) -> Iterator[tuple[str, float]]:
    for which, text in (("current", metric.current), ("previous", metric.previous)):
        value = number(text)
        if value is not None:
            yield which, value


def breached(sources: Sources) -> Iterator[Sample]:
    for entry in sources.entries:
        for metric in entry.resource.status.metrics:
            yield (*entry.resource.key, metric.name), float(metric.breached)


def limits(sources: Sources) -> Iterator[Sample]:
    for entry in sources.entries:
        for metric in entry.resource.status.metrics:
            percent = number(metric.limit_percent)
            if percent is not None:
                yield (*entry.resource.key, metric.name), percent / 100


def samples(sources: Sources) -> Iterator[Sample]:
    for entry in sources.entries:
        samples = entry.resource.status.samples
        if samples is not None:
            yield entry.resource.key, float(samples)


def coverage(sources: Sources) -> Iterator[Sample]:
    for entry in sources.entries:
        window = entry.resource.status.window
        percent = number(window.label_coverage_percent) if window is not None and window.predictions else None
        if percent is not None:
            yield entry.resource.key, percent / 100


def label_lags(sources: Sources) -> Iterator[Sample]:
    for entry in sources.entries:
        if entry.label_lag is not None:
            yield entry.resource.key, entry.label_lag


def ages(sources: Sources) -> Iterator[Sample]:
    now = sources.monotonic()
    for entry in sources.entries:
        if entry.answered_at > -math.inf:
            yield entry.resource.key, max(now - entry.answered_at, 0.0)


def last_rollbacks(sources: Sources) -> Iterator[Sample]:
    for entry in sources.entries:
        rollback = entry.resource.status.last_rollback
        if rollback is not None:
            at = rollback.finished_time or rollback.patched_time or rollback.decided_time
            yield (*entry.resource.key, rollback.phase.value), at.timestamp()


def failing_receivers(sources: Sources) -> Iterator[Sample]:
    for entry in sources.entries:
        stands = entry.resource.status.alerts
        if stands:
            bad = sum(stand.reason != Reason.ALERTS_READABLE for stand in stands)
            yield entry.resource.key, float(bad)


def letters(sources: Sources) -> Iterator[Sample]:
    yield (), float(sum(len(entry.resource.status.outbox.letters) for entry in sources.entries))


def number(text: str | None) -> float | None:
    """Read a decimal of status; what is no number there is none here."""
    try:
        value = float(text) if text is not None else math.nan
    except ValueError:
        return None
    return value if math.isfinite(value) else None


# -- of the operator -------------------------------------------------------------------------------------------------


def requests(sources: Sources) -> Iterator[Sample]:
    for verb, count in sorted(sources.api_requests().items()):
        yield (verb,), float(count)


def one(read: Callable[[Sources], float]) -> Callable[[Sources], Iterable[Sample]]:
    return lambda sources: [((), float(read(sources)))]
