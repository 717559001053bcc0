"""What the operator's image holds, read from its archive, layer by layer."""

import json
import re
import tarfile
from pathlib import Path
from typing import Any

import pytest

from image.__main__ import project_version
from node.plan import Plan

ROOT = Path(__file__).resolve().parents[2]
MOST_MEGABYTES = 60
INSTALLED = re.compile(r"site-packages/([^/]+)-([^/-]+)\.dist-info$")
SITE = re.compile(r"venv/lib/python3\.\d+/site-packages/")


class Picture:
    """An image's settings, and its files with the last layer's word on each."""

    def __init__(self, archive: Path) -> None:
        with tarfile.open(archive) as outer:
            (manifest,) = json.load(_member(outer, "manifest.json"))
            self.config: dict[str, Any] = json.load(_member(outer, manifest["Config"]))
            layers = [_layer(outer, name) for name in manifest["Layers"]]
        self.sizes = [size for size, _ in layers]
        self.files: dict[str, tarfile.TarInfo] = {}
        for _, members in layers:
            self._put_on(members)
        self.ours = {name for name in layers_names(layers[-1][1]) if name in self.files}

    def _put_on(self, members: list[tarfile.TarInfo]) -> None:
        for member in members:
            folder, _, name = member.name.rpartition("/")
            if name.startswith(".wh."):
                gone = f"{folder}/{name.removeprefix('.wh.')}"
                self.files = {n: m for n, m in self.files.items() if n != gone and not n.startswith(f"{gone}/")}
        self.files |= {m.name.removeprefix("./"): m for m in members if not Path(m.name).name.startswith(".wh.")}


def layers_names(members: list[tarfile.TarInfo]) -> set[str]:
    return {member.name.removeprefix("./") for member in members}


def plain(name: str) -> str:
    """Write a package's name as all of its spellings."""
    return re.sub(r"[-_.]+", "-", name).lower()


def _member(outer: tarfile.TarFile, name: str) -> Any:
    member = outer.getmember(name)
    return outer.extractfile(member.linkname if member.issym() else member)


def _layer(outer: tarfile.TarFile, name: str) -> tuple[int, list[tarfile.TarInfo]]:
    """Return a layer's size and what stands in it."""
    with tarfile.open(fileobj=_member(outer, name)) as inner:
        members = inner.getmembers()
    return sum(m.size for m in members), members


@pytest.fixture(scope="module")
def picture(plan: Plan) -> Picture:
    return Picture(plan.image("modelward"))


def test_what_we_lay_over_the_base_is_small(picture: Picture):
    ours = sum(picture.files[name].size for name in picture.ours)
    assert ours < MOST_MEGABYTES * 1e6


def test_it_starts_the_operator_as_a_user_without_a_name(picture: Picture):
    config = picture.config["config"]
    assert config["User"] == "65532:65532"
    assert config["Entrypoint"] == ["/venv/bin/python", "-m", "modelward", "operator"]
    assert not config.get("Cmd")
    assert {"PYTHONDONTWRITEBYTECODE=1", "PYTHONUNBUFFERED=1", "HOME=/tmp"} <= set(config["Env"])


@pytest.mark.parametrize("name", ["title", "description", "licenses", "version", "revision"])
def test_it_says_what_it_is(picture: Picture, name: str):
    assert picture.config["config"]["Labels"][f"org.opencontainers.image.{name}"]


@pytest.mark.parametrize("name", ["pip", "setuptools", "wheel", "ensurepip", "pkg_resources"])
def test_nothing_in_it_installs_anything(picture: Picture, name: str):
    module = rf"bin/{name}[\d.]*|(site|dist)-packages/{name}(-.*)?|python3\.\d+/{name}"
    pattern = re.compile(rf"(^|/)({module}|{name}-[\d.]+.*\.whl)$")
    assert [file for file in picture.files if pattern.search(file)] == []


def test_what_is_ours_is_the_package_and_its_locked_dependencies(picture: Picture):
    pins = re.findall(r"^([\w.-]+)==(\S+)", (ROOT / "requirements/operator.txt").read_text(), re.MULTILINE)
    locked = {(plain(name), version) for name, version in pins}
    found = [match for name in picture.ours if (match := INSTALLED.search(name))]
    ours = {(plain(match[1]), match[2]) for match in found}
    assert ours - locked == {("modelward", project_version())}
    assert len(ours) > 20


def test_neither_tests_nor_tools_of_the_project_are_in_it(picture: Picture):
    ours = [name for name in picture.ours if SITE.match(name)]
    assert any(name.endswith("/modelward/run.py") for name in ours)
    assert [n for n in ours if re.search(r"site-packages/(tests?|hack|sandbox|demo|bench|image|node)(/|$)", n)] == []
    outside = {name.split("/")[0] for name in picture.ours}
    assert outside <= {"venv", "etc", "usr", "tmp", "run", "root", "var", "proc", "sys", "dev", ""}


def test_every_module_of_ours_is_compiled(picture: Picture):
    sources = [name for name in picture.ours if "site-packages/modelward/" in name and name.endswith(".py")]
    tag = next(n.split(".")[-2] for n in picture.ours if n.endswith(".pyc") and "site-packages/modelward/" in n)
    expected = [re.sub(r"([^/]+)\.py$", rf"__pycache__/\1.{tag}.pyc", name) for name in sources]
    assert len(sources) > 50
    assert [name for name in expected if name not in picture.files] == []


def test_nobody_but_root_may_change_what_runs(picture: Picture):
    files = [m for n, m in picture.files.items() if n.startswith("venv/") and not m.issym()]
    assert [m.name for m in files if m.mode & 0o022 or m.uid] == []
    assert [n for n, m in picture.files.items() if m.isfile() and n in picture.ours and m.mode & 0o6000] == []
