"""The version to compare with and to go back to, found in the history."""

from dataclasses import replace

import pytest

from builders import A, B, C, a_move, a_previous, a_spec, a_status, image_of, in_reach, quarantined
from modelward.decide.previous import find_move, find_older, find_previous
from modelward.domain.reasons import Reason
from modelward.domain.serving import ServingProblem
from modelward.domain.status import Standing, Status

D = "20260107_100000"


def standing(status: Status, **qualities: Standing) -> Status:
    """Give the versions of a history other standings: v1=Standing.UNPROVEN is the first epoch's."""
    moves = (replace(m, quality=qualities.get(f"v{m.epoch}", m.quality)) for m in status.history)
    return replace(status, history=tuple(moves))


FOUND: dict[str, tuple[Status, str | None]] = {
    "the version before": (a_status(A, B), A),
    "the newest of several": (a_status(A, B, C), B),
    "never the version that serves, though it served before": (a_status(A, B, A), B),
    "past one in quarantine": (a_status(A, B, C, quarantine=quarantined(B)), A),
    "past one that was never Healthy": (standing(a_status(A, B, C), v2=Standing.UNPROVEN), A),
    "past one that did not start when it was put back": (standing(a_status(A, B, C), v2=Standing.NOT_STARTED), A),
    "past one that was Healthy before it did not start": (
        standing(a_status(A, B, C, B, C), v4=Standing.NOT_STARTED),
        A,
    ),
    "one that did not start and was Healthy after that": (
        standing(a_status(A, B, C, B, C), v2=Standing.NOT_STARTED),
        B,
    ),
    "one of which nobody knows": (standing(a_status(A, B), v1=Standing.UNJUDGED), A),
    "one that was Healthy in an earlier epoch": (standing(a_status(A, B, A, C), v3=Standing.UNPROVEN), A),
    "nothing where none served": (a_status(A), None),
    "nothing where all were rolled back from": (a_status(A, B, quarantine=quarantined(A)), None),
    "nothing on a landing whose only other version is the bad one": (
        a_status(A, B, A, quarantine=quarantined(B)),
        None,
    ),
}


@pytest.mark.parametrize(("status", "version"), FOUND.values(), ids=FOUND)
def test_the_history_says(status: Status, version: str | None):
    previous = find_previous(a_spec(), status)
    assert (previous.version if previous else None) == version
    assert previous is None or previous.veto is None


def test_where_none_was_good_the_newest_still_serves_for_comparison():
    status = standing(a_status(A, B, C), v1=Standing.UNPROVEN, v2=Standing.UNPROVEN)
    previous = find_previous(a_spec(), status)
    assert previous is not None
    assert (previous.version, previous.veto) == (B, f"{B} was never Healthy here")


NAMED: dict[str, tuple[Status, str, str | None]] = {
    "it is taken, proven or not": (standing(a_status(A, B, C), v1=Standing.UNPROVEN), A, None),
    "it may have never served here": (a_status(B), A, None),
    "in quarantine it keeps its veto": (
        a_status(A, B, quarantine=quarantined(A)),
        A,
        f"{A} was rolled back from and is in quarantine",
    ),
}


@pytest.mark.parametrize(("status", "version", "veto"), NAMED.values(), ids=NAMED)
def test_where_the_spec_names_it(status: Status, version: str, veto: str | None):
    previous = find_previous(a_spec(previousVersion=A), status)
    assert previous is not None
    assert (previous.version, previous.veto) == (version, veto)


def test_a_spec_that_names_the_version_that_serves_is_looked_past():
    previous = find_previous(a_spec(previousVersion=B), a_status(A, B))
    assert previous is not None
    assert previous.version == A


def test_it_comes_with_what_held_it_here():
    moved = replace(a_status(A, B), history=(a_move(1, A, value="elsewhere/m:1"), a_move(2, B)))
    previous = find_previous(a_spec(), moved)
    assert previous is not None
    assert previous.reached(in_reach).target.value == "elsewhere/m:1"
    unknown = find_previous(a_spec(previousVersion=D), moved)
    assert unknown is not None
    assert unknown.reached(in_reach).target.value == image_of(D)


def test_what_stands_against_it_comes_with_it():
    problem = ServingProblem(Reason.REPOSITORY_NOT_ALLOWED, "annotate it")
    previous = a_previous().reached(lambda *_: problem)
    assert (previous.version, previous.problem, previous.veto) == (A, problem, None)


OLDER: dict[str, tuple[Status, str | None]] = {
    "the version before": (a_status(A, B, C), B),
    "asked again on the landing, the next older one": (a_status(A, B, C, B, quarantine=quarantined(C)), A),
    "and then there is none": (a_status(A, B, C, B, A, quarantine=quarantined(C, B)), None),
    "never Healthy is good enough for a person": (standing(a_status(A, B), v1=Standing.UNPROVEN), A),
    "past one that did not start when it was put back": (standing(a_status(A, B, C), v2=Standing.NOT_STARTED), A),
    "nothing before the first": (a_status(A), None),
}


@pytest.mark.parametrize(("status", "version"), OLDER.values(), ids=OLDER)
def test_previous_as_a_person_means_it(status: Status, version: str | None):
    move = find_older(status)
    assert (move.version if move else None) == version


def test_the_newest_epoch_of_a_version_counts():
    status = a_status(A, B, A)
    move = find_move(A, status)
    assert move is not None
    assert move.epoch == 3
    assert find_move(C, status) is None
