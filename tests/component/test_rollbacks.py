"""A rollback among other changes: writes that fail, people who edit in between, rollouts that hang, suspension."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from builders import NAMESPACE, A, B, C, a_deployment, image_of
from component.world import BAD, CHECK, HOUR, MINUTE, World, a_degraded_world
from doubles import forbidden
from modelward.domain.errors import ClusterError, ConflictError, ThrottledError
from modelward.domain.status import Phase

KEY = ("Deployment", NAMESPACE, "house-prices")
DAY = 24 * HOUR


async def a_rolled_back_world(**spec: Any) -> World:
    world = await a_degraded_world(**spec)
    await world.turn(CHECK)
    assert world.serving() == A
    return world


def phase(world: World) -> Phase | None:
    rollback = world.status().last_rollback
    return rollback.phase if rollback else None


# -- in between ------------------------------------------------------------------------------------------------------


def note(world: World) -> None:
    world.cluster.edit("ModelDeployment", *KEY[1:], lambda body: body["metadata"].update(labels={"team": "ml"}))


@pytest.mark.parametrize("nth", [1, 2, 3])
async def test_somebody_edits_the_resource_before_a_status_write(nth: int):
    world = await a_degraded_world()
    world.cluster.interrupt(lambda: note(world), nth, verb="patch", kind="ModelDeployment")
    await world.turn(CHECK)
    await world.turn(MINUTE)
    assert (world.serving(), world.cluster.images) == (A, [image_of(A)])
    assert phase(world) is Phase.VERIFIED
    assert world.told().count("RolledBack") == 1


@pytest.mark.parametrize("nth", [1, 2])
async def test_somebody_scales_the_deployment_before_the_patch(nth: int):
    world = await a_degraded_world()
    scale = lambda: world.cluster.edit(*KEY, lambda body: body["spec"].update(replicas=5)) and None  # noqa: E731
    world.cluster.interrupt(scale, nth, verb="patch", kind="Deployment")
    await world.turn(CHECK)
    assert (world.serving(), world.cluster.images) == (A, [image_of(A)])
    assert world.cluster.objects[KEY]["spec"]["replicas"] == 5


async def test_a_hotfix_before_the_patch_is_left_alone():
    world = await a_degraded_world()
    world.cluster.interrupt(lambda: world.deploy(C), verb="patch", kind="Deployment")
    await world.turn(CHECK)
    assert (world.serving(), world.cluster.images) == (C, [])
    assert phase(world) is Phase.SUPERSEDED
    assert world.told().count("Superseded") == 1
    assert "RolledBack" not in world.told()
    await world.turn(MINUTE)
    assert world.status().current_version == C
    assert world.status().quarantine == ()
    assert world.condition("Ready") == ("True", "Watching")


async def test_the_deployment_goes_before_the_patch():
    world = await a_degraded_world()
    world.cluster.interrupt(lambda: world.cluster.delete(*KEY), verb="patch", kind="Deployment")
    await world.turn(CHECK)
    assert phase(world) is Phase.FAILED
    assert world.told().count("RollbackFailed") == 1
    await world.turn(MINUTE)
    assert world.condition("Ready") == ("False", "TargetNotFound")


async def test_another_deployment_of_that_name_is_not_touched():
    world = await a_degraded_world()

    def replace_it() -> None:
        world.cluster.delete(*KEY)
        world.cluster.apply(a_deployment(version=B))

    world.cluster.interrupt(replace_it, verb="patch", kind="Deployment")
    await world.turn(CHECK)
    assert (world.serving(), world.cluster.images) == (B, [])
    assert phase(world) is Phase.FAILED


async def test_a_version_put_back_that_has_failed_before_the_restart_is_told_of_too():
    world = await a_degraded_world()
    world.cluster.rolls_out = False
    world.cluster.kill(1, verb="patch", kind="Deployment", after=True)
    await world.turn(CHECK)
    world.cluster.edit(*KEY, lambda body: body.update(status=stuck(body)))
    world.restart()
    await world.turn()
    await world.turn(MINUTE)
    assert phase(world) is Phase.FAILED
    assert world.told().count("RolledBack") == world.told().count("RollbackFailed") == 1


async def test_after_the_lease_is_lost_nothing_is_written():
    world = await a_degraded_world()
    world.fenced = True
    world.writes()
    await world.turn(CHECK)
    assert world.writes() == []
    assert world.serving() == B
    world.fenced = False
    await world.turn(CHECK)
    assert world.serving() == A


ERRORS: dict[str, ClusterError] = {
    "an API server that is down": ClusterError("no answer in time"),
    "a conflict": ConflictError("try again"),
    "an API server that has enough": ThrottledError("later", 30.0),
}


@pytest.mark.parametrize("after", [False, True], ids=["the write is lost", "only the answer is lost"])
@pytest.mark.parametrize("nth", range(1, 8), ids=lambda n: f"request {n}")
@pytest.mark.parametrize("error", ERRORS.values(), ids=ERRORS)
async def test_one_failing_request_is_made_up_for(error: ClusterError, nth: int, after: bool):  # noqa: FBT001
    world = await a_degraded_world()
    world.cluster.fail(error, nth, after=after)
    await world.turn(CHECK)
    await world.turn(MINUTE)
    assert (world.serving(), world.cluster.images) == (A, [image_of(A)])
    assert phase(world) is Phase.VERIFIED
    assert world.told().count("RolledBack") == world.told("Deployment").count("RolledBack") == 1


async def test_a_conflict_at_the_intent_does_not_put_the_rollback_off_to_the_next_interval():
    world = await a_degraded_world()
    world.cluster.interrupt(lambda: note(world), verb="patch", kind="ModelDeployment")
    await world.turn(CHECK)
    assert world.serving() == B
    await world.turn(timedelta(seconds=1))
    assert world.serving() == A


async def test_events_that_are_refused_do_not_stop_anything():
    world = await a_degraded_world()
    for nth in range(1, 50):
        world.cluster.fail(forbidden("exceeded quota: events"), nth, kind="Event")
    await world.turn(CHECK)
    assert (world.serving(), phase(world)) == (A, Phase.VERIFIED)
    world.deploy(C)
    await world.turn(MINUTE)
    assert world.status().current_version == C


# -- the rollout -----------------------------------------------------------------------------------------------------


async def a_stuck_world() -> World:
    world = await a_degraded_world()
    world.cluster.rolls_out = False
    await world.turn(CHECK)
    return world


def stuck(deployment: dict[str, Any]) -> dict[str, Any]:
    """Return the status of a Deployment whose rollout is past its deadline; its old pods serve on."""
    progress = {"type": "Progressing", "status": "False", "reason": "ProgressDeadlineExceeded"}
    counts = {"replicas": 2, "updatedReplicas": 1, "availableReplicas": 1}
    return {"observedGeneration": deployment["metadata"]["generation"], **counts, "conditions": [progress]}


async def test_succeeded_means_rolled_out():
    world = await a_stuck_world()
    assert phase(world) is Phase.PATCHED
    assert world.condition("Ready") == ("False", "RollingBack")
    assert world.condition("Reconciling")[0] == "True"
    world.cluster.finish_rollout(*KEY[1:])
    await world.turn(MINUTE)
    assert phase(world) is Phase.VERIFIED
    assert world.condition("Ready")[0] == "True"
    assert world.condition("Reconciling")[0] == "Unknown"


async def test_a_version_that_does_not_start_in_time_is_told_and_left():
    world = await a_stuck_world()
    await world.turn(9 * MINUTE)
    assert phase(world) is Phase.PATCHED
    await world.turn(2 * MINUTE)
    assert phase(world) is Phase.FAILED
    assert world.condition("Stalled") == ("True", "RollbackFailed")
    assert world.notes("RollbackFailed")[0].startswith(f"{B} -> {A}: {A} did not become available")
    assert world.cluster.images == [image_of(A)]


async def test_a_rollout_past_its_deadline_is_not_waited_for():
    world = await a_stuck_world()

    world.cluster.edit(*KEY, lambda body: body.update(status=stuck(body)))
    await world.turn(MINUTE)
    assert phase(world) is Phase.FAILED


async def test_a_version_that_starts_after_all_is_verified_after_all():
    world = await a_stuck_world()
    await world.turn(11 * MINUTE)
    world.cluster.finish_rollout(*KEY[1:])
    await world.turn(MINUTE)
    assert phase(world) is Phase.VERIFIED
    assert world.condition("Stalled")[0] == "Unknown"
    assert world.condition("Ready")[0] == "True"


async def test_while_a_rollback_is_under_way_nothing_else_is_decided():
    world = await a_stuck_world()
    world.predict(A, BAD)
    await world.turn(5 * MINUTE)
    assert world.cluster.images == [image_of(A)]
    assert phase(world) is Phase.PATCHED


HOTFIXES: dict[str, Callable[[World], None]] = {
    "that starts": lambda world: world.cluster.finish_rollout(*KEY[1:]),
    "that does not start": lambda _: None,
}


@pytest.mark.parametrize("then", HOTFIXES.values(), ids=HOTFIXES)
async def test_a_hotfix_while_the_old_version_starts_ends_the_rollback_as_superseded(then: Callable[[World], None]):
    world = await a_stuck_world()
    world.deploy(C)
    then(world)
    await world.turn(MINUTE)
    await world.turn(11 * MINUTE)
    assert phase(world) is Phase.SUPERSEDED
    assert world.status().current_version == C
    assert "RollbackFailed" not in world.told()


# -- suspended -------------------------------------------------------------------------------------------------------


async def test_suspended_nothing_is_read_written_or_told():
    world = await a_degraded_world()
    world.edit(suspend=True)
    await world.turn()
    asked = world.reader.statements
    world.writes()
    await world.turns(5)
    assert world.reader.statements == asked
    assert world.writes() == []
    assert world.condition("Ready") == ("True", "Suspended")
    assert world.serving() == B


async def test_suspended_in_flight_a_rollback_is_finished():
    world = await a_stuck_world()
    world.edit(suspend=True)
    await world.turn()
    world.cluster.finish_rollout(*KEY[1:])
    await world.turn(MINUTE)
    assert phase(world) is Phase.VERIFIED
    await world.turn(MINUTE)
    assert world.condition("Ready") == ("True", "Suspended")


async def test_taken_up_again_it_goes_on_where_it_was():
    world = await a_degraded_world()
    world.edit(suspend=True)
    await world.turn(CHECK)
    world.edit(suspend=False)
    await world.turn()
    assert world.serving() == A
