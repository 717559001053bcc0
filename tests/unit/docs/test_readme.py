"""README.md promises nothing without leading to the tests that show it, and begins with what a newcomer needs."""

import re
from pathlib import Path

import pytest

from pages import DOCS
from reference.fields import list_columns

ROOT = DOCS.parent
README = (ROOT / "README.md").read_text()
PROMISES = re.split(r"^- ", README.partition("## What it promises")[2].partition("\n\nRequests")[0], flags=re.MULTILINE)
PROOF = re.compile(r"`tests/[\w/]+\.py::\w+")
LINK = re.compile(r"\]\(([^)#]+)(?:#([^)]*))?\)")


def section(page: str, anchor: str) -> str:
    """Return what stands below a heading, up to the next one."""
    for found in re.split(r"^##+ ", (ROOT / page).read_text(), flags=re.MULTILINE)[1:]:
        title, _, text = found.partition("\n")
        if re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") == anchor:
            return text
    return ""


@pytest.mark.parametrize("promise", PROMISES[1:], ids=lambda text: text.partition(".")[0].strip("*"))
def test_a_promise_leads_to_tests(promise: str):
    shown_by = promise.partition("Shown by:")[2]
    links = LINK.findall(shown_by)
    assert links, promise
    for page, anchor in links:
        assert PROOF.search(section(page, anchor)), f"{page}#{anchor} names no test"


def test_there_are_promises():
    assert len(PROMISES) > 5


def test_the_first_screen_says_what_it_does_what_it_needs_and_how_to_try_it():
    first = README.partition("## Use it")[0]
    at = [
        first.find(words)
        for words in ("puts the serving Deployment back", "It needs", "make demo", "make test", "docs/quickstart.md")
    ]
    assert at == sorted(at)
    assert min(at) > 0
    assert len(first.splitlines()) < 50


def linked_from(page: Path) -> set[Path]:
    """List the pages that a page leads to."""
    paths = [(page.parent / path).resolve() for path, _ in LINK.findall(page.read_text()) if "://" not in path]
    return {path for path in paths if path.suffix == ".md" and path.is_file()}


def test_every_page_is_two_steps_away_at_most():
    first = linked_from(ROOT / "README.md")
    second = set().union(*map(linked_from, first))
    assert set(DOCS.resolve().rglob("*.md")) - first - second == set()


def test_kubectl_get_shows_the_columns_that_the_readme_does():
    shown = re.findall(r"^(NAME .*)$", README, re.MULTILINE)[0].split()
    assert shown == ["NAME", *(name for name, wide, _ in list_columns() if not wide)]


def test_the_image_that_a_reader_builds_is_the_one_that_the_chart_pulls():
    chart = (ROOT / "charts" / "modelward" / "Chart.yaml").read_text()
    (version,) = re.findall(r'^appVersion: "?([^"\n]+)"?$', chart, flags=re.MULTILINE)
    assert set(re.findall(r"registry\.example\.com/modelward:(\S+)", README)) == {version}
