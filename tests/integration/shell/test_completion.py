"""The shell completes versions and models where the database answers, and is silent where it does not."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from click.shell_completion import ShellComplete
from click.testing import CliRunner

from builders import A, B
from modelward.cli.main import main
from registry import guide


def offered(arguments: list[str], begun: str) -> list[str]:
    complete = ShellComplete(main, {}, "modelward", "_MODELWARD_COMPLETE")
    return [item.value for item in complete.get_completions(arguments, begun)]


@pytest.mark.parametrize("verb", ["rollback", "compare"])
def test_versions_are_completed(database_url: str, monkeypatch: pytest.MonkeyPatch, verb: str):
    registry = guide(database_url)
    registry.register("2024_old", days_ago=99, archived_at=registry.now)
    monkeypatch.setenv("DATABASE_URL", database_url)
    assert offered([verb], "2") == [B, A]
    assert offered([verb], "20260104") == [A]
    assert offered([verb, "--model", "nowhere"], "2") == []


def test_models_are_completed(database_url: str, monkeypatch: pytest.MonkeyPatch):
    guide(database_url)
    guide(database_url, model="churn")
    monkeypatch.setenv("DATABASE_URL", database_url)
    assert offered(["status", "--model"], "") == ["churn", "house-prices"]
    assert offered(["rollback"], "2") == [], "two models, and none named yet"
    assert offered(["rollback", "--model", "churn"], "20260104") == [A]


@pytest.mark.parametrize("url", ["", "nonsense", "postgresql://nobody@127.0.0.1:1/nowhere"])
def test_a_database_that_does_not_answer_offers_nothing(monkeypatch: pytest.MonkeyPatch, url: str):
    monkeypatch.setenv("DATABASE_URL", url)
    assert offered(["rollback"], "2") == []


def test_verbs_are_completed():
    assert offered([], "hi") == ["history"]


@pytest.mark.parametrize(
    ("shell", "line"),
    [
        ("bash", "complete -o nosort -F _modelward_completion modelward"),
        ("zsh", "compdef _modelward_completion modelward"),
        ("fish", 'complete --no-files --command modelward --arguments "(_modelward_completion)"'),
    ],
)
def test_a_script_for_each_shell(shell: str, line: str):
    result = CliRunner().invoke(main, ["completion", shell])
    assert (result.exit_code, line in result.stdout) == (0, True)


def test_an_unknown_shell_is_wrong_use_and_lists_those_there_are():
    result = CliRunner().invoke(main, ["completion", "tcsh"])
    assert result.exit_code == 2
    assert "'bash', 'zsh', 'fish'" in result.stderr


def test_bash_completes_with_it(database_url: str):
    guide(database_url)
    asked = (
        'eval "$(modelward completion bash)"; COMP_WORDS=(modelward rollback 2); COMP_CWORD=2; '
        '_modelward_completion modelward; echo "${COMPREPLY[@]}"'
    )
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    environment = {"PATH": path, "DATABASE_URL": database_url, "HOME": "/nowhere"}
    done = subprocess.run(["bash", "-c", asked], env=environment, capture_output=True, text=True, check=True)
    assert done.stdout.split() == [B, A]
