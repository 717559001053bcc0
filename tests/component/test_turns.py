"""The guide's story through the whole hallway: adopted, judged, rolled back, told."""

from builders import NAMESPACE, A, B, C, a_replica_set, image_of
from component.world import BAD, CHECK, GOOD, HOUR, MINUTE, World, a_degraded_world
from modelward.domain.status import Phase, PlacedBy, Verdict

MINOR = (0.92, 3500.0)


async def test_a_new_resource_is_adopted_and_watched():
    world = World()
    world.model()
    world.deploy(A)
    world.predict(A, GOOD)
    await world.turn()
    assert world.status().current_version == A
    assert world.condition("Ready") == ("True", "Watching")
    assert (world.status().verdict, world.status().reason) == (Verdict.INSUFFICIENT_DATA, "NoBaseline")
    assert world.cluster.images == []


async def test_scenario_1_a_minor_change_is_left_alone():
    world = World()
    world.model()
    world.deploy(A)
    world.predict(A, GOOD, over=HOUR)
    await world.turn()
    world.deploy(B)
    await world.turn(CHECK)
    world.predict(B, MINOR)
    await world.turn(CHECK)
    assert world.status().verdict is Verdict.HEALTHY
    assert world.serving() == B
    assert world.condition("Degraded") == ("False", "WithinLimits")
    assert "Degraded" not in world.told()


async def test_scenario_2_a_significant_change_is_rolled_back_and_told_on_both_objects():
    world = await a_degraded_world()
    await world.turn(CHECK)
    assert world.serving() == A
    assert world.cluster.images == [image_of(A)]
    for kind in ("ModelDeployment", "Deployment"):
        assert world.told(kind).count("RolledBack") == 1
    assert world.notes("RolledBack") == [
        f"{B} -> {A}: R2 0.930 -> 0.850 (-8.6 %, limit 5 %), RMSE 3480 -> 4200 (+20.7 %, limit 5 %), 40 samples"
    ]


async def test_after_a_rollback_status_tells_the_whole_story():
    world = await a_degraded_world()
    await world.turn(CHECK)
    status = world.status()
    assert (status.current_version, [q.version for q in status.quarantine]) == (A, [B])
    assert status.epoch is not None
    assert (status.epoch.landing, status.epoch.placed_by) == (True, PlacedBy.ROLLBACK)
    assert [(m.version, m.rolled_back) for m in status.history] == [(A, False), (B, True), (A, False)]
    assert status.last_rollback is not None
    assert (status.last_rollback.phase, status.last_rollback.automatic) == (Phase.VERIFIED, True)
    assert world.condition("RolledBack")[0] == "True"
    assert world.condition("Ready")[0] == "True"


async def test_scenario_3_a_data_shift_is_rolled_back_once_and_then_only_told():
    world = await a_degraded_world()
    await world.turn(CHECK)
    for _ in range(30):
        world.predict(A, BAD)
        await world.turn(CHECK)
    assert world.serving() == A
    assert world.cluster.images == [image_of(A)]


async def test_a_rollback_costs_seven_calls_at_most():
    world = await a_degraded_world()
    world.cluster.calls.clear()
    await world.turn(CHECK)
    assert len(world.cluster.calls) <= 7, world.cluster.calls


async def test_with_auto_rollback_off_people_are_told_and_nothing_is_changed():
    world = await a_degraded_world(autoRollback=False)
    await world.turn(CHECK)
    assert world.serving() == B
    assert world.condition("Degraded") == ("True", "AutoRollbackOff")
    assert world.told().count("Degraded") == 1
    await world.turns(5)
    assert world.told().count("Degraded") == 1


async def test_guarded_waits_for_a_second_window_and_a_warm_version():
    world = await a_degraded_world(evaluation={"actOn": "Guarded"})
    await world.turn(CHECK)
    assert {h.guard for h in world.status().holds} == {"WarmingUp", "NotConfirmed"}
    for _ in range(5):
        world.predict(B, BAD)
        await world.turn(CHECK)
    assert world.serving() == B
    assert world.status().breaches.count == 1
    for _ in range(2):
        world.predict(B, BAD)
        await world.turn(CHECK)
    assert world.serving() == A


async def test_the_override_of_a_person_is_respected_and_judged_anew():
    world = await a_degraded_world()
    await world.turn(CHECK)
    world.deploy(C)
    await world.turn(MINUTE)
    assert world.serving() == C
    assert world.status().epoch is not None
    assert world.status().current_version == C
    assert world.condition("RolledBack") == ("Unknown", "")
    world.predict(C, GOOD)
    await world.turn(CHECK)
    assert world.status().verdict is Verdict.HEALTHY
    assert world.status().previous_version == A


async def test_at_adoption_the_replica_sets_tell_what_served_before():
    world = World()
    world.model()
    world.deploy(B)
    body = world.cluster.objects["Deployment", NAMESPACE, "house-prices"]
    world.cluster.apply(a_replica_set(body, A, 1))
    world.cluster.apply(a_replica_set(body, B, 2))
    world.predict(A, GOOD, over=HOUR)
    world.predict(B, BAD)
    await world.turn(MINUTE)
    assert [(m.version, m.placed_by) for m in world.status().history][:2] == [(A, PlacedBy.FOUND), (B, PlacedBy.FOUND)]
    assert world.serving() == A
