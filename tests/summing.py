"""Rows summed one by one and by the book, family by family: what the SQL has to agree with."""

import math
from collections.abc import Iterable, Sequence

from modelward.domain.metrics import Family
from modelward.domain.sums import Bin, Labels, Scores, Sums, bin_of

EPSILON = 2.0**-52
TINY = 1e-150

Pairs = Sequence[tuple[float, float]]


def sum_rows(pairs: Iterable[tuple[float, float]]) -> Sums:
    """Sum (prediction, actual) pairs, all of them finite."""
    kept = list(pairs)
    if not kept:
        return Sums()
    n, actuals, errors = len(kept), [y for _, y in kept], [p - y for p, y in kept]
    mean = math.fsum(actuals) / n
    squares = math.fsum((y - mean) ** 2 for y in actuals)
    shares = [abs(e) / max(abs(y), EPSILON) for e, y in zip(errors, actuals, strict=True) if y and abs(e) > TINY]
    return Sums(
        n,
        mean,
        squares,
        math.fsum(errors),
        math.fsum(map(abs, errors)),
        math.fsum(e * e for e in errors if abs(e) > TINY),
        float(sum(y != 0 for y in actuals)),
        math.fsum(shares),
        math.fsum(map(abs, actuals)),
    )


def sum_labels(pairs: Iterable[tuple[str, str]], positive: str = "1") -> Labels:
    """Count (predicted, actual) classes."""
    kept = list(pairs)
    return Labels(
        len(kept),
        float(sum(p == y for p, y in kept)),
        float(sum(p == y == positive for p, y in kept)),
        float(sum(p == positive for p, _ in kept)),
        float(sum(y == positive for _, y in kept)),
    )


def sum_scores(pairs: Iterable[tuple[float, str]], positive: str = "1") -> Scores:
    """Sum (score, actual class) pairs, all scores from 0 to 1."""
    kept = [(s, y == positive) for s, y in pairs]
    given = [min(max(s if y else 1 - s, EPSILON), 1 - EPSILON) for s, y in kept]
    off = [s - y for s, y in kept]
    bins: dict[int, list[tuple[float, bool]]] = {}
    for s, y in kept:
        bins.setdefault(bin_of(s), []).append((s, y))
    return Scores(
        len(kept),
        float(sum(y for _, y in kept)),
        math.fsum(-math.log(p) for p in given),
        math.fsum(d * d for d in off if abs(d) > TINY),
        tuple(_bin(number, bins[number]) for number in sorted(bins)),
    )


def _bin(number: int, rows: Sequence[tuple[float, bool]]) -> Bin:
    scores, positives = [s for s, _ in rows], sum(y for _, y in rows)
    return Bin(number, float(positives), float(len(rows) - positives), min(scores), max(scores))


def sum_family(family: Family, samples: Iterable[tuple[object, object]], positive: str) -> Sums:
    """Sum the samples of one family."""
    if family is Family.REGRESSION:
        return sum_rows(samples)  # type: ignore[arg-type]
    if family is Family.LABELS:
        return Sums(labels=sum_labels(samples, positive))  # type: ignore[arg-type]
    return Sums(scores=sum_scores(samples, positive))  # type: ignore[arg-type]
