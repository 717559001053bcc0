"""Packages come out the same from one build to the next, and a difference is found out."""

import tarfile
from pathlib import Path

import pytest

from release.errors import ReleaseError
from release.packages import EPOCH, build_distributions, check_reproducible, package_chart
from release.running import run_ok

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture(autouse=True)
def moment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is asked of git: a release may be built from an archive."""
    monkeypatch.setenv(EPOCH, "1764000000")


def test_the_chart_is_packaged_the_same_twice_without_its_tests(tmp_path: Path):
    assert "modelward-" in check_reproducible(ROOT, tmp_path, package_chart)
    (package,) = (tmp_path / "first/dist").iterdir()
    with tarfile.open(package) as opened:
        names = {Path(name).relative_to("modelward").parts[0] for name in opened.getnames()}
        moments = {member.mtime for member in opened.getmembers()}
    assert {"Chart.yaml", "values.yaml", "values.schema.json", "README.md", "templates", "files"} <= names
    assert not names & {"tests", "icon.svg"}
    assert moments == {1764000000}


def test_sdist_and_wheel_are_built_the_same_twice(tmp_path: Path):
    said = check_reproducible(ROOT, tmp_path, build_distributions)
    assert "-py3-none-any.whl sha256:" in said
    assert ".tar.gz sha256:" in said


def test_a_difference_is_named(tmp_path: Path):
    def build(_: Path, out: Path) -> list[Path]:
        made = out / "dist/modelward.tgz"
        made.write_text(str(out))
        return [made]

    with pytest.raises(ReleaseError, match=r"modelward\.tgz differs from one build to the next"):
        check_reproducible(ROOT, tmp_path, build)


def test_a_command_that_fails_is_told_with_what_it_said():
    with pytest.raises(ReleaseError, match=r"git frobnicate failed:\ngit: 'frobnicate'"):
        run_ok("git", "frobnicate")
