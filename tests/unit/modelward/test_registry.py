"""What the operator remembers between two looks, and which Deployment is claimed by whom."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from builders import NOW, C, a_place, a_resource, a_serving, a_spec, a_status, image_of
from modelward.domain.errors import InvalidSpecError
from modelward.domain.reasons import Reason
from modelward.domain.resource import Asked, Resource
from modelward.domain.serving import Deployment, Rollout
from modelward.domain.version_field import FieldType, VersionField
from modelward.registry import Registry, is_older

TARGET = ("ml", "house-prices")
DEPLOYMENT = a_serving().deployment


def named(name: str, created: datetime = NOW, **changes: Any) -> Resource:
    spec = changes.pop("spec", a_spec(targetRef={"name": "house-prices"}))
    return replace(a_resource(spec), name=name, uid=f"uid-{name}", created=created, **changes)


def holding(*resources: Resource) -> Registry:
    registry = Registry()
    for resource in resources:
        registry.put(resource)
    return registry


ONE = named("one")

NEWS: dict[str, tuple[Resource, bool]] = {
    "the same again": (ONE, False),
    "our own status coming back": (replace(ONE, resource_version="2", status=a_status(C)), False),
    "an edit of the spec": (replace(ONE, resource_version="2", generation=2), True),
    "a request": (replace(ONE, resource_version="2", asked=Asked(check_at="now")), True),
    "an older view of an edit": (replace(ONE, resource_version="0", generation=9), False),
    "another object of that name": (replace(ONE, uid="other", resource_version="0"), True),
}


@pytest.mark.parametrize(("resource", "new"), NEWS.values(), ids=NEWS)
def test_whether_a_resource_says_something_new(resource: Resource, new: bool):  # noqa: FBT001
    assert holding(ONE).put(resource) is new


def test_what_is_remembered_of_a_resource_outlasts_an_edit_but_not_the_object():
    registry = holding(ONE)
    registry.entries[ONE.key].next_check = 7.0
    registry.put(replace(ONE, resource_version="2", generation=2))
    assert registry.entries[ONE.key].next_check == 7.0
    registry.put(replace(ONE, uid="other"))
    assert registry.entries[ONE.key].next_check == 0.0


def test_an_older_view_does_not_replace_what_is_known():
    registry = holding(replace(ONE, resource_version="10"))
    registry.put(replace(ONE, resource_version="9", status=a_status(C)))
    assert registry.entries[ONE.key].resource.resource_version == "10"


# -- claims ----------------------------------------------------------------------------------------------------------


def claimants(registry: Registry, target: tuple[str, str] = TARGET) -> list[str]:
    return [entry.resource.name for entry in registry.claimants(target)]


def test_a_deployment_is_claimed_by_all_that_name_it():
    registry = holding(ONE, named("two"), named("three", spec=a_spec(targetRef={"name": "other"})))
    assert claimants(registry) == ["one", "two"]
    assert registry.rivals(ONE) == [("ml", "two")]


def test_a_claim_ends_with_the_resource():
    registry = holding(ONE, named("two"))
    registry.drop(ONE.key)
    assert claimants(registry) == ["two"]
    registry.drop(ONE.key)
    assert claimants(registry) == ["two"]


def test_a_claim_moves_with_the_spec_and_the_deployment_seen_before_is_forgotten():
    registry = holding(ONE)
    registry.see(TARGET, lambda _: DEPLOYMENT)
    registry.put(replace(ONE, resource_version="2", generation=2, spec=a_spec(targetRef={"name": "other"})))
    assert claimants(registry) == []
    assert claimants(registry, ("ml", "other")) == ["one"]
    entry = registry.entries[ONE.key]
    assert (entry.deployment, entry.deployment_read) == (None, False)


def test_a_version_that_is_to_stand_elsewhere_is_looked_for_anew():
    registry = holding(ONE)
    registry.see(TARGET, lambda _: DEPLOYMENT)
    env = {"type": "Env", "env": {"name": "MODEL_VERSION"}}
    registry.put(replace(ONE, resource_version="2", generation=2, spec=a_spec(versionField=env)))
    entry = registry.entries[ONE.key]
    assert (entry.deployment, entry.deployment_read, claimants(registry)) == (None, False, ["one"])


def test_each_claimant_looks_at_its_own_place():
    env = {"type": "Env", "env": {"name": "MODEL_VERSION"}}
    registry = holding(ONE, named("two", spec=a_spec(versionField=env)))
    looked: list[VersionField] = []

    def look(field: VersionField) -> Deployment:
        looked.append(field)
        return DEPLOYMENT

    registry.see(TARGET, look)
    assert looked == [VersionField(), VersionField(FieldType.ENV, env="MODEL_VERSION")]


def test_a_spec_that_cannot_be_read_claims_nothing():
    registry = holding(replace(ONE, spec=None, problem=InvalidSpecError("metrics", "no")))
    assert claimants(registry) == []
    assert registry.find_conflict(registry.entries[ONE.key]) is None
    assert registry.rivals(ONE) == []


FIRST: dict[str, tuple[Resource, Resource]] = {
    "the older one": (named("z", NOW - timedelta(days=1)), named("a", NOW)),
    "of the same age, the first by name": (named("a", NOW), named("b", NOW)),
}


@pytest.mark.parametrize(("first", "second"), FIRST.values(), ids=FIRST)
def test_who_was_first_keeps_the_deployment(first: Resource, second: Resource):
    registry = holding(second, first)
    assert registry.find_conflict(registry.entries[first.key]) is None
    problem = registry.find_conflict(registry.entries[second.key])
    assert problem is not None
    assert problem.reason is Reason.CONFLICT
    assert problem.message == f"ModelDeployment {first.name} already looks after Deployment house-prices"


def test_a_deployment_of_the_same_name_elsewhere_is_another():
    registry = holding(ONE, named("two", namespace="other"))
    assert all(registry.find_conflict(entry) is None for entry in registry.entries.values())


# -- what the watch shows of Deployments -----------------------------------------------------------------------------

ROLLING = Rollout(complete=False, failed=False, sentence="0 of 1 replicas updated, 0 available")
STUCK = Rollout(complete=False, failed=True, sentence="0 of 1 replicas updated, 0 available")

CHANGES: dict[str, tuple[Deployment | None, bool]] = {
    "nothing": (DEPLOYMENT, False),
    "a new resourceVersion alone": (replace(DEPLOYMENT, resource_version="8"), False),
    "another image": (replace(DEPLOYMENT, place=a_place(image_of(C))), True),
    "another template": (replace(DEPLOYMENT, template_hash="other"), True),
    "another object of that name": (replace(DEPLOYMENT, uid="other"), True),
    "the opt-in": (replace(DEPLOYMENT, allow_rollback="one"), True),
    "a rollout that begins": (replace(DEPLOYMENT, rollout=ROLLING), True),
    "a rollout that is stuck": (replace(DEPLOYMENT, rollout=STUCK), True),
    "its end": (None, True),
}


@pytest.mark.parametrize(("after", "concerned"), CHANGES.values(), ids=CHANGES)
def test_whom_a_change_concerns(after: Deployment | None, concerned: bool):  # noqa: FBT001
    registry = holding(ONE)
    registry.see(TARGET, lambda _: DEPLOYMENT)
    look = None if after is None else lambda _: after
    assert registry.see(TARGET, look) == ([ONE.key] if concerned else [])
    assert registry.entries[ONE.key].deployment == after


def test_replicas_that_come_and_go_concern_nobody():
    registry = holding(ONE)
    registry.see(TARGET, lambda _: replace(DEPLOYMENT, rollout=ROLLING))
    more = replace(ROLLING, sentence="1 of 1 replicas updated, 0 available")
    assert registry.see(TARGET, lambda _: replace(DEPLOYMENT, rollout=more)) == []


def test_the_first_sight_concerns_every_claimant():
    registry = holding(ONE, named("two"))
    assert registry.see(TARGET, lambda _: DEPLOYMENT) == [("ml", "one"), ("ml", "two")]
    assert registry.see(("ml", "unclaimed"), lambda _: DEPLOYMENT) == []


def test_that_there_is_none_is_news_the_first_time_only():
    registry = holding(ONE)
    assert registry.see(TARGET, None) == [ONE.key]
    assert registry.see(TARGET, None) == []


def test_an_older_view_than_the_one_known_is_looked_past():
    registry = holding(ONE)
    registry.see(TARGET, lambda _: replace(DEPLOYMENT, resource_version="10"))
    older = replace(DEPLOYMENT, resource_version="9", place=a_place(image_of(C)))
    assert registry.see(TARGET, lambda _: older) == []
    entry = registry.entries[ONE.key]
    assert entry.deployment is not None
    assert entry.deployment.resource_version == "10"


@pytest.mark.parametrize(("mine", "theirs", "older"), [("9", "10", True), ("10", "9", False), ("7", "7", False)])
def test_versions_are_compared_as_numbers(mine: str, theirs: str, older: bool):  # noqa: FBT001
    assert is_older(replace(ONE, resource_version=mine), replace(ONE, resource_version=theirs)) is older


def test_versions_that_are_no_numbers_are_not_compared():
    assert not is_older(replace(ONE, resource_version="a1"), replace(ONE, resource_version="a2"))
