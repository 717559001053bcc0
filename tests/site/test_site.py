"""`make docs`: every page is in the site, nothing in it is fetched from elsewhere, and what is broken fails."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from handbook.__main__ import ROOT, main
from handbook.building import (
    CONFIGURATION,
    BuildError,
    build,
    find_pages,
    for_readers,
    list_outside_links,
    with_every_page,
)

FETCHED = re.compile(r"""<(?:script|link|img|iframe|source)\b[^>]*?(?:src|href)=["']?((?:https?:)?//[^"'> ]+)""")
IN_STYLES = re.compile(r"(?:url\(|@import)\s*[\"']?((?:https?:)?//[^\"')]+)")


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site, built once."""
    built = tmp_path_factory.mktemp("site")
    build(ROOT, built)
    return built


def html(site: Path) -> Iterator[tuple[str, str]]:
    """Read every page of a site."""
    for page in site.rglob("*.html"):
        yield str(page.relative_to(site)), page.read_text()


def test_every_page_is_there_and_found_by_the_search(site: Path):
    index = json.loads((site / "search" / "search_index.json").read_text())
    found = {entry["location"].partition("#")[0] for entry in index["docs"]}
    for page in find_pages(ROOT):
        name = str(page.relative_to(ROOT).with_suffix(".html")).replace("README.html", "index.html")
        assert (site / name).exists(), name
        assert name in found, name


def test_nothing_is_fetched_from_elsewhere(site: Path):
    fetched = {(name, url) for name, text in html(site) for url in FETCHED.findall(text)}
    styles = [(str(s.relative_to(site)), url) for s in site.rglob("*.css") for url in IN_STYLES.findall(s.read_text())]
    assert fetched | set(styles) == set()


def test_nothing_counts_its_readers(site: Path):
    assert [name for name, text in html(site) if re.search(r"google-analytics|gtag\(|plausible|matomo", text)] == []


def test_markdown_is_shown_and_not_printed(site: Path):
    """A table, a list or a block that its reader would see as bare text."""
    broken = re.compile(r"<p>[^<]*(?:\n[-*] |\|[ ]?---|```)")
    assert [(name, found.group(0)[-60:]) for name, text in html(site) if (found := broken.search(text))] == []


def test_what_a_page_links_to_beside_pages_is_there(site: Path):
    assert (site / "deploy" / "examples" / "crontab").exists()
    assert (site / "docs" / "images" / "overview.svg").exists()


# -- what is broken --------------------------------------------------------------------------------------------------

LINKS = "[there](nowhere.md), [there](../README.md#one-thing), [there](#another-thing)"
NAVIGATION = "nav:\n  - Overview: README.md\n  - Gone: docs/gone.md\n"


def small(folder: Path) -> tuple[Path, Path]:
    """Write a project of two pages, one of them full of wrong links, and a navigation that knows others."""
    (folder / "docs").mkdir()
    (folder / "README.md").write_text("# One\n\n[two](docs/page.md)\n")
    (folder / "docs" / "page.md").write_text(f"# Two\n\n{LINKS}\n\n```console fine\n$ modelward status\n```\n")
    configuration = folder / "configuration.yaml"
    configuration.write_text(CONFIGURATION.read_text().partition("\nnav:")[0] + f"\n{NAVIGATION}")
    return folder, configuration


@pytest.fixture(scope="session")
def complaint(tmp_path_factory: pytest.TempPathFactory) -> str:
    """What is said of the small project."""
    root, configuration = small(tmp_path_factory.mktemp("small"))
    with pytest.raises(BuildError) as raised:
        build(root, root / "built", configuration)
    return str(raised.value)


BROKEN = {
    "a link to a page that is not there": "'nowhere.md'",
    "an anchor that is not there": "'#one-thing'",
    "an anchor of its own that is not there": "'#another-thing'",
    "a page of the navigation that is not there": "docs/gone.md",
}


@pytest.mark.parametrize("said", BROKEN.values(), ids=BROKEN)
def test_fails(complaint: str, said: str):
    assert said in complaint


def test_a_page_that_the_navigation_leaves_out_is_not_lost(tmp_path: Path):
    root, configuration = small(tmp_path)
    assert with_every_page(configuration.read_text(), root).endswith("\n  - More:\n      - docs/page.md\n")


def test_what_stands_behind_a_blocks_language_is_not_shown():
    assert for_readers("```console fine\n$ modelward status\n```\n") == "```console\n$ modelward status\n```\n"


def test_a_long_name_is_broken_at_its_dots():
    assert for_readers("| `spec.a.b[]` | text |") == "| <code>spec.<wbr>a.<wbr>b[]</code> | text |"
    assert for_readers("| `NoTarget` | text |") == "| `NoTarget` | text |"


def test_links_to_other_sites_are_listed_and_not_followed(capsys: pytest.CaptureFixture[str]):
    assert main(["--links"]) == 0
    listed = capsys.readouterr().out
    assert "https://mlflow.org  (docs/databases.md)" in listed
    assert len(list_outside_links(ROOT)) == len(listed.splitlines())
