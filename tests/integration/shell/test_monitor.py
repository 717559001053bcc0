"""The guide's flags, `python -m modelward.monitor`: thin over the same verbs, with the guide's log."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from builders import A, B, C
from modelward.cli.logs import KEPT, LARGEST
from registry import BAD, MINOR, Shell, guide, monitor

STAMP = r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d (INFO|WARNING) "


@pytest.fixture
def run(database_url: str) -> Shell:
    return monitor(database_url)


def test_S12_a_check_logs_banner_verdict_changes_and_values(database_url: str, run: Shell):
    guide(database_url, MINOR)
    result = run("--check", "--threshold", "3.0")
    lines = result.stderr.splitlines()
    assert result.exit_code == 0
    assert all(re.match(STAMP, line) for line in lines), lines
    said = [re.sub(STAMP, "", line) for line in lines]
    assert said[0] == said[-1] == "=" * 60
    assert said[1] == "MODEL PERFORMANCE CHECK: house-prices"
    assert said[2] == f"Current version: {B}, previous: {A}"
    assert said[3] == "R2: current 0.920, previous 0.930, change -1.08 %"
    assert said[4] == "RMSE: current 3500, previous 3480, change +0.57 %"
    assert said[6].startswith("Verdict: OK (threshold 3 %)")


def test_S1_S14_a_rollback_is_logged_as_a_warning_with_the_reason(database_url: str, run: Shell):
    registry = guide(database_url, BAD)
    result = run("--check")
    assert (result.exit_code, registry.production) == (4, [A])
    (warning,) = [line for line in result.stderr.splitlines() if " WARNING " in line]
    assert f"ROLLED_BACK (threshold 5 %): rolled back {B} -> {A}: R2 0.930 -> 0.850 (-8.6 %, limit 5 %)" in warning


def test_S3_no_auto_rollback(database_url: str, run: Shell):
    registry = guide(database_url, BAD)
    assert run("--check", "--no-auto-rollback").exit_code == 3
    assert registry.production == [B]


def test_S4_rollback_previous(database_url: str, run: Shell):
    registry = guide(database_url)
    result = run("--rollback-previous")
    assert (result.exit_code, registry.production) == (0, [A])
    assert f"ROLLED BACK: {B} -> {A} by alice@desk" in result.stderr


def test_S5_rollback_to_a_named_version(database_url: str, run: Shell):
    registry = guide(database_url)
    registry.register(C, days_ago=9)
    assert run("--rollback", C).exit_code == 0
    assert registry.production == [C]


def test_S6_status(database_url: str, run: Shell):
    guide(database_url)
    result = run("--status")
    assert (result.exit_code, f"In production:    {B}" in result.stdout) == (0, True)


@pytest.mark.parametrize(("arguments", "shown"), [([], 10), (["20"], 14), (["1"], 1)])
def test_S7_history_has_ten_lines_or_as_many_as_are_asked_for(
    database_url: str, run: Shell, arguments: list[str], shown: int
):
    registry = guide(database_url)
    for i in range(12):
        registry.register(f"old-{i:02}", days_ago=30 + i)
    result = run("--history", *arguments)
    assert (result.exit_code, len(result.stdout.splitlines())) == (0, 1 + shown)


def test_S8_compare(database_url: str, run: Shell):
    guide(database_url, BAD)
    assert run("--compare", B, A).exit_code == 3
    assert run("--compare", A, B).exit_code == 0


def test_a_model_is_named(database_url: str, run: Shell):
    guide(database_url, model="churn")
    registry = guide(database_url)
    assert run("--check").exit_code == 2
    assert run("--check", "--model", registry.model).exit_code == 4


@pytest.mark.parametrize("arguments", [[], ["--check", "--status"], ["--rollback", A, "--rollback-previous"]])
def test_exactly_one_thing_is_asked_for(run: Shell, arguments: list[str]):
    result = run(*arguments)
    assert result.exit_code == 2
    assert "give exactly one of --check, --rollback-previous, --rollback" in result.stderr


@pytest.mark.parametrize("threshold", ["0", "-1", "250", "abc", "nan"])
def test_S2_a_threshold_that_cannot_be_meant_names_the_option(run: Shell, threshold: str):
    result = run("--check", "--threshold", threshold)
    assert result.exit_code == 2
    assert "Invalid value for '--threshold'" in result.stderr


def test_S12_the_log_is_kept_in_a_file_and_goes_on_there(database_url: str, run: Shell, tmp_path: Path):
    guide(database_url, MINOR)
    log = tmp_path / "monitoring.log"
    run("--check", "--log-file", str(log))
    once = log.read_text()
    assert f"Current version: {B}" in once
    run("--check", "--log-file", str(log))
    assert log.read_text().startswith(once)
    assert log.read_text().count("MODEL PERFORMANCE CHECK") == 2


def test_S12_a_log_that_is_full_makes_room(database_url: str, run: Shell, tmp_path: Path):
    guide(database_url, MINOR)
    log = tmp_path / "monitoring.log"
    log.write_text("x" * LARGEST)
    run("--check", "--log-file", str(log))
    assert log.stat().st_size < LARGEST
    assert (tmp_path / "monitoring.log.1").stat().st_size == LARGEST
    assert KEPT == 5


def test_S12_a_log_that_cannot_be_written_is_said_before_anything_is_done(
    database_url: str, run: Shell, tmp_path: Path
):
    registry = guide(database_url, BAD)
    result = run("--check", "--log-file", str(tmp_path / "no" / "monitoring.log"))
    assert (result.exit_code, registry.production) == (1, [B])
    assert "No such file or directory" in result.stderr


def test_S11_it_is_a_module_that_cron_can_run(database_url: str):
    guide(database_url, BAD)
    command = [sys.executable, "-m", "modelward.monitor", "--check", "--threshold", "3.0", "--no-auto-rollback"]
    done = subprocess.run(command, env={"DATABASE_URL": database_url}, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (3, "")
    assert "Verdict: DEGRADED" in done.stderr
