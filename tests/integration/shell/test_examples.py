"""S11, S13, S15: the crontab, the CronJob and the workflow do in a test what they will do on their own."""

import os
import re
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from builders import A, B
from registry import BAD, MINOR, Registry, guide


@pytest.fixture
def examples(root: Path) -> Path:
    return root / "deploy" / "examples"


def run(command: list[str], folder: Path, **environment: str) -> "subprocess.CompletedProcess[str]":
    """Run a command with the interpreter of these tests first in PATH, and a pip that installs nothing."""
    shims = folder / "shims"
    shims.mkdir(exist_ok=True)
    pip = shims / "pip"
    pip.write_text('#!/bin/sh\necho "$@" >> "$(dirname "$0")/installed"\n')
    pip.chmod(0o755)
    path = f"{shims}:{Path(sys.executable).parent}:{os.environ['PATH']}"
    env = {"PATH": path, "HOME": str(folder), **environment}
    return subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True, check=False)


# -- cron ------------------------------------------------------------------------------------------------------------


def cron_lines(examples: Path) -> tuple[dict[str, str], list[str]]:
    """Read a crontab as cron does: settings, and the commands after five fields."""
    lines = [line for line in (examples / "crontab").read_text().splitlines() if line and not line.startswith("#")]
    settings = dict(line.split("=", 1) for line in lines if re.match(r"[A-Z]+=", line))
    commands = [line.split(maxsplit=5)[5] for line in lines if not re.match(r"[A-Z]+=", line)]
    assert all("%" not in command for command in commands), "cron would take it for the end of the line"
    return settings, commands


def cron(examples: Path, folder: Path, url: str, number: int) -> "subprocess.CompletedProcess[str]":
    settings, commands = cron_lines(examples)
    (folder / ".modelward.env").write_text(f"DATABASE_URL='{url}'\n")
    return run(["/bin/sh", "-c", commands[number]], folder, **{**settings, "PYTHON": sys.executable})


def test_S11_a_check_that_is_fine_mails_nothing_and_stands_in_the_log(
    database_url: str, examples: Path, tmp_path: Path
):
    guide(database_url, MINOR)
    done = cron(examples, tmp_path, database_url, 0)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert "Verdict: OK" in (tmp_path / "monitoring.log").read_text()


def test_S13_a_rollback_mails_both_versions_and_the_percentages(database_url: str, examples: Path, tmp_path: Path):
    registry = guide(database_url, BAD)
    assert "MAILTO" in cron_lines(examples)[0]
    done = cron(examples, tmp_path, database_url, 0)
    assert registry.production == [A]
    assert f"rolled back {B} -> {A}: R2 0.930 -> 0.850 (-8.6 %, limit 5 %)" in done.stdout
    assert "RMSE 3480 -> 4200 (+20.7 %, limit 5 %)" in done.stdout


def test_S13_a_database_that_is_down_is_mailed(examples: Path, tmp_path: Path):
    done = cron(examples, tmp_path, "postgresql://nobody@127.0.0.1:1/nowhere", 0)
    assert "Error: the connection was refused" in done.stdout


def test_S16_the_monthly_line_lists_and_changes_nothing(database_url: str, examples: Path, tmp_path: Path):
    registry = guide(database_url)
    for i in range(5):
        registry.register(f"old-{i}", days_ago=200 + i)
    done = cron(examples, tmp_path, database_url, 1)
    assert done.returncode == 0
    assert [line for line in done.stdout.splitlines() if "would be archived" in line] == [
        "old-4: would be archived",
        "old-3: would be archived",
    ]
    assert registry.ask("SELECT count(*) FROM model_versions WHERE archived_at IS NOT NULL") == [(0,)]


# -- Kubernetes ------------------------------------------------------------------------------------------------------


def test_S11_the_cronjob_runs_the_check_hourly_and_never_twice_at_once(
    database_url: str, examples: Path, tmp_path: Path
):
    registry = guide(database_url, BAD)
    job = yaml.safe_load((examples / "cronjob.yaml").read_text())
    assert (job["kind"], job["apiVersion"]) == ("CronJob", "batch/v1")
    assert job["spec"]["schedule"].split()[1:] == ["*"] * 4
    assert job["spec"]["concurrencyPolicy"] == "Forbid"
    pod = job["spec"]["jobTemplate"]["spec"]["template"]["spec"]
    (container,) = pod["containers"]
    assert container["command"][1:] == ["-m", "modelward.monitor"]
    command = [sys.executable, *container["command"][1:], *container["args"]]
    done = run(command, tmp_path, DATABASE_URL=database_url, MODELWARD_ACTOR="cronjob/house-prices-check")
    assert done.returncode == 4, done.stderr
    assert registry.production == [A]
    names = {e["name"] for e in container["env"]}
    assert names == {"DATABASE_URL", "MODELWARD_ALERT_URLS", "MODELWARD_ACTOR"}


def test_the_cronjob_runs_the_interpreter_of_our_image(root: Path, examples: Path):
    job = yaml.safe_load((examples / "cronjob.yaml").read_text())
    container = job["spec"]["jobTemplate"]["spec"]["template"]["spec"]["containers"][0]
    assert f'ENTRYPOINT ["{container["command"][0]}"' in (root / "operator" / "Dockerfile").read_text()


# -- GitHub Actions --------------------------------------------------------------------------------------------------


