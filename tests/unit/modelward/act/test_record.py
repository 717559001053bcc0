"""Status is written when it says something new; never a heartbeat."""

from dataclasses import replace
from typing import Any

import pytest

from builders import HOUR, NOW, A, B, a_baseline, a_model, a_rollback, a_status, quarantined
from doubles import FixedClock, InMemoryCluster
from modelward.act.record import says_something_new, write_status
from modelward.decide.conditions import summarise
from modelward.domain.errors import ConflictError, UnprocessableError
from modelward.domain.resource import parse_resource
from modelward.domain.status import (
    Breaches,
    Hold,
    MetricStatus,
    RequestRecord,
    RequestRecords,
    Status,
    Verdict,
    WindowStatus,
)

WINDOW = WindowStatus(NOW - 24 * HOUR, NOW, 1204, 1204)


def judged(verdict: Verdict = Verdict.DEGRADED, **changes: Any) -> Status:
    figures = {"message": "R2 0.85", "change": "r2 -8.6 %", "samples": 1204, "window": WINDOW}
    holds = {"reason": "BeyondLimit", "holds": (Hold("WarmingUp", "B serves for 3h"),)}
    status = a_status(A, B, **{"verdict": verdict, **figures, **holds, **changes})
    return summarise(status, 1, NOW)


BEFORE = judged(metrics=(MetricStatus("r2", "0.850"),))

FIGURES: dict[str, dict[str, Any]] = {
    "a metric's value": {"metrics": (MetricStatus("r2", "0.851"),)},
    "the change": {"change": "r2 -8.5 %"},
    "the number of samples": {"samples": 1205},
    "the message": {"message": "R2 0.851"},
    "the rows of the window": {"window": replace(WINDOW, predictions=1205)},
    "the words of a hold": {"holds": (Hold("WarmingUp", "B serves for 4h"),)},
}


@pytest.mark.parametrize("change", FIGURES.values(), ids=FIGURES)
def test_figures_are_new_only_when_it_is_time_for_them(change: dict[str, Any]):
    after = judged(**{"metrics": BEFORE.metrics, **change})
    assert says_something_new(BEFORE, after, figures_too=True)
    assert not says_something_new(BEFORE, after, figures_too=False)


NEWS: dict[str, Status] = {
    "the verdict": judged(Verdict.HEALTHY),
    "the reason": judged(reason="Other"),
    "a hold": judged(holds=(Hold("CoolingDown", "59m"),)),
    "no hold any more": judged(holds=()),
    "the version": judged(current_version="other"),
    "the previous version": judged(previous_version=A),
    "the rollback": judged(last_rollback=a_rollback()),
    "the quarantine": judged(quarantine=quarantined(A)),
    "the baseline": judged(baseline=a_baseline()),
    "the count of breaches": judged(breaches=Breaches(1, NOW)),
    "an answer to a request": judged(requests=RequestRecords(check=RequestRecord("now", "Done", "checked"))),
    "the generation": replace(BEFORE, observed_generation=2),
    "the target": judged(target="other"),
}


@pytest.mark.parametrize("after", NEWS.values(), ids=NEWS)
def test_is_always_new(after: Status):
    assert says_something_new(BEFORE, replace(after, metrics=BEFORE.metrics), figures_too=False)


@pytest.mark.parametrize("figures_too", [True, False])
def test_time_alone_is_no_news(figures_too: bool):  # noqa: FBT001
    later = replace(BEFORE, window=replace(WINDOW, start_time=NOW - 23 * HOUR, end_time=NOW + HOUR))
    later = summarise(later, 1, NOW + HOUR)
    assert not says_something_new(BEFORE, later, figures_too=figures_too)


async def test_what_is_written_comes_back_with_its_new_version():
    cluster = InMemoryCluster(FixedClock())
    resource = parse_resource(cluster.apply(a_model()))
    written = await write_status(cluster, resource, BEFORE)
    assert written.status == BEFORE
    assert int(written.resource_version) > int(resource.resource_version)
    assert written.generation == resource.generation


async def test_what_somebody_wrote_in_between_is_not_overwritten():
    cluster = InMemoryCluster(FixedClock())
    resource = parse_resource(cluster.apply(a_model()))
    cluster.edit("ModelDeployment", *resource.key, lambda body: body["spec"].update(suspend=True))
    with pytest.raises(ConflictError):
        await write_status(cluster, resource, BEFORE)


async def test_what_the_schema_does_not_take_is_refused_by_the_double_too():
    cluster = InMemoryCluster(FixedClock())
    resource = parse_resource(cluster.apply(a_model()))
    with pytest.raises(UnprocessableError, match="history"):
        await write_status(cluster, resource, replace(BEFORE, history=BEFORE.history * 11))
