"""The same swap in other places than the only container's image: one value, tested first, or nothing."""

from typing import Any

import pytest

from builders import A, B, C, a_deployment, image_of
from doubles import FixedClock, InMemoryCluster
from modelward.act.rollback import Outcome, Swap, make_operations, put
from modelward.domain.serving import Place
from modelward.domain.version_field import FieldType, VersionField
from modelward.observe.deployments import parse_deployment

KEY = ("Deployment", "ml", "house-prices")
ENV = VersionField(FieldType.ENV, env="MODEL_VERSION")
NOTE = VersionField(FieldType.ANNOTATION, annotation="example.com/model~version")
INIT = VersionField(container="fetch")
VARIABLE = {"name": "MODEL_VERSION", "value": B}
OTHER = {"name": "LOG", "value": "info"}


def serving(version: str = B, **changes: Any) -> InMemoryCluster:
    cluster = InMemoryCluster(FixedClock())
    cluster.apply(a_deployment(version=version, **changes))
    return cluster


def with_env(*entries: dict[str, Any]) -> InMemoryCluster:
    return serving(containers=[{"name": "model", "image": "r/m:1", "env": list(entries)}])


def with_note() -> InMemoryCluster:
    cluster = serving()
    notes = {"example.com/model~version": B, "team": "ml"}
    cluster.edit(*KEY, lambda body: body["spec"]["template"]["metadata"].update(annotations=notes))
    return cluster


def with_init() -> InMemoryCluster:
    return serving(initContainers=[{"name": "fetch", "image": image_of(B)}])


PLACES: dict[str, tuple[Any, VersionField, Swap, list[str]]] = {
    "a variable": (
        lambda: with_env(OTHER, VARIABLE),
        ENV,
        Swap(B, A),
        [
            "/spec/template/spec/containers/0/name",
            "/spec/template/spec/containers/0/env/1/name",
            "/spec/template/spec/containers/0/env/1/value",
        ],
    ),
    "an annotation whose key has to be escaped": (
        with_note,
        NOTE,
        Swap(B, A),
        ["/spec/template/metadata/annotations/example.com~1model~0version"],
    ),
    "an init container's image": (
        with_init,
        INIT,
        Swap(image_of(B), image_of(A)),
        ["/spec/template/spec/initContainers/0/name", "/spec/template/spec/initContainers/0/image"],
    ),
}


@pytest.mark.parametrize(("make", "field", "swap", "tested"), PLACES.values(), ids=PLACES)
async def test_one_value_is_changed_in(make: Any, field: VersionField, swap: Swap, tested: list[str]):
    cluster = make()
    before = parse_deployment(cluster.objects[KEY], field)
    assert isinstance(before.place, Place)
    operations = make_operations(before, before.place, swap)
    assert [o["path"] for o in operations if o["op"] == "test"] == ["/metadata/uid", *tested]
    assert [(o["op"], o["path"]) for o in operations if o["op"] != "test"] == [("replace", tested[-1])]
    result = await put(cluster, before, swap, lambda body: parse_deployment(body, field))
    after = parse_deployment(cluster.objects[KEY], field)
    assert result.outcome is Outcome.PATCHED
    assert isinstance(after.place, Place)
    assert (after.place.value, after.template_hash) == (swap.to_value, before.template_hash)


async def test_a_variable_that_moved_in_the_list_is_found_again():
    cluster = with_env(VARIABLE)
    seen = parse_deployment(cluster.objects[KEY], ENV)
    containers = [{"name": "model", "image": "r/m:1", "env": [OTHER, VARIABLE]}]
    cluster.edit(*KEY, lambda body: body["spec"]["template"]["spec"].update(containers=containers))
    result = await put(cluster, seen, Swap(B, A), lambda body: parse_deployment(body, ENV))
    assert result.outcome is Outcome.PATCHED
    env = cluster.objects[KEY]["spec"]["template"]["spec"]["containers"][0]["env"]
    assert env == [OTHER, {"name": "MODEL_VERSION", "value": A}]


async def test_a_variable_that_was_set_to_something_else_meanwhile_is_left_alone():
    cluster = with_env(VARIABLE)
    seen = parse_deployment(cluster.objects[KEY], ENV)
    containers = [{"name": "model", "image": "r/m:1", "env": [{"name": "MODEL_VERSION", "value": C}]}]
    cluster.edit(*KEY, lambda body: body["spec"]["template"]["spec"].update(containers=containers))
    result = await put(cluster, seen, Swap(B, A), lambda body: parse_deployment(body, ENV))
    assert result.outcome is Outcome.SUPERSEDED
