"""docs/cron-and-ci.md: what a pipeline is told to run is run, and ends as the page says."""

import sys
from pathlib import Path

from pages import DOCS, read_blocks, run_steps, steps_of
from registry import BAD, guide

PAGE = DOCS / "cron-and-ci.md"


def test_S15_a_pipeline_of_ones_own_stops_at_a_degraded_version(database_url: str, tmp_path: Path):
    registry = guide(database_url, BAD)
    serving = registry.production
    wrong = run_steps(steps_of(PAGE, "degraded"), tmp_path, {"DATABASE_URL": database_url}, Path(sys.executable).parent)
    assert not wrong, "\n\n".join(wrong)
    assert registry.production == serving


def test_every_block_is_run_by_some_test_or_installs_what_one_runs():
    assert {block.group for block in read_blocks(PAGE)} == {"elsewhere", "degraded", "cluster"}
    assert "crontab deploy/examples/crontab" in steps_of(PAGE, "elsewhere")[0].command
