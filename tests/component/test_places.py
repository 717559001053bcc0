"""The version in a variable, an annotation, or an init container's image: all that is done works there as well."""

from typing import Any

import pytest

from builders import NAMESPACE, A, B, C, a_deployment, a_replica_set, image_of
from component.world import BAD, CHECK, GOOD, HOUR, MINUTE, World
from modelward.domain.status import Phase

KEY = ("Deployment", NAMESPACE, "house-prices")
HELD = ("False", "SpecVersionHeld")


def served_by(kind: str, version: str) -> dict[str, Any]:
    """Return a Deployment whose version stands in one place; the other places say A, whatever it is."""
    env = [{"name": "LOG", "value": "info"}, {"name": "MODEL_VERSION", "value": version if kind == "Env" else A}]
    fetch = {"name": "fetch", "image": image_of(version if kind == "Init" else A)}
    container = {"name": "model", "image": "r/server:1", "env": env}
    body = a_deployment(containers=[container], initContainers=[fetch])
    notes = {"example.com/version": version if kind == "Annotation" else A, "team": "ml"}
    body["spec"]["template"]["metadata"]["annotations"] = notes
    return body


def what_serves(world: World) -> str:
    return world.status().current_version or ""


FIELDS: dict[str, dict[str, Any]] = {
    "Env": {"type": "Env", "env": {"name": "MODEL_VERSION"}},
    "Annotation": {"type": "Annotation", "annotation": {"key": "example.com/version"}},
    "Init": {"type": "Image", "containerName": "fetch"},
}


async def a_world_that_serves(kind: str, **spec: Any) -> World:
    """A serves well; its version stands in another place than the only container's image."""
    world = World()
    world.model(versionField=FIELDS[kind], **spec)
    world.cluster.apply(served_by(kind, A))
    world.predict(A, GOOD, over=HOUR)
    await world.turn()
    return world


async def go_bad(world: World, version: str) -> None:
    world.clock.advance(CHECK)
    world.predict(version, BAD)
    world.clock.advance(-CHECK)
    await world.turn(CHECK)


@pytest.mark.parametrize("kind", FIELDS)
async def test_a_bad_version_that_somebody_deployed_is_rolled_back_and_stays_out(kind: str):
    world = await a_world_that_serves(kind)
    world.cluster.apply(served_by(kind, B))
    await world.turn(MINUTE)
    await go_bad(world, B)
    assert what_serves(world) == A
    world.cluster.apply(served_by(kind, B))
    await world.turn(MINUTE)
    assert (what_serves(world), world.told().count("QuarantineEnforced")) == (A, 1)
    assert world.cluster.objects[KEY]["spec"] == served_by(kind, A)["spec"]


@pytest.mark.parametrize("kind", FIELDS)
async def test_a_person_may_ask_for_the_version_before_and_for_one_by_name(kind: str):
    world = await a_world_that_serves(kind)
    for version in (B, C):
        world.cluster.apply(served_by(kind, version))
        await world.turn(MINUTE)
    world.ask("rollback")
    await world.turn(MINUTE)
    assert what_serves(world) == B
    world.ask("rollback", rollback_to=A)
    await world.turn(MINUTE)
    assert what_serves(world) == A


@pytest.mark.parametrize("kind", FIELDS)
async def test_killed_after_the_patch_the_rollback_is_finished(kind: str):
    world = await a_world_that_serves(kind)
    world.cluster.apply(served_by(kind, B))
    await world.turn(MINUTE)
    world.cluster.kill(1, verb="patch", kind="Deployment", after=True)
    await go_bad(world, B)
    world.restart()
    await world.turn()
    last = world.status().last_rollback
    assert last is not None
    assert (what_serves(world), last.phase) == (A, Phase.VERIFIED)
    assert world.told().count("RolledBack") == 1


@pytest.mark.parametrize("kind", FIELDS)
async def test_a_hotfix_before_the_patch_is_left_alone(kind: str):
    world = await a_world_that_serves(kind)
    world.cluster.apply(served_by(kind, B))
    await world.turn(MINUTE)
    world.cluster.interrupt(lambda: world.cluster.apply(served_by(kind, C)) and None, verb="patch", kind="Deployment")
    await go_bad(world, B)
    await world.turn(MINUTE)
    assert (what_serves(world), world.told().count("Superseded")) == (C, 1)


@pytest.mark.parametrize("kind", FIELDS)
async def test_the_past_is_read_from_replica_sets(kind: str):
    world = World()
    world.model(versionField=FIELDS[kind])
    body = world.cluster.apply(served_by(kind, B))
    older = a_replica_set(body, A, 1)
    older["spec"]["template"] = served_by(kind, A)["spec"]["template"]
    world.cluster.apply(older)
    world.predict(A, GOOD, over=HOUR)
    await world.turn()
    assert [m.version for m in world.status().history] == [A, B]
    await go_bad(world, B)
    assert what_serves(world) == A


@pytest.mark.parametrize("kind", FIELDS)
async def test_from_deploying_to_holding_elsewhere_than_in_the_only_containers_image(kind: str):
    world = await a_world_that_serves(kind, version=A)
    before = world.cluster.objects[KEY]["spec"]
    world.edit(version=B)
    await world.turn(MINUTE)
    assert what_serves(world) == B
    await go_bad(world, B)
    assert (what_serves(world), world.condition("Ready")) == (A, HELD)
    assert world.cluster.objects[KEY]["spec"] == before
    rollback = world.status().last_rollback
    assert rollback is not None
    assert (rollback.from_, rollback.to) == (B, A)


async def test_moving_the_version_to_another_place_of_the_same_value_begins_no_epoch():
    world = World()
    world.model()
    world.cluster.apply(served_by("Env", A))
    world.cluster.edit(*KEY, lambda b: b["spec"]["template"]["spec"]["containers"][0].update(image=image_of(A)))
    await world.turn()
    world.edit(versionField=FIELDS["Env"])
    await world.turn(MINUTE)
    assert [(m.version, m.value) for m in world.status().history] == [(A, A)]
