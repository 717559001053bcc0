"""Did the rollback help? Told once, by the landing's first full window, against what had been beyond its limit."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from builders import DAY, HOUR, NOW, A, B, C, a_quality, a_rollback, a_spec, a_status, a_window, an_order, sums
from modelward.decide import journal
from modelward.decide.outcome import evidence_in, evidence_of, settle_outcome
from modelward.decide.verdict import judge
from modelward.domain.decision import Announcement, Judgement
from modelward.domain.quality import Quality, Sums
from modelward.domain.reasons import Reason
from modelward.domain.status import MetricStatus, Outcome, Phase, PlacedBy, Shown, Status, Verdict

GOOD, BAD = sums(0.93, 3480), sums(0.85, 4200)
EVIDENCE = (Shown("r2", 0.85, 0.93), Shown("rmse", 4200.0, 3480.0))


def landed(since: timedelta = DAY, evidence: tuple[Shown, ...] = EVIDENCE, **changes: Any) -> Status:
    rollback = a_rollback(breached=evidence, patched_time=NOW - since, **changes)
    return a_status(A, B, A, since=NOW - since, landing=True, last_rollback=rollback)


def settled(status: Status, now: Sums = GOOD, **spec: Any) -> tuple[Outcome | None, tuple[Announcement, ...], str]:
    quality = a_quality(a_window(now), None)
    quality = Quality(quality.now, quality.current)
    after, told = settle_outcome(a_spec(**spec), status, judge(a_spec(**spec), status, quality, None))
    assert after.last_rollback is not None
    return after.last_rollback.outcome, told, after.last_rollback.outcome_message or ""


OUTCOMES: dict[str, tuple[Sums, Outcome, str]] = {
    "all is as before": (GOOD, Outcome.IMPROVED, "R2 0.930 -> 0.850 with 20260105_143022, now 0.930"),
    "half is won back": (sums(0.89, 3840), Outcome.IMPROVED, "at least half of the loss is won back"),
    "less than half is won back": (sums(0.889, 3840), Outcome.NOT_IMPROVED, "less than half of the loss is won back"),
    "one metric of two is won back": (sums(0.93, 4000), Outcome.NOT_IMPROVED, "RMSE 3480 -> 4200 with"),
    "it is as bad": (BAD, Outcome.NOT_IMPROVED, "look at the data, retrain"),
    "it is worse": (sums(0.2, 9000), Outcome.NOT_IMPROVED, "now 9000"),
    "too few samples": (
        sums(n=99),
        Outcome.UNKNOWN,
        f"99 samples in the first full window of {A}, 100 needed",
    ),
    "no sample": (Sums(), Outcome.UNKNOWN, "0 samples"),
}


@pytest.mark.parametrize(("now", "outcome", "words"), OUTCOMES.values(), ids=OUTCOMES)
def test_where(now: Sums, outcome: Outcome, words: str):
    found, told, message = settled(landed(), now)
    assert found is outcome
    assert words in message
    (event,) = told
    assert event.message == f"{B} -> {A}: {message}"
    assert event.warning is event.on_target is (outcome is Outcome.NOT_IMPROVED)
    assert event.nonce == "0123456789abcdef/outcome"


REASONS = {GOOD: Reason.IMPROVED, BAD: Reason.NOT_IMPROVED, Sums(): Reason.OUTCOME_UNKNOWN}


@pytest.mark.parametrize(("now", "reason"), REASONS.items(), ids=REASONS.values())
def test_the_event_has_a_reason_of_its_own(now: Sums, reason: Reason):
    assert [event.reason for event in settled(landed(), now)[1]] == [reason]


WAITS: dict[str, Status] = {
    "until a full window has passed": landed(DAY - timedelta(seconds=1)),
    "until the rollback is verified": landed(phase=Phase.PATCHED),
    "for ever where the rollback failed": landed(phase=Phase.FAILED),
    "for ever where there was none": a_status(A, B),
}


@pytest.mark.parametrize("status", WAITS.values(), ids=WAITS)
def test_nothing_is_said(status: Status):
    judgement = judge(a_spec(), status, a_quality(GOOD), None)
    assert settle_outcome(a_spec(), status, judgement) == (status, ())


def test_it_is_told_once():
    after, told = settle_outcome(a_spec(), landed(), judge(a_spec(), landed(), a_quality(GOOD), None))
    assert told
    assert settle_outcome(a_spec(), after, judge(a_spec(), after, a_quality(BAD), None)) == (after, ())


def test_a_database_that_is_down_says_nothing_about_it():
    down = Judgement(Verdict.SOURCE_ERROR, Reason.DATABASE_UNREACHABLE, "")
    assert settle_outcome(a_spec(), landed(), down) == (landed(), ())


def test_a_label_delay_moves_the_first_full_window():
    status = landed(DAY + HOUR)
    quality = a_quality(a_window(GOOD, end=NOW - 2 * HOUR))
    assert settle_outcome(a_spec(), status, judge(a_spec(), status, quality, None)) == (status, ())


def test_a_third_version_leaves_it_unknown():
    status = replace(a_status(A, B, A, C), last_rollback=a_rollback(breached=EVIDENCE))
    outcome, _, message = settled(status)
    assert outcome is Outcome.UNKNOWN
    assert message == f"another version came before a full window of {A} was over"


def test_without_evidence_it_is_unknown():
    assert settled(landed(evidence=()))[0] is Outcome.UNKNOWN
    assert settled(landed(evidence=(Shown("no_such_metric", 1.0, 2.0),)))[0] is Outcome.UNKNOWN


def test_the_size_of_a_bias_counts():
    rows = replace(GOOD, sum_e=-40.0 * GOOD.n)
    assert settled(landed(evidence=(Shown("bias", 90.0, -10.0),)), rows)[0] is Outcome.IMPROVED
    assert settled(landed(evidence=(Shown("bias", 60.0, -10.0),)), rows)[0] is Outcome.NOT_IMPROVED


def test_what_was_beyond_its_limit_is_the_evidence():
    judgement = judge(a_spec(), a_status(A, B), a_quality(sums(0.93, 4200), GOOD), None)
    assert evidence_of(judgement) == ()
    figures = (
        MetricStatus("rmse", "4200", "3480", breached=True),
        MetricStatus("r2", "0.92", "0.93"),
        MetricStatus("mae", "undefined", "3480", breached=True),
        MetricStatus("bias", "nan", "1", breached=True),
    )
    assert evidence_in(figures) == (Shown("rmse", 4200.0, 3480.0),)


def test_a_reassertion_goes_on_with_the_evidence_of_the_rollback_it_defends():
    again = an_order(placed_by=PlacedBy.REASSERTION, reason=Reason.QUARANTINE_ENFORCED)
    kept = journal.intend(landed(outcome=Outcome.IMPROVED, outcome_message="good"), again, NOW).last_rollback
    assert kept is not None
    assert (kept.breached, kept.outcome, kept.outcome_message) == (EVIDENCE, Outcome.IMPROVED, "good")
    fresh = journal.intend(landed(), an_order(breached=EVIDENCE[:1]), NOW).last_rollback
    assert fresh is not None
    assert (fresh.breached, fresh.outcome) == (EVIDENCE[:1], None)
