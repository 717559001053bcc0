"""Each row of the guide that works against a database alone has a test that is named after it."""

import ast
from pathlib import Path

import pytest

ROWS = range(1, 22)
"""All of S1 to S21; a row whose cluster half comes later is kept here by its half for a database alone."""
FOLDER = Path(__file__).parent.parent


def names() -> list[str]:
    """List the names of all tests."""
    files = sorted(FOLDER.rglob("test_*.py"))
    trees = (ast.parse(file.read_text()) for file in files)
    functions = (n for tree in trees for n in ast.walk(tree) if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef))
    return [f.name for f in functions if f.name.startswith("test_")]


NAMES = names()


@pytest.mark.parametrize("row", ROWS)
def test_a_row_of_the_guide_has_a_test_of_its_name(row: int):
    assert any(f"S{row}" in name.split("_") for name in NAMES)
