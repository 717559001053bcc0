import pytest

from demo import pages
from demo.flights import Flights
from demo.models import Version
from demo.views import Metric, View


def test_a_fall_of_r2_and_a_rise_of_rmse_stand_under_their_limits():
    r2 = Metric("r2", 0.305, 0.796, "-61.6", "5", breached=True)
    rmse = Metric("rmse", 20.17, 23.58, "-14.5", "5", breached=False)
    assert pages.metric_row(r2) == ("R2", "0.796", "0.305", "-61.6 %", "-5 %", "beyond its limit")
    assert pages.metric_row(rmse) == ("RMSE", "23.6", "20.2", "-14.5 %", "+5 %", "within its limit")


def test_the_log_has_no_line_before_the_first_verdict():
    assert pages.row(View()) is None


def test_the_log_says_who_holds():
    view = View("Degraded", "BeyondLimit", version="v2", change="r2 -7.0 %", samples=6652, holds=(("WarmingUp", "4s"),))
    assert pages.row(view) == ("Degraded", "v2  BeyondLimit  r2 -7.0 %  6,652 samples  held by WarmingUp")


@pytest.mark.parametrize("holds", [[], [("WarmingUp", "serves for 4s")]])
def test_why_nothing_happened_names_the_guards_that_spoke(holds: list[tuple[str, str]]):
    page = pages.nothing_happened(View("Healthy", samples=12_804), holds, 20.4)
    assert ("WarmingUp" in page) is bool(holds)
    assert "12,804 samples" in page


def test_the_words_about_b_are_true(versions: tuple[Version, ...], year: Flights):
    assert "362 flights, none of which left more than 63 minutes late" in pages.what_is_wrong(versions[2], year)
