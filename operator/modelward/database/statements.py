"""Statements that sum, put together from the named pieces of `pieces.sql`: only for what a group asks.

A piece names another one in square brackets. Nothing but pieces, and the words below, is ever put in; values are
bound.
"""

from collections.abc import Iterable
from functools import cache

from modelward.database.queries import named_query, piece_of
from modelward.domain.metrics import Family
from modelward.domain.questions import Comparison

ANSWER = {Family.REGRESSION: "prediction", Family.LABELS: "predicted_class::text", Family.SCORES: "score"}
TRUTH = {Family.REGRESSION: "actual", Family.LABELS: "actual_class::text", Family.SCORES: "actual_class::text"}
FIT = {
    Family.REGRESSION: "abs(pair.{}) < 1e150",
    Family.LABELS: "pair.{} IS NOT NULL",
    Family.SCORES: "pair.{} >= 0 AND pair.{} <= 1",
}


PAIRS, SHARED, LIVE = "= 'paired'", "= 'concurrent'", "IN ('current', 'baseline')"


@cache
def judging(families: frozenset[Family], *, pairs: bool, shared: bool, relative: bool) -> str:
    """Write the statement that judges a group: for these families, and with the rivals that are looked for."""
    kinds = [(LIVE, "0"), *([(PAIRS, "0")] if pairs else []), *([(SHARED, piece_of("bucket"))] if shared else [])]
    return _summing("judge", families, kinds, relative=relative)


@cache
def spanning(families: frozenset[Family], parts: frozenset[Comparison], *, relative: bool) -> str:
    """Write the statement that sums stretches of time bucket by bucket, compared in these ways."""
    kinds = [(PARTS[part], piece_of("bucket")) for part in Comparison if part in parts]
    return _summing("spans", families, kinds, relative=relative)


PARTS = {Comparison.PAIRED: PAIRS, Comparison.CONCURRENT: SHARED, Comparison.BEFORE_AFTER: LIVE}


def _summing(name: str, families: frozenset[Family], kinds: Iterable[tuple[str, str]], *, relative: bool) -> str:
    wanted = [(family, *kind) for family in Family if family in families for kind in kinds]
    answers = (_answers(*each, relative=relative) for each in wanted)
    return _fill(named_query(name), answers="\nUNION ALL\n".join(answers))


def _answers(family: Family, parts: str, bucket: str, *, relative: bool) -> str:
    fit = FIT[family]
    samples = _fill(
        piece_of("pairs" if parts == PAIRS else "samples"),
        whose=piece_of("whose_shared" if parts == SHARED else "whose_live"),
        bucket=bucket,
        answer=ANSWER[family],
        truth=TRUTH[family],
        fit_mine=fit.replace("{}", "mine"),
        fit_theirs=fit.replace("{}", "theirs"),
    )
    summed = _fill(piece_of(family), relative=piece_of("relative") if relative else "0, 0, 0", samples=samples)
    return _fill(piece_of("answers"), summed=summed, family=family, parts=parts)


def _fill(text: str, **parts: str) -> str:
    for name, part in parts.items():
        text = text.replace(f"[{name}]", part)
    return text
