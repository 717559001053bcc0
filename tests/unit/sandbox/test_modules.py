"""Programs are built once for each set of pins, and a version that cannot be built is refused by name."""

from pathlib import Path

import pytest

from sandbox import binaries
from sandbox.errors import SandboxError
from sandbox.kept import cache_folder
from sandbox.modules import Module, build_lock

MAIN = 'package main\n\nimport "fmt"\n\nvar word = "none"\n\nfunc main() { fmt.Println(word) }\n'


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache of the test's own."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache/modelward"


@pytest.fixture
def source(tmp_path: Path) -> Path:
    folder = tmp_path / "hello"
    folder.mkdir()
    (folder / "go.mod").write_text("module example.com/hello\n\ngo 1.26.0\n")
    (folder / "main.go").write_text(MAIN)
    return folder


def test_the_cache_is_the_user_s(cache: Path):
    assert cache_folder() == cache


def test_other_pins_another_package_or_another_stamp_are_another_folder(source: Path):
    module = Module(source, ("example.com/hello",), 1)
    targets = {module.target, Module(source, ("example.com/hello",), 1, "-X main.word=x").target}
    targets.add(Module(source, ("example.com/other",), 1).target)
    (source / "go.sum").write_text("x\n")
    targets.add(module.target)
    assert len(targets) == 4
    assert all(target.name.startswith("hello-") for target in targets)


def test_a_readme_beside_the_pins_changes_nothing(source: Path):
    module = Module(source, ("example.com/hello",), 1)
    before = module.target
    (source / "README.md").write_text("x\n")
    assert module.target == before


def test_it_is_not_built_before_every_program_of_it_is_there(source: Path):
    module = Module(source, ("example.com/hello", "example.com/other"), 1)
    module.target.mkdir(parents=True)
    (module.target / "hello").touch()
    assert not module.is_built
    (module.target / "other").touch()
    assert module.is_built
    assert module.build(pytest.fail) == module.target


def test_who_builds_may_build_what_belongs_to_it(cache: Path):
    said: list[str] = []
    with build_lock(said.append), build_lock(said.append):
        assert (cache / "build.lock").exists()
    assert said == []


def test_a_version_that_cannot_be_built_is_refused_with_those_that_can(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv(binaries.ASKED, "1.12")
    with pytest.raises(SandboxError, match=r"SANDBOX_KUBERNETES=1\.12: what can be built is 1\.36, 1\.35, 1\.30"):
        binaries.asked_version()
    monkeypatch.setenv(binaries.ASKED, "")
    assert binaries.asked_version() == binaries.NEWEST


def test_versions_share_all_but_kubernetes_itself():
    newest, oldest = (set(binaries.modules(minor)) for minor in (binaries.NEWEST, binaries.OLDEST))
    assert {module.folder.name for module in newest & oldest} == {"etcd", "kwok", "helm"}
    assert binaries.built(binaries.NEWEST).folder != binaries.built(binaries.OLDEST).folder
