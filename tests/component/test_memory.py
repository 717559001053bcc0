"""A cluster that was rebuilt: the memory of its resources is lost, and the database remembers what was rolled back."""

from typing import Any

from builders import NAMESPACE, B, C, a_deployment
from component.told import SOON, a_told_world
from component.world import CHECK, MINUTE, World
from doubles import a_source_error


async def rebuilt(world: World, version: str, **spec: Any) -> None:
    """Take the resource and its Deployment away, and make both anew: their memory is lost, the database is not."""
    for kind in ("ModelDeployment", "Deployment"):
        world.cluster.delete(kind, NAMESPACE, "house-prices")
    await world.turn()
    world.model(**spec)
    world.cluster.apply(a_deployment("house-prices", version))
    await world.turn(MINUTE)


async def test_a_version_rolled_back_from_stays_in_quarantine_when_the_cluster_is_rebuilt():
    world, _ = await a_told_world()
    await world.turn(CHECK)
    await world.turns(2, every=SOON)
    await rebuilt(world, C)
    assert [q.version for q in world.status().quarantine] == [B]


async def test_a_version_that_was_cleared_does_not():
    world, _ = await a_told_world()
    await world.turn(CHECK)
    world.ask("clear-quarantine", clear_quarantine=B)
    await world.turns(2, every=SOON)
    await rebuilt(world, C)
    assert world.status().quarantine == ()


async def test_a_database_that_is_down_at_adoption_is_asked_again():
    world, mail = await a_told_world()
    await world.turn(CHECK)
    await world.turns(2, every=SOON)
    mail.book.error = world.reader.down = a_source_error()
    await rebuilt(world, C)
    assert world.status().quarantine == ()
    world.restart()
    await world.turn(CHECK)
    mail.book.error = world.reader.down = None
    await world.turn(CHECK)
    await world.turn(SOON)
    assert [q.version for q in world.status().quarantine] == [B]
