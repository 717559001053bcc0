"""Policy Sequential: the rate of being wrong is kept, by exact computation; what is asked for; when it holds."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from itertools import count

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builders import DAY, NOW, A, B, a_previous, a_quality, a_spec, a_status, sums
from modelward.decide.sequential import (
    BLOCK,
    FIRST_SHARE,
    elapsed,
    evidence_of,
    hold_back,
    needed_evidence,
    seasons_of,
    weigh,
)
from modelward.decide.verdict import judge
from modelward.domain.buckets import Buckets
from modelward.domain.decision import Judgement
from modelward.domain.quality import SideBySide
from modelward.domain.questions import Comparison, Question, Span
from modelward.domain.sums import Sums

GOOD, BAD = sums(0.93, 3480), sums(0.85, 4200)
ABOUT = Question("m", "", B, DAY, timedelta(0), rival=A)
SPEC = a_spec(evaluation={"policy": "Sequential"})
RATES = (0.001, 0.01, 0.05, 0.1, 0.5)


def judged(*, side_by_side: bool = True) -> Judgement:
    pairs = SideBySide(BAD, GOOD, 1) if side_by_side else None
    return judge(SPEC, a_status(A, B), replace(a_quality(BAD, GOOD), paired=pairs), a_previous())


def held(worse: int, better: int, days: float | None = None) -> str | None:
    seasons = worse + better
    evidence = Buckets((BAD,) * worse + (GOOD,) * better, (GOOD,) * seasons, together=True)
    started = NOW - timedelta(days=seasons if days is None else days)
    return hold_back(SPEC, judged(), evidence, started)


# -- the rate ----------------------------------------------------------------------------------------------------------


def chance_to_cross(worse: float, needed: float, seasons: int) -> float:
    """Return, exactly, how probable it is that the evidence ever reaches `needed`, looked at after every season."""
    crossed, alive = 0.0, {0: 1.0}
    for n in range(1, seasons + 1):
        spread: dict[int, float] = {}
        for k, chance in alive.items():
            spread[k] = spread.get(k, 0.0) + chance * (1 - worse)
            spread[k + 1] = spread.get(k + 1, 0.0) + chance * worse
        crossed += sum(chance for k, chance in spread.items() if evidence_of(n, k) >= needed)
        alive = {k: chance for k, chance in spread.items() if evidence_of(n, k) < needed}
    return crossed


@pytest.mark.parametrize("rate", RATES)
def test_looked_at_for_ever_it_is_wrong_no_more_often_than_stated(rate: float):
    blocks = [chance_to_cross(0.5, needed_evidence(rate, block), BLOCK) for block in range(40)]
    assert sum(blocks) <= rate
    assert sum(blocks) >= rate / 5  # not so careful that the rate means nothing


@pytest.mark.parametrize("block", range(4))
def test_each_block_keeps_its_share(block: int):
    share = 0.01 * (FIRST_SHARE if block == 0 else (1 - FIRST_SHARE) / 2**block)
    assert needed_evidence(0.01, block) == pytest.approx(1 / share)


def test_a_version_that_is_worse_in_nine_of_ten_seasons_is_found_in_most_cases():
    assert chance_to_cross(0.9, needed_evidence(0.01, 0), BLOCK) > 0.95


AT_LEAST = {0.01: 8, 0.05: 6, 0.1: 5}


@pytest.mark.parametrize(("rate", "seasons"), AT_LEAST.items())
def test_so_many_worse_seasons_in_a_row_are_enough(rate: float, seasons: int):
    needed = needed_evidence(rate, 0)
    assert next(n for n in count(1) if evidence_of(n, n) >= needed) == seasons


@given(st.integers(0, 60), st.integers(0, 60))
def test_another_worse_season_is_more_evidence_and_another_one_less(worse: int, better: int):
    seasons = worse + better
    assert evidence_of(seasons + 1, worse + 1) > evidence_of(seasons, worse) > evidence_of(seasons + 1, worse)


def test_the_bet_is_fair():
    mean = sum(evidence_of(1, k) for k in (0, 1)) / 2
    assert mean == pytest.approx(1)


# -- what counts as worse ----------------------------------------------------------------------------------------------


def test_evidence_is_averaged_over_the_gating_metrics():
    spec = a_spec(metrics=[{"name": "r2"}, {"name": "rmse"}, {"name": "mae", "role": "Show"}])
    only_rmse = sums(0.93, 4200)
    found, worse = weigh(spec.metrics, [(only_rmse, GOOD)] * 6)
    assert found == pytest.approx((evidence_of(6, 6) + evidence_of(6, 0)) / 2)
    assert worse == 6


def test_within_the_limit_is_not_worse():
    assert weigh(SPEC.metrics, [(sums(0.92, 3500), GOOD)] * 3) == (pytest.approx(evidence_of(3, 0)), 0)


def test_what_cannot_be_computed_counts_for_the_version():
    assert weigh(SPEC.metrics, [(BAD, Sums())] * 3) == (pytest.approx(evidence_of(3, 0)), 0)


# -- what is asked for -------------------------------------------------------------------------------------------------

ASKED = {
    "the seasons that are over": (3.5, 0, 3),
    "exactly over": (8, 0, 8),
    "the second block": (31.5, 30, 1),
    "the third block": (95, 90, 5),
}


@pytest.mark.parametrize(("days", "skipped", "seasons"), ASKED.values(), ids=ASKED)
def test_is_asked_for(days: float, skipped: int, seasons: int):
    judgement, started = judged(), NOW - timedelta(days=days)
    assert judgement.window is not None
    started += judgement.window.end - NOW
    opens = started + skipped * DAY
    expected = Span(B, opens, opens + seasons * DAY, seasons, A, Comparison.PAIRED)
    assert seasons_of(SPEC, ABOUT, judgement, started) == (expected,)


NOT_ASKED: dict[str, Callable[[], tuple[Span, ...]]] = {
    "before the first is over": lambda: seasons_of(SPEC, ABOUT, judged(), NOW - DAY / 2),
    "at the beginning of a block": lambda: seasons_of(SPEC, ABOUT, judged(), NOW - 30.5 * DAY),
    "of before and after": lambda: seasons_of(SPEC, ABOUT, judged(side_by_side=False), NOW - 9 * DAY),
    "of an epoch without a beginning": lambda: seasons_of(SPEC, ABOUT, judged(), None),
    "of an epoch that begins in the future": lambda: seasons_of(SPEC, ABOUT, judged(), NOW + 9 * DAY),
}


@pytest.mark.parametrize("asked", NOT_ASKED.values(), ids=NOT_ASKED)
def test_nothing_is_asked_for(asked: Callable[[], tuple[Span, ...]]):
    assert asked() == ()


def test_a_season_that_has_not_begun_is_not_over():
    assert elapsed(NOW, NOW - DAY, DAY) == 0


# -- when it holds -----------------------------------------------------------------------------------------------------


def test_eight_of_eight_days_are_proof():
    assert held(8, 0) is None


def test_seven_of_seven_are_not_and_the_sentence_says_what_is_missing():
    assert held(7, 0) == (
        "7 of 7 seasons of 24h were worse beyond the limits: evidence 63.7, 111 needed to be wrong about 1 % of "
        "versions at most"
    )


def test_one_good_season_is_made_up_for_by_five_more():
    assert held(11, 1) is not None
    assert held(12, 1) is None


def test_seasons_without_rows_prove_nothing():
    assert held(0, 0, days=20) is not None


def test_in_a_later_block_more_is_needed():
    assert held(8, 0, days=39) is not None
    assert held(13, 0, days=43) is None


def test_before_and_after_proves_nothing():
    said = hold_back(SPEC, judged(side_by_side=False), None, NOW - 9 * DAY)
    assert said is not None
    assert "side by side" in said


def test_before_it_was_asked_for_nothing_is_missing():
    assert hold_back(SPEC, judged(), None, NOW - 9 * DAY) is None
