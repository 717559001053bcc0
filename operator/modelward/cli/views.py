"""How each answer is drawn for people."""

from collections.abc import Callable, Sequence
from typing import Any

from modelward.cli.cluster_views import CLUSTER_VIEWS
from modelward.cli.screen import Screen
from modelward.decide.wording import figure, percent
from modelward.domain.quality import MetricName
from modelward.evaluation.results import (
    ArchiveReport,
    CheckResult,
    Comparison,
    Explanation,
    HistoryEntry,
    MetricExplanation,
    Rollback,
    RollbackPlan,
    StatusReport,
    WindowExplanation,
)
from modelward.evaluation.telling import describe_quality, describe_status

TRAINING: dict[str, Callable[[HistoryEntry], float | None]] = {
    "r2": lambda entry: entry["training_r2_score"],
    "rmse": lambda entry: entry["training_rmse"],
}
"""What the registry was told of a version when it was trained."""
PAIR = ("METRIC", "PREVIOUS", "CURRENT", "CHANGE", "LIMIT")


def show_status(screen: Screen, report: StatusReport) -> None:
    """Draw how things stand."""
    for line in describe_status(report):
        screen.line(line, "yellow" if line.startswith("Note") or not report["database"]["reachable"] else "")


def show_history(screen: Screen, entries: Sequence[HistoryEntry]) -> None:
    """Draw the versions, the newest first."""
    names = [MetricName(name) for name in (entries[0]["metrics"] if entries else ())]
    trained = [name for name in names if name in TRAINING]
    live, training = [f"LIVE {n.label.upper()}" for n in names], [f"TRAINING {n.label.upper()}" for n in trained]
    columns = ["VERSION", "IN PRODUCTION", *live, *training, "SAMPLES", "SIZE MB", "SINCE", "ROLLED BACK"]
    screen.table(columns, [_history_row(entry, names, trained) for entry in entries])


def show_comparison(screen: Screen, result: Comparison) -> None:
    """Draw two versions side by side."""
    screen.line(f"current  {result['current_version']}: {result['samples_current']:,} samples")
    screen.line(f"previous {result['previous_version']}: {result['samples_previous']:,} samples")
    screen.table(PAIR, [_metric_row(metric) for metric in result["metrics"]])
    comparable = result["samples_current"] and result["samples_previous"]
    verdict = "Degraded" if result["degraded"] else "Not degraded" if comparable else "InsufficientData"
    screen.verdict(verdict, result["message"])


def show_check(screen: Screen, result: CheckResult) -> None:
    """Draw a check's outcome."""
    check = result["degradation_check"]
    screen.line(f"current  {check['current_version']}: {check['samples_current']:,} samples")
    screen.line(f"previous {check['previous_version'] or 'none'}: {check['samples_previous']:,} samples")
    screen.table(PAIR, [_metric_row(metric) for metric in result["metrics"]])
    screen.verdict(result["status"], result["message"])


def show_explanation(screen: Screen, result: Explanation) -> None:
    """Draw what a verdict rests on."""
    screen.verdict(result["verdict"], result["message"])
    screen.line(f"{result['reason']}: {result['meaning']}")
    screen.line("")
    screen.line(
        f"rows: live predictions of the last {result['window']} of each version; "
        f"{result['min_samples']:,} labelled ones needed of each"
    )
    screen.table(
        ("VERSION", "FROM", "TO", "PREDICTIONS", "SAMPLES", "BAD PREDICTIONS", "BAD LABELS", "LABELLED"),
        [_window_row(window) for window in result["windows"]],
    )
    screen.line("")
    screen.table((*PAIR, "JUDGEMENT"), [_judged_row(metric) for metric in result["metrics"]])
    screen.line("")
    screen.line(f"rollback target: {result['would_roll_back_to'] or 'none'}")
    for held in result["held_by"]:
        screen.line(f"held back by {held['guard']}: {held['message']}", "yellow")


def show_plan(screen: Screen, plan: RollbackPlan) -> None:
    """Draw what a rollback would change."""
    screen.line(f"model {plan['model']}" + (f" ({plan['environment']})" if plan["environment"] else ""))
    screen.line(f"  from {plan['from_version']}: {describe_quality(plan['from_quality'])}")
    screen.line(f"  to   {plan['to_version']}: {describe_quality(plan['to_quality'])}")


def show_rollback(screen: Screen, result: Rollback) -> None:
    """Draw what was done."""
    screen.verdict("ROLLED_BACK", f"{result['from_version']} -> {result['to_version']} by {result['actor']}")


def show_archive(screen: Screen, report: ArchiveReport) -> None:
    """Draw what was archived or restored, and what was left and why."""
    verb = "would be archived" if report["dry_run"] else "archived"
    for version in report["archived"]:
        screen.line(f"{version}: {verb}")
    for version in report["restored"]:
        screen.line(f"{version}: restored")
    for version, why in report["kept"].items():
        screen.line(f"{version}: kept, {why}")
    if report["file"]:
        gone = ", removed from the database" if report["predictions_deleted"] else ""
        screen.line(f"{report['file']}: {report['predictions']:,} predictions{gone}")


def _history_row(entry: HistoryEntry, names: Sequence[MetricName], trained: Sequence[MetricName]) -> tuple[str, ...]:
    size = "-" if entry["size_mb"] is None else f"{entry['size_mb']:.1f}"
    away = [f"{r['at']} to {r['to_version']}" for r in entry["rollbacks"]]
    return (
        entry["model_version"] + (" (archived)" if entry["archived_at"] else ""),
        "yes" if entry["is_production"] else "no",
        *(_figure(name, entry["metrics"][name]) for name in names),
        *(_figure(name, TRAINING[name](entry)) for name in trained),
        f"{entry['samples']:,}",
        size,
        entry["since"],
        ", ".join(away) or "-",
    )


def _metric_row(metric: MetricExplanation) -> tuple[str, ...]:
    name, change = MetricName(metric["metric"]), metric["change_percent"]
    changed, limit = "-" if change is None else percent(change), f"{metric['limit_percent']:g} %"
    return (name.label, _figure(name, metric["previous"]), _figure(name, metric["current"]), changed, limit)


def _judged_row(metric: MetricExplanation) -> tuple[str, ...]:
    judged = "breached" if metric["breached"] else metric["not_judged_because"] or "within"
    return (*_metric_row(metric), judged)


def _window_row(window: WindowExplanation) -> tuple[str, ...]:
    counts = (window["predictions"], window["samples"], window["bad_predictions"], window["bad_labels"])
    coverage = f"{window['label_coverage_percent']:.1f} %"
    return (window["model_version"], window["start"], window["end"], *(f"{n:,}" for n in counts), coverage)


def _figure(name: MetricName, value: float | None) -> str:
    return "-" if value is None else figure(name, value)


VIEWS: dict[str, Callable[[Screen, Any], None]] = {
    **CLUSTER_VIEWS,
    "Status": show_status,
    "History": show_history,
    "Comparison": show_comparison,
    "Check": show_check,
    "Explanation": show_explanation,
    "RollbackPlan": show_plan,
    "Rollback": show_rollback,
    "Archive": show_archive,
}
