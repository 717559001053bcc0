"""The version put back does not start and nothing serves any more: back to what served, once; a person is called."""

from typing import Any

import pytest

from builders import NAMESPACE, A, B, C, image_of
from component.mail import Mail
from component.told import OPS, SOON
from component.world import CHECK, MINUTE, World, a_degraded_world
from doubles import a_source_error, forbidden
from modelward.domain.status import Phase, PlacedBy

KEY = ("Deployment", NAMESPACE, "house-prices")
AFTER = 11 * MINUTE  # a little more than verifyTimeout


def recreate(body: dict[str, Any]) -> None:
    body["spec"]["strategy"] = {"type": "Recreate"}


async def a_down_world(mail: Mail | None = None, **spec: Any) -> World:
    """Return a world in which B was rolled back to A, whose pods never become available; the old ones are gone."""
    world = await a_degraded_world(mail, **spec)
    world.cluster.edit(*KEY, recreate)
    world.cluster.stuck = {image_of(A)}
    await world.turn(CHECK)
    assert (world.serving(), phase(world)) == (A, Phase.PATCHED)
    return world


async def a_returned_world(mail: Mail | None = None, **spec: Any) -> World:
    world = await a_down_world(mail, **spec)
    await world.turn(AFTER)
    assert (world.serving(), phase(world)) == (B, Phase.RETURNED)
    return world


def phase(world: World) -> Phase | None:
    rollback = world.status().last_rollback
    return rollback.phase if rollback else None


def put_away(body: dict[str, Any]) -> None:
    body["status"] = {"observedGeneration": -1}


async def test_what_served_is_put_back_and_a_person_is_called():
    world = await a_down_world()
    await world.turn(9 * MINUTE)
    assert world.cluster.images == [image_of(A)]
    await world.turn(2 * MINUTE)
    assert world.cluster.images == [image_of(A), image_of(B)]
    said = f"{A} did not become available: 1 of 1 replicas updated, 0 available; "
    assert world.notes("RollbackFailed")[0].startswith(
        f"{B} -> {A}: nothing was available any more, so {B} was put back, once: {said}"
    )
    assert world.told("Deployment").count("RollbackFailed") == 1
    assert world.condition("Ready") == ("False", "RollbackFailed")
    assert world.condition("Stalled") == ("True", "RollbackFailed")
    assert world.condition("RolledBack")[0] == world.condition("Reconciling")[0] == "Unknown"


async def test_it_stands_in_the_status_for_what_it_is():
    status = (await a_returned_world()).status()
    assert status.epoch is not None
    assert (status.epoch.version, status.epoch.placed_by, status.epoch.landing) == (B, PlacedBy.RETURN, True)
    assert [q.version for q in status.quarantine] == [B]
    assert [(m.version, m.quality.value) for m in status.history][-2:] == [(A, "NotStarted"), (B, "Unproven")]


async def test_nothing_is_sent_to_and_fro():
    world = await a_returned_world()
    for _ in range(4):
        await world.go_bad()
    assert world.cluster.images == [image_of(A), image_of(B)]
    assert world.status().holds[0].guard == "Landing"
    assert "did not start" in world.status().holds[0].message


async def test_past_the_rollouts_deadline_nobody_waits_for_the_timeout():
    world = await a_down_world()

    def give_up(body: dict[str, Any]) -> None:
        body["status"]["conditions"] = [{"type": "Progressing", "reason": "ProgressDeadlineExceeded"}]

    world.cluster.rolls_out = False
    world.cluster.edit(*KEY, give_up)
    await world.turn(MINUTE)
    assert (world.serving(), phase(world)) == (B, Phase.RETURNED)


async def test_where_the_old_pods_serve_on_nothing_is_put_back():
    world = await a_degraded_world()
    world.cluster.stuck = {image_of(A)}
    await world.turn(CHECK)
    await world.turns(3, AFTER)
    assert (world.serving(), phase(world), world.cluster.images) == (A, Phase.FAILED, [image_of(A)])


async def test_a_deployment_that_is_paused_is_as_somebody_wants_it():
    world = await a_down_world()
    world.cluster.edit(*KEY, lambda body: body["spec"].update(paused=True))
    await world.turns(3, AFTER)
    assert (world.serving(), phase(world), world.cluster.images) == (A, Phase.FAILED, [image_of(A)])
    assert "0 available, paused" in world.notes("RollbackFailed")[0]


async def test_scaled_to_nothing_is_rolled_out_and_not_down():
    world = await a_down_world()
    world.cluster.edit(*KEY, lambda body: body["spec"].update(replicas=0))
    await world.turn(AFTER)
    assert (world.serving(), phase(world)) == (A, Phase.VERIFIED)


async def test_what_becomes_available_at_the_last_moment_stays():
    world = await a_down_world()

    def start() -> None:
        world.cluster.stuck = set()
        world.cluster.finish_rollout(*KEY[1:])

    world.cluster.interrupt(start, verb="patch", kind="Deployment")
    await world.turn(AFTER)
    await world.turn(MINUTE)
    assert (world.serving(), phase(world), world.cluster.images) == (A, Phase.VERIFIED, [image_of(A)])
    assert world.condition("Stalled")[0] == "Unknown"


async def test_what_became_available_while_the_operator_was_dead_stays():
    world = await a_down_world()
    world.cluster.kill(1, verb="patch", kind="Deployment")
    await world.turn(AFTER)
    assert phase(world) is Phase.RETURNING
    world.cluster.stuck = set()
    world.cluster.finish_rollout(*KEY[1:])
    world.restart()
    await world.turn()
    assert (world.serving(), phase(world), world.cluster.images) == (A, Phase.VERIFIED, [image_of(A)])


