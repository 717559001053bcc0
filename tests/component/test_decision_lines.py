"""Whole turns: one log line for each decision, whatever came of it."""

import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest

from builders import NAME, NAMESPACE, A, B
from component.world import CHECK, World, a_degraded_world
from modelward.telemetry import JsonLines


@pytest.fixture
def caplog(caplog: pytest.LogCaptureFixture) -> Iterator[pytest.LogCaptureFixture]:
    with caplog.at_level(logging.DEBUG, "modelward"):
        yield caplog


def decisions(caplog: pytest.LogCaptureFixture) -> list[dict[str, Any]]:
    lines = [json.loads(JsonLines().format(record)) for record in caplog.records]
    caplog.clear()
    return [line for line in lines if line.get("event") == "decision"]


async def test_a_rollback_is_one_line_with_its_evidence(caplog: pytest.LogCaptureFixture):
    world = await a_degraded_world()
    caplog.clear()
    await world.turn(CHECK)
    (line,) = decisions(caplog)
    assert (line["namespace"], line["name"], line["action"]) == (NAMESPACE, NAME, "RollBack")
    assert (line["from_version"], line["to_version"], line["automatic"]) == (B, A, True)
    assert {metric["name"]: metric["breached"] for metric in line["metrics"]}["rmse"] is True
    assert world.serving() == A


async def test_what_an_event_says_is_a_line_that_names_the_model(caplog: pytest.LogCaptureFixture):
    world = await a_degraded_world()
    caplog.clear()
    await world.turn(CHECK)
    lines = [json.loads(JsonLines().format(record)) for record in caplog.records]
    (line,) = [line for line in lines if line.get("reason") == "RolledBack"]
    assert (line["event"], line["namespace"], line["name"]) == ("announcement", NAMESPACE, NAME)
    assert line["message"].startswith(f"{NAMESPACE}/{NAME}: RolledBack: {B} -> {A}: ")


async def test_a_request_is_one_line_too(caplog: pytest.LogCaptureFixture):
    world = await a_degraded_world(autoRollback=False)
    await world.turn(CHECK)
    caplog.clear()
    world.ask("rollback")
    await world.turn()
    (line,) = [line for line in decisions(caplog) if line["action"] == "RollBack"]
    assert (line["automatic"], line["to_version"]) == (False, A)


async def test_a_model_that_is_left_alone_is_one_line_at_each_check_and_loud_only_the_first_time(
    caplog: pytest.LogCaptureFixture,
):
    world = await a_degraded_world(autoRollback=False)
    caplog.clear()
    await world.turn(CHECK)
    first = decisions(caplog)
    await world.turn(CHECK)
    second = decisions(caplog)
    assert [(line["action"], line["verdict"], line["level"]) for line in first] == [("Leave", "Degraded", "INFO")]
    assert [(line["action"], line["verdict"], line["level"]) for line in second] == [("Leave", "Degraded", "DEBUG")]
    assert first[0]["holds"][0] == "AutoRollbackOff"


async def test_many_models_have_a_line_each(caplog: pytest.LogCaptureFixture):
    world = World()
    for i in range(7):
        world.model(f"model-{i}")
        world.deploy(A, f"model-{i}")
    await world.turn()
    assert sorted(line["name"] for line in decisions(caplog)) == [f"model-{i}" for i in range(7)]
