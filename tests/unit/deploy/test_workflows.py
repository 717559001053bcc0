"""`python -m workflows`: the examples' workflows are sound, and one that is not is found out."""

from pathlib import Path

import pytest

from workflows.__main__ import check, find_workflows, main


def test_the_examples_are_found_and_sound():
    assert [path.name for path in find_workflows()] == ["github-actions.yaml"]
    assert check(find_workflows()) == ""


def test_a_workflow_that_cannot_run_is_shown_with_its_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    (good,) = find_workflows()
    bad = tmp_path / "bad.yaml"
    bad.write_text(good.read_text().replace("steps.check.outputs.code", "steps.chek.outputs.code"))
    assert main([str(bad)]) == 1
    assert 'property "chek" is not defined' in capsys.readouterr().err
