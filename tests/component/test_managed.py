"""Managed mode through the whole hallway: a version in the spec is deployed, and what else is written put right."""

import pytest

from builders import NAMESPACE, A, B, C, image_of
from component.world import BAD, CHECK, GOOD, MINUTE, World, a_managed_world
from doubles import a_source_error
from modelward.domain.status import PlacedBy, PlacementState

KEY = ("Deployment", NAMESPACE, "house-prices")


def placement(world: World) -> tuple[str, PlacementState] | None:
    found = world.status().placement
    return (found.version, found.state) if found else None


# -- deploying -------------------------------------------------------------------------------------------------------


async def test_another_version_in_the_spec_is_deployed_and_watched():
    world = await a_managed_world()
    assert (world.serving(), world.cluster.images) == (B, [image_of(B)])
    assert placement(world) == (B, PlacementState.PLACED)
    epoch = world.status().epoch
    assert epoch is not None
    assert (epoch.number, epoch.version, epoch.placed_by) == (2, B, PlacedBy.SPEC)
    assert world.told().count("VersionPlaced") == world.told("Deployment").count("VersionPlaced") == 1
    assert "VersionChanged" not in world.told()
    assert world.condition("Ready") == ("True", "Watching")
    assert world.status().verdict is not None


async def test_the_field_is_given_back():
    world = await a_managed_world()
    assert world.cluster.objects[KEY]["metadata"]["managedFields"] == []
    assert "annotations" not in world.cluster.objects[KEY]["metadata"]


async def test_a_resource_that_names_another_version_from_the_start():
    world = World()
    world.model(version=B)
    world.deploy(A)
    await world.turn()
    assert world.serving() == B
    assert [m.version for m in world.status().history] == [A, B]


async def test_in_place_nothing_is_written_any_more():
    world = await a_managed_world()
    world.writes()
    await world.turns(3)
    assert [kind for _, kind in world.writes() if kind != "ModelDeployment"] == []


async def test_taking_over_and_letting_go_begin_no_epoch():
    world = World()
    world.model()
    world.deploy(A)
    await world.turn()
    for version in (A, None, A):
        world.edit(version=version)
        await world.turn(MINUTE)
    assert [m.version for m in world.status().history] == [A]
    assert world.cluster.images == []
    assert placement(world) == (A, PlacementState.PLACED)


async def test_auto_rollback_off_places_all_the_same():
    world = await a_managed_world(autoRollback=False)
    assert world.serving() == B


async def test_suspended_nothing_is_placed_until_it_is_taken_up_again():
    world = await a_managed_world(A)
    world.edit(version=B, suspend=True)
    await world.turn(CHECK)
    assert (world.serving(), world.cluster.images) == (A, [])
    world.edit(suspend=False)
    await world.turn(MINUTE)
    assert world.serving() == B


async def test_without_the_opt_in_nothing_is_placed():
    world = World(require_opt_in=True)
    world.model(version=B)
    world.deploy(A)
    await world.turn()
    assert (world.serving(), world.condition("Ready")) == (A, ("False", "NotOptedIn"))


async def test_after_the_lease_is_lost_nothing_is_placed():
    world = await a_managed_world(A)
    world.fenced = True
    world.edit(version=B)
    world.writes()
    await world.turn(MINUTE)
    assert (world.serving(), world.writes()) == (A, [])


async def test_a_database_that_is_down_is_no_reason_not_to_place():
    world = await a_managed_world(A)
    world.reader.down = a_source_error()
    world.edit(version=B)
    await world.turn(MINUTE)
    assert world.serving() == B


@pytest.mark.parametrize("after", [False, True], ids=["before the patch", "after the patch"])
@pytest.mark.parametrize("word", [None, C], ids=["the version is taken out", "another one is named"])
async def test_a_word_that_was_taken_back_while_the_operator_was_down_is_not_carried_out(
    word: str | None,
    after: bool,  # noqa: FBT001
):
    world = await a_managed_world(A)
    world.cluster.kill(1, verb="patch", kind="Deployment", after=after)
    world.edit(version=B)
    await world.turn(MINUTE)
    world.edit(version=word)
    world.restart()
    await world.turn()
    await world.turn(MINUTE)
    assert world.serving() == (word or (B if after else A))
    assert world.status().current_version == world.serving()
    assert world.condition("Reconciling")[0] == "Unknown"


