"""`python -m manifests`: copies are written once, and a stale one is shown."""

from pathlib import Path

import pytest

from manifests.copies import CHART_COPY, HEAD, RENDERED, SOURCE, differences, write
from manifests.helm import HelmError, find_helm

CHART_OUTPUT = """\
---
# Source: modelward/templates/lease.yaml
kind: Lease
metadata:
  labels:
    app.kubernetes.io/managed-by: Helm
    helm.sh/chart: modelward-0.1.0
    app.kubernetes.io/name: modelward


---
# Source: modelward/templates/deployment.yaml
kind: Deployment
"""


@pytest.fixture
def helm(tmp_path: Path) -> Path:
    """A helm that renders the same, whatever the chart."""
    return command(tmp_path / "helm", f"cat <<'END'\n{CHART_OUTPUT}END")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A repository that holds nothing but the written resource."""
    (tmp_path / SOURCE).parent.mkdir(parents=True)
    (tmp_path / SOURCE).write_text("kind: CustomResourceDefinition\n")
    return tmp_path


def command(path: Path, script: str) -> Path:
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return path


def test_what_is_missing_is_written_and_then_nothing_is_left_to_do(root: Path, helm: Path):
    assert list(write(root, helm)) == [root / CHART_COPY, root / RENDERED]
    assert list(write(root, helm)) == []
    assert not differences(root, helm)


def test_the_chart_gets_the_resource_as_it_is_written(root: Path, helm: Path):
    list(write(root, helm))
    assert (root / CHART_COPY).read_bytes() == (root / SOURCE).read_bytes()


def test_the_manifests_have_their_namespace_first_and_no_mark_of_helm(root: Path, helm: Path):
    list(write(root, helm))
    objects = "---\nkind: Lease\nmetadata:\n  labels:\n    app.kubernetes.io/name: modelward\n---\nkind: Deployment\n"
    assert (root / RENDERED).read_text() == HEAD + objects


@pytest.mark.parametrize("stale", [CHART_COPY, RENDERED])
def test_a_stale_copy_is_shown_line_by_line(root: Path, helm: Path, stale: Path):
    list(write(root, helm))
    with (root / stale).open("a") as copy:
        copy.write("by: hand\n")
    shown = differences(root, helm)
    assert shown.startswith(f"--- {stale}\n+++ {stale} (as it should be)\n")
    assert "\n-by: hand\n" in shown


def test_what_helm_complains_of_is_passed_on(root: Path, tmp_path: Path):
    refusing = command(tmp_path / "refusing", "echo 'Error: no such chart' >&2; exit 1")
    with pytest.raises(HelmError, match="Error: no such chart"):
        differences(root, refusing)


def test_the_helm_that_is_named_is_the_one_taken(helm: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("HELM", str(helm))
    assert find_helm() == helm
    monkeypatch.setenv("HELM", str(helm.with_name("nowhere")))
    with pytest.raises(HelmError, match=r"HELM names .*nowhere, which cannot be run"):
        find_helm()
