"""docs/quickstart.md, the part that needs a database alone: run as it stands, and what is shown is what comes out."""

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from pages import DOCS, Step, read_blocks, run_steps, steps_of
from sandbox.database import EmbeddedDatabase

PAGE = DOCS / "quickstart.md"


def test_a_reader_sees_a_rollback(make_database: Callable[..., str], postgres: EmbeddedDatabase, tmp_path: Path):
    environment = {"DATABASE_URL": make_database(migrated=False)}
    steps = steps_of(PAGE, "database")
    wrong = run_steps(steps, tmp_path, environment, Path(sys.executable).parent, postgres.binaries)
    assert not wrong, "\n\n".join(wrong)


def test_every_block_is_run_by_some_test():
    groups = {block.group for block in read_blocks(PAGE)}
    assert groups == {"elsewhere", "database", "cluster"}
    elsewhere = [block.text for block in read_blocks(PAGE) if block.group == "elsewhere"]
    assert elsewhere == ["make up\nsource .modelward/env\n"], "the sandbox sets up what the other groups have here"


WRONG = {
    "a command fails": (Step("false", None, 3), "line 3: ended with 1"),
    "a command of several fails": (Step("false\ntrue", None, 3), "line 3: ended with 1"),
    "something else is said": (Step("echo this", "that\n", 4), "line 4: echo this"),
    "nothing is said": (Step("true", "that\n", 5), "line 5: true"),
}


@pytest.mark.parametrize(("step", "said"), WRONG.values(), ids=WRONG)
def test_a_page_is_found_out_when(step: Step, said: str, tmp_path: Path):
    steps = [Step("echo fine", "fine\n", 1), step, Step("echo fine", "fine\n", 9)]
    assert [line.startswith(said) for line in run_steps(steps, tmp_path, {})] == [True]
