"""`python -m workflows`: the workflows are sound, and one that is not is found out."""

import re
from pathlib import Path

import pytest

from workflows.__main__ import check, find_workflows, main

EXAMPLE = Path(__file__).resolve().parents[3] / "deploy/examples/github-actions.yaml"


def test_the_project_s_and_the_examples_are_found_and_sound():
    assert {"release.yml", "github-actions.yaml"} <= {path.name for path in find_workflows()}
    assert check(find_workflows()) == ""


def test_every_action_of_the_project_s_is_named_by_its_commit_with_the_version_beside_it():
    ours = [path for path in find_workflows() if ".github" in path.parts]
    used = [line for path in ours for line in path.read_text().splitlines() if "uses:" in line]
    assert used
    for line in used:
        assert re.search(r"uses: [\w.-]+/[\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$", line), line


def test_a_workflow_that_cannot_run_is_shown_with_its_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    bad = tmp_path / "bad.yaml"
    bad.write_text(EXAMPLE.read_text().replace("steps.check.outputs.code", "steps.chek.outputs.code"))
    assert main([str(bad)]) == 1
    assert 'property "chek" is not defined' in capsys.readouterr().err
