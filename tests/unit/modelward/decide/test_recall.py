"""Which versions are in quarantine again when a memory was lost, by what the audit table says."""

from dataclasses import replace

import pytest

from builders import HOUR, NOW, A, B, C, a_status
from modelward.decide.conditions import summarise
from modelward.decide.recall import is_young, recall
from modelward.domain.letters import Past, Step
from modelward.domain.messages import About
from modelward.domain.status import Epoch, PlacedBy, RequestRecord, RequestRecords, Status, Verdict

ABOUT = About("ml", "house-prices", "prices")


def patched(from_: str, to: str, about: About = ABOUT) -> Past:
    return Past(about, Step.PATCHED, f"{from_}-{to}", NOW, from_, to, "R2 fell")


def cleared(version: str) -> Past:
    return Past(ABOUT, Step.CLEARED, "e", NOW + HOUR, version, "", "")


PASTS: dict[str, tuple[list[Past], list[str]]] = {
    "nothing": ([], []),
    "one rollback": ([patched(B, A)], [B]),
    "two": ([patched(C, B), patched(B, A)], [C, B]),
    "cleared since": ([patched(B, A), cleared(B)], []),
    "cleared before": ([cleared(B), patched(B, A)], [B]),
    "put back by a person since": ([patched(B, A), patched(A, B)], [A]),
    "another resource": ([patched(B, A, replace(ABOUT, name="other"))], []),
    "another namespace": ([patched(B, A, replace(ABOUT, namespace="other"))], []),
    "another environment": ([patched(B, A, replace(ABOUT, environment="staging"))], []),
}


@pytest.mark.parametrize(("past", "held"), PASTS.values(), ids=PASTS)
def test_after(past: list[Past], held: list[str]):
    status = recall(a_status(), ABOUT, past)
    assert [q.version for q in status.quarantine] == held
    assert recall(status, ABOUT, past) == status


def test_it_says_when_and_why():
    (entry,) = recall(a_status(), ABOUT, [patched(B, A)]).quarantine
    assert (entry.since_time, entry.reason, entry.rollback_id) == (NOW, "R2 fell", f"{B}-{A}")


FOUND = a_status(epoch=Epoch(1, A, placed_by=PlacedBy.FOUND))
YOUNG: dict[str, tuple[Status, bool]] = {
    "just found": (FOUND, True),
    "found, while the database is down": (summarise(replace(FOUND, verdict=Verdict.SOURCE_ERROR), 1, NOW), True),
    "found and judged": (summarise(replace(FOUND, verdict=Verdict.NO_DATA), 1, NOW), False),
    "deployed while we looked": (a_status(), False),
    "cleared by a person": (
        replace(FOUND, requests=RequestRecords(clear_quarantine=RequestRecord("t", "Done", ""))),
        False,
    ),
}


@pytest.mark.parametrize(("status", "young"), YOUNG.values(), ids=YOUNG)
def test_a_resource_has_no_memory_when(status: Status, young: bool):  # noqa: FBT001
    assert is_young(status) is young
