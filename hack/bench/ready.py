"""How long until a fleet that grows from a tenth to its full size is watched: every resource judged and Ready."""

import time

from bench.audit import AuditLog, Call
from bench.report import Figure, spread
from bench.stage import Stage

ADMIN = "admin"
GOAL = 10.0


def measure(stage: Stage) -> list[Figure]:
    """Create the other nine tenths at once; the end is the last status write of the operator."""
    few = stage.resources // 10
    stage.grow(few)
    stage.check_ready()
    stage.say(f"from {few} to {stage.resources} resources")
    mark, began = stage.audit.mark(), time.time()
    stage.grow(stage.resources)
    stage.check_ready()
    creations = [c for c in _by_admin(stage, mark) if c.what == "create modeldeployments"]
    writes = [c for c in stage.audit.since(mark) if c.is_status_write and c.code < 300]
    return [_whole(few, stage.resources, began, creations, writes), _each(creations, writes)]


def _by_admin(stage: Stage, mark: int) -> list[Call]:
    log = stage.cluster.audit_log
    return AuditLog(log, ADMIN).since(mark) if log else []


def _whole(few: int, many: int, began: float, creations: list[Call], writes: list[Call]) -> Figure:
    seconds = max(c.done for c in writes) - began
    created = max(c.done for c in creations) - began
    return Figure(
        what=f"{few} -> {many} resources ready",
        goal=f"< {GOAL:g} s",
        measured=f"{seconds:.1f} s, of which creating them {created:.1f} s",
        met=seconds < GOAL,
        values={"seconds": seconds, "creating_seconds": created, "status_writes": len(writes)},
    )


def _each(creations: list[Call], writes: list[Call]) -> Figure:
    created = {(c.namespace, c.name): c.done for c in creations}
    ready = {(c.namespace, c.name): c.done for c in writes}  # the last write counts
    delays = [ready[key] - created[key] for key in created if key in ready]
    per_resource = len(writes) / len(created)
    return Figure(
        what="each of them, from created to its last status write",
        measured=f"{spread(delays)}; {per_resource:.2f} status writes each",
        values={"seconds": sorted(delays), "status_writes_each": per_resource},
    )


def ensure(stage: Stage) -> None:
    """Have the whole fleet there, for the measurements that are about something else."""
    if len(stage.models) < stage.resources:
        stage.grow(stage.resources)
        stage.check_ready()
