"""docs/troubleshooting.md quotes what a person reads: each text is made anew here by a world in that trouble."""

import pytest

from component import refusals
from component.symptoms import SYMPTOMS
from pages import DOCS, quotes
from pages import says as page_says

PAGE = DOCS / "troubleshooting.md"
QUOTED = quotes(PAGE)
assert refusals, "the other half of SYMPTOMS"


@pytest.mark.parametrize("name", SYMPTOMS)
async def test_S17_S18_S19_S20_a_person_reads(name: str):
    said = await SYMPTOMS[name]()
    assert page_says(QUOTED[name], said), said
