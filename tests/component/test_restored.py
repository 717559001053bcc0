"""A backup of the cluster's store is played back: what was done since is unknown, and is done once more alike."""

import copy

import pytest

from builders import A, B
from component.mail import Mail
from component.world import CHECK, MINUTE, a_degraded_world
from modelward.domain.errors import ConflictError


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
    world = await a_degraded_world()
    backup = copy.deepcopy(world.cluster.objects)
    await world.turn(CHECK)
    world.cluster.objects = backup
    with pytest.raises(ConflictError):  # as when what was delivered is written down at the end
        await world.reconciler.scribe.insist(world.entry(), world.entry().resource.status)
    assert (world.status().last_rollback, world.status().current_version) == (None, B)
