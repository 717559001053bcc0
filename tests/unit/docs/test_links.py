"""Pages lead somewhere: every relative link and every anchor in the project's Markdown is there."""

import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
LINK = re.compile(r"\]\(([^)\s]+)\)")
HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)
FENCE = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
OUTSIDE = ("http://", "https://", "mailto:")


def find_pages() -> list[str]:
    """List the Markdown files that a user gets."""
    listed = subprocess.run(["git", "ls-files", "*.md"], cwd=ROOT, capture_output=True, text=True, check=True)
    return sorted(set(listed.stdout.split()))


def find_anchors(page: Path) -> set[str]:
    """Spell the anchors of a page's headings as hosting sites do."""
    text = FENCE.sub("", page.read_text())
    return {re.sub(r"[^\w\- ]", "", title.lower()).strip().replace(" ", "-") for title in HEADING.findall(text)}


@pytest.mark.parametrize("name", find_pages())
def test_every_link_leads_somewhere(name: str):
    page = ROOT / name
    for link in LINK.findall(FENCE.sub("", page.read_text())):
        if link.startswith(OUTSIDE):
            continue
        path, _, anchor = link.partition("#")
        there = (page.parent / path) if path else page
        assert there.exists(), f"{name}: {link} is not there"
        if anchor:
            assert anchor in find_anchors(there), f"{name}: {link} has no such heading"
