"""The locked wheels of the operator's image in a folder, checked against their hashes: a build without a network."""

import hashlib
import re
import shutil
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

from image.tools import run
from sandbox.cache import make_once
from sandbox.kept import cache_folder

ROOT = Path(__file__).parent.parent.parent
REQUIREMENTS = ROOT / "requirements"
DOCKERFILE = ROOT / "operator" / "Dockerfile"


def download_command(lock: Path, folder: Path, python: str) -> list[str]:
    """Download what a lock names, for a Python of this version; pip refuses what has another hash."""
    wanted = ["--only-binary", ":all:", "--python-version", python, "--require-hashes", "--requirement", str(lock)]
    return [sys.executable, "-m", "pip", "download", "--quiet", *wanted, "--dest", str(folder)]


def builders_lock(dockerfile: str, lock: str) -> str:
    """Cut the entries out of the development lock that the Dockerfile builds our wheel with."""
    match = re.search(r"\^\(([^)]+)\)==", dockerfile)
    names = match[1].split("|") if match else []
    entries = re.findall(r"^\S+==(?:.*\\\n)*.*\n", lock, re.MULTILINE)
    return "".join(entry for entry in entries if entry.split("==")[0] in names)


def download(folder: Path, python: str) -> None:
    """Put the wheels of both locks into a folder."""
    lock = builders_lock(DOCKERFILE.read_text(), (REQUIREMENTS / "dev.txt").read_text())
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch:
        builders = Path(scratch) / "builders.txt"
        builders.write_text(lock)
        for each in (REQUIREMENTS / "operator.txt", builders):
            run(download_command(each, folder, python))


def cached(python: str, say: Callable[[str], None]) -> Path:
    """Return the folder of wheels for a Python, downloaded once for each state of the locks."""
    parts = [DOCKERFILE, REQUIREMENTS / "operator.txt", REQUIREMENTS / "dev.txt"]

    def make(folder: Path) -> None:
        say("downloading the locked wheels of the image")
        download(folder, python)

    return make_once(cache_folder() / f"wheels-{python}-{digest_of(parts)}", make)


def digest_of(files: Sequence[Path], *more: str) -> str:
    """Name a state of files and texts."""
    digest = hashlib.sha256(repr(more).encode())
    for file in files:
        digest.update(file.name.encode() + b"\0" + hashlib.sha256(file.read_bytes()).digest())
    return digest.hexdigest()[:12]


def main() -> None:
    """Fill requirements/wheels, which .dockerignore lets into a build, for the Python of the Dockerfile's base."""
    match = re.search(r"^ARG BASE=python:(\d+\.\d+)", DOCKERFILE.read_text(), re.MULTILINE)
    folder = REQUIREMENTS / "wheels"
    shutil.rmtree(folder, ignore_errors=True)
    download(folder, match[1] if match else "3.13")
    print(f"{len(list(folder.iterdir()))} wheels in {folder.relative_to(ROOT)}")


if __name__ == "__main__":
    main()
