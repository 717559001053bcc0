"""The design's table of conditions, row by row; transition times move only where a condition's status does."""

from dataclasses import replace
from typing import Any

import pytest

from builders import HOUR, NOW, A, B, C, a_rollback, a_status, quarantined
from modelward.decide.conditions import summarise
from modelward.domain.reasons import Reason
from modelward.domain.serving import ServingProblem
from modelward.domain.status import Condition, Hold, Phase, Status, Verdict

DOWN = "the connection was refused"


def seen(status: Status, **more: Any) -> dict[str, tuple[str, str]]:
    """Summarise, and return each condition's status and reason."""
    return {c.type: (c.status, c.reason) for c in summarise(status, 4, NOW, **more).conditions}


def judged(verdict: Verdict, reason: str = "WithinLimits", **changes: Any) -> Status:
    return a_status(A, B, verdict=verdict, reason=reason, message="the figures", **changes)


def was(status: Status, **more: Any) -> tuple[Condition, ...]:
    """Return the conditions that a status had an hour ago."""
    return summarise(status, 4, NOW - HOUR, **more).conditions


HEALTHY = judged(Verdict.HEALTHY)
DEGRADED = judged(Verdict.DEGRADED, "BeyondLimit")
SILENT = judged(Verdict.SOURCE_ERROR, "DatabaseUnreachable")
LANDED = a_status(A, B, A, landing=True, last_rollback=a_rollback(), quarantine=quarantined(B))
CONTESTED = a_status(A, B, quarantine=quarantined(B), reassertions=(NOW - HOUR,), last_rollback=a_rollback())
MISSING = ServingProblem(Reason.TARGET_NOT_FOUND, "Deployment house-prices does not exist in this namespace")

READ = {"MetricsAvailable": ("True", "MetricsRead")}
WATCHING = ("True", "Watching")
BACK = {"RolledBack": ("True", "Degraded")}
QUIET = {"MetricsAvailable": ("False", "DatabaseUnreachable")}

TABLE: dict[str, tuple[dict[str, tuple[str, str]], dict[str, tuple[str, str]]]] = {
    "just adopted, not judged": (seen(a_status(A)), {"Ready": ("Unknown", "NotJudgedYet")}),
    "watching, and all is well": (seen(HEALTHY), {"Ready": WATCHING, "Degraded": ("False", "WithinLimits"), **READ}),
    "watching, no data": (
        seen(judged(Verdict.NO_DATA, "NoPredictions")),
        {"Ready": WATCHING, "Degraded": ("False", "NoPredictions"), **READ},
    ),
    "watching, too little data": (
        seen(judged(Verdict.INSUFFICIENT_DATA, "TooFewSamples")),
        {"Ready": WATCHING, "Degraded": ("False", "TooFewSamples"), **READ},
    ),
    "target missing": (seen(a_status(A), problem=MISSING), {"Ready": ("False", "TargetNotFound")}),
    "target missing, though all was well": (
        seen(HEALTHY, problem=MISSING),
        {"Ready": ("False", "TargetNotFound"), "Degraded": ("False", "WithinLimits"), **READ},
    ),
    "database never reached": (seen(SILENT), {"Ready": ("False", "DatabaseUnreachable"), **QUIET}),
    "database down after it once answered": (
        seen(replace(SILENT, conditions=was(HEALTHY))),
        {"Ready": WATCHING, "Degraded": ("False", "WithinLimits"), **QUIET},
    ),
    "database down after a Degraded verdict": (
        seen(replace(SILENT, conditions=was(replace(DEGRADED, holds=(Hold("NotConfirmed", "1 of 2"),))))),
        {"Ready": WATCHING, "Degraded": ("True", "NotConfirmed"), **QUIET},
    ),
    "database down after the target was missing": (
        seen(replace(SILENT, conditions=was(a_status(A), problem=MISSING))),
        {"Ready": ("False", "DatabaseUnreachable"), **QUIET},
    ),
    "degraded, auto off": (
        seen(replace(DEGRADED, holds=(Hold("AutoRollbackOff", "a person decides"),))),
        {"Ready": WATCHING, "Degraded": ("True", "AutoRollbackOff"), **READ},
    ),
    "degraded, held by guards: the first says why": (
        seen(replace(DEGRADED, holds=(Hold("CoolingDown", "59m"), Hold("BudgetExhausted", "3 of 3")))),
        {"Ready": WATCHING, "Degraded": ("True", "CoolingDown"), **READ},
    ),
    "rolling back, intent written": (
        seen(replace(DEGRADED, last_rollback=a_rollback(Phase.DECIDED))),
        {
            "Ready": ("False", "RollingBack"),
            "Degraded": ("True", "RollingBack"),
            **READ,
            "Reconciling": ("True", "RollingBack"),
        },
    ),
    "rolling back, patched": (
        seen(replace(LANDED, last_rollback=a_rollback(Phase.PATCHED))),
        {
            "Ready": ("False", "RollingBack"),
            "Degraded": ("False", "RolledBack"),
            **BACK,
            "Reconciling": ("True", "RollingBack"),
        },
    ),
    "rolled back": (seen(LANDED), {"Ready": WATCHING, "Degraded": ("False", "RolledBack"), **BACK}),
    "rolled back, and the landing is judged": (
        seen(replace(LANDED, verdict=Verdict.INSUFFICIENT_DATA, reason="NoBaseline")),
        {"Ready": WATCHING, "Degraded": ("False", "NoBaseline"), **READ, **BACK},
    ),
    "contested": (
        seen(CONTESTED),
        {"Ready": ("False", "Contested"), **BACK, "Stalled": ("True", "Contested")},
    ),
    "rollback failed": (
        seen(replace(LANDED, last_rollback=a_rollback(Phase.FAILED))),
        {
            "Ready": ("False", "RollbackFailed"),
            "Degraded": ("False", "RolledBack"),
            **BACK,
            "Stalled": ("True", "RollbackFailed"),
        },
    ),
    "rollback failed, and a third version was deployed since": (
        seen(replace(HEALTHY, current_version=C, last_rollback=a_rollback(Phase.FAILED))),
        {"Ready": WATCHING, "Degraded": ("False", "WithinLimits"), **READ},
    ),
    "a third version is current: RolledBack clears": (
        seen(replace(HEALTHY, current_version=C, last_rollback=a_rollback())),
        {"Ready": WATCHING, "Degraded": ("False", "WithinLimits"), **READ},
    ),
    "superseded: nothing was rolled back": (
        seen(replace(HEALTHY, last_rollback=a_rollback(Phase.SUPERSEDED))),
        {"Ready": WATCHING, "Degraded": ("False", "WithinLimits"), **READ},
    ),
    "suspended": (
        seen(HEALTHY, suspended=True),
        {"Ready": ("True", "Suspended"), "Degraded": ("False", "WithinLimits"), **READ},
    ),
}