async def test_somebody_who_deploys_in_between_is_seen_first():
    world = await a_managed_world(A)
    world.cluster.interrupt(lambda: world.deploy(C), verb="patch", kind="Deployment")
    world.edit(version=B)
    await world.turn(MINUTE)
    await world.turn(MINUTE)
    assert world.serving() == B
    assert [m.version for m in world.status().history] == [A, C, B]


async def test_the_deployment_goes_in_between():
    world = await a_managed_world(A)
    world.cluster.interrupt(lambda: world.cluster.delete(*KEY), verb="patch", kind="Deployment")
    world.edit(version=B)
    await world.turn(MINUTE)
    await world.turn(MINUTE)
    assert world.condition("Ready") == ("False", "TargetNotFound")
    world.deploy(A)
    await world.turn(MINUTE)
    assert world.serving() == B


async def test_a_version_of_no_known_image_is_refused_while_what_serves_is_watched_on():
    catalogue = [{"name": A, "image": image_of(A)}, {"name": C, "image": image_of(C)}]
    world = await a_managed_world(versions=catalogue)
    assert (world.serving(), placement(world)) == (A, (B, PlacementState.REFUSED))
    assert world.condition("Ready") == ("False", "VersionUnknown")
    assert f"the entries are {A}, {C}" in world.ready()
    assert world.told().count("VersionUnknown") == 1
    world.predict(A, GOOD)
    await world.turn(CHECK)
    assert world.status().verdict == "InsufficientData"
    assert world.told().count("VersionUnknown") == 1
    world.edit(version=C)
    await world.turn(MINUTE)
    assert (world.serving(), world.condition("Ready")[0]) == (C, "True")


async def test_an_image_elsewhere_is_placed_once_the_deployment_allows_it():
    world = await a_managed_world(versions=[{"name": B, "image": "mirror.example.com/house-prices:b"}])
    assert world.condition("Ready") == ("False", "RepositoryNotAllowed")
    assert "modelward.dev/allowed-images: mirror.example.com/house-prices" in world.ready()
    notes = {"modelward.dev/allowed-images": "mirror.example.com/*"}
    world.cluster.edit(*KEY, lambda body: body["metadata"].update(annotations=notes))
    await world.turn(MINUTE)
    assert world.cluster.images == ["mirror.example.com/house-prices:b"]
    assert world.status().current_version == B


# -- drift -----------------------------------------------------------------------------------------------------------


async def test_another_version_in_the_deployment_is_put_right_once_after_a_moment():
    world = await a_managed_world()
    world.deploy(C)
    await world.turn(MINUTE)
    assert world.serving() == C
    await world.turn(MINUTE)
    assert (world.serving(), world.status().current_version) == (B, B)
    assert world.told().count("SpecVersionEnforced") == world.told("Deployment").count("SpecVersionEnforced") == 1
    assert world.notes("SpecVersionEnforced") == [
        f"{C} -> {B}: {C} was written into the Deployment while spec.version is {B}; {B} was put back"
    ]
    assert [m.version for m in world.status().history] == [A, B]
    assert len(world.status().reassertions) == 1


async def test_the_second_time_within_a_day_it_is_contested():
    world = await a_managed_world()
    for _ in range(2):
        world.deploy(C)
        await world.turns(2, MINUTE)
    assert world.serving() == C
    assert world.condition("Ready") == ("False", "Contested")
    assert world.told().count("Contested") == 1
    world.predict(C, BAD, over=MINUTE)
    await world.turns(3)
    assert world.serving() == C
    world.edit(version=A)
    await world.turn(MINUTE)
    assert (world.serving(), world.condition("Ready")[0]) == (A, "True")


async def test_what_is_contested_is_settled_by_the_other_side():
    world = await a_managed_world()
    for _ in range(2):
        world.deploy(C)
        await world.turns(2, MINUTE)
    world.deploy(B)
    await world.turn(MINUTE)
    assert world.condition("Ready")[0] == "True"


async def test_a_chart_that_writes_the_deployment_first_and_the_spec_a_moment_later_is_not_in_our_way():
    world = await a_managed_world()
    world.deploy(C)
    await world.turn(MINUTE)
    world.edit(version=C)
    await world.turn(MINUTE)
    assert (world.serving(), world.cluster.images) == (C, [image_of(B)])
    assert world.told().count("VersionPlaced") == 2
    assert world.status().reassertions == ()
