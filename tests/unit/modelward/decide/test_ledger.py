"""What registry and audit mean in the operator's words: who came before, who is in quarantine, what is a landing."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builders import NOW
from modelward.decide.guards import automatic_rollbacks
from modelward.decide.ledger import (
    find_production,
    find_target,
    find_version,
    landings,
    list_records,
    remember,
    served_before,
)
from modelward.decide.previous import find_previous
from modelward.domain.errors import RefusedError
from modelward.domain.ledger import Book, ModelKey, RollbackRecord, VersionRecord
from modelward.domain.reasons import Reason
from modelward.domain.spec import Spec
from modelward.evaluation.rules import Rules

DAY = timedelta(days=1)
KEY = ModelKey("house-prices")
SPEC: Spec = Rules().spec("house-prices", "")


def ago(days: float) -> datetime:
    return NOW - days * DAY


def v(name: str, days: float, **changes: Any) -> VersionRecord:
    """A version promoted some days ago, that predicts."""
    plain = {"created_at": ago(days), "promoted_at": ago(days), "last_prediction_at": ago(days - 0.5)}
    return VersionRecord(name, **{**plain, **changes})


def back(from_: str, to: str, days: float, *, automatic: bool = True) -> RollbackRecord:
    return RollbackRecord(f"{from_}-{to}-{days}", ago(days), from_, to, automatic, "alice", "R2 fell")


def book(*versions: VersionRecord, rollbacks: tuple[RollbackRecord, ...] = ()) -> Book:
    return Book(KEY, NOW, versions, rollbacks)


def previous(b: Book) -> str | None:
    found = find_previous(SPEC, remember(b))
    return found.version if found else None


def current(name: str = "c", days: float = 1, **changes: Any) -> VersionRecord:
    return v(name, days, in_production=True, **changes)


BEFORE: dict[str, tuple[Book, str | None]] = {
    "the one promoted before it": (book(v("a", 3), v("b", 2), current()), "b"),
    "whatever the order of the rows": (book(current(), v("b", 2), v("a", 3)), "b"),
    "not one promoted later": (book(v("a", 3), current(), v("d", 0.5)), "a"),
    "not an archived one": (book(v("a", 3), v("b", 2, archived_at=NOW), current()), "a"),
    "by its making where nobody noted a promotion": (
        book(v("a", 3, promoted_at=None), v("b", 2, promoted_at=None), current(promoted_at=None)),
        "b",
    ),
    "by name where all were made at once": (
        book(*(v(n, 1, promoted_at=None, in_production=n == "v3") for n in ("v3", "v1", "v2"))),
        "v2",
    ),
    "not a candidate that never served": (
        book(v("a", 3), v("b", 2, promoted_at=None, last_prediction_at=None), current()),
        "a",
    ),
    "a version that never served where there is no other": (
        book(v("b", 2, promoted_at=None, last_prediction_at=None), current()),
        "b",
    ),
    "nobody where it is the first": (book(current()), None),
    "nobody where all others came later": (book(current(days=5), v("d", 1)), None),
    "not one that was rolled back from": (
        book(v("a", 3), v("b", 2), current(), rollbacks=(back("b", "a", 1.5),)),
        "a",
    ),
    "one that was promoted anew since": (
        book(v("a", 3), v("b", 2), current(), rollbacks=(back("b", "a", 2.5),)),
        "b",
    ),
}


@pytest.mark.parametrize(("b", "expected"), BEFORE.values(), ids=BEFORE)
def test_previous_is(b: Book, expected: str | None):
    assert previous(b) == expected


def test_a_version_placed_by_a_rollback_is_a_landing_until_it_is_promoted_anew():
    rolled = back("c", "b", 0.5)
    landed = book(v("a", 3), v("c", 1), current("b", 0.5), rollbacks=(rolled,))
    epoch = remember(landed).epoch
    assert epoch is not None
    assert epoch.landing
    assert remember(landed).is_quarantined("c")
    anew = remember(book(v("a", 3), v("c", 1), current("b", 0.25), rollbacks=(rolled,))).epoch
    assert anew is not None
    assert not anew.landing


def test_what_was_rolled_back_from_and_put_back_twice_is_contested():
    twice = (back("c", "b", 0.8), back("c", "b", 0.4))
    assert not remember(book(v("b", 2), current("c", 1), rollbacks=twice[:1])).reassertions
    assert remember(book(v("b", 2), current("c", 1), rollbacks=twice)).reassertions == (ago(0.4),)


def test_rows_from_before_count_unless_the_version_served_twice():
    b = book(v("a", 3), current("b", 1), rollbacks=(back("a", "b", 1),))
    assert served_before(b, find_production(b)) == ago(1)
    assert served_before(book(current("b", 1)), current("b", 1)) is None


def test_automatic_rollbacks_of_a_day_are_counted_and_those_by_hand_are_not():
    records = (back("c", "b", 0.1), back("b", "a", 0.2, automatic=False), back("a", "x", 1.5))
    status = remember(book(current()))
    counted = type(status)(epoch=status.epoch, history=landings(records))
    assert automatic_rollbacks(counted, NOW) == 1


REFUSED: dict[str, tuple[Book, str | None, Reason]] = {
    "unknown": (book(v("a", 2), current()), "nowhere", Reason.VERSION_NOT_REGISTERED),
    "in production": (book(v("a", 2), current()), "c", Reason.VERSION_IN_PRODUCTION),
    "archived": (book(v("a", 2, archived_at=NOW), current()), "a", Reason.VERSION_ARCHIVED),
    "not there": (book(current()), None, Reason.NO_TARGET),
    "without a version in production": (book(v("a", 2)), "a", Reason.NO_PRODUCTION_VERSION),
}


@pytest.mark.parametrize(("b", "asked", "reason"), REFUSED.values(), ids=REFUSED)
def test_a_target_is_refused_that_is(b: Book, asked: str | None, reason: Reason):
    with pytest.raises(RefusedError) as caught:
        find_target(SPEC, b, asked)
    assert caught.value.reason is reason


def test_an_unknown_target_lists_all_there_are():
    with pytest.raises(RefusedError, match=r"no version 'nowhere'; there are: c \(in production\), a, b \(archived\)"):
        find_target(SPEC, book(v("b", 3, archived_at=NOW), v("a", 2), current()), "nowhere")


def test_a_named_target_may_be_in_quarantine_since_a_person_asks():
    b = book(v("a", 3), v("c", 1), current("b", 0.5), rollbacks=(back("c", "b", 0.5),))
    assert find_target(SPEC, b, "c").version == "c"


def test_a_long_list_is_cut_and_says_so():
    versions = [v(f"v{i:02}", 100 - i) for i in range(30)]
    said = list_records(versions)
    assert said.startswith("v29, v28, ")
    assert said.endswith("v10 and 10 more")
    assert list_records([]) == "none"


def test_a_version_is_found_by_its_whole_name():
    with pytest.raises(RefusedError):
        find_version(book(v("20260105_143022", 1)), "20260105")


DAYS = st.floats(min_value=0, max_value=100, allow_nan=False)
VERSIONS = st.builds(
    lambda name, made, promoted, archived, seen: VersionRecord(
        name,
        ago(made),
        None if promoted is None else ago(promoted),
        None if archived is None else ago(archived),
        last_prediction_at=None if seen is None else ago(seen),
    ),
    st.sampled_from("abcdefgh"),
    DAYS,
    st.none() | DAYS,
    st.none() | DAYS,
    st.none() | DAYS,
)


@st.composite
def books(draw: st.DrawFn) -> Book:
    """Any registry with one version in production, and any rollbacks among its versions."""
    there = draw(st.lists(VERSIONS, min_size=1, max_size=8, unique_by=lambda v: v.version))
    first = there[0]
    serving = VersionRecord(first.version, first.created_at, first.promoted_at, None, in_production=True)
    names = st.sampled_from([v.version for v in there])
    moved = draw(st.lists(st.tuples(names, names, DAYS), max_size=5))
    records = sorted((back(a, b, days) for a, b, days in moved if a != b), key=lambda r: r.at)
    return book(serving, *there[1:], rollbacks=tuple(records))


@given(books())
def test_whatever_the_registry_says_the_target_is_another_version_that_may_serve(b: Book):
    production = find_production(b)
    if previous(b) is None:
        with pytest.raises(RefusedError, match="no version to go back to"):
            find_target(SPEC, b, None)
        return
    target = find_target(SPEC, b, None)
    assert target.version != production.version
    assert target.archived_at is None
    assert target.order < production.order
    assert not remember(b).is_quarantined(target.version)