@pytest.mark.parametrize("after", [False, True], ids=["before it takes effect", "after it took effect"])
@pytest.mark.parametrize("nth", range(1, 7), ids=lambda n: f"request {n}")
async def test_a_hotfix_at_any_moment_wins(nth: int, after: bool):  # noqa: FBT001
    world = await a_down_world()
    world.cluster.interrupt(lambda: world.deploy(C), nth, after=after)
    await world.turn(AFTER)
    if world.serving() != C:  # it came after the last request
        world.deploy(C)
    await world.turns(2, MINUTE)
    assert (world.serving(), world.status().current_version) == (C, C)
    assert world.cluster.images in ([image_of(A)], [image_of(A), image_of(B)])
    assert phase(world) in {Phase.SUPERSEDED, Phase.RETURNED}
    assert world.condition("Stalled")[0] == "Unknown"


async def test_a_deployment_that_goes_on_the_way_is_said_to_be_gone():
    world = await a_down_world()
    world.cluster.interrupt(lambda: world.cluster.delete(*KEY), verb="patch", kind="Deployment")
    await world.turn(AFTER)
    assert phase(world) is Phase.FAILED
    assert world.condition("Ready") == ("False", "TargetNotFound")


async def test_where_the_api_server_refuses_the_way_back_a_person_is_called():
    world = await a_down_world()
    for nth in range(1, 4):
        world.cluster.fail(forbidden("deployments"), nth, verb="patch", kind="Deployment")
    await world.turns(4, AFTER)
    assert (world.serving(), phase(world)) == (A, Phase.FAILED)
    assert world.condition("Stalled") == ("True", "RollbackFailed")
    assert "the API server refused the way back: deployments is forbidden" in world.notes("RollbackFailed")[0]


async def test_a_lease_that_is_lost_stops_the_way_back_too():
    world = await a_down_world()
    world.fenced = True
    await world.turn(AFTER)
    assert world.cluster.images == [image_of(A)]


async def test_what_did_not_start_is_no_target_again_until_it_was_healthy():
    world = await a_returned_world()
    world.deploy(C)
    await world.turn(MINUTE)
    assert world.condition("Stalled")[0] == "Unknown"
    await world.go_bad()
    assert (world.serving(), [h.guard for h in world.status().holds]) == (C, ["NoTarget"])


async def test_a_person_may_have_it_tried_again():
    world = await a_returned_world()
    world.cluster.stuck = set()
    world.ask("rollback", rollback_to=A)
    await world.turn(MINUTE)
    assert (world.serving(), phase(world)) == (A, Phase.VERIFIED)


async def test_the_next_older_one_is_what_a_person_means_by_previous():
    world = await a_returned_world()
    world.ask("rollback")
    await world.turn(MINUTE)
    answer = world.status().requests.rollback
    assert answer is not None
    assert (answer.result, world.serving()) == ("Refused", B)
    assert "no earlier version to go back to" in answer.message


async def test_a_person_who_clears_the_quarantine_has_seen_it():
    world = await a_returned_world()
    world.ask("clear-quarantine", clear_quarantine=B)
    await world.turn(MINUTE)
    assert world.condition("Stalled")[0] == "Unknown"
    assert world.condition("Ready")[0] == "True"


async def test_a_lost_status_sends_nothing_to_and_fro_either():
    world = await a_returned_world()
    world.cluster.edit("ModelDeployment", *KEY[1:], put_away)
    world.restart()
    await world.turn()
    for _ in range(3):
        await world.go_bad()
    assert world.cluster.images == [image_of(A), image_of(B)]


async def test_without_the_database_it_is_done_all_the_same():
    world = await a_down_world()
    world.reader.down = a_source_error()
    await world.turn(AFTER)
    assert (world.serving(), phase(world)) == (B, Phase.RETURNED)


async def test_suspended_what_was_begun_is_finished():
    world = await a_down_world()
    world.edit(suspend=True)
    await world.turn(AFTER)
    assert (world.serving(), phase(world)) == (B, Phase.RETURNED)


async def test_a_re_assertion_that_does_not_start_goes_back_as_well():
    world = await a_degraded_world()
    world.cluster.edit(*KEY, recreate)
    await world.turn(CHECK)
    world.cluster.stuck = {image_of(A)}
    world.deploy(B)
    await world.turn(MINUTE)
    await world.turns(4, AFTER)
    assert world.cluster.images == [image_of(A), image_of(A), image_of(B)]
    assert phase(world) is Phase.RETURNED


async def test_whoever_puts_the_old_one_back_by_hand_is_not_overruled():
    world = await a_degraded_world()
    world.cluster.stuck = {image_of(A)}
    await world.turn(CHECK)
    await world.turn(AFTER)
    assert phase(world) is Phase.FAILED
    world.deploy(B)
    await world.turns(3, MINUTE)
    assert (world.serving(), world.cluster.images) == (B, [image_of(A)])
    assert world.condition("Stalled")[0] == "Unknown"


# -- told ------------------------------------------------------------------------------------------------------------


async def test_it_is_told_once_and_each_step_is_kept():
    mail = Mail()
    world = await a_returned_world(mail, alerts=[OPS])
    await world.turn(SOON)
    await world.turns(2)
    assert mail.courier.reasons() == ["RolledBack", "RollbackFailed"]
    assert mail.book.steps() == ["Observed", "Decided", "Patched", "Returning", "Returned"]
    assert [q.version for q in world.status().quarantine] == [B]
