"""A decision is one log line: a sentence for people, and the same in fields for programs."""

import json
import logging
from dataclasses import replace
from typing import Any

import pytest

from builders import NAME, NAMESPACE, NOW, A, B, a_resource, a_status, an_order
from modelward.domain.status import Hold, MetricStatus, Status, Verdict, WindowStatus
from modelward.logbook import FIELDS, note_left, note_rollback
from modelward.telemetry import JsonLines

R2 = MetricStatus("r2", "0.850", "0.930", "-8.6", "5", breached=True)
AUC = MetricStatus("roc_auc", limit_percent="5", role="Show", undefined="only one class occurred")
HELD = (Hold("CoolingDown", "59m are left"), Hold("BudgetExhausted", "3 of 3"))
DEGRADED = a_status(
    verdict=Verdict.DEGRADED, reason="BeyondLimit", message="R2 fell", previous_version=A, samples=300,
    comparison="BeforeAfter", window=WindowStatus(NOW, NOW), metrics=(R2, AUC), holds=HELD,
)  # fmt: skip


def logged(caplog: pytest.LogCaptureFixture) -> list[dict[str, Any]]:
    return [json.loads(JsonLines().format(record)) for record in caplog.records]


def note(caplog: pytest.LogCaptureFixture, before: Status, after: Status, level: int = logging.INFO) -> Any:
    with caplog.at_level(level, "modelward"):
        note_left(a_resource(status=before), after)
    return logged(caplog)


def test_what_is_left_in_place_says_why_with_all_its_numbers(caplog: pytest.LogCaptureFixture):
    (line,) = note(caplog, a_status(), DEGRADED)
    assert line["level"] == "INFO"
    assert line["message"] == (f"{NAMESPACE}/{NAME}: Degraded (BeyondLimit): R2 fell; not rolled back: 59m are left")
    assert (line["event"], line["action"], line["namespace"], line["name"]) == ("decision", "Leave", NAMESPACE, NAME)
    assert (line["verdict"], line["reason"], line["version"], line["previous_version"]) == (
        "Degraded", "BeyondLimit", B, A,
    )  # fmt: skip
    assert (line["samples"], line["comparison"], line["window_end"]) == (300, "BeforeAfter", "2026-01-08T14:32:23Z")
    assert line["holds"] == ["CoolingDown", "BudgetExhausted"]
    assert line["metrics"] == [
        {"name": "r2", "role": "Gate", "current": 0.85, "previous": 0.93, "change_percent": -8.6, "limit_percent": 5.0,
         "breached": True, "undefined": None},
        {"name": "roc_auc", "role": "Show", "current": None, "previous": None, "change_percent": None,
         "limit_percent": 5.0, "breached": False, "undefined": "only one class occurred"},
    ]  # fmt: skip


def test_a_rollback_names_its_ends_and_who_asked(caplog: pytest.LogCaptureFixture):
    with caplog.at_level(logging.INFO, "modelward"):
        order = an_order()
        note_rollback(a_resource(), replace(DEGRADED, holds=()), order)
    (line,) = logged(caplog)
    assert (line["action"], line["rollback_id"]) == ("RollBack", order.id)
    assert (line["from_version"], line["to_version"], line["actor"]) == (B, A, "modelward")
    assert line["automatic"] is order.automatic
    assert line["message"].startswith(f"{NAMESPACE}/{NAME}: rolling back {B} -> {A}: ")


@pytest.mark.parametrize(
    "after",
    [DEGRADED, replace(DEGRADED, metrics=(replace(R2, current="0.851"),)), replace(DEGRADED, samples=301)],
    ids=["the same", "other figures", "more samples"],
)
def test_what_says_nothing_new_is_for_those_who_ask_for_it(caplog: pytest.LogCaptureFixture, after: Status):
    assert note(caplog, DEGRADED, after) == []
    (line,) = note(caplog, DEGRADED, after, logging.DEBUG)
    assert line["level"] == "DEBUG"


@pytest.mark.parametrize(
    "after",
    [
        replace(DEGRADED, verdict=Verdict.HEALTHY),
        replace(DEGRADED, reason="NonFinitePredictions"),
        replace(DEGRADED, holds=HELD[:1]),
        replace(DEGRADED, current_version=A),
        replace(DEGRADED, previous_version="another"),
    ],
    ids=["verdict", "reason", "holds", "version", "previous"],
)
def test_what_is_new_is_said_aloud(caplog: pytest.LogCaptureFixture, after: Status):
    (line,) = note(caplog, DEGRADED, after)
    assert line["level"] == "INFO"


def test_every_field_is_documented(caplog: pytest.LogCaptureFixture):
    with caplog.at_level(logging.INFO, "modelward"):
        note_rollback(a_resource(), DEGRADED, an_order())
    (line,) = logged(caplog)
    documented = {name for names in FIELDS for name in names.split(", ")}
    assert set(line) - {"time", "level", "logger", "message"} == documented


def test_a_verdict_without_numbers_is_a_line_all_the_same(caplog: pytest.LogCaptureFixture):
    bare = a_status(verdict=Verdict.SOURCE_ERROR, reason="DatabaseUnreachable", message="refused")
    (line,) = note(caplog, a_status(), bare)
    assert (line["verdict"], line["metrics"], line["samples"], line["window_start"]) == ("SourceError", [], None, None)
