"""Statements that sum, put together from the named pieces of `queries.sql`: only for what a group asks.

A piece names another one in square brackets. Nothing but pieces, and the words below, is ever put in; values are
bound.
"""

from functools import cache

from modelward.database.queries import text_of
from modelward.domain.metrics import Family

ANSWER = {Family.REGRESSION: "prediction", Family.LABELS: "predicted_class", Family.SCORES: "score"}
TRUTH = {Family.REGRESSION: "actual", Family.LABELS: "actual_class", Family.SCORES: "actual_class"}
FIT = {
    Family.REGRESSION: "abs(pair.{}) < 1e150",
    Family.LABELS: "pair.{} IS NOT NULL",
    Family.SCORES: "pair.{} >= 0 AND pair.{} <= 1",
}


@cache
def summing(name: str, families: frozenset[Family], *, paired: bool) -> str:
    """Write the statement `judge` or `spans` for the families in question, with pairs where they are looked for."""
    kinds = (False, True) if paired else (False,)
    answers = [_answers(family, paired=kind) for family in Family if family in families for kind in kinds]
    return _fill(text_of(name), answers="\nUNION ALL\n".join(answers))


def _answers(family: Family, *, paired: bool) -> str:
    fit = FIT[family]
    samples = _fill(
        text_of("pairs" if paired else "samples"),
        answer=ANSWER[family],
        truth=TRUTH[family],
        fit_mine=fit.replace("{}", "mine"),
        fit_theirs=fit.replace("{}", "theirs"),
    )
    summed = _fill(text_of(family), samples=samples)
    return _fill(text_of("answers"), summed=summed, family=family, paired=str(paired).lower())


def _fill(text: str, **parts: str) -> str:
    for name, part in parts.items():
        text = text.replace(f"[{name}]", part)
    return text
