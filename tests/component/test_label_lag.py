"""How old the newest labelled prediction is, remembered for /metrics from the last answer of the database."""

from dataclasses import replace

from builders import A
from component.world import GOOD, HOUR, MINUTE, World, rows_of


async def test_the_lag_counts_from_the_newest_prediction_that_has_a_label():
    world = World()
    world.model()
    world.deploy(A)
    now = world.clock.now()
    world.reader.add(rows_of("house-prices", A, GOOD, now - HOUR, now - 30 * MINUTE, 60))
    world.reader.add(replace(r, actual=None) for r in rows_of("house-prices", A, GOOD, now - 30 * MINUTE, now, 60))
    await world.turn()
    lag = world.entry().label_lag
    assert lag is not None
    assert 30 * 60 <= lag < 32 * 60


async def test_without_a_label_there_is_no_lag():
    world = World()
    world.model()
    world.deploy(A)
    await world.turn()
    assert world.entry().label_lag is None