@pytest.mark.parametrize(("conditions", "expected"), TABLE.values(), ids=TABLE)
def test_the_table(conditions: dict[str, tuple[str, str]], expected: dict[str, tuple[str, str]]):
    assert conditions == expected


def test_every_condition_knows_the_generation_it_is_about():
    status = summarise(HEALTHY, 4, NOW)
    assert status.observed_generation == 4
    assert {c.observed_generation for c in status.conditions} == {4}


def test_a_condition_that_keeps_its_status_keeps_its_time():
    after = summarise(replace(judged(Verdict.NO_DATA, "NoPredictions"), conditions=was(HEALTHY)), 4, NOW)
    degraded = after.condition("Degraded")
    assert degraded is not None
    assert (degraded.reason, degraded.last_transition_time) == ("NoPredictions", NOW - HOUR)


def test_a_condition_that_changes_its_status_changes_its_time():
    after = summarise(replace(DEGRADED, conditions=was(HEALTHY)), 4, NOW)
    degraded, ready = after.condition("Degraded"), after.condition("Ready")
    assert degraded is not None
    assert ready is not None
    assert (degraded.last_transition_time, ready.last_transition_time) == (NOW, NOW - HOUR)


def test_a_held_rollback_says_what_was_seen_and_why_nothing_was_done():
    degraded = summarise(replace(DEGRADED, holds=(Hold("CoolingDown", "59m ago"),)), 4, NOW).condition("Degraded")
    assert degraded is not None
    assert degraded.message == "the figures; not rolled back: 59m ago"


def test_what_is_contested_names_the_way_out():
    stalled = summarise(CONTESTED, 4, NOW).condition("Stalled")
    assert stalled is not None
    assert "change it in Git" in stalled.message
    assert "clear its quarantine" in stalled.message


def test_an_endless_message_is_cut_to_what_the_schema_takes():
    ready = summarise(replace(HEALTHY, message="x" * 40_000), 4, NOW).condition("Ready")
    assert ready is not None
    assert len(ready.message) == 32_000
