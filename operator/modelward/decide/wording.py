"""Numbers and sentences as people read them."""

from collections.abc import Iterable

from modelward.domain.decision import MetricChange
from modelward.domain.quality import MetricName, VersionCount
from modelward.domain.questions import Comparison
from modelward.domain.spec import Role

SAMPLES = {
    Comparison.PAIRED: "pair",
    Comparison.CONCURRENT: "concurrent sample",
    Comparison.BEFORE_AFTER: "sample",
    Comparison.AUTO: "sample",
}


def figure(name: MetricName, value: float | None) -> str:
    """R2, accuracy and their like with three decimals, losses with four digits that count."""
    if value is None:
        return "undefined"
    if name.higher_is_better:
        return f"{value:.3f}"
    return f"{value:.0f}" if abs(value) >= 1000 else f"{value:.4g}"


def percent(value: float) -> str:
    """A change with its sign: -1.08 %, +20.7 %."""
    return f"{value:+.2f} %" if abs(value) < 2 else f"{value:+.1f} %"


def count(number: int, noun: str) -> str:
    """1,204 samples; 1 sample."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def describe_change(change: MetricChange) -> str:
    """R2 0.930 -> 0.850 (-8.6 %, limit 5 %)."""
    values = f"{figure(change.name, change.previous)} -> {figure(change.name, change.current)}"
    if change.change_percent is None:
        why = change.undefined or ""
        return f"{change.name.label} {values} ({why.removeprefix('undefined: ') if 'undefined' in values else why})"
    if change.role is Role.SHOW:
        return f"{change.name.label} {values} ({percent(change.change_percent)}, shown only)"
    return f"{change.name.label} {values} ({_beside_limit(change, change.change_percent)})"


def _beside_limit(change: MetricChange, value: float) -> str:
    """+20.7 %, limit 5 %; with as many digits as it takes to be seen beyond the limit."""
    said, digits = percent(value), 2
    while change.breached and abs(float(said.removesuffix(" %"))) <= change.limit_percent and digits < 9:
        said, digits = f"{value:+.{digits}f} %", digits + 1
    return f"{said}, limit {change.limit_percent:g} %"


def describe_changes(
    changes: Iterable[MetricChange], samples: int, comparison: Comparison = Comparison.BEFORE_AFTER
) -> str:
    """All metrics and the number of samples, in one line; and how they were compared, where it was at once."""
    return ", ".join([*(describe_change(c) for c in changes), count(samples, SAMPLES[comparison])])


def shorten(text: str, most: int = 63) -> str:
    """Make a text from a database fit to print: no control characters, and not endless."""
    printable = "".join(c if c.isprintable() else "?" for c in text[: most + 1])
    return printable if len(printable) <= most else f"{printable[: most - 3]}..."


def list_versions(versions: Iterable[VersionCount], most: int = 10) -> str:
    """`v1 (1,204), v2 (88)`; a long list is cut and says so."""
    known = [f"{shorten(v.version)} ({v.predictions:,})" for v in versions]
    rest = len(known) - most
    return ", ".join(known[:most]) + (f" and {rest} more" if rest > 0 else "") if known else "none"
