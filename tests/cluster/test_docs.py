"""Every ModelDeployment that a page shows is one that the API server takes."""

import re
from pathlib import Path

import pytest

from sandbox.kubectl import Kubectl

ROOT = Path(__file__).resolve().parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
BLOCK = re.compile(r"^```yaml\n(.*?)^```", re.MULTILINE | re.DOTALL)


def resources(page: Path) -> list[str]:
    return [text for text in BLOCK.findall(page.read_text(encoding="utf-8")) if "kind: ModelDeployment" in text]


SHOWN = [(f"{page.name} {i}", text) for page in PAGES for i, text in enumerate(resources(page), start=1)]


@pytest.mark.parametrize("text", [text for _, text in SHOWN], ids=[name for name, _ in SHOWN])
def test_is_taken(kubectl: Kubectl, namespace: str, text: str):
    moved = text.replace("namespace: ml", f"namespace: {namespace}")
    taken = kubectl.try_("create", "--dry-run=server", "--filename=-", stdin=moved)
    assert taken.returncode == 0, taken.stderr


def test_there_is_something_to_try():
    assert len(SHOWN) >= 6
