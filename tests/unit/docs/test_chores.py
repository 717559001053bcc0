"""`make` alone lists every chore that is explained, as README.md promises."""

import re
import shutil
import subprocess

from pages import DOCS


def test_every_chore_that_is_explained_is_listed():
    make = shutil.which("make")
    assert make is not None
    done = subprocess.run([make, "help"], cwd=DOCS.parent, capture_output=True, text=True, check=True)
    explained = re.findall(r"^([^\s:#]+):.*## ", (DOCS.parent / "Makefile").read_text(), flags=re.MULTILINE)
    assert re.findall(r"^ +make (\S+)", done.stdout, flags=re.MULTILINE) == explained
    assert "e2e" in explained
