"""The one write that matters: it changes exactly one value, or nothing at all."""

from typing import Any

import pytest

from builders import A, B, C, a_deployment, a_rollback, image_of
from doubles import FixedClock, InMemoryCluster, images
from modelward.act.rollback import Outcome, Patched, give_back, make_give_back, make_operations, put, swap_of
from modelward.domain.errors import ClusterError, ConflictError, ForbiddenError, UnprocessableError
from modelward.domain.serving import Deployment, Place
from modelward.domain.status import Phase
from modelward.domain.version_field import VersionField
from modelward.observe.deployments import parse_deployment

KEY = ("Deployment", "ml", "house-prices")
ROLLBACK = a_rollback(Phase.DECIDED)
SIDECAR = {"name": "proxy", "image": "proxy:1"}


def serving(version: str = B, **changes: Any) -> InMemoryCluster:
    cluster = InMemoryCluster(FixedClock())
    cluster.apply(a_deployment(version=version, **changes))
    return cluster


def set_image(cluster: InMemoryCluster, version: str) -> None:
    def change(body: dict[str, Any]) -> None:
        body["spec"]["template"]["spec"]["containers"][0]["image"] = image_of(version)

    cluster.edit(*KEY, change)


NAMED = VersionField(container="model")


def look(body: dict[str, Any]) -> Deployment:
    return parse_deployment(body, NAMED)


async def put_back(cluster: InMemoryCluster, seen: dict[str, Any] | None = None) -> Patched:
    return await put(cluster, look(seen or cluster.objects[KEY]), swap_of(ROLLBACK), look)


async def test_puts_the_old_image_back_and_says_so_on_the_deployment():
    cluster = serving()
    result = await put_back(cluster)
    assert result.outcome is Outcome.PATCHED
    assert cluster.images == [image_of(A)]
    assert result.body is not None
    assert result.body["metadata"]["annotations"] == {
        "modelward.dev/rollback-id": ROLLBACK.id,
        "modelward.dev/rolled-back-from": B,
        "modelward.dev/rolled-back-to": A,
    }


async def test_touches_nothing_else():
    containers = [SIDECAR, {"name": "model", "image": image_of(B), "env": [{"name": "X", "value": "1"}]}]
    cluster = serving(containers=containers, annotations={"team": "ml"})
    await put_back(cluster)
    body = cluster.objects[KEY]
    assert body["spec"]["template"]["spec"]["containers"] == [SIDECAR, {**containers[1], "image": image_of(A)}]
    assert body["metadata"]["annotations"]["team"] == "ml"


@pytest.mark.parametrize("annotations", [None, {}, {"team": "ml"}], ids=["none", "an empty set", "some"])
async def test_it_does_not_matter_which_annotations_there_are(annotations: dict[str, str] | None):
    cluster = serving(annotations=annotations)
    assert (await put_back(cluster)).outcome is Outcome.PATCHED


def scaled(cluster: InMemoryCluster) -> None:
    cluster.edit(*KEY, lambda body: body["spec"].update(replicas=7))


def reordered(cluster: InMemoryCluster) -> None:
    cluster.edit(*KEY, lambda body: body["spec"]["template"]["spec"]["containers"].insert(0, SIDECAR))


def annotated(cluster: InMemoryCluster) -> None:
    cluster.edit(*KEY, lambda body: body["metadata"].update(annotations={"team": "ml"}))


def hotfixed(cluster: InMemoryCluster) -> None:
    set_image(cluster, C)


def done_already(cluster: InMemoryCluster) -> None:
    set_image(cluster, A)


def renamed(cluster: InMemoryCluster) -> None:
    cluster.edit(*KEY, lambda body: body["spec"]["template"]["spec"]["containers"][0].update(name="server"))


def deleted(cluster: InMemoryCluster) -> None:
    cluster.delete(*KEY)


def replaced(cluster: InMemoryCluster) -> None:
    cluster.delete(*KEY)
    cluster.apply(a_deployment(version=B))


IN_BETWEEN: dict[str, tuple[Any, Outcome, str | None]] = {
    "somebody scaled it": (scaled, Outcome.PATCHED, A),
    "a sidecar was put in before it": (reordered, Outcome.PATCHED, A),
    "it got its first annotation": (annotated, Outcome.PATCHED, A),
    "somebody put the old version back by hand": (done_already, Outcome.PATCHED, A),
    "a third version was deployed": (hotfixed, Outcome.SUPERSEDED, C),
    "the container was renamed": (renamed, Outcome.SUPERSEDED, B),
    "it was deleted": (deleted, Outcome.GONE, None),
    "it was deleted and made anew": (replaced, Outcome.GONE, B),
}


@pytest.mark.parametrize(("event", "outcome", "runs"), IN_BETWEEN.values(), ids=IN_BETWEEN)
async def test_decides_by_what_the_live_object_runs_when(event: Any, outcome: Outcome, runs: str | None):
    cluster = serving()
    seen = dict(cluster.objects[KEY])
    event(cluster)
    result = await put_back(cluster, seen)
    assert result.outcome is outcome
    if runs is not None:
        assert image_of(runs) in images(cluster.objects[KEY])
    assert (KEY in cluster.objects) is (runs is not None)


