"""Many resources at once: one statement for each database, one failure for itself, and quiet where nothing is new."""

from datetime import timedelta
from itertools import pairwise

import pytest

from builders import NAMESPACE, A, B
from component.world import BAD, CHECK, GOOD, HOUR, MINUTE, SECRET, World, a_degraded_world
from doubles import a_source_error, forbidden
from modelward.domain.errors import ClusterError
from modelward.domain.reasons import Reason
from modelward.domain.status import Verdict


async def a_fleet(number: int, *, bad: int = 0, **rules: int) -> World:
    """Return a world of many models that went from A to B; the first `bad` of them got worse."""
    world = World(**rules)
    names = [f"model-{i}" for i in range(number)]
    for name in names:
        world.model(name)
        world.deploy(A, name)
        world.predict(A, GOOD, over=HOUR, model=name)
    await world.turn()
    for name in names:
        world.deploy(B, name)
    await world.turn(MINUTE)
    world.clock.advance(CHECK)
    for i, name in enumerate(names):
        world.predict(B, BAD if i < bad else GOOD, model=name)
    world.clock.advance(-CHECK)
    return world


def served(world: World) -> list[str]:
    return [world.serving(f"model-{i}") for i in range(len(world.registry.entries))]


def kick_all(world: World) -> None:
    for key, entry in world.registry.entries.items():
        entry.next_check = 0.0
        world.sweeper.kick(key)


# -- one statement ---------------------------------------------------------------------------------------------------


async def test_a_database_is_asked_once_for_all_its_models():
    world = World()
    for i in range(30):
        world.model(f"model-{i}")
        world.deploy(A, f"model-{i}")
    await world.turn()
    assert [len(questions) for questions in world.reader.asked] == [30]


async def test_two_secrets_that_say_the_same_are_one_database_and_another_is_another():
    world = World()
    for i, secret in enumerate(("one", "one", "two", "other")):
        world.model(f"model-{i}", database={"secretRef": {"name": secret}})
        world.deploy(A, f"model-{i}")
    world.cluster.secrets |= {
        (NAMESPACE, "one"): SECRET,
        (NAMESPACE, "two"): SECRET,
        (NAMESPACE, "other"): {**SECRET, "host": "elsewhere"},
    }
    await world.turn()
    assert sorted(len(questions) for questions in world.reader.asked) == [1, 3]


async def test_a_secret_is_read_once_for_all_who_use_it():
    world = World()
    for i in range(10):
        world.model(f"model-{i}")
        world.deploy(A, f"model-{i}")
    await world.turn()
    assert sum(call.kind == "Secret" for call in world.cluster.calls) == 1


async def test_a_frozen_baseline_is_not_asked_for_again():
    world = await a_fleet(1)
    await world.turn(CHECK)
    await world.turn(CHECK)
    first, *_, last = [questions[0].baseline_version for questions in world.reader.asked if questions[0].version == B]
    assert (first, last) == (A, None)


# -- one failure -----------------------------------------------------------------------------------------------------


async def test_one_model_whose_rows_break_the_statement_does_not_stop_the_others():
    world = await a_fleet(4, bad=1)
    world.reader.broken["model-3"] = a_source_error(Reason.VALUE_OUT_OF_RANGE)
    await world.turn(CHECK)
    assert world.serving("model-0") == A
    assert world.status("model-3").verdict is Verdict.SOURCE_ERROR
    assert [world.status(f"model-{i}").verdict for i in (1, 2)] == [Verdict.HEALTHY] * 2


async def test_one_whose_secret_is_missing_does_not_stop_the_others():
    world = World()
    world.model("lost", database={"secretRef": {"name": "nowhere"}})
    world.model("fine")
    world.deploy(A, "lost")
    world.deploy(A, "fine")
    await world.turn()
    assert world.condition("MetricsAvailable", "lost") == ("False", "SecretNotFound")
    assert world.condition("MetricsAvailable", "fine") == ("True", "MetricsRead")


@pytest.mark.parametrize("kind", ["ModelDeployment", "Deployment", "Event"])
async def test_one_whose_write_fails_does_not_stop_the_others(kind: str):
    world = await a_fleet(2, bad=2, breaker_percent=100)
    world.cluster.fail(forbidden("writing"), verb="create" if kind == "Event" else "patch", kind=kind)
    await world.turn(CHECK)
    assert min(served(world)) == A
    await world.turn(MINUTE)
    assert served(world) == [A, A]


async def test_a_secret_that_cannot_be_read_now_is_tried_again():
    world = World()
    world.model()
    world.deploy(A)
    world.cluster.fail(ClusterError("no answer in time"), kind="Secret")
    await world.turn()
    await world.turn(MINUTE)
    assert world.condition("MetricsAvailable") == ("True", "MetricsRead")


async def test_failures_are_retried_with_growing_pauses():
    world = World()
    world.model()
    world.deploy(A)
    world.reader.down = a_source_error()
    await world.turn()
    moments = [world.monotonic]
    for _ in range(120):
        asked = world.reader.statements
        await world.turn(timedelta(seconds=5))
        moments += [world.monotonic] if world.reader.statements > asked else []
    pauses = [later - earlier for earlier, later in pairwise(moments)]
    assert pauses == sorted(pauses)
    assert pauses[0] <= 10
    assert pauses[-1] >= 4 * pauses[0]


# -- the breaker -----------------------------------------------------------------------------------------------------


