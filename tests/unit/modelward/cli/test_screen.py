"""Tables for people: figures stand at the right, all else at the left, also a version that begins with a digit."""

import pytest

from modelward.cli.screen import Screen

FIGURES = ["0.850", "4,200", "-8.6 %", "+20.7 %", "5 %", "1.2e+30", "120", "-", "undefined"]
WORDS = ["20260105_143022", "1.28-alpine", "2026-01-05T14:32:23Z", "r2 -1.08 %", "v2", "3 of 5"]


def shown(capsys: pytest.CaptureFixture[str], cell: str) -> str:
    Screen().table(["NAME", "A WIDE COLUMN OF SOMETHING"], [["a", cell]])
    return capsys.readouterr().out.splitlines()[1].removeprefix("a      ").rstrip("\n")


@pytest.mark.parametrize("cell", FIGURES)
def test_a_figure_stands_at_the_right(capsys: pytest.CaptureFixture[str], cell: str):
    assert shown(capsys, cell).rstrip() == cell.rjust(len("A WIDE COLUMN OF SOMETHING"))


@pytest.mark.parametrize("cell", WORDS)
def test_all_else_stands_at_the_left(capsys: pytest.CaptureFixture[str], cell: str):
    assert shown(capsys, cell).rstrip() == cell
