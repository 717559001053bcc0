"""docs/troubleshooting.md quotes what a database has people read: each text is made anew here by a real one."""

import pytest

from component import refusals
from component.symptoms import SYMPTOMS as IN_MEMORY
from integration.symptoms import SYMPTOMS
from pages import DOCS, quotes
from pages import says as page_says

PAGE = DOCS / "troubleshooting.md"
QUOTED = quotes(PAGE)
assert refusals, "the other half of SYMPTOMS"


@pytest.mark.parametrize("name", SYMPTOMS)
async def test_a_person_reads(name: str, database_url: str):
    said = await SYMPTOMS[name](database_url)
    assert page_says(QUOTED[name], said), said


def test_every_quoted_text_has_its_world_and_every_world_is_quoted():
    assert set(QUOTED) == {*SYMPTOMS, *IN_MEMORY}
    assert not set(SYMPTOMS) & set(IN_MEMORY)


def test_a_text_that_is_not_said_is_found_out():
    assert not page_says("Ready False Conflict: ... looks after it", "Ready False Conflict: looks after it, too")
    assert not page_says("...", "")
