"""Status survives its way through the cluster, whole, and somebody else's nonsense does not stop the operator."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builders import NOW, a_baseline, a_rollback, a_status, quarantined
from modelward.domain.codec import camel, decode, encode, format_time, parse_time
from modelward.domain.quality import Sums
from modelward.domain.status import Condition, Hold, RequestRecord, RequestRecords, Status, Verdict

moments = st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC)).map(  # noqa: DTZ001
    lambda moment: moment.replace(microsecond=0)
)
finite = st.floats(allow_nan=False, allow_infinity=False)
st.register_type_strategy(datetime, moments)
st.register_type_strategy(float, finite)


@given(st.from_type(Status))
def test_any_status_comes_back_as_it_was(status: Status):
    assert decode(Status, encode(status)) == status


@given(st.from_type(Sums))
def test_sums_keep_every_digit(sums: Sums):
    assert decode(Sums, encode(sums)) == sums


SPELLED = {
    "current_version": "currentVersion",
    "m2_y": "m2Y",
    "sum_e2": "sumE2",
    "from_": "from",
    "id": "id",
    "last_window_end_time": "lastWindowEndTime",
}


@pytest.mark.parametrize(("name", "key"), SPELLED.items(), ids=SPELLED)
def test_names_are_spelled_as_kubernetes_does(name: str, key: str):
    assert camel(name) == key


def test_nothing_empty_is_written():
    assert encode(Status()) == {"observedGeneration": -1, "breaches": {"count": 0}}


def test_false_zero_and_the_empty_text_are_not_nothing():
    assert encode(Hold("", "")) == {"guard": "", "message": ""}
    assert encode(Status(samples=0))["samples"] == 0
    assert encode(a_rollback(automatic=False))["automatic"] is False


def test_decimals_are_text():
    assert encode(a_baseline(rows=Sums(2, 0.1, 1e-9, 1.0, 3.5, 1e300)))["sums"] == {
        "n": 2,
        "meanY": "0.1",
        "m2Y": "1e-09",
        "sumE": "1.0",
        "sumAe": "3.5",
        "sumE2": "1e+300",
        "nNz": "0.0",
        "sumApe": "0.0",
        "sumAbsY": "0.0",
    }


def test_a_time_is_written_in_utc_with_whole_seconds():
    moment = datetime(2026, 1, 5, 16, 32, 23, 999_999, tzinfo=timezone(timedelta(hours=2)))
    assert format_time(moment) == "2026-01-05T14:32:23Z"


@pytest.mark.parametrize("text", ["2026-01-05T14:32:23", "yesterday", "", "14:32"])
def test_a_time_without_zone_or_sense_is_refused(text: str):
    with pytest.raises(ValueError, match=r"zone|isoformat"):
        parse_time(text)


FULL = a_status(
    verdict=Verdict.DEGRADED,
    last_rollback=a_rollback(),
    baseline=a_baseline(),
    quarantine=quarantined("x"),
    requests=RequestRecords(rollback=RequestRecord("2026-01-05T14:32:23Z", "Done", "B -> A", "A")),
    conditions=(Condition("Ready", "True", "Watching", "", NOW),),
)

NONSENSE: dict[str, tuple[dict[str, Any], str]] = {
    "an unknown verdict": ({"verdict": "Splendid"}, "verdict"),
    "a number where text belongs": ({"reason": 7}, "reason"),
    "text where a number belongs": ({"samples": "many"}, "samples"),
    "true where a number belongs": ({"samples": True}, "samples"),
    "a time that is none": ({"reassertions": ["soon"]}, "reassertions"),
    "a time without a zone": ({"reassertions": ["2026-01-05T14:32:23"]}, "reassertions"),
    "an object where a list belongs": ({"quarantine": {"version": "x"}}, "quarantine"),
    "a list where an object belongs": ({"epoch": []}, "epoch"),
    "an epoch that lacks its version": ({"epoch": {"number": 2}}, "epoch"),
    "sums that are no numbers": ({"baseline": {**encode(a_baseline()), "sums": {"sumE": "x"}}}, None),  # type: ignore[dict-item]
    "a rollback of an unknown phase": ({"lastRollback": {**encode(a_rollback()), "phase": "Hm"}}, "last_rollback"),
}


@pytest.mark.parametrize(("change", "dropped"), NONSENSE.values(), ids=NONSENSE)
def test_what_does_not_fit_is_dropped_and_the_rest_is_kept(change: dict[str, Any], dropped: str | None):
    raw = {**encode(FULL), **change}
    after = decode(Status, raw)
    if dropped is not None:
        assert getattr(after, dropped) == getattr(Status(), dropped)
    assert after.history == FULL.history
    assert after.requests == FULL.requests


def test_an_unknown_key_is_looked_past():
    assert decode(Status, {**encode(FULL), "fromTheFuture": {"a": [1]}}) == FULL


@dataclass(frozen=True)
class Needed:
    number: int


@pytest.mark.parametrize("raw", [{}, {"number": "1"}, {"number": None}, [], "x", None])
def test_what_is_required_must_be_there(raw: Any):
    with pytest.raises((TypeError, ValueError)):
        decode(Needed, raw)
