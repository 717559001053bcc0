"""One version everywhere: what pyproject.toml says, the chart, the package, the changelog and the tag say as well."""

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from release.errors import ReleaseError

HEADING = re.compile(r"^## (\d+\.\d+\.\d+\S*|Unreleased)\b.*$", re.MULTILINE)
STORED = re.compile(r"^modelward-(?P<version>.+)\.tgz$")


def read_version(root: Path) -> str:
    """Return the version of pyproject.toml."""
    loaded: dict[str, Any] = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))
    return str(loaded["project"]["version"])


def check_versions(root: Path, tag: str | None) -> str:
    """Raise ReleaseError where two places differ; return what was found."""
    version = read_version(root)
    wrong = [f"{place} says {found}" for place, found in _places(root) if found != version]
    wrong += _check_changelog(root, version, tag)
    if tag is not None and tag != f"v{version}":
        wrong.append(f"the tag is {tag}, which should be v{version}")
    if wrong:
        raise ReleaseError(f"pyproject.toml says {version}, but " + "; ".join(wrong))
    return f"{version} everywhere" + (f", tagged {tag}" if tag else "")


def _places(root: Path) -> Iterator[tuple[str, str]]:
    chart: dict[str, Any] = yaml.safe_load((root / "charts/modelward/Chart.yaml").read_text(encoding="utf-8"))
    yield "charts/modelward/Chart.yaml (version)", str(chart["version"])
    yield "charts/modelward/Chart.yaml (appVersion)", str(chart["appVersion"])
    package = (root / "operator/modelward/__init__.py").read_text(encoding="utf-8")
    found = re.search(r'^__version__ = "([^"]+)"', package, re.MULTILINE)
    yield "operator/modelward/__init__.py", found[1] if found else "nothing"
    yield "deploy/manifests/modelward.yaml (image)", _rendered(root)


def _rendered(root: Path) -> str:
    text = (root / "deploy/manifests/modelward.yaml").read_text(encoding="utf-8")
    found = re.search(r'image: "modelward:([^"@]+)"', text)
    return found[1] if found else "nothing"


def _check_changelog(root: Path, version: str, tag: str | None) -> Iterator[str]:
    """Before the tag, what is new stands under Unreleased or under the version; with the tag, under the version."""
    headings = HEADING.findall((root / "CHANGELOG.md").read_text(encoding="utf-8"))
    allowed = {version} if tag else {version, "Unreleased"}
    if not headings or headings[0] not in allowed:
        found = headings[0] if headings else "nothing"
        yield f"CHANGELOG.md begins with {found}, which should be {' or '.join(sorted(allowed))}"


def check_previous_chart(root: Path) -> str:
    """Raise ReleaseError unless a chart of an earlier version is stored for the test of upgrades."""
    names = [path.name for path in (root / "tests/cluster/charts").glob("*.tgz")]
    stored = [match["version"] for name in names if (match := STORED.match(name))]
    version = read_version(root)
    if len(stored) != 1 or _order(stored[0]) >= _order(version):
        raise ReleaseError(
            f"tests/cluster/charts should hold one chart, of a version before {version}, and holds {names or 'none'}"
        )
    return f"upgrades are tested from {stored[0]}"


def _order(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in re.findall(r"\d+", version)[:3])
