"""What both dashboards are built of: queries on the one data source, panels in one manner, and choices at the top."""

from collections.abc import Sequence
from typing import Any

from grafana_foundation_sdk.builders import common, dashboard, prometheus, stat, statetimeline, table, timeseries
from grafana_foundation_sdk.cog.builder import Builder
from grafana_foundation_sdk.models import common as forms
from grafana_foundation_sdk.models import dashboard as models
from grafana_foundation_sdk.models.prometheus import PromQueryFormat

SOURCE = models.DataSourceRef(type_val="prometheus", uid="${datasource}")
TAGS = ["modelward"]
VERDICTS = {
    "Healthy": "green",
    "Degraded": "red",
    "InsufficientData": "yellow",
    "NoData": "blue",
    "SourceError": "purple",
}
Query = tuple[str, str]
"""PromQL, and how a series is called: its labels in double braces."""


def query(number: int, expr: str, legend: str) -> prometheus.Dataquery:
    """Ask for a range; refId is a letter."""
    return prometheus.Dataquery().expr(expr).legend_format(legend).range().ref_id(chr(ord("A") + number))


def look(number: int, expr: str) -> prometheus.Dataquery:
    """Ask for the present moment, as rows of a table."""
    made = prometheus.Dataquery().expr(expr).instant().ref_id(chr(ord("A") + number))
    return made.format(PromQueryFormat.TABLE)


def lines(title: str, meaning: str, unit: str, *queries: Query) -> timeseries.Panel:
    """Draw lines over time, a third of the width."""
    legend = common.VizLegendOptions().display_mode(forms.LegendDisplayMode.LIST).show_legend(show_legend=True)
    legend.placement(forms.LegendPlacement.BOTTOM)
    panel = timeseries.Panel().title(title).description(meaning).datasource(SOURCE).unit(unit).span(8).height(8)
    panel.legend(legend).fill_opacity(8).show_points(forms.VisibilityMode.NEVER)
    panel.tooltip(common.VizTooltipOptions().mode(forms.TooltipDisplayMode.MULTI))
    return panel.targets([query(i, *one) for i, one in enumerate(queries)])


def figure(title: str, meaning: str, unit: str, expr: str, *steps: tuple[float, str]) -> stat.Panel:
    """Show one number; its colour is green, and from each step on another."""
    scale = [models.Threshold(None, "green"), *(models.Threshold(value, colour) for value, colour in steps)]
    panel = stat.Panel().title(title).description(meaning).datasource(SOURCE).unit(unit).span(4).height(4)
    panel.reduce_options(common.ReduceDataOptions().calcs(["lastNotNull"]))
    panel.thresholds(dashboard.ThresholdsConfig().mode(models.ThresholdsMode.ABSOLUTE).steps(scale))
    panel.graph_mode(forms.BigValueGraphMode.NONE).color_mode(forms.BigValueColorMode.VALUE).no_value("none")
    return panel.targets([query(0, expr, "")])


def states(title: str, meaning: str, expr: str, legend: str) -> statetimeline.Panel:
    """Draw one bar for each state that held, as long as it held."""
    panel = statetimeline.Panel().title(title).description(meaning).datasource(SOURCE).span(12).height(7)
    panel.mappings([models.ValueMap(options={"1": models.ValueMappingResult(text="yes", color="blue")})])
    panel.show_value(forms.VisibilityMode.NEVER)
    panel.legend(common.VizLegendOptions().show_legend(show_legend=False))
    return panel.targets([query(0, expr, legend)])


def rows(title: str, meaning: str, exprs: Sequence[str], columns: dict[str, str]) -> table.Panel:
    """Show one row for each model: the queries are joined by their labels; `columns` are their new names, in order."""
    panel = table.Panel().title(title).description(meaning).datasource(SOURCE).span(24).height(9)
    panel.targets([look(i, expr) for i, expr in enumerate(exprs)])
    order = {name: place for place, name in enumerate(columns)}
    tidy = {"excludeByName": {"Time": True, "Value #A": True}, "indexByName": order, "renameByName": columns}
    panel.with_transformation(models.DataTransformerConfig(id_val="merge", options={}))
    return panel.with_transformation(models.DataTransformerConfig(id_val="organize", options=tidy))


def coloured(panel: Any, colours: dict[str, str]) -> Any:
    """Give series of a name a colour that means the same everywhere."""
    for name, colour in colours.items():
        fixed = {"mode": "fixed", "fixedColor": colour}
        panel.override_by_name(name, [models.DynamicConfigValue(id_val="color", value=fixed)])
    return panel


def choose(name: str, label: str, metric: str, of: str, *, several: bool) -> dashboard.QueryVariable:
    """Offer the values of a label."""
    made = dashboard.QueryVariable(name).label(label).datasource(SOURCE)
    made.query(f"label_values({metric}, {of})").refresh(models.VariableRefresh.ON_TIME_RANGE_CHANGED)
    made.sort(models.VariableSort.ALPHABETICAL_ASC)
    if several:
        made.multi(multi=True).include_all(include_all=True).all_value(".+")
        made.current(models.VariableOption(text="All", value="$__all", selected=True))
    return made


def board(
    uid: str, title: str, meaning: str, variables: Sequence[Builder[models.VariableModel]]
) -> dashboard.Dashboard:
    """Begin a dashboard."""
    source = dashboard.DatasourceVariable("datasource").label("Data source").type("prometheus")
    made = dashboard.Dashboard(title).uid(uid).description(meaning).tags(TAGS).editable().refresh("1m")
    made.time("now-24h", "now").tooltip(models.DashboardCursorSync.CROSSHAIR)
    return made.variables([source, *variables])
