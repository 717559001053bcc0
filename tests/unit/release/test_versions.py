"""A release has one version, and a chart of an earlier one to be upgraded from."""

from pathlib import Path

import pytest

from release.errors import ReleaseError
from release.versions import check_previous_chart, check_versions

FILES = {
    "pyproject.toml": '[project]\nversion = "1.2.0"\n',
    "charts/modelward/Chart.yaml": 'version: 1.2.0\nappVersion: "1.2.0"\n',
    "operator/modelward/__init__.py": '__version__ = "1.2.0"\n',
    "deploy/manifests/modelward.yaml": 'image: "modelward:1.2.0"\n',
    "CHANGELOG.md": "# Changelog\n\n## 1.2.0 - 2026-12-01\n\n- A thing.\n\n## 1.1.0\n",
    "tests/cluster/charts/modelward-1.1.9.tgz": "",
}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A project that is ready to be released as 1.2.0."""
    for name, text in FILES.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    return tmp_path


def test_one_version_everywhere_is_well_with_its_tag_and_before_it(root: Path):
    assert check_versions(root, None) == "1.2.0 everywhere"
    assert check_versions(root, "v1.2.0") == "1.2.0 everywhere, tagged v1.2.0"


@pytest.mark.parametrize(
    ("name", "text", "complaint"),
    [
        (
            "charts/modelward/Chart.yaml",
            'version: 1.1.0\nappVersion: "1.2.0"\n',
            r"Chart\.yaml \(version\) says 1\.1\.0",
        ),
        ("charts/modelward/Chart.yaml", 'version: 1.2.0\nappVersion: "1.3.0"\n', r"\(appVersion\) says 1\.3\.0"),
        ("operator/modelward/__init__.py", "", r"__init__\.py says nothing"),
        ("deploy/manifests/modelward.yaml", 'image: "modelward:1.1.0"\n', r"\(image\) says 1\.1\.0"),
        ("CHANGELOG.md", "# Changelog\n\n## 1.1.0\n", r"CHANGELOG\.md begins with 1\.1\.0"),
        ("CHANGELOG.md", "# Changelog\n\n## Unreleased\n", r"begins with Unreleased, which should be 1\.2\.0"),
        ("CHANGELOG.md", "# Changelog\n", "begins with nothing"),
    ],
)
def test_what_differs_is_named(root: Path, name: str, text: str, complaint: str):
    (root / name).write_text(text)
    with pytest.raises(ReleaseError, match=complaint):
        check_versions(root, "v1.2.0")


def test_another_tag_is_named(root: Path):
    with pytest.raises(ReleaseError, match=r"the tag is 1\.2\.0, which should be v1\.2\.0"):
        check_versions(root, "1.2.0")


def test_before_the_tag_what_is_new_may_stand_under_unreleased(root: Path):
    (root / "CHANGELOG.md").write_text("# Changelog\n\n## Unreleased\n\n- A thing.\n")
    assert check_versions(root, None) == "1.2.0 everywhere"


@pytest.mark.parametrize("stored", [[], ["1.2.0"], ["1.10.0"], ["1.1.8", "1.1.9"]])
def test_the_stored_chart_is_one_of_an_earlier_version(root: Path, stored: list[str]):
    assert check_previous_chart(root) == "upgrades are tested from 1.1.9"
    (root / "tests/cluster/charts/modelward-1.1.9.tgz").unlink()
    for version in stored:
        (root / f"tests/cluster/charts/modelward-{version}.tgz").touch()
    with pytest.raises(ReleaseError, match=r"should hold one chart, of a version before 1\.2\.0"):
        check_previous_chart(root)
