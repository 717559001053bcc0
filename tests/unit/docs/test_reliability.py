"""What pages promise with the name of a test is tested: every row names tests, and those are there."""

import ast
import re
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
PAGES = ("docs/reliability.md", "docs/capabilities.md", "SECURITY.md")
ROW = re.compile(r"^\| (\d+) \|.*$", re.MULTILINE)
PROOF = re.compile(r"`(tests/[\w/]+\.py)::(\w+)(?:\[([^\]`]+)\])?`")
ANY_TEST = re.compile(r"`tests/[^`]*\.py[^`]*`")


@cache
def read_tests(path: Path) -> tuple[frozenset[str], frozenset[str]]:
    """Collect the tests of a file, and the texts that their parameters may be called by."""
    tree = ast.parse(path.read_text()) if path.is_file() else ast.parse("")
    functions = (n for n in ast.walk(tree) if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef))
    texts = (n.value for n in ast.walk(tree) if isinstance(n, ast.Constant))
    return (
        frozenset(f.name for f in functions if f.name.startswith("test_")),
        frozenset(text for text in texts if isinstance(text, str)),
    )


def find_untrue(text: str) -> list[str]:
    """List what a page names as a proof and is none."""
    untrue = [row.group(0) for row in ROW.finditer(text) if not PROOF.search(row.group(0))]
    untrue += [named for named in ANY_TEST.findall(text) if not PROOF.fullmatch(named)]
    for path, name, parameter in PROOF.findall(text):
        names, texts = read_tests(ROOT / path)
        if name not in names or (parameter and parameter not in texts):
            untrue.append(f"{path}::{name}" + (f"[{parameter}]" if parameter else ""))
    return untrue


@pytest.mark.parametrize("page", PAGES)
def test_every_row_names_tests_that_are_there(page: str):
    assert find_untrue((ROOT / page).read_text()) == []


@pytest.mark.parametrize("page", PAGES)
def test_rows_are_numbered_without_a_gap(page: str):
    numbers = [int(row.group(1)) for row in ROW.finditer((ROOT / page).read_text())]
    assert numbers == list(range(1, len(numbers) + 1))
    assert numbers


HERE = "tests/unit/docs/test_reliability.py"
UNTRUE = {
    "no test": "| 1 | a fault | nothing |",
    "no such file": "| 1 | a fault | nothing | `tests/unit/test_nowhere.py::test_it` |",
    "no such test": f"| 1 | a fault | nothing | `{HERE}::test_" + "nothing` |",
    "no such parameter": f"| 1 | a fault | nothing | `{HERE}::test_is_found_out[{'no' + ' way'}]` |",
    "a whole file": f"| 1 | a fault | nothing | `{HERE}` |",
}


@pytest.mark.parametrize("row", UNTRUE.values(), ids=UNTRUE)
def test_is_found_out(row: str):
    assert find_untrue(row)


def test_a_parameter_that_is_there_is_accepted():
    assert find_untrue(f"| 1 | a fault | nothing | `{HERE}::test_is_found_out[no such file]` |") == []
