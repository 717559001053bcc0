"""`python -m charts` finds a value of the chart that no test sets."""

from pathlib import Path

import pytest

from charts.coverage import complaints
from charts.tools import EVERYTHING, SETTLED

VALUES = "# How many.\nreplicas: 1\nimage:\n  # Which.\n  tag: ''\n  # Labels.\n  labels: {}\n"
SUITE = """\
set: {replicas: 2}
tests:
  - set: {image.tag: v1, image: {labels: {a: b}}}
    asserts: [{exists: {path: spec}}]
"""
ALL = "replicas: 2\nimage: {tag: v1, labels: {a: b}}\n"


@pytest.fixture
def chart(tmp_path: Path) -> Path:
    """A chart of three values, each tested."""
    (tmp_path / EVERYTHING).parent.mkdir(parents=True)
    for name, text in {"values.yaml": VALUES, "tests/a_test.yaml": SUITE, EVERYTHING: ALL}.items():
        (tmp_path / name).write_text(text)
    return tmp_path


def test_where_every_value_is_tested_nothing_is_said(chart: Path):
    assert complaints(chart) == ""


@pytest.mark.parametrize(
    ("name", "text", "complaint"),
    [
        (
            "tests/a_test.yaml",
            SUITE.replace("image.tag: v1, ", ""),
            "no suite in charts/modelward/tests sets image.tag",
        ),
        ("tests/a_test.yaml", SUITE.replace("set: {replicas: 2}\n", ""), "sets replicas"),
        ("tests/a_test.yaml", SUITE.replace("[{exists: {path: spec}}]", "[]"), "sets image.labels"),
        (EVERYTHING, ALL.replace("replicas: 2", "replicas: 1"), "does not set replicas to another value"),
        (EVERYTHING, ALL.replace("tag: v1, ", ""), "does not set image.tag to another value"),
    ],
)
def test_a_value_that_no_test_sets_is_named(chart: Path, name: str, text: str, complaint: str):
    (chart / name).write_text(text)
    assert complaint in complaints(chart)


def test_every_exception_from_kube_score_has_a_reason():
    assert all(len(reason) > 20 for reason in SETTLED.values())
