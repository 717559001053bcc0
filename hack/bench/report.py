"""What was measured, as figures with their goals: a Markdown table for people, JSON for programs."""

import json
import statistics
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

HEAD = ("what", "goal", "measured", "met")


@dataclass(frozen=True)
class Figure:
    """One line of the table; `met` None stands for a figure without a goal, `values` are the raw numbers."""

    what: str
    measured: str
    goal: str = ""
    met: bool | None = None
    values: dict[str, Any] = field(default_factory=dict)


def make_table(figures: Iterable[Figure]) -> str:
    """Write a Markdown table; a goal that is missed stands out."""
    rows = [HEAD, *((f.what, f.goal or "-", f.measured, _verdict(f.met)) for f in figures)]
    cells = [tuple(cell.replace("|", "/") for cell in row) for row in rows]
    widths = [max(len(row[i]) for row in cells) for i in range(len(HEAD))]
    lines = ["| " + " | ".join(c.ljust(w) for c, w in zip(row, widths, strict=True)) + " |" for row in cells]
    rule = "|" + "|".join("-" * (width + 2) for width in widths) + "|"
    return "\n".join([lines[0], rule, *lines[1:]])


def make_json(figures: Iterable[Figure], about: dict[str, Any]) -> str:
    """Write everything, raw numbers included."""
    return json.dumps({"about": about, "figures": [asdict(f) for f in figures]}, indent=2) + "\n"


def summarise(figures: Sequence[Figure]) -> str:
    """Say how many goals are met, and which are not."""
    with_goal = [f for f in figures if f.met is not None]
    missed = [f.what for f in with_goal if not f.met]
    head = f"{len(with_goal) - len(missed)} of {len(with_goal)} goals met"
    return head + "".join(f"\nmissed: {what}" for what in missed)


def spread(values: Sequence[float], unit: str = "s") -> str:
    """Say median, tenth and ninetieth percentile, and maximum."""
    tenths = statistics.quantiles(values, n=10, method="inclusive") if len(values) > 1 else list(values) * 9
    middle = statistics.median(values)
    return f"median {middle:.2f} {unit} (p10 {tenths[0]:.2f}, p90 {tenths[-1]:.2f}), max {max(values):.2f} {unit}"


def listed(counts: dict[str, int]) -> str:
    """Write counts as a list, or say that there is none."""
    return ", ".join(f"{count} {what}" for what, count in counts.items()) or "none"


def _verdict(met: bool | None) -> str:  # noqa: FBT001  a three-valued answer, spelt out
    return "-" if met is None else "yes" if met else "**NO**"
