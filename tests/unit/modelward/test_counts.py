"""Rollbacks are counted once for each phase that they reach, and by whether they helped."""

import pytest
from prometheus_client import REGISTRY

from builders import a_rollback, a_status
from modelward.counts import count_rollback
from modelward.domain.alerts import AlertOn
from modelward.domain.status import Outcome, Phase, Status


def counted(before: Status, after: Status) -> dict[str, float]:
    """Return what went up."""
    old = figures()
    count_rollback(before, after)
    return {name: value - old[name] for name, value in figures().items() if value != old[name]}


def figures() -> dict[str, float]:
    found = {}
    for metric in REGISTRY.collect():
        if metric.name in {"modelward_rollbacks", "modelward_rollback_outcomes"}:
            found |= {"/".join(s.labels.values()): s.value for s in metric.samples if s.name.endswith("_total")}
    return found


def test_what_happens_the_first_time_is_an_increase():
    """A series that begins with 1 shows none to Prometheus."""
    begun = {
        (sample.labels["reason"], sample.labels["result"])
        for metric in REGISTRY.collect() if metric.name == "modelward_alerts"
        for sample in metric.samples
    }  # fmt: skip
    assert begun >= {(reason.value, result) for reason in AlertOn for result in ("delivered", "failed", "given_up")}


NEVER = a_status()


def after(phase: Phase, **changes: object) -> Status:
    return a_status(last_rollback=a_rollback(phase, **changes))


@pytest.mark.parametrize(
    ("before", "now", "expected"),
    [
        (NEVER, NEVER, {}),
        (NEVER, after(Phase.DECIDED), {"Decided/Automatic": 1}),
        (after(Phase.DECIDED), after(Phase.DECIDED), {}),
        (after(Phase.DECIDED), after(Phase.PATCHED), {"Patched/Automatic": 1}),
        (after(Phase.PATCHED), after(Phase.VERIFIED), {"Verified/Automatic": 1}),
        (after(Phase.PATCHED), after(Phase.FAILED), {"Failed/Automatic": 1}),
        (after(Phase.DECIDED), after(Phase.SUPERSEDED), {"Superseded/Automatic": 1}),
        (after(Phase.DECIDED, automatic=False), after(Phase.PATCHED, automatic=False), {"Patched/Request": 1}),
        (after(Phase.VERIFIED), after(Phase.DECIDED, id="another"), {"Decided/Automatic": 1}),
        (after(Phase.VERIFIED), after(Phase.VERIFIED, outcome=Outcome.IMPROVED), {"Improved": 1}),
        (after(Phase.VERIFIED, outcome=Outcome.IMPROVED), after(Phase.VERIFIED, outcome=Outcome.IMPROVED), {}),
    ],
)
def test_a_step_counts_once(before: Status, now: Status, expected: dict[str, float]):
    assert counted(before, now) == expected
