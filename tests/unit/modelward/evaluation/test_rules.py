"""What a check may be asked for, and what the operator's words for it are."""

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelward.domain.errors import InvalidCallError
from modelward.domain.spec import ActOn
from modelward.evaluation.rules import Rules, read_threshold

MEANINGLESS: dict[str, tuple[dict[str, Any], str]] = {
    "a window of nothing": ({"window": timedelta(0)}, "the window must be at least"),
    "a window that runs backwards": ({"window": timedelta(hours=-1)}, "the window must be at least"),
    "labels before predictions": ({"label_delay": timedelta(seconds=-1)}, "the label delay must be at least"),
    "one sample": ({"min_samples": 1}, "the least number of samples must be at least 2"),
    "fewer rollbacks than none": ({"max_per_day": -1}, "the number of automatic rollbacks a day must be at least 0"),
    "a text for a truth": ({"auto_rollback": "false"}, "auto_rollback must be True or False, not 'false'"),
    "a number for a truth": ({"force": 1}, "force must be True or False, not 1"),
    "a cooldown before": ({"cooldown": timedelta(seconds=-1)}, "the cooldown must be at least"),
}


@pytest.mark.parametrize(("changes", "words"), MEANINGLESS.values(), ids=MEANINGLESS)
def test_is_refused(changes: dict[str, Any], words: str):
    with pytest.raises(InvalidCallError, match=words):
        Rules(**changes)


@given(st.floats(min_value=0, max_value=100, exclude_min=True))
def test_every_percent_above_0_up_to_100_is_a_threshold(threshold: float):
    assert read_threshold(threshold) == threshold
    assert all(m.limit_percent == threshold for m in Rules(threshold_percent=threshold).spec("m", "").metrics)


@given(st.floats(max_value=0) | st.floats(min_value=100, exclude_min=True) | st.just(float("nan")))
def test_every_other_number_is_none(threshold: float):
    with pytest.raises(InvalidCallError, match="the threshold must be"):
        read_threshold(threshold)


def test_the_first_degraded_verdict_acts_as_in_the_guide():
    spec = Rules().spec("house-prices", "staging")
    assert (spec.model_name, spec.environment, spec.evaluation.act_on) == ("house-prices", "staging", ActOn.VERDICT)
