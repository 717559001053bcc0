"""`python -m manifests`: copies are written once, and a stale one is shown."""

from pathlib import Path

import pytest

from manifests.argocd import CONFIG_MAP, SCRIPTS
from manifests.copies import CHART_COPY, HEAD, PAGE, RENDERED, SOURCE, VALUES, differences, write
from manifests.helm import HelmError, find_helm
from manifests.values import BEGIN, END, Value, ValuesError, read_values

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
    """A repository that holds nothing but the written resource, and a chart of one value."""
    (tmp_path / SOURCE).parent.mkdir(parents=True)
    (tmp_path / SOURCE).write_text("kind: CustomResourceDefinition\n")
    (tmp_path / SCRIPTS / "actions").mkdir(parents=True)
    (tmp_path / SCRIPTS / "health.lua").write_text("return {}\n")
    (tmp_path / SCRIPTS / "actions/discovery.lua").write_text("return {}\n")
    (tmp_path / VALUES).parent.mkdir(parents=True)
    (tmp_path / VALUES).write_text("# How many.\nreplicaCount: 1\n")
    (tmp_path / PAGE).write_text(f"# chart\n\n{BEGIN}\n{END}\n\nThe end.\n")
    return tmp_path


def command(path: Path, script: str) -> Path:
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return path


def test_what_is_missing_is_written_and_then_nothing_is_left_to_do(root: Path, helm: Path):
    assert list(write(root, helm)) == [root / CHART_COPY, root / PAGE, root / RENDERED, root / CONFIG_MAP]
    assert list(write(root, helm)) == []
    assert not differences(root, helm)


def test_the_chart_gets_the_resource_as_it_is_written(root: Path, helm: Path):
    list(write(root, helm))
    assert (root / CHART_COPY).read_bytes() == (root / SOURCE).read_bytes()


def test_the_manifests_have_their_namespace_first_and_no_mark_of_helm(root: Path, helm: Path):
    list(write(root, helm))
    objects = "---\nkind: Lease\nmetadata:\n  labels:\n    app.kubernetes.io/name: modelward\n---\nkind: Deployment\n"
    assert (root / RENDERED).read_text() == HEAD + objects


def test_the_page_of_the_chart_has_a_table_of_its_values(root: Path, helm: Path):
    list(write(root, helm))
    table = "| value | default | what it does |\n| --- | --- | --- |\n| `replicaCount` | `1` | How many. |"
    assert (root / PAGE).read_text() == f"# chart\n\n{BEGIN}\n\n{table}\n\n{END}\n\nThe end.\n"


def test_values_are_read_with_their_groups_and_their_comments():
    text = '# The page.\n\n# One,\n# two.\na:\n  # Three.\n  b: {c: d}\n  e:\n    # Four.\n    f: []\n# Five.\ng: ""\n'
    read = [("a.b", "{c: d}", "Three."), ("a.e.f", "[]", "Four."), ("g", '""', "Five.")]
    assert list(read_values(text)) == [Value(*one) for one in read]


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("a: 1\n", "line 1: a has no comment"),
        ("# A page.\n\na: 1\n", "line 3: a has no comment"),
        ("# One.\na:\n  b: 2\n", "line 3: a.b has no comment"),
        ("# One.\na:\n  - b\n", "line 3: one key and its value in a line"),
    ],
)
def test_a_value_that_nobody_explains_is_refused(text: str, complaint: str):
    with pytest.raises(ValuesError, match=complaint):
        list(read_values(text))


def test_a_page_without_its_marks_is_refused(root: Path, helm: Path):
    (root / PAGE).write_text("# chart\n")
    with pytest.raises(ValuesError, match=r"README\.md has no line"):
        differences(root, helm)


@pytest.mark.parametrize("stale", [CHART_COPY, PAGE, RENDERED])
def test_a_stale_copy_is_shown_line_by_line(root: Path, helm: Path, stale: Path):
    list(write(root, helm))
    text = (root / stale).read_text()
    (root / stale).write_text(text.replace(END, f"by: hand\n{END}") if stale is PAGE else f"{text}by: hand\n")
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
