"""A rollback that the API server refuses to let through: said in its words, tried again with pauses, decided anew."""

from datetime import timedelta
from typing import Any

import pytest

from builders import A, B, C, image_of
from component.mail import Mail
from component.told import SOON, a_told_world
from component.world import BAD, CHECK, GOOD, MINUTE, World, a_degraded_world
from doubles import a_source_error, forbidden
from modelward.domain.errors import ClusterError, ForbiddenError, UnprocessableError
from modelward.domain.status import Phase

POLICY = "ValidatingAdmissionPolicy 'frozen' denied request: no changes before Monday"
REFUSALS: dict[str, ClusterError] = {
    "by rights": forbidden("deployments.apps"),
    "by a policy": UnprocessableError(f"PATCH deployments: 422 {POLICY}"),
    "by a webhook": ForbiddenError("PATCH deployments: 403 admission webhook denied the request"),
    "since a webhook does not answer": ClusterError("PATCH deployments: 500 failed calling webhook"),
}


def refuse(world: World, error: ClusterError, times: int = 200) -> None:
    """Answer every patch of a Deployment so, until the world is restarted or mended."""
    for nth in range(1, times):
        world.cluster.fail(error, nth, verb="patch", kind="Deployment")


async def bear(world: World) -> None:
    """Let the operator try until it no longer takes it for passing trouble: about a minute."""
    for _ in range(8):
        await world.turn(timedelta(seconds=45))
        if world.status().last_rollback.phase is Phase.FAILED:  # type: ignore[union-attr]
            return


async def a_refused_world(error: ClusterError, **spec: Any) -> tuple[World, Mail]:
    world, mail = await a_told_world(**spec)
    refuse(world, error)
    await world.turn(CHECK)
    await bear(world)
    return world, mail


def tries(world: World) -> int:
    """Count the patches that were sent since this was last asked."""
    return sum(kind == "Deployment" for _, kind in world.writes())


@pytest.mark.parametrize("error", REFUSALS.values(), ids=REFUSALS)
async def test_is_said_in_the_servers_words_where_people_look(error: ClusterError):
    world, mail = await a_refused_world(error)
    rollback, words = world.status().last_rollback, str(error)
    assert rollback is not None
    assert (world.serving(), rollback.phase) == (B, Phase.FAILED)
    for kind, value in (("Ready", "False"), ("Stalled", "True")):
        assert world.condition(kind) == (value, "RollbackRefused")
    assert words in world.ready()
    assert world.condition("Reconciling") == ("Unknown", "")
    assert [note for note in world.notes("RollbackRefused") if words not in note] == []
    assert world.told().count("RollbackRefused") == world.told("Deployment").count("RollbackRefused") == 1
    assert mail.courier.reasons() == ["RollbackRefused"]
    assert words in mail.courier.sent[0][1].text


@pytest.mark.parametrize("error", REFUSALS.values(), ids=REFUSALS)
async def test_once_it_is_let_through_the_end_is_the_ordinary_one(error: ClusterError):
    world, mail = await a_refused_world(error)
    world.cluster.revive()
    world.predict(B, BAD)
    await world.turn(CHECK)
    await world.turn(SOON)
    assert (world.serving(), world.cluster.images) == (A, [image_of(A)])
    assert world.status().last_rollback.refused is None  # type: ignore[union-attr]
    assert world.told().count("RolledBack") == 1
    assert world.condition("Stalled") == ("Unknown", "")
    assert mail.courier.reasons() == ["RollbackRefused", "RolledBack"]
    assert sorted(mail.book.steps()) == ["Decided", "Observed", "Patched", "Refused", "Verified"]


async def test_it_is_not_hammered_and_nobody_is_told_twice():
    world, mail = await a_refused_world(REFUSALS["by rights"], checkInterval="1m")
    tries(world)
    for _ in range(60):
        world.predict(B, BAD, over=MINUTE)
        await world.turn(MINUTE)
    assert 3 <= tries(world) <= 18  # a handful of attempts, a few tries each, in an hour
    world.writes()
    assert (world.status().last_rollback.refused or 0) >= 4  # type: ignore[union-attr]
    assert mail.courier.reasons() == ["RollbackRefused"]
    assert world.told().count("RollbackRefused") == 1
    assert world.condition("Degraded") == ("True", "RollbackRefused")
    (hold,) = world.status().holds
    assert "times in a row, tried again from" in hold.message


async def test_what_recovers_meanwhile_is_not_rolled_back_when_the_way_is_free():
    world, _ = await a_refused_world(REFUSALS["by a policy"])
    world.cluster.revive()
    world.reader.rows.clear()
    world.predict(B, GOOD)
    world.predict(A, GOOD)
    await world.turns(3)
    assert (world.serving(), world.cluster.images) == (B, [])
    assert world.condition("Stalled") == ("Unknown", "")
    assert world.condition("Ready") == ("True", "Watching")


