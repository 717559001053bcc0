"""The operator's own client before an API server that misbehaves at any write of a rollback: the same end each time."""

import copy
from collections import Counter
from typing import Any

import pytest

from apiserver import NONSENSE, RESET, SILENCE, ApiServer, Fault, serve
from builders import NAME, NAMESPACE, A
from component.mail import Mail
from component.test_crashes import end
from component.told import SOON, a_told_world
from component.world import CHECK, MINUTE, World

LATER = {"Retry-After": "7"}
MODES = {
    "409": Fault(409),
    "422": Fault(422),
    "429 and come back later": Fault(429, headers=LATER),
    "500": Fault(500),
    "503": Fault(503),
    "503 and come back later": Fault(503, headers=LATER),
    "a reset": Fault(RESET),
    "silence": Fault(SILENCE),
    "a proxy's page": Fault(NONSENSE),
    "500 after it took effect": Fault(500, after=True),
    "a reset after it took effect": Fault(RESET, after=True),
    "silence after it took effect": Fault(SILENCE, after=True),
    "a proxy's page after it took effect": Fault(NONSENSE, after=True),
}
WRITES = {
    "the intent": "PATCH modeldeployments",
    "the patch": "PATCH deployments",
    "giving back": "PATCH deployments",
    "Patched": "PATCH modeldeployments",
    "the Event": "POST events",
    "the Event of the Deployment": "POST events",
    "Verified": "PATCH modeldeployments",
    "what was delivered": "PATCH modeldeployments",
}
REFUSALS = {409, 422}
"""A 409 to an Event says that it is there; with 422 it is not wanted. Neither is asked again."""
CALM: dict[str, Any] = {}


async def live(fault: Fault | None, write: int = 0) -> tuple[World, Mail, ApiServer]:
    """Live through a rollback, with a fault at one of its writes."""
    world, mail = await a_told_world()
    async with serve(world.cluster) as (server, client):
        world.edge = client
        world.restart()
        if fault is not None:
            server.arm(fault, write)
        await world.turn(CHECK)
        await world.turn(MINUTE)
        await world.turn(SOON)
        await world.turn(CHECK)
    return world, mail, server


def tell(world: World, mail: Mail) -> dict[str, Any]:
    """Return all that must not depend on the fault: where things stand, and what people and the table were told."""
    letters = Counter((url, message.reason, message.id) for url, message in mail.courier.sent)
    owned = world.cluster.objects["Deployment", NAMESPACE, NAME]["metadata"]["managedFields"]
    return {**end(world), "letters": letters, "rows": sorted(mail.book.rows), "managed fields": owned}


async def calm() -> dict[str, Any]:
    """Return the end of a rollback that nothing disturbs."""
    if not CALM:
        world, mail, _ = await live(None)
        CALM.update(tell(world, mail))
    return copy.deepcopy(CALM)


async def test_an_undisturbed_rollback_writes_this_and_nothing_else():
    world, mail, server = await live(None)
    assert server.writes == list(WRITES.values())
    assert (world.serving(), len(world.cluster.images)) == (A, 1)
    assert mail.courier.reasons() == ["RolledBack"]


@pytest.mark.parametrize("fault", MODES.values(), ids=MODES)
@pytest.mark.parametrize("write", range(1, len(WRITES) + 1), ids=WRITES)
async def test_the_end_is_the_same_when_the_answer_to(write: int, fault: Fault):
    world, mail, server = await live(fault, write)
    assert server.has_misbehaved
    expected = await calm()
    if list(WRITES.values())[write - 1] == "POST events" and fault.answer in REFUSALS:
        kind = "ModelDeployment" if write == list(WRITES).index("the Event") + 1 else "Deployment"
        expected["events"] -= Counter([(kind, "RolledBack")])
    assert tell(world, mail) == expected
