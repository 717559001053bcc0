"""Whatever is asked for, what serves and what a rollback needs stay."""

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from builders import NOW
from modelward.decide.ledger import remember
from modelward.decide.previous import find_previous
from modelward.decide.retention import Retention, choose_old
from modelward.domain.ledger import Book, ModelKey, VersionRecord
from modelward.evaluation.rules import Rules

DAY = timedelta(days=1)
SPEC = Rules().spec("m", "")


def book(*ages: float, production: int = 0, archived: frozenset[int] = frozenset()) -> Book:
    """Versions v0, v1, ... promoted so many days ago."""
    made = [
        VersionRecord(
            f"v{i}", NOW - age * DAY, NOW - age * DAY, NOW if i in archived else None, in_production=i == production
        )
        for i, age in enumerate(ages)
    ]
    return Book(ModelKey("m"), NOW, tuple(made))


def test_each_version_that_stays_has_its_reason():
    chosen, kept = choose_old(SPEC, book(1, 40, 95, 100, 200), Retention(90 * DAY, keep=3))
    assert chosen == ("v4", "v3")
    assert kept == {"v0": "in production", "v1": "what a rollback would put back", "v2": "one of the newest 3"}


def test_a_version_asked_lately_is_not_old():
    versions = book(1, 2, 300).versions
    seen = VersionRecord("v2", NOW - 300 * DAY, last_prediction_at=NOW - DAY)
    chosen, kept = choose_old(SPEC, Book(ModelKey("m"), NOW, (*versions[:2], seen)), Retention(90 * DAY))
    assert chosen == ()
    assert kept["v2"].startswith("last used ")


AGES = st.lists(st.floats(min_value=0, max_value=400), min_size=1, max_size=8)


@given(AGES, st.data())
def test_neither_the_one_in_production_nor_the_target_ever_goes(ages: list[float], data: st.DataObject):
    production = data.draw(st.integers(0, len(ages) - 1))
    archived = frozenset(data.draw(st.sets(st.integers(0, len(ages) - 1)))) - {production}
    older = data.draw(st.none() | st.integers(0, 400))
    keep = data.draw(st.none() | st.integers(1, 9))
    b = book(*ages, production=production, archived=archived)
    chosen, kept = choose_old(SPEC, b, Retention(None if older is None else older * DAY, keep))
    previous = find_previous(SPEC, remember(b))
    assert f"v{production}" not in chosen
    assert previous is None or previous.version not in chosen
    assert sorted([*chosen, *kept]) == [f"v{i}" for i in range(len(ages)) if i not in archived]
