"""The command lines that build images, and what goes into them."""

import re
import tarfile
from pathlib import Path

import pytest

from image import base, wheels
from image.store import PARTS
from image.tools import Buildah, Docker, Recipe
from sandbox.errors import SandboxError

ROOT = Path(__file__).resolve().parents[3]
RECIPE = Recipe("modelward:1", Path("operator/Dockerfile"), Path(), (("VERSION", "1"), ("PIP_NO_INDEX", "1")))
BUILDAH = Buildah(Path("/store"), "vfs")
OURS = ["buildah", "--root", "/store/root", "--runroot", "/store/run", "--storage-driver", "vfs"]
SHARED = ["--file", "operator/Dockerfile", "--tag", "modelward:1"]
GIVEN = ["--build-arg", "VERSION=1", "--build-arg", "PIP_NO_INDEX=1", "."]
LINES = {
    "docker builds": (Docker().build_command(RECIPE), ["docker", "build", "--quiet", *SHARED, *GIVEN]),
    "docker saves": (Docker().save_command("a:1", Path("a.tar")), ["docker", "save", "--output", "a.tar", "a:1"]),
    "buildah builds of what is there": (
        BUILDAH.build_command(RECIPE),
        [*OURS, "build", "--quiet", "--pull-never", "--isolation", "chroot", *SHARED, *GIVEN],
    ),
    "buildah saves with a name inside": (
        BUILDAH.save_command("a:1", Path("a.tar")),
        [*OURS, "push", "--quiet", "a:1", "docker-archive:a.tar:a:1"],
    ),
    "a base is made without what only people read": (
        base.debootstrap_command("bookworm", Path("b.tar")),
        [
            "mmdebstrap",
            "--quiet",
            "--variant=minbase",
            "--include=python3,python3-venv",
            *[f"--dpkgopt=path-exclude=/usr/share/{name}/*" for name in ("doc", "man", "info", "locale")],
            "bookworm",
            "b.tar",
        ],
    ),
}


@pytest.mark.parametrize("name", LINES)
def test_the_line_by_which(name: str):
    said, meant = LINES[name]
    assert said == meant


def test_a_base_is_taken_in_as_one_layer_and_nothing_is_left_of_the_making():
    first, second, third = BUILDAH.import_commands(Path("b.tar"), "base:1", "making")
    assert first[len(OURS) :] == ["from", "--quiet", "--name", "making", "scratch"]
    assert second[len(OURS) :] == ["add", "--quiet", "making", "b.tar", "/"]
    assert third[len(OURS) :] == ["commit", "--quiet", "--rm", "making", "base:1"]


def test_wheels_are_downloaded_by_their_hashes_and_never_built():
    line = wheels.download_command(Path("lock.txt"), Path("to"), "3.11")
    assert line[1:4] == ["-m", "pip", "download"]
    assert {"--require-hashes", "--only-binary", ":all:", "--python-version", "3.11"} <= set(line)
    assert line[-2:] == ["--dest", "to"]


def test_the_builders_are_cut_out_of_the_lock_with_all_their_hashes():
    lock = (ROOT / "requirements/dev.txt").read_text()
    cut = wheels.builders_lock((ROOT / "operator/Dockerfile").read_text(), lock)
    assert re.findall(r"^([a-z-]+)==", cut, re.MULTILINE) == [
        "hatchling",
        "packaging",
        "pathspec",
        "pluggy",
        "tomlkit",
        "trove-classifiers",
    ]
    assert cut in lock or all(line in lock for line in cut.splitlines())
    assert cut.count("--hash=sha256:") == 12


def test_a_state_of_files_is_named_by_what_they_are_called_and_hold(tmp_path: Path):
    one, two = tmp_path / "one", tmp_path / "two"
    one.write_text("a")
    two.write_text("a")
    names = {
        wheels.digest_of([one]),
        wheels.digest_of([two]),
        wheels.digest_of([one, two]),
        wheels.digest_of([one], "x"),
    }
    assert len(names) == 4
    one.write_text("b")
    assert wheels.digest_of([one]) not in names


def test_the_context_is_what_dockerignore_lets_in():
    rules = (ROOT / ".dockerignore").read_text().splitlines()
    let_in = {rule[1:] for rule in rules if rule.startswith("!")}
    assert {*PARTS, "requirements/wheels"} == let_in | {"operator/Dockerfile"}


def test_busybox_stands_under_the_names_of_its_applets(tmp_path: Path):
    if base.shutil.which("busybox") is None:
        with pytest.raises(SandboxError, match="busybox is not installed"):
            base.busybox_tar(tmp_path)
        return
    with tarfile.open(base.busybox_tar(tmp_path)) as archive:
        assert archive.getmember("bin/sh").linkname == "busybox"
        assert archive.getmember("tmp").mode == 0o1777
        assert archive.getmember("bin/busybox").isfile()


def test_the_python_of_a_base_is_read_from_its_files(tmp_path: Path):
    tar = tmp_path / "base.tar"
    with tarfile.open(tar, "w") as archive:
        for name in ("./usr/bin/python3", "./usr/bin/python3-config", "./usr/bin/python3.13"):
            archive.addfile(tarfile.TarInfo(name))
    assert base.python_of(tar) == "3.13"


def test_a_base_without_python_is_refused(tmp_path: Path):
    tar = tmp_path / "base.tar"
    with tarfile.open(tar, "w") as archive:
        archive.addfile(tarfile.TarInfo("./usr/bin/perl"))
    with pytest.raises(SandboxError, match="no Python in"):
        base.python_of(tar)