async def test_while_too_many_look_bad_at_once_nothing_is_rolled_back():
    world = await a_fleet(6, bad=4)
    await world.turn(CHECK)
    assert served(world) == [B] * 6
    assert world.cluster.images == []
    held = [[h.guard for h in world.status(f"model-{i}").holds] for i in range(4)]
    assert held == [["BreakerOpen"]] * 4
    assert "4 of 6 judged models look bad at once" in world.notes("Degraded")[0]


async def test_a_few_bad_ones_among_many_are_rolled_back():
    world = await a_fleet(6, bad=3)
    await world.turn(CHECK)
    assert served(world) == [A, A, A, B, B, B]


async def test_two_bad_ones_are_too_few_for_the_breaker():
    world = await a_fleet(2, bad=2)
    await world.turn(CHECK)
    assert served(world) == [A, A]


async def test_the_breaker_counts_those_that_were_judged_before_as_well():
    """Three were found bad and left (a person decides there); the fourth alone is judged now."""
    world = await a_fleet(4, bad=3)
    for i in range(3):
        world.edit(f"model-{i}", autoRollback=False)
    await world.turn(CHECK)
    assert [world.status(f"model-{i}").verdict for i in range(3)] == [Verdict.DEGRADED] * 3
    world.reader.broken = {f"model-{i}": a_source_error(Reason.QUERY_TOO_COSTLY) for i in range(3)}
    world.predict(B, BAD, over=2 * MINUTE, n=400, model="model-3")
    asked = world.reader.statements
    world.sweeper.hear((NAMESPACE, "model-3"), world.clock.now().timestamp() - 1)
    await world.turn(MINUTE / 10)
    assert world.reader.statements == asked + 1
    assert "4 of 4 judged models look bad at once" in world.status("model-3").holds[0].message
    assert world.cluster.images == []


async def test_a_feed_that_stays_broken_does_not_wear_the_breaker_out():
    world = await a_fleet(6, bad=4)
    for _ in range(15):
        await world.turn(CHECK)
        world.clock.advance(CHECK)
        for i in range(6):
            world.predict(B, BAD if i < 4 else GOOD, model=f"model-{i}")
        world.clock.advance(-CHECK)
    world.restart()
    await world.turns(3)
    assert world.cluster.images == []
    assert world.told().count("Degraded") == 4


async def test_when_the_feed_is_mended_all_is_well_again():
    world = await a_fleet(4, bad=4)
    await world.turn(CHECK)
    world.clock.advance(2 * HOUR)
    for i in range(4):
        world.predict(B, GOOD, model=f"model-{i}")
    world.clock.advance(-2 * HOUR)
    await world.turn(2 * HOUR)
    assert [world.status(f"model-{i}").verdict for i in range(4)] == [Verdict.HEALTHY] * 4
    assert world.told().count("Recovered") == 4
    assert world.cluster.images == []


# -- quiet -----------------------------------------------------------------------------------------------------------


async def test_where_nothing_is_new_nothing_is_written():
    world = World()
    world.model()
    world.deploy(A)
    await world.turn()
    world.writes()
    world.reader.asked.clear()
    await world.turns(20)
    assert world.reader.statements == 20
    assert world.writes() == []
    assert world.cluster.calls == []


async def test_figures_are_written_once_in_an_interval_and_no_more_often():
    world = await a_fleet(1)
    await world.turn(CHECK)
    world.writes()
    world.clock.advance(CHECK)
    world.predict(B, (0.931, 3470.0), model="model-0")
    world.clock.advance(-CHECK)
    await world.turn(CHECK)
    assert world.writes() == [("patch", "ModelDeployment")]
    world.ask("check", "model-0")
    world.writes()
    await world.turn(MINUTE)
    await world.turn(MINUTE)
    assert world.writes().count(("patch", "ModelDeployment")) == 1


async def test_a_restart_writes_nothing_where_nothing_is_new():
    world = await a_fleet(3)
    await world.turn(CHECK)
    world.restart()
    world.writes()
    await world.turn()
    assert world.writes() == []
    assert world.cluster.repeated == 0


async def test_our_own_writes_are_no_reason_to_look_again():
    world = await a_degraded_world()
    await world.turn(CHECK)
    asked = world.reader.statements
    await world.turn()
    await world.turn()
    assert world.reader.statements == asked


async def test_an_edit_of_the_spec_is_looked_at_at_once():
    world = await a_fleet(1)
    await world.turn(CHECK)
    world.edit("model-0", degradationThresholdPercent="0.001")
    asked = world.reader.statements
    await world.turn()
    assert world.reader.statements == asked + 1
    assert world.status("model-0").observed_generation == 2


async def test_a_resource_that_is_deleted_is_forgotten():
    world = await a_fleet(2)
    world.cluster.delete("ModelDeployment", NAMESPACE, "model-0")
    await world.turn(CHECK)
    assert list(world.registry.entries) == [(NAMESPACE, "model-1")]
    assert len(world.reader.asked[-1]) == 1


async def test_a_resource_that_is_deleted_while_it_is_judged_does_no_harm():
    world = await a_degraded_world()
    gone = lambda: world.cluster.delete("ModelDeployment", NAMESPACE, "house-prices")  # noqa: E731
    world.cluster.interrupt(gone, verb="patch", kind="ModelDeployment")
    await world.turn(CHECK)
    await world.turn(MINUTE)
    assert world.cluster.images == []
    assert world.registry.entries == {}


async def test_windows_are_measured_on_the_databases_clock():
    world = await a_degraded_world()
    world.reader.offset = 3 * MINUTE
    await world.turn(CHECK)
    assert world.entry().clock_offset == 3 * MINUTE
    rollback = world.status().last_rollback
    assert rollback is not None
    assert rollback.decided_time == world.clock.now() + 3 * MINUTE
