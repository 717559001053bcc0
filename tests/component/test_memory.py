"""A cluster that was rebuilt: the memory of its resources is lost, and the database remembers what was rolled back."""

from typing import Any

from builders import NAMESPACE, A, B, C, a_deployment, a_replica_set
from component.mail import Mail
from component.told import SOON, a_told_world
from component.world import BAD, CHECK, GOOD, MINUTE, World
from doubles import a_source_error
from modelward.domain.errors import SourceError
from modelward.domain.reasons import Reason


async def rebuilt(world: World, serves: str, **spec: Any) -> None:
    """Take the resource and its Deployment away, and make both anew: their memory is lost, the database is not."""
    for kind in ("ModelDeployment", "Deployment"):
        world.cluster.delete(kind, NAMESPACE, "house-prices")
    await world.turn()
    world.model(**spec)
    world.cluster.apply(a_deployment("house-prices", serves))
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


# -- spec.version ----------------------------------------------------------------------------------------------------


async def a_rebuilt_managed_world(mail: Mail) -> World:
    """B was spec.version and was rolled back; the cluster is made anew from Git, where the Deployment says C."""
    world = World(mail)
    world.model(version=A)
    world.deploy(A)
    world.predict(A, GOOD, over=CHECK)
    await world.turn()
    world.edit(version=B)
    await world.turn(MINUTE)
    await world.go_bad()
    await world.turns(2, every=SOON)
    assert (world.serving(), mail.book.steps()[:3]) == (A, ["Placed", "Decided", "Patched"])
    world.cluster.images.clear()
    return world


async def test_spec_version_that_was_rolled_back_is_held_when_the_cluster_is_rebuilt():
    world = await a_rebuilt_managed_world(Mail())
    await rebuilt(world, C, version=B)
    assert (world.serving(), world.cluster.images) == (C, [])
    assert world.condition("Ready") == ("False", "SpecVersionHeld")
    assert "before status was lost" in world.ready()
    assert "or clear its quarantine" in world.ready()
    world.restart()
    await world.turns(3)
    assert (world.serving(), world.condition("Ready")) == (C, ("False", "SpecVersionHeld"))


async def test_cleared_it_is_placed():
    world = await a_rebuilt_managed_world(Mail())
    await rebuilt(world, C, version=B)
    world.ask("clear-quarantine", clear_quarantine=B)
    await world.turns(2, every=MINUTE)
    assert world.serving() == B
    assert world.condition("Stalled")[0] == "Unknown"


async def test_another_version_than_that_is_placed_at_once():
    world = await a_rebuilt_managed_world(Mail())
    await rebuilt(world, A, version=C)
    assert (world.serving(), world.condition("Stalled")[0]) == (C, "Unknown")


async def test_where_the_table_does_not_answer_spec_version_waits_and_says_so():
    mail = Mail()
    world = await a_rebuilt_managed_world(mail)
    mail.book.error = a_source_error()  # the rows of quality are read, those of the past are not
    await rebuilt(world, C, version=B)
    assert world.serving() == C
    assert world.condition("Ready") == ("False", "HistoryUnreadable")
    assert world.condition("Stalled")[0] == "Unknown"
    assert "modelward.audit cannot be asked" in world.ready()
    world.restart()
    await world.turn(MINUTE)
    assert (world.serving(), world.condition("Ready")) == (C, ("False", "HistoryUnreadable"))
    mail.book.error = None
    await world.turn(MINUTE)
    assert (world.serving(), world.condition("Ready")) == (C, ("False", "SpecVersionHeld"))


async def test_a_new_resource_waits_too_and_goes_on_by_itself():
    mail = Mail()
    mail.book.error = a_source_error()
    world = World(mail)
    world.deploy(A)
    world.model(version=B)
    await world.turn()
    assert (world.serving(), world.condition("Ready")) == (A, ("False", "HistoryUnreadable"))
    written = len(world.writes())
    await world.turns(5, every=MINUTE)
    assert (written > 0, world.writes()) == (True, [])
    mail.book.error = None
    await world.turn(MINUTE)
    assert (world.serving(), world.condition("Ready")[0]) == (B, "True")


async def test_a_table_that_is_not_there_holds_nothing_up():
    mail = Mail()
    mail.book.error = SourceError(Reason.AUDIT_UNAVAILABLE, "the table modelward.audit is not there")
    world = World(mail)
    world.deploy(A)
    world.model(version=B)
    await world.turn()
    assert world.serving() == B


async def test_a_resource_that_remembers_does_not_ask():
    mail = Mail()
    world = await a_rebuilt_managed_world(mail)
    mail.book.error = a_source_error()
    world.restart()
    world.edit(version=C)
    await world.turn(MINUTE)
    assert world.serving() == C
