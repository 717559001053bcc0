"""No word without a meaning: each code on a page is a reason, a field, a word of the glossary, or Kubernetes' own."""

import re
from enum import StrEnum
from pathlib import Path
from typing import Any

import pytest

from modelward.decide import conditions
from modelward.domain import letters, metrics, questions, spec, status
from modelward.domain.reasons import Reason
from pages import DOCS, prose_of
from reference import words
from reference.fields import read_schema

ROOT = DOCS.parent
GENERATED = {"reference.md", "metrics-prometheus.md"}
PAGES = [ROOT / "README.md", ROOT / "SECURITY.md", *sorted(p for p in DOCS.rglob("*.md") if p.name not in GENERATED)]
GLOSSARY = (DOCS / "glossary.md").read_text()
TERM = re.compile(r"^\| \*\*(.+?)\*\* \| (.+) \|$", re.MULTILINE)
CODE = re.compile(r"\b[A-Z][a-z]+(?:[A-Z][a-z0-9]+)+\b")
"""A word in CamelCase."""
THEIRS = frozenset(re.findall(r"\w+", (Path(__file__).parent / "theirs.txt").read_text()))
"""Words of Kubernetes and of programs that are not ours."""


def choices(schema: Any) -> set[str]:
    """Collect all that the schema allows by enumeration."""
    if isinstance(schema, list):
        return set().union(*map(choices, schema))
    if not isinstance(schema, dict):
        return set()
    own = {str(value) for value in schema.get("enum", ())} if isinstance(schema.get("enum"), list) else set()
    return own | set().union(*map(choices, schema.values()))


def enumerations(*modules: Any) -> set[str]:
    """Collect the codes of all enumerations in modules."""
    kinds = [k for m in modules for k in vars(m).values() if isinstance(k, type) and issubclass(k, StrEnum)]
    return {str(member.value) for kind in kinds for member in kind}


def classes() -> set[str]:
    """Collect the names of what Python code can import."""
    sources = (ROOT / "operator" / "modelward").rglob("*.py")
    return {name for path in sources for name in re.findall(r"^class (\w+)", path.read_text(), re.MULTILINE)}


def alerts() -> set[str]:
    """Collect the alerts of the chart."""
    return set(re.findall(r"alert: (\w+)", (ROOT / "charts" / "modelward" / "files" / "rules.yaml").read_text()))


DEFINED = (
    {reason.value for reason in Reason}
    | {value for name, value in vars(conditions).items() if name.isupper()}
    | set(words.CONDITIONS)
    | choices([read_schema("spec"), read_schema("status")])
    | enumerations(letters, metrics, questions, spec, status)
    | classes()
    | alerts()
    | {f"Modelward{reason.value}" for reason in Reason}
    | {"ModelDeployment", "ModelDeployments", "StatusList", "CheckList", "ExplanationList"}
    | {term for term, _ in TERM.findall(GLOSSARY)}
)


def find_undefined(text: str) -> set[str]:
    """List codes that nothing defines."""
    return {code for code in CODE.findall(text) if code not in DEFINED | THEIRS}


@pytest.mark.parametrize("page", PAGES, ids=lambda p: p.name)
def test_every_code_on_a_page_is_defined(page: Path):
    assert find_undefined(prose_of(page)) == set()


def test_a_code_that_nobody_defines_is_found_out():
    assert find_undefined("the reason TotallyMadeUp, or VersionNotSeen") == {"TotallyMadeUp"}


def test_terms_stand_in_order_and_once():
    terms = [term.lower() for term, _ in TERM.findall(GLOSSARY)]
    assert terms == sorted(set(terms))
    assert len(terms) > 40


ASKED = ["epoch", "landing", "window", "baseline", "label delay", "verdict", "breach", "guard", "hold", "quarantine"]
ASKED += ["contest", "sample", "shadow", "outbox", "previous version", "breaker", "Managed", "Tracked", "rollback"]


@pytest.mark.parametrize("term", ASKED)
def test_a_word_that_pages_lean_on_is_there(term: str):
    assert term in dict(TERM.findall(GLOSSARY))


def test_every_name_of_the_resources_verdicts_and_conditions_is_in_the_glossary_or_linked_from_it():
    told = GLOSSARY + (DOCS / "concepts.md").read_text()
    named = [*(v.value for v in status.Verdict), *(p.value for p in status.Phase), *words.CONDITIONS]
    assert [name for name in named if not re.search(rf"\b{name}\b", told)] == []
