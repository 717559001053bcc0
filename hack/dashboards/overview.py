"""The dashboard of all models, and of the operator itself."""

from grafana_foundation_sdk.builders import dashboard, table
from grafana_foundation_sdk.models import dashboard as models

from dashboards.panels import VERDICTS, board, choose, coloured, figure, lines, rows

UID = "modelward-overview"
CHOSEN = 'namespace=~"$namespace"'
OPERATOR = "on (instance, job) modelward_build_info"
"""Process metrics have no name of ours: whatever is scraped from where this one is, is the operator."""
MODEL_LINK = "/d/modelward-model?var-datasource=${datasource}&var-namespace=${__data.fields.Namespace}"


def build() -> dashboard.Dashboard:
    """Put it together."""
    namespaces = choose("namespace", "Namespace", "modelward_verdict", "namespace", several=True)
    made = board(UID, "modelward / overview", "How all watched models stand, and the operator itself.", [namespaces])
    for part in (_figures, _models, _rollbacks, _operator):
        part(made)
    return made


def _figures(made: dashboard.Dashboard) -> None:
    made.with_panel(figure("Watched", "ModelDeployments that are watched.", "short", "max(modelward_resources)"))
    degraded = f'count(modelward_verdict{{{CHOSEN}, verdict="Degraded"}}) or vector(0)'
    made.with_panel(figure("Degraded", "Served, and worse than the version before.", "short", degraded, (1, "red")))
    not_ready = f"count(modelward_ready{{{CHOSEN}}} == 0) or vector(0)"
    made.with_panel(figure("Not ready", "Their condition Ready is not True.", "short", not_ready, (1, "orange")))
    unread = f'count(modelward_verdict{{{CHOSEN}, verdict="SourceError"}}) or vector(0)'
    made.with_panel(figure("Unread", "Their database does not answer.", "short", unread, (1, "orange")))
    back = 'sum(increase(modelward_rollbacks_total{phase="Verified"}[$__range]))'
    made.with_panel(
        figure("Rolled back", "Versions put back in the time shown.", "short", back, (0.5, "orange")).decimals(0)
    )
    breaker = "max(modelward_breaker_open)"
    made.with_panel(figure("Breaker", "1 where too many look bad at once: nothing acts.", "short", breaker, (1, "red")))


def _models(made: dashboard.Dashboard) -> None:
    by = "by (namespace, name)"
    exprs = [
        f"max by (namespace, name, verdict) (modelward_verdict{{{CHOSEN}}})",
        f"max {by} (modelward_ready{{{CHOSEN}}})",
        f"sum {by} (modelward_metric_breached{{{CHOSEN}}})",
        f"max {by} (modelward_samples{{{CHOSEN}}})",
        f"max {by} (modelward_label_coverage_ratio{{{CHOSEN}}})",
        f"max {by} (modelward_evaluation_age_seconds{{{CHOSEN}}})",
    ]
    columns = {
        "namespace": "Namespace", "name": "Name", "verdict": "Verdict", "Value #B": "Ready",
        "Value #C": "Metrics beyond their limit", "Value #D": "Samples", "Value #E": "Labelled",
        "Value #F": "Judged ago",
    }  # fmt: skip
    made.with_row(dashboard.Row("Models"))
    made.with_panel(_linked(rows("Models", "One row for each ModelDeployment; its name leads on.", exprs, columns)))
    standing = f"count by (verdict) (modelward_verdict{{{CHOSEN}}})"
    verdicts = lines("Verdicts", "How many models have which verdict.", "short", (standing, "{{verdict}}"))
    made.with_panel(coloured(verdicts, VERDICTS).span(12))
    share = f"avg by (namespace) (modelward_label_coverage_ratio{{{CHOSEN}}})"
    made.with_panel(
        lines("Labelled", "The share of predictions with a label.", "percentunit", (share, "{{namespace}}")).span(12)
    )


def _linked(panel: table.Panel) -> table.Panel:
    link = {"title": "this model", "url": MODEL_LINK + "&var-name=${__data.fields.Name}"}
    panel.override_by_name("Name", [models.DynamicConfigValue(id_val="links", value=[link])])
    panel.override_by_name("Labelled", [models.DynamicConfigValue(id_val="unit", value="percentunit")])
    panel.override_by_name("Judged ago", [models.DynamicConfigValue(id_val="unit", value="s")])
    words = {name: models.ValueMappingResult(text=name, color=colour) for name, colour in VERDICTS.items()}
    verdict = models.DynamicConfigValue(id_val="mappings", value=[models.ValueMap(options=words)])
    coloured_text = models.DynamicConfigValue(id_val="custom.cellOptions", value={"type": "color-text"})
    panel.override_by_name("Verdict", [verdict, coloured_text])
    ready = {"0": models.ValueMappingResult(text="no", color="orange"), "1": models.ValueMappingResult(text="yes")}
    mapping = [models.ValueMap(options=ready)]
    return panel.override_by_name("Ready", [models.DynamicConfigValue(id_val="mappings", value=mapping)])


def _rollbacks(made: dashboard.Dashboard) -> None:
    made.with_row(dashboard.Row("Rollbacks and alerts"))
    phases = "sum by (phase) (increase(modelward_rollbacks_total[$__rate_interval]))"
    made.with_panel(lines("Rollbacks", "Those that reached a phase.", "short", (phases, "{{phase}}")))
    outcomes = "sum by (outcome) (increase(modelward_rollback_outcomes_total[$__rate_interval]))"
    made.with_panel(lines("Whether they helped", "Known after a window.", "short", (outcomes, "{{outcome}}")))
    told = "sum by (result) (increase(modelward_alerts_total[$__rate_interval]))"
    waiting = ("max(modelward_undelivered_letters)", "waiting")
    made.with_panel(lines("Alerts", "What became of the messages.", "short", (told, "{{result}}"), waiting))


def _operator(made: dashboard.Dashboard) -> None:
    made.with_row(dashboard.Row("The operator"))
    rate = "[$__rate_interval]"
    lag = ("max(modelward_sweep_lag_seconds)", "longest wait")
    made.with_panel(lines("Lateness", "How long the resource that waits longest is overdue.", "s", lag))
    spread = f"sum by (le) (rate(modelward_check_duration_seconds_bucket{rate}))"
    quantiles = [(f"histogram_quantile({q}, {spread})", f"p{round(100 * q)}") for q in (0.5, 0.99)]
    made.with_panel(lines("Databases", "How long they took to answer for all who asked together.", "s", *quantiles))
    calls = (f"sum by (verb) (rate(modelward_api_requests_total{rate}))", "API {{verb}}")
    statements = (f"sum(rate(modelward_sql_statements_total{rate}))", "SQL")
    made.with_panel(lines("Calls", "Requests to the API server, and statements.", "reqps", calls, statements))
    memory = (f"process_resident_memory_bytes and {OPERATOR}", "{{instance}}")
    made.with_panel(lines("Memory", "Resident, of each operator.", "bytes", memory))
    cpu = (f"rate(process_cpu_seconds_total{rate}) and {OPERATOR}", "{{instance}}")
    made.with_panel(lines("CPU", "Cores that each operator keeps busy.", "short", cpu))
    roles = [("sum(modelward_lease_held)", "hold the Lease"), ("sum(modelward_operator_ready)", "ready")]
    made.with_panel(lines("Operators", "How many hold the Lease (one), and are ready.", "short", *roles))
