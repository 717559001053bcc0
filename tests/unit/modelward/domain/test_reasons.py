"""Every reason code has one meaning and one use at least."""

import re
from pathlib import Path

import pytest

import modelward
from modelward.domain.reasons import PROBLEMS, Reason

SOURCE = "\n".join(
    path.read_text() for path in sorted(Path(modelward.__file__).parent.rglob("*.py")) if path.name != "reasons.py"
)


@pytest.mark.parametrize("reason", Reason)
def test_is_a_code_for_programs_with_a_sentence_for_people(reason: Reason):
    assert re.fullmatch(r"[A-Z][A-Za-z0-9]+", reason.value)
    assert len(reason.value) <= 128
    assert reason.meaning[0].isupper() or reason.meaning.startswith(("spec.", "evaluation.", "rollback."))
    assert reason.meaning.endswith(".")
    assert "\n" not in reason.meaning


@pytest.mark.parametrize("reason", Reason)
def test_is_used(reason: Reason):
    assert re.search(rf"\bReason\.{reason.name}\b", SOURCE)


def test_no_two_mean_the_same():
    assert len({reason.meaning for reason in Reason}) == len(Reason)


def test_a_problem_ends_by_itself_and_is_none_of_the_verdicts():
    assert {Reason.TARGET_NOT_FOUND, Reason.CONFLICT, Reason.INVALID_SPEC} <= PROBLEMS
    assert not PROBLEMS & {Reason.WATCHING, Reason.SUSPENDED, Reason.CONTESTED, Reason.ROLLBACK_FAILED}
