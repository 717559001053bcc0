"""Labels that announce themselves bring a check forward, and never more often than the database can bear."""

from datetime import timedelta

from builders import NAME, NAMESPACE, A
from component.world import CHECK, MINUTE, World, a_degraded_world

KEY = (NAMESPACE, NAME)
SECOND = timedelta(seconds=1)


async def a_listening_world() -> World:
    """Return a world in which B's bad labels are there and its next check is nearly an interval away."""
    world = await a_degraded_world(checkInterval="24h")
    world.clock.advance(CHECK)
    world.monotonic += CHECK.total_seconds()
    return world


def hear(world: World, ahead: float = -1.0) -> None:
    world.sweeper.hear(KEY, world.clock.now().timestamp() + ahead)


async def test_without_an_announcement_the_interval_decides():
    world = await a_listening_world()
    await world.turn(MINUTE)
    assert world.cluster.images == []


async def test_with_an_announcement_the_check_is_made_now():
    world = await a_listening_world()
    hear(world)
    await world.turn()
    assert world.serving() == A


async def test_a_label_of_this_very_second_is_judged_when_the_second_is_over():
    world = await a_listening_world()
    hear(world, ahead=0.0)
    await world.turn()
    assert world.cluster.images == []
    await world.turn(SECOND)
    assert world.serving() == A


async def test_labels_from_far_ahead_are_waited_for_no_longer_than_a_second():
    world = await a_listening_world()
    hear(world, ahead=1e6)
    await world.turn(SECOND)
    assert world.serving() == A


async def test_many_announcements_are_one_check():
    world = await a_listening_world()
    asked = world.reader.statements
    for _ in range(100):
        hear(world)
    await world.turn()
    assert world.reader.statements == asked + 1


async def test_checks_keep_a_seconds_distance():
    world = await a_listening_world()
    world.edit(autoRollback=False)
    await world.turn()
    world.entry().heard_at = world.monotonic
    asked = world.reader.statements
    for _ in range(10):
        hear(world)
        await world.turn(SECOND / 10)
    assert world.reader.statements == asked + 1


async def test_a_check_of_the_schedule_does_not_make_labels_wait():
    world = await a_degraded_world()
    world.edit(autoRollback=False)
    await world.turn(CHECK)
    asked = world.reader.statements
    hear(world)
    await world.turn()
    assert world.reader.statements == asked + 1


async def test_a_slow_database_is_asked_less_often():
    world = await a_listening_world()
    world.entry().heard_at, world.entry().check_seconds = world.monotonic, 0.5
    asked = world.reader.statements
    hear(world)
    await world.turn(9 * SECOND)
    assert world.reader.statements == asked
    await world.turn(2 * SECOND)
    assert world.reader.statements == asked + 1


async def test_a_check_that_is_near_is_not_put_off():
    world = await a_degraded_world()
    world.entry().heard_at, world.entry().check_seconds = world.monotonic, 1000.0
    hear(world)
    await world.turn(CHECK)
    assert world.serving() == A


async def test_what_is_heard_during_a_check_is_looked_at_after_it():
    world = await a_listening_world()
    world.edit(autoRollback=False)
    await world.turn()
    world.cluster.interrupt(lambda: hear(world), verb="patch", kind="ModelDeployment")
    world.ask("check")
    asked = world.reader.statements
    await world.turn()
    assert world.reader.statements == asked + 2
    await world.turn(MINUTE)
    assert world.reader.statements == asked + 2


async def test_an_announcement_for_nobody_does_no_harm():
    world = await a_listening_world()
    world.sweeper.hear(("ml", "nobody"), 0.0)
    await world.turn()


async def test_suspended_nobody_listens():
    world = await a_listening_world()
    world.edit(suspend=True)
    await world.turn()
    asked = world.reader.statements
    hear(world)
    await world.turn(SECOND)
    assert world.reader.statements == asked
