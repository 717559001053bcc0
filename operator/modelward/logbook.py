"""One log line for each decision, with its numbers, and for each Event: a sentence for people, fields for programs.

What says nothing new is logged as DEBUG: a thousand models that are checked each minute and are all well need no lines.
"""

import logging
from datetime import datetime
from typing import Any

from modelward.domain.codec import format_time
from modelward.domain.decision import Announcement, RollbackOrder
from modelward.domain.resource import Resource
from modelward.domain.status import MetricStatus, Status
from modelward.readings import number

log = logging.getLogger(__name__)
FIELDS = {
    "event": "always `decision`",
    "namespace, name": "the ModelDeployment",
    "model, environment": "as the database knows it",
    "action": "`RollBack`, or `Leave` where nothing is changed",
    "verdict, reason": "as in status; what they rest on stands in `message`",
    "version, previous_version": "the version that serves, and the one that it was compared with",
    "comparison, samples": "how they were compared, and how many labelled rows of the version that serves counted",
    "window_start, window_end": "of these rows, RFC 3339",
    "metrics": "each `name` with `role`, `current`, `previous`, `change_percent`, `limit_percent`, `breached` and, "
    "where it was not judged, why in `undefined`",
    "holds": "the guards that spoke, in their order",
    "rollback_id, from_version, to_version, automatic, actor": "of a `RollBack` only",
}
"""What a line has, for docs/operations.md."""


def note_left(resource: Resource, after: Status) -> None:
    """Log that nothing was changed, and why."""
    level = logging.DEBUG if _says(resource.status) == _says(after) else logging.INFO
    if not log.isEnabledFor(level):
        return
    held = f"; not rolled back: {after.holds[0].message}" if after.holds else ""
    said = f"{after.verdict} ({after.reason}): {after.message or ''}{held}"
    fields = {**_facts(resource, after), "action": "Leave"}
    log.log(level, "%s/%s: %s", *resource.key, said, extra={"fields": fields})


def note_rollback(resource: Resource, after: Status, order: RollbackOrder) -> None:
    """Log what is about to be rolled back, and why."""
    fields = {
        **_facts(resource, after),
        "action": "RollBack",
        "rollback_id": order.id,
        "from_version": order.from_version,
        "to_version": order.to.version,
        "automatic": order.automatic,
        "actor": order.actor,
    }
    said = f"rolling back {order.from_version} -> {order.to.version}: {order.message}"
    log.info("%s/%s: %s", *resource.key, said, extra={"fields": fields})


def note_announcement(resource: Resource, announcement: Announcement) -> None:
    """Log what an Event says; by the same fields as a decision's, all lines of a model are found."""
    fields = {
        "event": "announcement",
        "namespace": resource.namespace,
        "name": resource.name,
        "reason": announcement.reason,
    }
    log.info("%s/%s: %s: %s", *resource.key, announcement.reason, announcement.message, extra={"fields": fields})


def _says(status: Status) -> tuple[object, ...]:
    guards = tuple(hold.guard for hold in status.holds)
    return status.verdict, status.reason, status.current_version, status.previous_version, guards


def _facts(resource: Resource, status: Status) -> dict[str, Any]:
    spec, window = resource.spec, status.window
    return {
        "event": "decision",
        "namespace": resource.namespace,
        "name": resource.name,
        "model": spec.model_name if spec else None,
        "environment": spec.environment if spec else None,
        "verdict": status.verdict,
        "reason": status.reason,
        "version": status.current_version,
        "previous_version": status.previous_version,
        "comparison": status.comparison,
        "samples": status.samples,
        "window_start": _time(window.start_time if window else None),
        "window_end": _time(window.end_time if window else None),
        "metrics": [_metric(metric) for metric in status.metrics],
        "holds": [hold.guard for hold in status.holds],
    }


def _metric(metric: MetricStatus) -> dict[str, Any]:
    return {
        "name": metric.name,
        "role": metric.role,
        "current": number(metric.current),
        "previous": number(metric.previous),
        "change_percent": number(metric.change_percent),
        "limit_percent": number(metric.limit_percent),
        "breached": metric.breached,
        "undefined": metric.undefined,
    }


def _time(moment: datetime | None) -> str | None:
    return format_time(moment) if moment else None
