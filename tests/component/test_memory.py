"""A cluster that was rebuilt: the memory of its resources is lost, and the database remembers what was rolled back."""

from typing import Any

from builders import NAMESPACE, A, B, C, a_deployment, a_replica_set
from component.mail import Mail
from component.told import SOON, a_told_world
from component.world import BAD, CHECK, GOOD, MINUTE, World
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


async def test_before_the_table_was_read_nothing_is_rolled_back_by_itself():
    world, mail = await a_told_world()
    await world.turn(CHECK)
    await world.turns(2, every=SOON)
    for kind in ("ModelDeployment", "Deployment"):
        world.cluster.delete(kind, NAMESPACE, "house-prices")
    await world.turn()
    mail.book.error = a_source_error()  # the rows of quality are read, those of the past are not
    deployment = world.cluster.apply(a_deployment("house-prices", C))
    world.cluster.apply(a_replica_set(deployment, B, 1))
    world.model()
    for _ in range(3):
        world.predict(B, GOOD)
        world.predict(C, BAD)
        await world.turn(CHECK)
    assert (world.serving(), world.status().quarantine) == (C, ())
    mail.book.error = None
    for _ in range(2):
        world.predict(C, BAD)
        await world.turn(CHECK)
    assert world.serving() == C
    assert [q.version for q in world.status().quarantine] == [B]
    assert world.status().reason == "NoBaseline"  # nothing is left to compare with, or to go back to


async def test_the_past_is_read_once_for_all_that_are_new_together():
    mail = Mail()
    world = World(mail)
    for name in [f"m{i}" for i in range(20)]:
        world.deploy(A, name)
        world.model(name)
    await world.turn(MINUTE)
    assert mail.book.read == 1