async def test_a_single_refusal_is_passing_trouble():
    world, mail = await a_told_world()
    refuse(world, REFUSALS["by rights"], times=2)
    await world.turn(CHECK)
    await bear(world)
    assert world.serving() == A
    assert "RollbackRefused" not in world.told() + mail.courier.reasons()


async def test_a_version_deployed_meanwhile_ends_it():
    world, _ = await a_refused_world(REFUSALS["by a webhook"])
    world.deploy(C)
    await world.turn(MINUTE)
    assert (world.status().current_version, world.condition("Stalled")) == (C, ("Unknown", ""))


@pytest.mark.parametrize("error", REFUSALS.values(), ids=REFUSALS)
async def test_a_person_who_asked_is_answered(error: ClusterError):
    world = await a_degraded_world(autoRollback=False)
    await world.turn(CHECK)
    refuse(world, error)
    world.ask("rollback")
    await world.turn()
    await bear(world)
    record = world.status().requests.rollback
    assert record is not None
    assert (record.result, str(error) in record.message) == ("Refused", True)
    assert ("RequestDone" in world.told(), world.told().count("RequestRefused")) == (False, 1)
    world.cluster.revive()
    world.ask("rollback")
    await world.turn(MINUTE)
    assert world.serving() == A


@pytest.mark.parametrize("error", REFUSALS.values(), ids=REFUSALS)
async def test_a_version_in_quarantine_that_came_back_stays_where_it_may_not_be_put_right(error: ClusterError):
    world, _ = await a_told_world()
    await world.turn(CHECK)
    refuse(world, error)
    world.deploy(B)
    await world.turn(MINUTE)
    await bear(world)
    assert world.serving() == B
    assert "RollbackRefused" in world.told()
    world.cluster.revive()
    for _ in range(2):
        await world.turn(CHECK)
        world.predict(B, BAD)
    await world.turn(MINUTE)
    await world.turn(CHECK)
    assert world.serving() == A


async def test_killed_between_the_refusal_and_its_record_it_ends_the_same():
    world, _ = await a_told_world()
    refuse(world, REFUSALS["by rights"])
    world.kill_at(2, after=False)
    await world.turn(CHECK)
    await bear(world)
    world.restart()
    world.predict(B, BAD)
    await world.turn(CHECK)
    await bear(world)
    assert (world.serving(), world.cluster.images) == (A, [image_of(A)])
    assert world.told().count("RolledBack") == 1


async def test_what_must_not_be_put_back_is_asked_before_and_its_silence_holds():
    world, mail = await a_told_world()
    world.entry().remembered = False
    mail.book.error = a_source_error()
    await world.turn(CHECK)
    assert (world.serving(), world.condition("Degraded")) == (B, ("True", "HistoryUnreadable"))
    (hold,) = world.status().holds
    assert "the connection was refused" in hold.message
    mail.book.error = None
    await world.turn(timedelta(seconds=10))  # as soon as after any other failure of the database
    assert world.serving() == A


@pytest.mark.parametrize("error", REFUSALS.values(), ids=REFUSALS)
async def test_a_version_of_the_spec_that_may_not_be_placed_is_told_and_placed_once_it_may(error: ClusterError):
    world = World()
    world.model(version=A)
    world.deploy(A)
    world.predict(A, GOOD, over=6 * CHECK)
    await world.turn()
    refuse(world, error)
    world.edit(version=B)
    for _ in range(8):
        await world.turn(timedelta(seconds=45))
    assert world.serving() == A
    assert world.condition("Ready") == ("False", "PlacementRefused")
    assert world.condition("Stalled") == ("True", "PlacementRefused")
    assert world.condition("Reconciling") == ("Unknown", "")
    assert str(error) in world.ready()
    assert world.told().count("PlacementRefused") == world.told("Deployment").count("PlacementRefused") == 1
    tries(world)
    for _ in range(10):
        await world.turn(MINUTE)
    assert tries(world) <= 20
    world.cluster.revive()
    await world.turn(2 * MINUTE)
    assert (world.serving(), world.condition("Stalled")) == (B, ("Unknown", ""))
    assert world.told().count("VersionPlaced") == 1


async def test_another_version_named_meanwhile_is_not_told_of_in_the_words_for_the_first():
    world = World()
    world.model(version=A)
    world.deploy(A)
    await world.turn()
    refuse(world, REFUSALS["by rights"])
    world.edit(version=B)
    for _ in range(4):
        await world.turn(timedelta(seconds=45))
    assert world.condition("Stalled") == ("True", "PlacementRefused")
    world.edit(version=A)
    await world.turn(MINUTE)
    assert (world.serving(), world.condition("Stalled")) == (A, ("Unknown", ""))
