"""docs/quickstart.md as its reader goes through it: `make up` in the project's folder, every command, `make down`.

Run by `make quickstart` (and .ci/run) alone, since it takes the place of a playground that somebody may have up.
"""

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from pages import DOCS, run_steps, steps_of

ROOT = DOCS.parent
PAGE = DOCS / "quickstart.md"
OURS = ("DATABASE_URL", "KUBECONFIG", "MODELWARD_")
"""What would lead a reader elsewhere than the page does."""


@pytest.fixture
def folder() -> Iterator[Path]:
    """The project's folder, with nothing up: neither before nor after."""
    assert not (ROOT / ".modelward" / "env").exists(), "a playground is up here: make down"
    yield ROOT
    subprocess.run(["make", "down"], cwd=ROOT, check=True)


@pytest.mark.timeout(3600)  # the first time, `make up` builds a control plane
def test_from_make_up_to_a_rollback_seen(folder: Path):
    steps = [*steps_of(PAGE, "elsewhere"), *steps_of(PAGE, "database"), *steps_of(PAGE, "cluster")]
    kept = {name: value for name, value in os.environ.items() if not name.startswith(OURS)}
    wrong = run_steps(steps, folder, kept, timeout=3500)
    assert not wrong, "\n\n".join(wrong)
    assert not (folder / "predict.sql").exists()
