"""docs/compatibility.md says what the sources say."""

import re
import tomllib
from pathlib import Path

import yaml

from sandbox.binaries import MODULES, NEWEST, OLDEST, VERSIONS, kubernetes_module

ROOT = Path(__file__).resolve().parents[3]
PAGE = (ROOT / "docs/compatibility.md").read_text()
CHART = yaml.safe_load((ROOT / "charts/modelward/Chart.yaml").read_text())


def test_every_version_that_can_be_built_has_its_line_and_no_other():
    assert dict(re.findall(r"^\| (\d+\.\d+) \((\d+\.\d+\.\d+)\) \|", PAGE, re.MULTILINE)) == VERSIONS


def test_the_oldest_is_the_one_that_the_chart_takes():
    assert CHART["kubeVersion"] == f">={OLDEST}.0-0"
    assert min(VERSIONS, key=lambda minor: int(minor.split(".")[1])) == OLDEST
    assert max(VERSIONS, key=lambda minor: int(minor.split(".")[1])) == NEWEST


def test_each_is_built_from_that_version():
    for minor, version in VERSIONS.items():
        module = kubernetes_module(minor)
        pinned = (module.folder / "go.mod").read_text()
        assert module.folder.parent == MODULES
        assert re.search(rf"k8s\.io/kubernetes v{re.escape(version)}\b", pinned), minor
        assert f"gitVersion=v{version}" in module.stamp


def test_make_runs_the_oldest_with_every_change():
    makefile = (ROOT / "Makefile").read_text()
    assert re.search(r"^test:.* cluster-oldest\b", makefile, re.MULTILINE)
    assert f"SANDBOX_KUBERNETES={OLDEST} " in makefile


def test_python_is_the_one_of_the_package():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert f"| Python | {project['requires-python'].removeprefix('>=')} and newer" in PAGE


def test_only_the_stable_apis_that_are_named_are_used():
    rendered = (ROOT / "deploy/manifests/modelward.yaml").read_text()
    used = {one["apiVersion"] for one in yaml.safe_load_all(rendered)} - {"v1"}
    assert all(f"`{api}`" in PAGE for api in used)
    assert not [api for api in used if "alpha" in api or "beta" in api]


def test_what_must_hold_on_the_oldest_is_marked():
    marked = {path.name for path in (ROOT / "tests/cluster").glob("test_*.py") if "every_version" in path.read_text()}
    assert {"test_resource.py", "test_admission.py", "test_chart_values.py", "test_operator_main.py"} <= marked
