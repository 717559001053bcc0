"""Somebody else keeps the Deployment: said before anything goes wrong, and said again when it does."""

from typing import Any

from builders import NAMESPACE, A, B
from component.mail import Mail
from component.told import OPS, SOON
from component.world import CHECK, GOOD, HOUR, MINUTE, World, a_degraded_world

KEY = ("Deployment", NAMESPACE, "house-prices")
IMAGE = {"f:spec": {"f:template": {"f:spec": {"f:containers": {'k:{"name":"model"}': {"f:image": {}}}}}}}
CONDITION = "RollbackProtected"


def own(world: World, manager: str | None, operation: str = "Apply") -> None:
    """Let a field manager own the version's field, or nobody."""
    entry = {"manager": manager, "operation": operation, "time": "2026-01-06T12:00:00Z", "fieldsV1": IMAGE}

    def change(body: dict[str, Any]) -> None:
        body["metadata"]["managedFields"] = [entry] if manager else []

    world.cluster.edit(*KEY, change)


def apply(world: World, version: str, manager: str) -> None:
    """Let somebody write a version."""
    world.deploy(version)
    own(world, manager)


async def a_kept_world(manager: str | None, operation: str = "Apply") -> World:
    world = World()
    world.model()
    world.deploy(A)
    own(world, manager, operation)
    world.predict(A, GOOD, over=HOUR)
    await world.turn()
    return world


def message(world: World) -> str:
    found = world.status().condition(CONDITION)
    return found.message if found else ""


async def test_a_deployment_that_flux_keeps_is_told_of_before_anything_happens():
    world = await a_kept_world("kustomize-controller")
    assert world.condition(CONDITION) == ("False", "OwnedByFlux")
    assert '"/spec/template/spec/containers/0/image"' in message(world)
    assert world.condition("Ready")[0] == "True"


async def test_where_nobody_keeps_it_nothing_is_said():
    for manager in (None, "kubectl-client-side-apply"):
        assert (await a_kept_world(manager)).condition(CONDITION)[0] == "Unknown"
    assert (await a_kept_world("helm", "Update")).condition(CONDITION)[0] == "Unknown"


async def test_it_costs_no_call_more_than_where_nobody_keeps_it():
    calls = []
    for manager in ("argocd-controller", None):
        world = await a_kept_world(manager, "Update")
        await world.turns(5)
        calls.append(world.cluster.calls)
    assert calls[0] == calls[1]


async def test_it_ends_with_the_next_check_after_the_owner_let_go():
    world = await a_kept_world("helm")
    assert world.condition(CONDITION) == ("False", "OwnedByHelm")
    own(world, None)
    await world.turn(CHECK)
    assert world.condition(CONDITION)[0] == "Unknown"


async def test_it_is_true_once_the_deployment_says_that_the_owner_was_told():
    world = await a_kept_world("kustomize-controller")
    notes = {"modelward.dev/version-left-alone-by": "kustomize-controller"}
    world.cluster.edit(*KEY, lambda body: body["metadata"].update(annotations=notes))
    await world.turn(CHECK)
    assert world.condition(CONDITION) == ("True", "LeftAlone")
    world.cluster.edit(*KEY, lambda body: body["metadata"].pop("annotations"))
    await world.turn(CHECK)
    assert world.condition(CONDITION) == ("False", "OwnedByFlux")


async def test_a_contest_names_who_it_is_with_and_how_to_end_it():
    mail = Mail()
    world = await a_degraded_world(mail, alerts=[OPS])
    await world.turn(CHECK)
    for _ in range(2):
        apply(world, B, "kustomize-controller")
        await world.turn(HOUR)
    await world.turn(SOON)
    assert world.condition("Stalled") == ("True", "Contested")
    letter = next(message for _, message in mail.courier.sent if message.reason == "Contested")
    for said in (world.notes("Contested")[0], world.ready(), letter.text):
        assert "by field manager kustomize-controller" in said
        assert "spec.ignore: [{paths: " in said


async def test_a_contest_with_somebody_unknown_to_us_names_them_too():
    world = await a_degraded_world()
    await world.turn(CHECK)
    for _ in range(2):
        apply(world, B, "our-pipeline")
        await world.turn(HOUR)
    await world.turn(MINUTE)
    assert "by field manager our-pipeline" in world.ready()
    assert "by field manager our-pipeline" in world.notes("Contested")[0]
