"""The way back, where the version put back does not start: only as long as nothing is available."""

from typing import Any

import pytest

from builders import A, B, a_deployment, a_rollback, image_of
from doubles import FixedClock, InMemoryCluster
from modelward.act.rollback import Outcome, Patched, put, swap_back
from modelward.domain.serving import Deployment
from modelward.domain.status import Phase
from modelward.domain.version_field import VersionField
from modelward.observe.deployments import parse_deployment

KEY = ("Deployment", "ml", "house-prices")
ROLLBACK = a_rollback(Phase.RETURNING)


def look(body: dict[str, Any]) -> Deployment:
    return parse_deployment(body, VersionField(container="model"))


def down(**changes: Any) -> InMemoryCluster:
    cluster = InMemoryCluster(FixedClock())
    cluster.stuck = {image_of(A)}
    body = a_deployment(version=A, **changes)
    body["spec"]["strategy"] = {"type": "Recreate"}
    cluster.apply(body)
    return cluster


async def go_back(cluster: InMemoryCluster, seen: dict[str, Any] | None = None) -> Patched:
    return await put(cluster, look(seen or cluster.objects[KEY]), swap_back(ROLLBACK), look)


async def test_what_was_rolled_back_from_is_put_back_and_that_is_said_on_the_deployment():
    cluster = down()
    result = await go_back(cluster)
    assert (result.outcome, cluster.images) == (Outcome.PATCHED, [image_of(B)])
    assert result.body is not None
    assert result.body["metadata"]["annotations"] == {
        "modelward.dev/rollback-id": ROLLBACK.id,
        "modelward.dev/rolled-back-from": A,
        "modelward.dev/rolled-back-to": B,
    }


def started(cluster: InMemoryCluster) -> None:
    cluster.stuck = set()
    cluster.finish_rollout(*KEY[1:])


def paused(cluster: InMemoryCluster) -> None:
    cluster.edit(*KEY, lambda body: body["spec"].update(paused=True))


@pytest.mark.parametrize("what", [started, paused])
async def test_what_is_not_down_any_more_is_left_however_old_the_view(what: Any):
    cluster = down()
    seen = cluster.objects[KEY]
    what(cluster)
    assert (await go_back(cluster, seen)).outcome is Outcome.NEEDLESS
    assert cluster.images == []


async def test_done_before_is_done():
    cluster = down()
    seen = cluster.objects[KEY]
    await go_back(cluster, seen)
    assert (await go_back(cluster, seen)).outcome is Outcome.PATCHED
    assert cluster.images == [image_of(B)]
