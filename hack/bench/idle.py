"""What nothing happening costs: API calls, statements, processor time and memory of a quiet minute."""

import math
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from bench import process, ready
from bench.audit import Call, tally, without_standing
from bench.process import Usage
from bench.report import Figure, listed
from bench.stage import Stage
from bench.statements import Statement, count, count_sweeps, logged

RARELY, OFTEN = "1h", "10s"
SECONDS = {RARELY: 3600.0, OFTEN: 10.0}
MEMORY_GOAL, CPU_GOAL = 75.0, 0.1


@dataclass(frozen=True)
class Minute:
    """What was seen in one quiet stretch of so many seconds."""

    interval: str
    seconds: float
    resources: int
    calls: list[Call]
    before: Usage
    after: Usage

    @property
    def checks(self) -> float:
        """How many checks fell due, on average."""
        return self.resources * self.seconds / SECONDS[self.interval]

    @property
    def cpu(self) -> float:
        """Processor seconds, scaled to a minute."""
        return (self.after.cpu_s - self.before.cpu_s) * 60 / self.seconds


def measure(stage: Stage) -> list[Figure]:
    """Look at a minute with hourly checks, then at one with a check every ten seconds."""
    ready.ensure(stage)
    rare = _look(stage, RARELY)
    statements: list[Statement] = []
    with _logged(stage, statements):
        often = _look(stage, OFTEN)
    return [*_calls(rare), *_calls(often), *_cpu(rare, often), _memory(rare, often), *_statements(often, statements)]


def _look(stage: Stage, interval: str) -> Minute:
    stage.set_interval(interval)
    stage.say(f"{stage.seconds:g} quiet seconds with checkInterval {interval}")
    mark, before = stage.audit.mark(), process.look(stage.operator.pid)
    threading.Event().wait(stage.seconds)
    after, calls = process.look(stage.operator.pid), stage.audit.since(mark)
    return Minute(interval, stage.seconds, len(stage.models), calls, before, after)


@contextmanager
def _logged(stage: Stage, statements: list[Statement]) -> Iterator[None]:
    """Log statements once the interval is set, so that only the quiet stretch is in the log."""
    stage.set_interval(OFTEN)
    with logged(stage.database.url, stage.database.runner.log_path("postgres")) as found:
        yield
    statements += found


def _calls(minute: Minute) -> list[Figure]:
    extra = tally(_beyond_secrets(minute))
    standing = tally(c for c in minute.calls if c.is_watch or c.is_lease)
    return [
        Figure(
            what=f"API calls in {minute.seconds:g} s, {minute.resources} resources, checkInterval {minute.interval}",
            goal="none but watches and Lease; each Secret once a minute where checks are due",
            measured=f"{listed(extra)}; beside them {listed(standing)}",
            met=not extra,
            values={"extra": extra, "standing": standing},
        )
    ]


def _beyond_secrets(minute: Minute) -> list[Call]:
    """Leave out what stands, and the reads of Secrets that due checks may make."""
    calls = without_standing(minute.calls)
    secrets = Counter((call.namespace, call.name) for call in calls if call.is_secret)
    allowed = math.ceil(minute.seconds / 60)
    often = {key for key, number in secrets.items() if number > allowed}
    return [call for call in calls if not call.is_secret or (call.namespace, call.name) in often]


def _cpu(rare: Minute, often: Minute) -> list[Figure]:
    """A check's own cost comes from the difference of both minutes; the rest is what idling takes."""
    per_check = (often.cpu - rare.cpu) / (often.checks - rare.checks) * often.seconds / 60
    idle = max(rare.cpu - per_check * rare.checks * 60 / rare.seconds, 0.0)
    return [
        Figure(
            what=f"CPU per idle minute at {rare.resources} resources, beside due checks",
            goal=f"< {CPU_GOAL} s",
            measured=f"{idle:.2f} s ({rare.cpu:.2f} s with the {rare.checks:.0f} hourly checks that fell due)",
            met=idle < CPU_GOAL,
            values={"seconds": idle, "with_checks": rare.cpu},
        ),
        Figure(
            what=f"CPU per minute with {often.resources} resources checked every 10 s",
            measured=f"{often.cpu:.2f} s, {per_check * 1000:.2f} ms for a check",
            values={"seconds": often.cpu, "per_check": per_check},
        ),
    ]


def _memory(rare: Minute, often: Minute) -> Figure:
    rss = max(rare.after.rss_mb, often.after.rss_mb)
    return Figure(
        what=f"resident memory at {rare.resources} resources",
        goal=f"< {MEMORY_GOAL:g} MB",
        measured=f"RSS {rss:.1f} MB, USS {max(rare.after.uss_mb, often.after.uss_mb):.1f} MB",
        met=rss < MEMORY_GOAL,
        values={m.interval: {"rss_mb": m.after.rss_mb, "uss_mb": m.after.uss_mb} for m in (rare, often)},
    )


def _statements(often: Minute, statements: list[Statement]) -> list[Figure]:
    counts, sweeps = count(statements), count_sweeps(statements)
    judging = counts.get("judge", 0)
    ratio, size = judging / max(sweeps, 1), often.checks / max(sweeps, 1)
    return [
        Figure(
            what="judging statements per sweep and group",
            goal="1",
            measured=f"{ratio:.2f} ({judging} in {sweeps} sweeps of about {size:.0f} resources)",
            met=judging == sweeps,
            values={"judging": judging, "sweeps": sweeps},
        ),
        Figure(
            what=f"all statements in {often.seconds:g} s, {often.resources} resources checked every 10 s",
            measured=listed(counts),
            values=counts,
        ),
    ]
