"""A backup of the cluster's store is played back: what was done since is unknown, and is done once more alike."""

import copy

from builders import A, B
from component.mail import Mail
from component.world import CHECK, MINUTE, a_degraded_world


async def test_a_cluster_restored_to_before_a_rollback_comes_to_the_same_end():
    mail = Mail()
    world = await a_degraded_world(mail, alerts=[{"name": "ops", "secretRef": {"name": "ops-mail"}}])
    backup = copy.deepcopy(world.cluster.objects)
    await world.turn(CHECK)
    first, rows = world.status().last_rollback, dict(mail.book.rows)
    assert (world.serving(), bool(rows)) == (A, True)
    world.cluster.objects = backup
    world.restart()
    assert world.serving() == B
    await world.turn(MINUTE)
    again = world.status().last_rollback
    assert (world.serving(), [q.version for q in world.status().quarantine]) == (A, [B])
    assert first is not None
    assert again is not None
    assert again.id == first.id
    assert mail.book.rows.keys() == rows.keys()
    assert world.told().count("RolledBack") == 1


async def test_an_operator_that_ends_there_does_not_write_down_what_has_not_happened_any_more():
    mail = Mail()
    world = await a_degraded_world(mail, alerts=[{"name": "ops", "secretRef": {"name": "ops-mail"}}])
    backup = copy.deepcopy(world.cluster.objects)
    await world.turn(CHECK)
    assert world.entry().results  # rows and alerts are delivered, and that is not written down yet
    world.cluster.objects = backup
    assert world.postman is not None
    await world.postman.close()
    assert (world.status().last_rollback, world.status().current_version) == (None, B)
