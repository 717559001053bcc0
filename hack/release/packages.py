"""The packages: built twice to the same bytes, and what they hold runs where nothing else is."""

import hashlib
import os
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

from manifests.helm import find_helm
from release.errors import ReleaseError
from release.running import run_ok
from release.versions import read_version

EPOCH = "SOURCE_DATE_EPOCH"
COPIED = ("operator", "deploy/crds", "charts", "requirements", "pyproject.toml", "README.md", "LICENSE", "CHANGELOG.md")
IGNORED = shutil.ignore_patterns("__pycache__", "*.pyc", "*.egg-info")


def source_date(root: Path) -> str:
    """Return the moment that stands in every package: SOURCE_DATE_EPOCH, or else that of the last commit."""
    asked = os.environ.get(EPOCH)
    if asked:
        return asked
    return run_ok("git", "log", "-1", "--format=%ct", folder=root).strip()


def build_distributions(root: Path, out: Path) -> list[Path]:
    """Build sdist and wheel into a folder, from a copy of the sources that has nothing else in it."""
    copy = _copy(root, out / "sources")
    build = (sys.executable, "-m", "hatchling", "build", "--directory", out / "dist")
    run_ok(*build, folder=copy, environment={EPOCH: source_date(root)})
    return sorted((out / "dist").iterdir())


def package_chart(root: Path, out: Path) -> list[Path]:
    """Package the chart; Helm writes the time of each file, so that all get the one of the release."""
    copy, moment = _copy(root, out / "sources"), int(source_date(root))
    for path in (copy / "charts").rglob("*"):
        os.utime(path, (moment, moment))
    run_ok(find_helm(), "package", copy / "charts/modelward", "--destination", out / "dist")
    return sorted((out / "dist").iterdir())


def check_reproducible(root: Path, scratch: Path, build: Callable[[Path, Path], list[Path]]) -> str:
    """Raise ReleaseError where two builds from two folders differ; return the names with the digests."""
    first, second = (build(root, _fresh(scratch / name)) for name in ("first", "second-with-a-longer-name"))
    told = []
    for one, other in zip(first, second, strict=True):
        if one.read_bytes() != other.read_bytes():
            raise ReleaseError(f"{one.name} differs from one build to the next: diffoscope {one} {other}")
        told.append(f"{one.name} sha256:{hashlib.sha256(one.read_bytes()).hexdigest()[:16]}")
    return "the same bytes twice: " + ", ".join(told)


def make_environment(root: Path, wheel: Path, folder: Path) -> Path:
    """Install what the image holds, by its hashes, and the wheel, into an environment of its own; return its Python."""
    uv = Path(sys.executable).parent / "uv"
    run_ok(sys.executable, "-m", "venv", "--without-pip", folder)
    python = folder / "bin/python"
    install = (uv, "pip", "install", "--quiet", "--python", python)
    run_ok(*install, "--require-hashes", "--requirement", root / "requirements/operator.txt")
    run_ok(*install, "--no-deps", wheel)
    return python


def check_runs(root: Path, python: Path, elsewhere: Path) -> str:
    """Raise ReleaseError unless the installed wheel answers, far from the repository."""
    modelward = python.parent / "modelward"
    version = run_ok(modelward, "--version", folder=elsewhere)
    if read_version(root) not in version:
        raise ReleaseError(f"the installed wheel calls itself {version.strip()!r}")
    for arguments, expected in (
        (["--help"], "Usage"),
        (["db", "init", "--print-sql"], "CREATE TABLE"),
        (["operator", "--help"], "Usage"),
    ):
        if expected not in run_ok(modelward, *arguments, folder=elsewhere):
            raise ReleaseError(f"the installed wheel's `modelward {' '.join(arguments)}` does not say {expected!r}")
    run_ok(python, "-c", "import modelward.handlers, modelward.run, modelward.cli", folder=elsewhere)
    return "the wheel installs by hashes alone and runs"


def _copy(root: Path, target: Path) -> Path:
    for name in COPIED:
        source, to = root / name, target / name
        to.parent.mkdir(parents=True, exist_ok=True)
        if source.is_dir():
            shutil.copytree(source, to, ignore=IGNORED)
        else:
            shutil.copy2(source, to)
    return target


def _fresh(folder: Path) -> Path:
    shutil.rmtree(folder, ignore_errors=True)
    (folder / "dist").mkdir(parents=True)
    return folder
