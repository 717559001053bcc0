"""How the answers about ModelDeployments are drawn for people."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any, cast

from modelward.cli.recipe_view import show_gitops
from modelward.cli.screen import Screen
from modelward.decide.wording import count, figure, percent
from modelward.domain.metrics import MetricName
from modelward.evaluation.results import Held, MetricExplanation, VersionQuality, WindowExplanation
from modelward.remote.results import (
    ClusterCheck,
    ClusterComparison,
    ClusterExplanation,
    ClusterHistoryEntry,
    ClusterPlan,
    ClusterRollback,
    ClusterStatus,
    Request,
    Waiting,
)

STATUS = ("NAMESPACE", "NAME", "READY", "VERDICT", "CURRENT", "PREVIOUS", "CHANGE", "SAMPLES", "LAST ROLLBACK")
HISTORY = ("SAMPLES", "SINCE", "UNTIL", "PLACED BY", "STANDING", "ROLLED BACK")
METRICS = ("METRIC", "PREVIOUS", "CURRENT", "CHANGE", "LIMIT", "JUDGEMENT")
ROWS = ("VERSION", "FROM", "TO", "PREDICTIONS", "SAMPLES", "BAD PREDICTIONS", "BAD LABELS", "LABELLED")


def show_statuses(screen: Screen, reports: Sequence[ClusterStatus]) -> None:
    """Draw a line for each, and below it what asks for a person."""
    if reports:
        screen.table(STATUS, [_status_row(report) for report in reports])
    for report in reports:
        for note in report["notes"]:
            screen.line(f"{_name(report)}: {note}", "yellow")


def show_history(screen: Screen, entries: Sequence[ClusterHistoryEntry]) -> None:
    """Draw what served when, the newest first."""
    names = list(dict.fromkeys(name for entry in entries for name in entry["metrics"])) or ["r2", "rmse"]
    columns = ["NAME", "VERSION", "SERVES", *(f"LIVE {_label(name).upper()}" for name in names), *HISTORY]
    screen.table(columns, [_history_row(entry, names) for entry in entries])


def show_comparison(screen: Screen, result: ClusterComparison) -> None:
    """Draw the two versions of the last verdict."""
    screen.line(f"current  {result['current_version']}: {count(result['samples_current'], 'sample')}")
    screen.line(f"previous {result['previous_version']}: {count(result['samples_previous'], 'sample')}")
    _metrics(screen, result["metrics"])
    screen.verdict("Degraded" if result["degraded"] else "Not degraded", result["message"])


def show_checks(screen: Screen, results: Sequence[ClusterCheck]) -> None:
    """Draw the outcome of each check."""
    for result in results:
        check = result["degradation_check"]
        screen.line(f"{_name(result)}", "bold")
        if result["status"] != "ERROR":
            screen.line(f"current  {check['current_version'] or 'none'}: {count(check['samples_current'], 'sample')}")
            screen.line(f"previous {check['previous_version'] or 'none'}")
            _metrics(screen, result["metrics"])
        screen.verdict(result["status"], result["message"])
        _held(screen, result["held_by"])


def show_explanations(screen: Screen, results: Sequence[ClusterExplanation]) -> None:
    """Draw what each verdict rests on, like a page of a manual."""
    for i, result in enumerate(results):
        if i:
            screen.line("")
        _show_explanation(screen, result)


def show_plan(screen: Screen, plan: ClusterPlan) -> None:
    """Draw what a rollback would change, and what follows from it."""
    screen.line(f"{_name(plan)}, Deployment {plan['deployment']}", "bold")
    for side, version, value, quality in (
        ("from", plan["from_version"], plan["from_value"], plan["from_quality"]),
        ("to  ", plan["to_version"], plan["to_value"], plan["to_quality"]),
    ):
        screen.line(f"  {side} {version}: {value or 'the operator finds out what is to be written'}")
        if quality["samples"]:
            screen.line(f"       {_quality(quality)}")
    for note in plan["notes"]:
        screen.line(f"  - {note}")


def show_rollback(screen: Screen, result: ClusterRollback) -> None:
    """Draw how a rollback ended."""
    said = f"{_name(result)}: {result['from_version']} -> {result['to_version']} by {result['actor']}"
    screen.verdict(result["phase"].upper(), said if result["phase"] == "Verified" else f"{said}: {result['message']}")


def show_request(screen: Screen, request: Request) -> None:
    """Draw what was asked for."""
    moved = f"{request['from_version']} -> {request['to_version']}"
    screen.line(f"{_name(request)}: asked for {moved} at {request['requested_at']} as {request['requested_by']}")
    screen.line(f"To see what becomes of it: kubectl modelward status {request['name']} -n {request['namespace']}")


def _show_explanation(screen: Screen, result: ClusterExplanation) -> None:
    screen.line(f"{_name(result)}: model {result['model']}" + _environment(result), "bold")
    screen.verdict(result["verdict"], result["message"])
    screen.line(f"{result['reason']}: {result['meaning']}")
    _rows(screen, result)
    if result["metrics"]:
        _heading(screen, "METRICS")
        _metrics(screen, result["metrics"])
    for heading, lines in (
        ("ROLLBACK", _rollback_lines(result)),
        ("QUARANTINE", [f"{q['model_version']} since {q['since']}: {q['reason']}" for q in result["quarantine"]]),
        ("STILL TO BE TOLD", [_waiting_line(waiting) for waiting in result["waiting"]]),
        ("LAST ROLLBACK", _last_lines(result["last_rollback"])),
        ("TO LOOK AT", result["notes"]),
    ):
        if lines:
            _heading(screen, heading)
            for line in lines:
                screen.line(line)


def _rows(screen: Screen, result: ClusterExplanation) -> None:
    _heading(screen, "ROWS")
    compared = f", compared {result['comparison']}" if result["comparison"] else ""
    screen.line(
        f"live predictions of the last {result['window']} since it serves; "
        f"{result['min_samples']:,} labelled ones needed{compared}"
    )
    windows = [_window_row(window) for window in result["windows"]]
    previous = result["previous"]
    if previous and previous["samples"]:
        times = (previous["window_start"] or "-", previous["window_end"] or "-")
        windows.append((previous["model_version"], *times, "-", f"{previous['samples']:,}", "-", "-", "-"))
    if windows:
        screen.table(ROWS, windows)


def _window_row(window: WindowExplanation) -> tuple[str, ...]:
    counts = (window["predictions"], window["samples"], window["bad_predictions"], window["bad_labels"])
    coverage = f"{window['label_coverage_percent']:g} %"
    return (window["model_version"], window["start"], window["end"], *(f"{n:,}" for n in counts), coverage)


def _rollback_lines(result: ClusterExplanation) -> list[str]:
    since = f", since {result['since']}" if result["since"] else ""
    lines = [f"target: {result['would_roll_back_to'] or 'none'}"]
    lines += [f"the serving version was placed by: {result['placed_by']}{since}"] if result["placed_by"] else []
    if result["breaches"]:
        lines.append(f"degraded windows in a row: {result['breaches']} of {result['breaches_needed']} needed")
    if not result["auto_rollback"]:
        lines.append("spec.autoRollback is false: a person decides")
    return lines + [f"held back by {held['guard']}: {held['message']}" for held in result["held_by"]]


def _last_lines(last: ClusterRollback | None) -> list[str]:
    if last is None:
        return []
    lines = [
        f"{last['at']} {last['from_version']} -> {last['to_version']} by {last['actor']}: {last['phase']}",
        f"{last['reason']}: {last['message']}",
    ]
    return lines + ([f"did it help? {last['outcome']}: {last['outcome_message']}"] if last["outcome"] else [])


def _waiting_line(waiting: Waiting) -> str:
    tried = f", tried {count(waiting['attempts'], 'time')}: {waiting['error']}" if waiting["error"] else ""
    return f"{waiting['step']} to {waiting['to']}{tried}"


def _status_row(report: ClusterStatus) -> tuple[str, ...]:
    target, production = report["rollback_target"], report["production"]
    last = cast("ClusterRollback | None", report["last_rollback"])
    return (
        report["namespace"],
        report["name"],
        report["ready"],
        report["verdict"] or "-",
        production["model_version"] if production else "-",
        (target["model_version"] if target else None) or "-",
        report["change"] or "-",
        "-" if report["samples"] is None else f"{report['samples']:,}",
        f"{last['at']} {last['phase']}" if last else "-",
    )


def _history_row(entry: ClusterHistoryEntry, names: Sequence[str]) -> tuple[str, ...]:
    away = [f"{r['at']} to {r['to_version']}" for r in entry["rollbacks"]]
    marks = [*(away or (["yes"] if entry["rolled_back"] else [])), *(["in quarantine"] if entry["quarantined"] else [])]
    return (
        _name(entry),
        entry["model_version"],
        "yes" if entry["is_production"] else "no",
        *(_figure(name, entry["metrics"].get(name)) for name in names),
        f"{entry['samples']:,}" if entry["samples"] else "-",
        entry["since"] or "-",
        entry["until"] or "-",
        entry["placed_by"],
        entry["standing"],
        ", ".join(marks) or "-",
    )


def _metrics(screen: Screen, metrics: Iterable[MetricExplanation]) -> None:
    rows = [_metric_row(metric) for metric in metrics]
    if rows:
        screen.table(METRICS, rows)


def _metric_row(metric: MetricExplanation) -> tuple[str, ...]:
    change = metric["change_percent"]
    judged = "breached" if metric["breached"] else metric["not_judged_because"] or "within"
    return (
        _label(metric["metric"]),
        _figure(metric["metric"], metric["previous"]),
        _figure(metric["metric"], metric["current"]),
        "-" if change is None else percent(change),
        f"{metric['limit_percent']:g} %",
        judged,
    )


def _label(name: str) -> str:
    return MetricName(name).label if name in set(MetricName) else name


def _figure(name: str, value: float | None) -> str:
    if value is None:
        return "-"
    return figure(MetricName(name), value) if name in set(MetricName) else f"{value:g}"


def _quality(quality: VersionQuality) -> str:
    r2, rmse = _figure(MetricName.R2, quality["r2_score"]), _figure(MetricName.RMSE, quality["rmse"])
    return f"R2 {r2}, RMSE {rmse}, {count(quality['samples'], 'sample')}"


def _held(screen: Screen, held_by: Iterable[Held]) -> None:
    for held in held_by:
        screen.line(f"held back by {held['guard']}: {held['message']}", "yellow")


def _heading(screen: Screen, text: str) -> None:
    screen.line("")
    screen.line(text, "bold")


def _environment(result: ClusterExplanation) -> str:
    return f" ({result['environment']})" if result["environment"] else ""


def _name(result: Any) -> str:
    return f"{result['namespace']}/{result['name']}"


CLUSTER_VIEWS: dict[str, Callable[[Screen, Any], None]] = {
    "GitOps": show_gitops,
    "StatusList": show_statuses,
    "CheckList": show_checks,
    "ExplanationList": show_explanations,
    "Request": show_request,
    "ClusterHistory": show_history,
    "ClusterComparison": show_comparison,
    "ClusterPlan": show_plan,
    "ClusterRollback": show_rollback,
}
