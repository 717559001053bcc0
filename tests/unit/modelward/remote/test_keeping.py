"""What a ModelDeployment needs stays in the registry, whatever its age."""

from typing import Any

import pytest

from builders import A, B, C, a_placement, a_resource, a_rollback, a_spec, a_status, quarantined
from modelward.domain.status import Phase, PlacementState
from modelward.remote.keeping import needed_versions


def needed(spec: dict[str, Any], **status: Any) -> dict[str, str]:
    return needed_versions(a_resource(a_spec(**spec), a_status(**status)))


def test_what_serves_and_what_a_rollback_would_put_back():
    assert needed({}) == {B: "in production (ml/house-prices)", A: "what a rollback of ml/house-prices would put back"}


def test_a_version_in_quarantine_that_git_still_names():
    found = needed({"version": C}, quarantine=quarantined(C))
    assert found[C] == "named by spec.version of ml/house-prices, though it is in quarantine"


@pytest.mark.parametrize(
    ("spec", "field"),
    [
        ({"version": C}, "spec.version"),
        ({"previousVersion": C}, "what a rollback of ml/house-prices would put back"),
        ({"versions": [{"name": C, "image": "registry.example.com/house-prices@sha256:1"}]}, "spec.versions"),
    ],
)
def test_what_the_spec_names(spec: dict[str, Any], field: str):
    assert field in needed(spec)[C]


def test_both_sides_of_a_rollback_under_way_and_what_is_being_placed():
    found = needed({}, last_rollback=a_rollback(Phase.PATCHED, from_=C, to="v0"))
    assert {C, "v0"} <= found.keys()
    assert "v9" in needed({}, placement=a_placement(PlacementState.PLACED, "v9"))


def test_nothing_else():
    assert needed({}, quarantine=quarantined(C)).keys() == {A, B}
