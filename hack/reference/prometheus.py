"""docs/metrics-prometheus.md: every metric of /metrics, from the code that writes it."""

from collections.abc import Sequence

from prometheus_client import Counter, Histogram

from modelward.counts import LABELS
from modelward.scrape import FAMILIES, Family
from reference.tables import make_table

HEAD = ("metric", "type", "labels", "meaning")
INTRODUCTION = """\
# Metrics for Prometheus

Made from the source by `make reference`.

The operator answers on port 8080 at `/metrics`; with the chart's `serviceMonitor.enabled` or `podMonitor.enabled` the
Prometheus Operator finds it, and `prometheusRule.enabled` brings alerts with [runbooks](runbooks.md), and
`grafanaDashboard.enabled` two [dashboards](dashboards.md). Figures are read from memory when somebody asks: nothing is
kept for them in between. `namespace` and `name` are those of the
ModelDeployment, so scrape with `honorLabels: true` (`honor_labels` in plain Prometheus), as the chart's monitors do;
else Prometheus calls them `exported_namespace`. No label holds a version or a free text: their values are bounded.

`/healthz` answers 503 when the sweeper stands still: its loop did not go round for a minute, or turns are under way and
none of them ended for ten. `/readyz` answers 503 until the first list was read and the Lease is held;
`/readyz?standby`, which the chart asks where several run, is content with one that waits while another holds it."""
EXAMPLES = """\
```promql
modelward_verdict{verdict="Degraded"}                                   # what is worse now
modelward_metric_value{metric="rmse",version="current"}
  / ignoring(version) modelward_metric_value{metric="rmse",version="previous"} - 1   # by how much
histogram_quantile(0.99, rate(modelward_check_duration_seconds_bucket[15m]))         # how slow the databases are
sum by (trigger) (increase(modelward_rollbacks_total{phase="Verified"}[7d]))         # rollbacks of the week
```"""


def render() -> str:
    """Write the whole page."""
    of_resource = [family for family in FAMILIES if family.of_resource]
    of_operator = [family for family in FAMILIES if not family.of_resource]
    parts = [
        INTRODUCTION,
        "## Of each ModelDeployment",
        make_table(HEAD, _read(of_resource)),
        "## Of the operator",
        make_table(HEAD, [*_read(of_operator), *_counted()]),
        "Beside these stand the client library's own `process_*` and `python_*`.",
        "## To begin with",
        EXAMPLES,
    ]
    return "\n\n".join(parts) + "\n"


def _read(families: Sequence[Family]) -> list[tuple[str, ...]]:
    return [_row(f.full_name, "counter" if f.counts else "gauge", f.all_labels, f.meaning) for f in families]


def _counted() -> list[tuple[str, ...]]:
    return [_describe(instrument, labels) for instrument, labels in LABELS.items()]


def _describe(instrument: Counter | Histogram, labels: tuple[str, ...]) -> tuple[str, ...]:
    (metric,) = instrument.describe()
    suffix = "_total" if metric.type == "counter" else ""
    return _row(metric.name + suffix, metric.type, labels, metric.documentation)


def _row(name: str, kind: str, labels: tuple[str, ...], meaning: str) -> tuple[str, ...]:
    return f"`{name}`", kind, ", ".join(f"`{label}`" for label in labels), meaning
