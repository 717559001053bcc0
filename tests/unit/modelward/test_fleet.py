"""What is held against a resource: its feed where that one is the suspect, else all models of the operator."""

import pytest

from builders import a_spec
from modelward.decide.guards import Fleet
from modelward.domain.questions import Connection
from modelward.domain.source import OWN
from modelward.fleet import Feed, Fleets

FEED, OTHER = Feed((("db", "5432"),), OWN), Feed((("elsewhere", "5432"),), OWN)
NAMED = "Secret house-prices-db, table public.model_predictions"
CASES: dict[str, tuple[Fleet, Fleet, bool, str]] = {
    "all is well": (Fleet(9, 1), Fleet(4, 1), False, ""),
    "the feed looks bad, all the others well": (Fleet(20, 4), Fleet(4, 4), True, NAMED),
    "there is no other feed": (Fleet(4, 4), Fleet(4, 4), True, NAMED),
    "the feed looks bad, and so do the others": (Fleet(20, 15), Fleet(4, 4), True, ""),
    "the others look bad": (Fleet(20, 15), Fleet(4, 0), True, ""),
    "the feed has but two models": (Fleet(20, 2), Fleet(2, 2), False, ""),
}


@pytest.mark.parametrize(("whole", "own", "is_open", "named"), CASES.values(), ids=CASES)
def test_where(whole: Fleet, own: Fleet, is_open: bool, named: str):  # noqa: FBT001
    fleet = Fleets(whole, {FEED: own, OTHER: Fleet(1, 0)}).around(FEED, a_spec())
    assert (fleet.breaker_open, fleet.feed) == (is_open, named)


def test_where_a_resource_is_fed_from_is_not_known_before_its_secret_was_read():
    assert Fleets(Fleet(20, 15), {FEED: Fleet(4, 4)}).around(None, a_spec()).feed == ""


PLACES = {
    "another login": ({"user": "x", "password": "y"}, True),
    "the host in capitals": ({"host": "DB.example.com"}, True),
    "the usual port": ({"port": "5432"}, True),
    "another host": ({"host": "other.example.com"}, False),
    "another port": ({"port": "5433"}, False),
    "another database": ({"dbname": "other"}, False),
}


@pytest.mark.parametrize(("changes", "same"), PLACES.values(), ids=PLACES)
def test_whether_it_is_the_same_database_with(changes: dict[str, str], same: bool):  # noqa: FBT001
    here = {"host": "db.example.com", "dbname": "prices", "user": "modelward", "password": "s3cr3t"}
    places = [Connection(tuple(sorted(p.items()))).place for p in (here, here | changes)]
    assert (places[0] == places[1]) is same


def test_a_feed_shows_its_table_and_not_its_place():
    feed = Feed(Connection((("host", "c4n4ry"),)).place, OWN)
    assert str(feed) == "public.model_predictions"
    assert "c4n4ry" not in repr(feed)
