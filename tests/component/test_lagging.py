"""An API server that lags behind shows how things once were: nothing is concluded, said or done by that."""

import copy

from builders import NAMESPACE, A, B, image_of
from component.told import SOON, a_told_world
from component.world import CHECK, MINUTE, World
from modelward.domain.resource import parse_resource
from modelward.domain.status import Phase

MODEL, TARGET = (("ModelDeployment", NAMESPACE, "house-prices"), ("Deployment", NAMESPACE, "house-prices"))


def show_old(world: World, *old: dict[str, object]) -> None:
    """Begin a new operator whose lists come from a server that is behind."""
    live = dict(world.cluster.objects)
    for body in copy.deepcopy(old):
        world.cluster.objects[body["kind"], NAMESPACE, "house-prices"] = body  # type: ignore[index]
    world.restart()
    world.cluster.objects.update(live)
    for key, body in live.items():  # what the watch would show comes later, or never
        world._seen[key] = body["metadata"].get("resourceVersion", "")


async def test_a_deployment_from_before_a_rollback_is_not_taken_for_a_version_that_came_back():
    world, mail = await a_told_world()
    old = copy.deepcopy(world.cluster.objects[TARGET])
    await world.turn(CHECK)
    await world.turns(2, SOON)
    told, sent = world.told(), mail.courier.reasons()
    show_old(world, old)
    await world.turn(CHECK)
    await world.turn(MINUTE)
    assert (world.serving(), world.cluster.images) == (A, [image_of(A)])
    assert world.status().reassertions == ()
    assert (world.told(), mail.courier.reasons()) == (told, sent)


async def test_a_resource_from_before_a_rollback_says_nothing_new_and_is_read_anew():
    world, mail = await a_told_world()
    old = [copy.deepcopy(world.cluster.objects[key]) for key in (MODEL, TARGET)]
    await world.turn(CHECK)
    await world.turns(2, SOON)
    told, sent, last = world.told(), mail.courier.reasons(), world.status().last_rollback
    show_old(world, *old)
    await world.turn(CHECK)
    await world.turn(MINUTE)
    assert (world.serving(), world.cluster.images) == (A, [image_of(A)])
    assert world.status().last_rollback == last
    assert (world.told(), mail.courier.reasons()) == (told, sent)


async def test_an_intent_from_the_past_is_not_carried_out_on_what_serves_now():
    world, _ = await a_told_world()
    world.cluster.kill(1, verb="patch", kind="Deployment")
    await world.turn(CHECK)
    intent = copy.deepcopy(world.cluster.objects[MODEL])
    assert parse_resource(intent).status.last_rollback.phase is Phase.DECIDED  # type: ignore[union-attr]
    world.restart()
    await world.turns(2, MINUTE)
    world.ask("clear-quarantine", clear_quarantine=B)
    await world.turn(MINUTE)
    world.edit(autoRollback=False)
    world.deploy(B)  # a person wants it after all
    await world.turn(MINUTE)
    before = len(world.cluster.images)
    show_old(world, intent)
    await world.turn(CHECK)
    await world.turn(MINUTE)
    assert (world.serving(), len(world.cluster.images)) == (B, before)


async def test_a_version_that_is_shown_anew_costs_one_read_and_no_more():
    world, _ = await a_told_world()
    world.deploy(A)
    world.cluster.calls.clear()
    await world.turn(MINUTE)
    await world.turns(3, MINUTE)
    assert [call.verb for call in world.cluster.calls if call.kind == "Deployment"] == ["get"]