async def test_a_rollback_that_is_there_already_is_not_written_again():
    cluster = serving(A)
    result = await put_back(cluster)
    assert result.outcome is Outcome.PATCHED
    assert result.body is not None
    assert cluster.images == []
    assert [call.verb for call in cluster.calls] == ["get"]


async def test_gives_up_on_a_deployment_that_changes_faster_than_it_can_be_read():
    cluster = serving()

    def annotate() -> None:
        cluster.edit(*KEY, change=lambda body: flip(body["metadata"]))
        raise UnprocessableError("test failed")

    for nth in (1, 2, 3):
        cluster.interrupt(annotate, nth, verb="patch")
    with pytest.raises(UnprocessableError, match="changes faster"):
        await put_back(cluster)
    assert cluster.images == []


def flip(meta: dict[str, Any]) -> None:
    """Give a Deployment annotations, or take them away: another patch is needed each time."""
    if meta.pop("annotations", None) is None:
        meta["annotations"] = {"team": "ml"}


async def test_what_is_refused_although_every_test_holds_is_refused_by_somebody_else():
    cluster = serving()
    for nth in (1, 2, 3):
        cluster.fail(UnprocessableError("policy 'frozen' denied request"), nth, verb="patch")
    with pytest.raises(ForbiddenError, match="policy 'frozen' denied request"):
        await put_back(cluster)
    assert [call.verb for call in cluster.calls] == ["patch", "get", "patch"]
    assert cluster.images == []


async def test_an_api_server_that_is_down_is_not_taken_for_an_answer():
    cluster = serving()
    cluster.fail(ClusterError("no answer in time"), verb="patch")
    with pytest.raises(ClusterError, match="no answer"):
        await put_back(cluster)


def test_the_patch_tests_all_that_matters_before_it_changes_anything():
    deployment = parse_deployment(serving().objects[KEY])
    assert isinstance(deployment.place, Place)
    operations = make_operations(deployment, deployment.place, swap_of(ROLLBACK))
    path = "/spec/template/spec/containers/0"
    assert [(o["op"], o["path"]) for o in operations[:4]] == [
        ("test", "/metadata/uid"),
        ("test", f"{path}/name"),
        ("test", f"{path}/image"),
        ("replace", f"{path}/image"),
    ]
    assert all(o["path"].startswith("/metadata/annotations") for o in operations[4:])


# -- giving the field back -------------------------------------------------------------------------------------------


def managed(*managers: str) -> dict[str, Any]:
    return {"metadata": {"managedFields": [{"manager": m} for m in managers]}}


GIVEN_BACK: dict[str, tuple[dict[str, Any], list[int]]] = {
    "one entry": (managed("helm", "modelward"), [1]),
    "two entries, the last first": (managed("modelward", "helm", "modelward"), [2, 0]),
    "none of ours": (managed("helm", "kubectl"), []),
    "none at all": ({"metadata": {}}, []),
}


@pytest.mark.parametrize(("body", "places"), GIVEN_BACK.values(), ids=GIVEN_BACK)
def test_only_our_own_entries_are_given_back(body: dict[str, Any], places: list[int]):
    operations = make_give_back(body)
    assert [o["path"] for o in operations if o["op"] == "remove"] == [f"/metadata/managedFields/{i}" for i in places]
    assert [o["value"] for o in operations if o["op"] == "test"] == ["modelward"] * len(places)


async def test_after_a_rollback_nobody_is_in_helms_way():
    cluster = serving()
    result = await put_back(cluster)
    assert result.body is not None
    after = await give_back(cluster, result.body)
    assert after["metadata"]["managedFields"] == []
    assert cluster.images == [image_of(A)]


async def test_entries_that_moved_in_between_are_looked_for_once_more():
    cluster = serving()
    result = await put_back(cluster)
    assert result.body is not None
    cluster.edit(*KEY, lambda body: body["metadata"]["managedFields"].insert(0, {"manager": "helm"}))
    after = await give_back(cluster, result.body)
    assert after["metadata"]["managedFields"] == [{"manager": "helm"}]


async def test_what_changes_all_the_time_is_left_and_said(caplog: pytest.LogCaptureFixture):
    cluster = serving()
    result = await put_back(cluster)
    assert result.body is not None
    for nth in range(1, 4):
        cluster.fail(UnprocessableError("test failed"), nth, verb="patch")
    after = await give_back(cluster, result.body)
    assert images(after) == [image_of(A)]
    assert "changes faster than" in caplog.text


@pytest.mark.parametrize("when", ["patch", "get"])
async def test_a_deployment_that_is_gone_has_nothing_to_give_back(when: str):
    cluster = serving()
    result = await put_back(cluster)
    assert result.body is not None
    cluster.interrupt(lambda: deleted(cluster), verb=when)
    if when == "get":
        cluster.fail(UnprocessableError("test failed"), verb="patch")
    assert await give_back(cluster, result.body) == result.body


async def test_nothing_to_give_back_costs_no_call():
    cluster = serving()
    body = cluster.objects[KEY]
    assert await give_back(cluster, body) is body
    assert cluster.calls == []


async def test_a_conflict_while_patching_is_for_the_caller():
    cluster = serving()
    cluster.fail(ConflictError("try again"), verb="patch")
    with pytest.raises(ConflictError):
        await put_back(cluster)
