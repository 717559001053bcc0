"""Managed mode as the conditions show it: held, refused, contested, about to be placed."""

from dataclasses import replace

import pytest

from builders import NOW, A, B, C, a_placement, a_rollback, a_status, quarantined
from modelward.decide.conditions import summarise
from modelward.domain.status import Epoch, Phase, PlacedBy, Placement, PlacementState, Status

HELD, PLACED = PlacementState.HELD, PlacementState.PLACED
CONTESTED, REFUSED, PLACING = PlacementState.CONTESTED, PlacementState.REFUSED, PlacementState.PLACING
LANDED = a_status(A, B, A, landing=True, quarantine=quarantined(B), last_rollback=a_rollback())


def seen(status: Status) -> dict[str, tuple[str, str]]:
    return {c.type: (c.status, c.reason) for c in summarise(status, 4, NOW).conditions}


def message(status: Status) -> str:
    ready = summarise(status, 4, NOW).condition("Ready")
    assert ready is not None
    return ready.message


def under_way(placement: Placement) -> Status:
    return a_status(A, B, placement=placement, last_rollback=a_rollback(Phase.DECIDED))


HELD_LANDING = replace(LANDED, placement=a_placement(HELD, B))
CONDITIONS: dict[str, tuple[Status, dict[str, tuple[str, str]]]] = {
    "held": (
        HELD_LANDING,
        {
            "Ready": ("False", "SpecVersionHeld"),
            "Degraded": ("False", "RolledBack"),
            "RolledBack": ("True", "Degraded"),
            "Stalled": ("True", "SpecVersionHeld"),
        },
    ),
    "held, while the rollback is under way": (
        under_way(a_placement(HELD, B)),
        {"Ready": ("False", "RollingBack"), "Reconciling": ("True", "RollingBack")},
    ),
    "held, and it came back and was left there": (
        a_status(A, B, placement=a_placement(HELD, B), last_rollback=a_rollback()),
        {"Ready": ("True", "Watching"), "RolledBack": ("True", "Degraded")},
    ),
    "contested": (
        a_status(A, C, placement=a_placement(CONTESTED, B)),
        {"Ready": ("False", "Contested"), "Stalled": ("True", "Contested")},
    ),
    "refused": (
        a_status(A, placement=a_placement(REFUSED, "v9", reason="VersionUnknown")),
        {"Ready": ("False", "VersionUnknown"), "Stalled": ("True", "VersionUnknown")},
    ),
    "about to be placed": (
        a_status(A, placement=a_placement(PLACING, B)),
        {"Ready": ("False", "PlacingVersion"), "Reconciling": ("True", "PlacingVersion")},
    ),
    "in place": (a_status(A, B, placement=a_placement(PLACED, B)), {"Ready": ("Unknown", "NotJudgedYet")}),
}


@pytest.mark.parametrize(("status", "conditions"), CONDITIONS.values(), ids=CONDITIONS)
def test_stands_as(status: Status, conditions: dict[str, tuple[str, str]]):
    assert seen(status) == conditions


def test_a_hold_says_what_to_do():
    assert message(HELD_LANDING).startswith(
        f'spec.version "{B}" was rolled back and is held, {A} serves: put spec.version: "{A}" into Git, '
        "name another version, or clear its quarantine"
    )


def test_a_rolled_back_version_that_a_person_named_again_is_not_called_rolled_back():
    again = replace(LANDED, current_version=B, epoch=Epoch(4, B, placed_by=PlacedBy.SPEC))
    assert "RolledBack" not in seen(again)
