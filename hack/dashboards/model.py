"""The dashboard of one model: how good each version is, and how sure that is."""

from grafana_foundation_sdk.builders import dashboard
from grafana_foundation_sdk.models import common as forms

from dashboards.panels import SOURCE, board, choose, coloured, figure, lines, states

UID = "modelward-model"
ONE = 'namespace="$namespace", name="$name"'
SIDES = {"current": "orange", "previous": "blue"}


def build() -> dashboard.Dashboard:
    """Put it together."""
    variables = [
        choose("namespace", "Namespace", "modelward_verdict", "namespace", several=False),
        choose("name", "Name", 'modelward_verdict{namespace="$namespace"}', "name", several=False),
        choose("metric", "Metric", f"modelward_metric_value{{{ONE}}}", "metric", several=True),
    ]
    made = board(UID, "modelward / model", "One ModelDeployment: its versions compared.", variables)
    made.link(dashboard.DashboardLink("All models").url("/d/modelward-overview").keep_time(keep_time=True))
    made.annotation(_rolled_back())
    for part in (_figures, _states, _values):
        part(made)
    return made


def _rolled_back() -> dashboard.AnnotationQuery:
    """Mark the five minutes after a rollback came to its end, in all panels."""
    made = dashboard.AnnotationQuery().name("Rollbacks").datasource(SOURCE).enable(enable=True).icon_color("red")
    return made.expr(f"time() - max by (phase) (modelward_last_rollback_timestamp_seconds{{{ONE}}}) < 300")


def _figures(made: dashboard.Dashboard) -> None:
    ready = figure("Ready", "The condition Ready.", "bool_yes_no", f"max(modelward_ready{{{ONE}}})")
    made.with_panel(ready)
    breached = f"sum(modelward_metric_breached{{{ONE}}})"
    made.with_panel(figure("Beyond their limit", "How many metrics are.", "short", breached, (1, "red")))
    samples = f"max(modelward_samples{{{ONE}}})"
    made.with_panel(figure("Samples", "Labelled rows that the verdict rests on.", "short", samples))
    coverage = f"max(modelward_label_coverage_ratio{{{ONE}}})"
    made.with_panel(figure("Labelled", "The share of predictions with a label.", "percentunit", coverage))
    age = f"max(modelward_evaluation_age_seconds{{{ONE}}})"
    made.with_panel(figure("Judged ago", "Since the database last answered.", "s", age))
    last = f"max(modelward_last_rollback_timestamp_seconds{{{ONE}}}) * 1000"
    made.with_panel(figure("Last rollback", "When it reached its present phase.", "dateTimeFromNow", last))


def _states(made: dashboard.Dashboard) -> None:
    verdict = f"max by (verdict) (modelward_verdict{{{ONE}}})"
    made.with_panel(states("Verdict", "Which verdict held when.", verdict, "{{verdict}}"))
    reason = f"max by (reason) (modelward_ready{{{ONE}}})"
    made.with_panel(states("Ready, and why", "The reason of the condition Ready.", reason, "{{reason}}"))


def _values(made: dashboard.Dashboard) -> None:
    made.with_row(dashboard.Row("Quality"))
    chosen = f'{ONE}, metric=~"$metric"'
    values = f"max by (version) (modelward_metric_value{{{chosen}}})"
    panel = lines("$metric", "In the version that serves, and in the one before.", "short", (values, "{{version}}"))
    panel.repeat("metric").repeat_direction("h").axis_placement(forms.AxisPlacement.LEFT)
    made.with_panel(coloured(panel, SIDES))
    made.with_row(dashboard.Row("Change"))
    side = f'max by (metric) (modelward_metric_value{{{ONE}, version="%s"}})'
    now, before = side % "current", side % "previous"
    change = (f"({now} - {before}) / abs({before})", "{{metric}}")
    made.with_panel(lines("Change", "Of each metric, against the version before.", "percentunit", change).span(12))
    limit = (f"max by (metric) (modelward_metric_limit_ratio{{{ONE}}})", "{{metric}}")
    made.with_panel(lines("Limit", "How much worse each metric may become.", "percentunit", limit).span(6))
    samples = (f"max(modelward_samples{{{ONE}}})", "samples")
    made.with_panel(lines("Samples", "Labelled rows of the window.", "short", samples).span(6))
