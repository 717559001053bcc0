"""Numbers as people read them."""

import pytest

from modelward.decide.wording import count, describe_change, figure, list_versions, percent, shorten
from modelward.domain.decision import MetricChange
from modelward.domain.quality import MetricName, VersionCount
from modelward.domain.spec import Role

R2, RMSE = MetricName.R2, MetricName.RMSE

FIGURES: dict[str, tuple[MetricName, float | None, str]] = {
    "R2 has three decimals": (R2, 0.93, "0.930"),
    "R2 below zero": (R2, -3.25, "-3.250"),
    "a large loss has no decimals": (RMSE, 3480.4, "3480"),
    "a loss of a thousand": (RMSE, 1000.0, "1000"),
    "a small loss has four digits that count": (RMSE, 0.0123456, "0.01235"),
    "a loss of nothing": (RMSE, 0.0, "0"),
    "a huge loss stays readable as a number": (RMSE, 1e12, "1000000000000"),
    "what cannot be computed": (RMSE, None, "undefined"),
}


@pytest.mark.parametrize(("name", "value", "text"), FIGURES.values(), ids=FIGURES)
def test_a_figure(name: MetricName, value: float | None, text: str):
    assert figure(name, value) == text


PERCENTS = {"-1.08 %": -1.0753, "+0.57 %": 0.5747, "-8.6 %": -8.602, "+20.7 %": 20.69, "+0.00 %": 0.0, "+2.0 %": 2.0}


@pytest.mark.parametrize(("text", "value"), PERCENTS.items(), ids=PERCENTS)
def test_a_change_has_its_sign(text: str, value: float):
    assert percent(value) == text


@pytest.mark.parametrize(("number", "text"), [(0, "0 samples"), (1, "1 sample"), (1204, "1,204 samples")])
def test_a_count_agrees_with_its_noun(number: int, text: str):
    assert count(number, "sample") == text


def test_a_change_shows_both_values_and_the_limit():
    change = MetricChange(R2, Role.GATE, 5.0, 0.85, 0.93, -8.602, breached=True)
    assert describe_change(change) == "R2 0.930 -> 0.850 (-8.6 %, limit 5 %)"


def test_an_undefined_change_says_why():
    change = MetricChange(RMSE, Role.GATE, 5.0, 1.5, None, undefined="the previous value is 0")
    assert describe_change(change) == "RMSE undefined -> 1.5 (the previous value is 0)"


LISTS = {"none": 0, "v0 (1,000)": 1, "v0 (1,000), v1 (1,000)": 2, "v0 (1,000), v1 (1,000) and 2 more": 4}


@pytest.mark.parametrize(("text", "number"), LISTS.items(), ids=LISTS)
def test_versions_are_listed_with_their_counts(text: str, number: int):
    assert list_versions([VersionCount(f"v{i}", 1000) for i in range(number)], most=2) == text


SHORTENED = {
    "a short name stays": ("v1", "v1"),
    "of 63 characters it stays": ("x" * 63, "x" * 63),
    "a longer one is cut": ("x" * 64, "x" * 60 + "..."),
    "control characters are shown as what they are": ("a\nb\x1b[31m\u202e", "a?b?[31m?"),
    "letters of any alphabet are fine": ("модель-モデル", "модель-モデル"),
}


@pytest.mark.parametrize(("text", "shown"), SHORTENED.values(), ids=SHORTENED)
def test_a_name_from_a_database_is_fit_to_print(text: str, shown: str):
    assert shorten(text) == shown


def test_a_metric_that_is_only_shown_has_no_limit_beside_it():
    shown = MetricChange(RMSE, Role.SHOW, 5.0, 21.0, 20.0, 5.2)
    assert describe_change(shown) == "RMSE 20 -> 21 (+5.2 %, shown only)"


def test_what_is_just_beyond_its_limit_is_seen_to_be():
    assert "(+5.002 %, limit 5 %)" in describe_change(
        MetricChange(RMSE, Role.GATE, 5.0, 21.0, 20.0, 5.00213, breached=True)
    )
    assert "(-5.0000001 %, limit 5 %)" in describe_change(
        MetricChange(R2, Role.GATE, 5.0, 0.9, 0.8, -5.0000001, breached=True)
    )
    assert "(+5.0 %, limit 5 %)" in describe_change(MetricChange(RMSE, Role.GATE, 5.0, 21.0, 20.0, 4.999))
