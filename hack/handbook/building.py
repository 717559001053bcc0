"""Gathers the pages as they lie in the repository, so that their links hold, and has mkdocs build and check them."""

import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

BUILT = Path("build/site")
CONFIGURATION = Path(__file__).parent / "mkdocs.yaml"
STYLE = Path(__file__).parent / "site.css"
PAGES = ("README.md", "ARCHITECTURE.md", "CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md", "charts/modelward/README.md")
FOLDERS = ("docs", "deploy/examples")
LINK = re.compile(r"\]\(([^)\s]+)\)")
SITUATION = re.compile(r"^(```\w+) .*$", re.MULTILINE)
"""What stands behind a block's language is for the tests that run it."""
LONG_NAME = re.compile(r"^\| `([\w.\[\]*]+\.[\w.\[\]*]+)` ", re.MULTILINE)
"""A dotted name that begins a table's row."""


class BuildError(Exception):
    """The site cannot be built; the text is what mkdocs said."""


def build(root: Path, site: Path, configuration: Path = CONFIGURATION) -> None:
    """Build the site of a repository; BuildError where a link, an anchor or a page of the navigation is not there."""
    with tempfile.TemporaryDirectory() as scratch:
        gathered = Path(scratch) / "pages"
        gather(root, gathered)
        shutil.copyfile(STYLE, gathered / STYLE.name)
        settings = Path(scratch) / "mkdocs.yaml"
        settings.write_text(with_every_page(configuration.read_text(), root))
        command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--clean"]  # quiet, it would be deaf
        done = subprocess.run(
            [*command, "--config-file", settings, "--site-dir", site.resolve()],
            cwd=scratch, env={**os.environ, "NO_MKDOCS_2_WARNING": "1"}, capture_output=True, text=True, check=False,
        )  # fmt: skip
    if done.returncode:
        raise BuildError((done.stdout + done.stderr).strip() or f"mkdocs ended with {done.returncode}")


def with_every_page(configuration: str, root: Path) -> str:
    """Add the pages that the navigation leaves out at its end, so that no page is lost."""
    pages = [str(page.relative_to(root)) for page in find_pages(root)]
    lost = [page for page in pages if f": {page}\n" not in configuration]
    more = "".join(f"      - {page}\n" for page in lost)
    return f"{configuration}  - More:\n{more}" if lost else configuration


def gather(root: Path, target: Path) -> None:
    """Copy every page, and every file that a page links to, to the same place under another root."""
    pages = find_pages(root)
    linked = {found for page in pages for found in _linked_files(page, root)}
    for path in {*pages, *linked}:
        copy = target / path.relative_to(root)
        copy.parent.mkdir(parents=True, exist_ok=True)
        if path.suffix == ".md":
            copy.write_text(for_readers(path.read_text()))
        else:
            shutil.copyfile(path, copy)


def for_readers(text: str) -> str:
    """Take away what is for tests, and say where a long name may be broken."""
    return LONG_NAME.sub(lambda m: f"| <code>{m[1].replace('.', '.<wbr>')}</code> ", SITUATION.sub(r"\1", text))


def find_pages(root: Path) -> list[Path]:
    """List the pages of the site."""
    named = [root / name for name in PAGES if (root / name).exists()]
    return [*named, *(page for folder in FOLDERS for page in sorted((root / folder).rglob("*.md")))]


def _linked_files(page: Path, root: Path) -> list[Path]:
    links = [link.partition("#")[0] for link in LINK.findall(page.read_text()) if "://" not in link]
    there = [(page.parent / link).resolve() for link in links if link]
    return [path for path in there if path.is_file() and path.is_relative_to(root.resolve())]


def list_outside_links(root: Path) -> dict[str, list[str]]:
    """Find every link to another site, with the pages that have it."""
    found: dict[str, list[str]] = {}
    for page in find_pages(root):
        for link in sorted({link for link in LINK.findall(page.read_text()) if "://" in link}):
            found.setdefault(link, []).append(str(page.relative_to(root)))
    return found
