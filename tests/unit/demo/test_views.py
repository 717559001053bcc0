from typing import Any

import pytest

from demo.errors import DemoError
from demo.views import View, is_rolled_out, read_view, version_of

METRICS = [
    {
        "name": "r2",
        "current": "0.305",
        "previous": "0.796",
        "changePercent": "-61.6",
        "limitPercent": "5",
        "breached": True,
    },
    {"name": "rmse", "current": "40.13", "limitPercent": "5"},
]
STATUS: dict[str, Any] = {
    "verdict": "Degraded",
    "reason": "BeyondLimit",
    "currentVersion": "v2",
    "samples": 1204,
    "breaches": {"count": 1},
    "epoch": {"number": 2, "version": "v2", "startedTime": "2026-01-05T14:32:25Z"},
    "holds": [{"guard": "NotConfirmed", "message": "1 of 2"}],
    "metrics": METRICS,
    "window": {"startTime": "2026-01-05T14:32:23Z", "endTime": "2026-01-05T14:32:33Z"},
}


def deployment(**status: int) -> dict[str, Any]:
    containers = [{"image": "registry.example.com:5000/flight-delays:v2"}]
    spec = {"replicas": 2, "template": {"spec": {"containers": containers}}}
    return {"metadata": {"generation": 3}, "spec": spec, "status": status}


def test_the_version_is_the_tag():
    assert version_of(deployment()) == "v2"


@pytest.mark.parametrize(
    ("status", "rolled_out"),
    [
        ({"observedGeneration": 3, "replicas": 2, "updatedReplicas": 2, "availableReplicas": 2}, True),
        ({"observedGeneration": 2, "replicas": 2, "updatedReplicas": 2, "availableReplicas": 2}, False),
        ({"observedGeneration": 3, "replicas": 3, "updatedReplicas": 2, "availableReplicas": 2}, False),
        ({"observedGeneration": 3, "replicas": 2, "updatedReplicas": 2, "availableReplicas": 1}, False),
        ({}, False),
    ],
)
def test_a_version_serves_once_it_is_rolled_out(status: dict[str, int], rolled_out: object):
    assert is_rolled_out(deployment(**status)) is rolled_out


def test_a_resource_without_status_has_an_empty_view():
    assert read_view({}) == View()


def test_status_is_read_as_it_stands():
    view = read_view({"status": STATUS})
    assert (view.verdict, view.version, view.samples, view.breaches) == ("Degraded", "v2", 1204, 1)
    assert view.holds == (("NotConfirmed", "1 of 2"),)
    assert view.pair("r2") == (0.305, 0.796)


def test_a_metric_without_a_previous_value_makes_no_pair():
    with pytest.raises(DemoError, match="lacks the figures of rmse"):
        read_view({"status": STATUS}).pair("rmse")


@pytest.mark.parametrize(("started", "covers"), [("23", True), ("24", True), ("25", False)])
def test_a_window_is_whole_when_it_begins_with_the_version(started: str, covers: object):
    epoch = {"startedTime": f"2026-01-05T14:32:{started}Z"}
    assert read_view({"status": {**STATUS, "epoch": epoch}}).covers_a_window is covers


def test_a_view_says_who_holds():
    assert str(read_view({"status": STATUS})).endswith("held by NotConfirmed")
