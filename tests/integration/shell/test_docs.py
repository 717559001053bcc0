"""The pages for people say what really comes out: every command and every example in them is run."""

import doctest
import re
import shlex
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from builders import A, B
from modelward.cli.main import VERBS
from registry import BAD, GOOD, MINOR, Registry, guide, shell

PAGES = ("command-line.md", "troubleshooting.md")
BLOCK = re.compile(r"^```console (\S+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
DOCS = Path(__file__).parents[3] / "docs"
CHECKER = doctest.OutputChecker()
CHANGING = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ|(?<=PostgreSQL )\S+ \S+(?= as)|(?<=ended )\w+(?= ago)")
"""What differs from run to run."""


@dataclass(frozen=True)
class Block:
    """Commands of a page with what they are said to print."""

    page: str
    situation: str
    text: str

    @property
    def commands(self) -> list[tuple[str, str]]:
        """Pairs of a command and its output."""
        parts = re.split(r"^\$ modelward (.*)\n", self.text, flags=re.MULTILINE)
        assert parts[0] == "", "a block begins with a command"
        return list(zip(parts[1::2], parts[2::2], strict=True))


BLOCKS = [Block(page, *found) for page in PAGES for found in BLOCK.findall((DOCS / page).read_text())]


def fine(url: str) -> str:
    guide(url, MINOR)
    return url


def degraded(url: str) -> str:
    guide(url, BAD)
    return url


def subtle(url: str) -> str:
    guide(url, (0.895, 3600.0))
    return url


def rolled_back(url: str) -> str:
    guide(url, BAD)
    shell(url)("check")
    return url


def old(url: str) -> str:
    registry = guide(url, GOOD)
    for i, version in enumerate(["20250101_000000", "20250601_000000"]):
        registry.register(version, days_ago=400 - 100 * i)
        registry.predict(version, GOOD, hours_ago=24 * (400 - 100 * i))
    return url


def shifted(url: str) -> str:
    """A was put back, and looks as bad as B did."""
    registry = rolled_back_hours_ago(url)
    registry.predict(A, BAD, hours_ago=2)
    return url


def rolled_back_hours_ago(url: str) -> Registry:
    registry = guide(url, BAD)
    registry.register("20260103_080000", days_ago=9)
    registry.predict("20260103_080000", GOOD, hours_ago=100)
    shell(url)("check")
    registry.ask("UPDATE model_versions SET promoted_at = now() - interval '5 hours' WHERE is_production")
    registry.ask("UPDATE model_versions SET promoted_at = now() - interval '1 day' WHERE model_version = %s", B)
    registry.ask("UPDATE modelward.audit SET at = now() - interval '5 hours'")
    return registry


def down(url: str) -> str:
    return make_conninfo(**{**conninfo_to_dict(url), "port": "1"})


def reader(url: str) -> str:
    registry = guide(url)
    registry.ask("CREATE ROLE docs_reader LOGIN PASSWORD 'reader'")
    registry.ask("GRANT USAGE ON SCHEMA modelward TO docs_reader")
    registry.ask("GRANT SELECT ON model_predictions, model_versions, modelward.audit, modelward.managed TO docs_reader")
    return make_conninfo(**{**conninfo_to_dict(url), "user": "docs_reader", "password": "reader"})


SITUATIONS: dict[str, Callable[[str], str]] = {
    "fine": fine,
    "degraded": degraded,
    "subtle": subtle,
    "rolled-back": rolled_back,
    "old": old,
    "shifted": shifted,
    "down": down,
    "reader": reader,
}


@pytest.fixture
def situation(database_url: str) -> Iterator[Callable[[str], str]]:
    yield lambda name: SITUATIONS[name](database_url)
    registry = Registry(database_url)
    if registry.ask("SELECT 1 FROM pg_roles WHERE rolname = 'docs_reader'"):
        registry.ask("DROP OWNED BY docs_reader")
        registry.ask("DROP ROLE docs_reader")


@pytest.mark.parametrize("block", BLOCKS, ids=[f"{b.page}-{b.situation}-{i}" for i, b in enumerate(BLOCKS)])
def test_S17_S18_S19_S20_a_page_shows_what_really_comes_out(
    block: Block, situation: Callable[[str], str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.chdir(tmp_path)
    run = shell(situation(block.situation))
    for command, expected in block.commands:
        got = run(*shlex.split(command)).output
        assert expected.strip()
        assert CHECKER.check_output(
            CHANGING.sub("...", expected), got, doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
        ), (command, got)


def test_every_verb_has_its_section_and_all_but_those_of_a_cluster_an_example():
    text = (DOCS / "command-line.md").read_text()
    for verb in VERBS:
        section = text.partition(f"\n## modelward {verb}\n")[2].partition("\n## ")[0]
        assert section, verb
        assert f"$ modelward {verb}" in section or f"$(modelward {verb} " in section or verb in {"operator", "gitops"}


def test_the_examples_of_python_run(database_url: str, monkeypatch: pytest.MonkeyPatch):
    guide(database_url, BAD)
    monkeypatch.setenv("DATABASE_URL", database_url)
    page = DOCS / "python.md"
    flags = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
    text = re.sub(r"^```.*$", "", page.read_text(), flags=re.MULTILINE)
    test = doctest.DocTestParser().get_doctest(text, {}, page.name, str(page), 0)
    runner = doctest.DocTestRunner(optionflags=flags)
    said: list[str] = []
    results = runner.run(test, out=said.append)
    assert results.attempted > 15
    assert results.failed == 0, "".join(said)