class Workflow:
    """The steps of the workflow, run as the runner runs them: one bash each, outputs and conditions included."""

    def __init__(self, file: Path, folder: Path, url: str, **inputs: str) -> None:
        self.job: dict[str, Any] = yaml.safe_load(file.read_text())["jobs"]["check"]
        self.folder = folder
        self.summary, self.output = folder / "summary.md", folder / "output"
        given = {"threshold": "5", "auto-rollback": "true", "fail-on-degraded": "true", **inputs}
        self.env = {
            "DATABASE_URL": url,
            "MODELWARD_ACTOR": "github-actions/alice",
            "MODELWARD_MODEL": "",
            "MODELWARD_ALERT_URLS": "",
            "THRESHOLD": given["threshold"],
            "AUTO_ROLLBACK": given["auto-rollback"],
            "FAIL_ON_DEGRADED": given["fail-on-degraded"],
            "GITHUB_OUTPUT": str(self.output),
            "GITHUB_STEP_SUMMARY": str(self.summary),
        }
        assert {k for k in self.env if not k.startswith("GITHUB")} == set(self.job["env"])

    def run(self) -> list[str]:
        """Run every step that is to run; return the names of those that failed."""
        failed: list[str] = []
        for step in self.job["steps"]:
            always, wanted = step.get("if") == "always()", self.env["FAIL_ON_DEGRADED"] == "true"
            if "run" not in step or (failed and not always) or ("FAIL_ON" in step.get("if", "") and not wanted):
                continue
            done = self._step(step["run"], step.get("env", {}))
            if done.returncode:
                failed.append(step["name"])
        return failed

    def _step(self, script: str, own: Mapping[str, str]) -> "subprocess.CompletedProcess[str]":
        outputs = (
            dict(line.split("=", 1) for line in self.output.read_text().splitlines()) if self.output.exists() else {}
        )
        values = {k: outputs.get(re.sub(r".*outputs\.(\w+).*", r"\1", v), "") for k, v in own.items()}
        bash = ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", script]
        return run(bash, self.folder, **{**self.env, **values})


@pytest.fixture
def workflow(examples: Path) -> Path:
    return examples / "github-actions.yaml"


CASES: dict[str, tuple[tuple[float, float], dict[str, str], list[str], str, list[str]]] = {
    "fine": (MINOR, {}, [], "fine", [B]),
    "rolled back": (BAD, {}, ["Fail when degraded"], "rolled back", [A]),
    "rolled back, and not to fail": (BAD, {"fail-on-degraded": "false"}, [], "rolled back", [A]),
    "degraded": (BAD, {"auto-rollback": "false"}, ["Fail when degraded"], "degraded", [B]),
    "a lenient threshold": (BAD, {"threshold": "25"}, [], "fine", [B]),
    "a threshold that cannot be meant": (BAD, {"threshold": "250"}, ["Check"], "error", [B]),
}


@pytest.mark.parametrize(("quality", "inputs", "failed", "outcome", "serving"), CASES.values(), ids=CASES)
def test_S15_the_workflow_ends_as_asked(
    database_url: str,
    workflow: Path,
    tmp_path: Path,
    quality: tuple[float, float],
    inputs: dict[str, str],
    failed: list[str],
    outcome: str,
    serving: list[str],
):
    registry = guide(database_url, quality)
    run_of = Workflow(workflow, tmp_path, database_url, **inputs)
    assert run_of.run() == failed
    assert registry.production == serving
    assert run_of.summary.read_text().startswith(f"## Model check: {outcome}\n")
    assert f"In production:    {serving[0]}" in run_of.summary.read_text()
    row = f"| {run_of.env['THRESHOLD']} % | {run_of.env['AUTO_ROLLBACK']} | "
    (shown,) = [line for line in run_of.summary.read_text().splitlines() if line.startswith(row)]
    assert shown.startswith(f"{row}none |" if outcome == "error" else f"{row}Verdict: ")
    assert (tmp_path / "shims" / "installed").read_text() == "install modelward==0.1.0\n"
    if outcome != "error":
        assert "MODEL PERFORMANCE CHECK" in (tmp_path / "monitoring.log").read_text()


def test_S15_a_database_that_is_down_fails_the_run_and_the_summary_says_so(workflow: Path, tmp_path: Path):
    run_of = Workflow(workflow, tmp_path, "postgresql://nobody@127.0.0.1:1/nowhere")
    assert run_of.run() == ["Check"]
    assert "does not answer: the connection was refused" in run_of.summary.read_text()


def test_S15_too_little_data_does_not_fail_the_run(database_url: str, workflow: Path, tmp_path: Path):
    registry = Registry(database_url)
    registry.register(B, days_ago=1, production=True)
    run_of = Workflow(workflow, tmp_path, database_url)
    assert run_of.run() == []
    assert "not enough data" in run_of.summary.read_text()


def test_S15_it_runs_hourly_with_the_secret_and_keeps_the_log(workflow: Path):
    read = yaml.safe_load(workflow.read_text())
    assert read[True]["schedule"][0]["cron"].split()[1:] == ["*"] * 4  # YAML 1.1 reads the key `on` as a truth
    job = read["jobs"]["check"]
    assert job["env"]["DATABASE_URL"] == "${{ secrets.DATABASE_URL }}"
    (artifact,) = [s for s in job["steps"] if "upload-artifact" in s.get("uses", "")]
    assert (artifact["if"], artifact["with"]["path"]) == ("always()", "monitoring.log")
    assert read["permissions"] == {"contents": "read"}
