"""Anything at all in a resource and its Deployment: no exception escapes, something is said, and nobody else suffers.

Most of it the API server would refuse; an object stored under an older schema, or written by another client, may still
hold it.
"""

import asyncio
import copy
import logging
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from builders import NAME, NAMESPACE, NOW, A, B, a_model
from component.world import BAD, CHECK, GOOD, HOUR, MINUTE, SPEC, World, a_degraded_world
from doubles import STATUS_VALIDATOR
from fuzz import searching
from modelward.domain.codec import encode
from modelward.domain.resource import parse_resource

WORDS = st.one_of(
    st.text(max_size=20),
    st.sampled_from(["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", "1999-12-31T23:59:59Z", "9" * 5000]),
    st.sampled_from(
        [A, B, "", "1h", "0s", "-1h", "9" * 400, "NaN", "Infinity", "2026-01-01T00:00:00Z", "\x1b[2J", "{}"]
    ),
    st.sampled_from(["%s%n", "{version}", "{0.__class__}", "${x}", "'; DROP TABLE x; --", "x" * 5000, "\x00"]),
)
NUMBERS = st.one_of(
    st.integers(-(2**63), 2**63), st.floats(allow_nan=False, allow_infinity=False), st.sampled_from([0, -1, 10**400])
)
JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), NUMBERS, WORDS),
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(WORDS, inner, max_size=4)),
    max_leaves=12,
)


async def _live() -> World:
    """Return a world in which a rollback was made and a request answered: its status has everything."""
    world = await a_degraded_world(alerts=[{"name": "ops", "secretRef": {"name": "ops-mail"}}])
    await world.turn(CHECK)
    world.ask("rollback", rollback_to="nonsense")
    await world.turn(CHECK)
    return world


LIVED: dict[str, Any] = asyncio.run(_live()).cluster.objects["ModelDeployment", NAMESPACE, NAME]
FULL: dict[str, Any] = {
    **LIVED,
    "spec": {
        **LIVED["spec"],
        "version": B,
        "versions": [{"name": A, "image": f"registry.example.com/house-prices@sha256:{'0' * 64}"}],
        "metrics": [{"name": "rmse", "maxWorseningPercent": 5}],
        "versionField": {"type": "Image", "image": {"template": "registry.example.com/house-prices:{version}"}},
        "targetRef": {"name": NAME, "container": "model"},
        "database": {
            "secretRef": {"name": "house-prices-db"},
            "source": {
                "predictions": {"table": "theirs", "absent": ["role"], "where": [{"column": "c", "value": "v"}]},
                "actuals": {"table": "labels", "key": [{"predictions": "id", "actuals": "id"}]},
            },
        },
    },
}


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """List the path of every value inside a value."""
    inner: list[tuple[Any, Any]] = []
    if isinstance(value, dict):
        inner = list(value.items())
    if isinstance(value, list):
        inner = list(enumerate(value))
    return [path, *(p for key, each in inner for p in places(each, (*path, key)))]


def put(value: Any, path: tuple[Any, ...], new: Any) -> Any:
    """Return a value with another one at a place inside."""
    if not path:
        return new
    changed = copy.copy(value)
    changed[path[0]] = put(value[path[0]], path[1:], new)
    return changed


def spoilt(whole: Any) -> st.SearchStrategy[Any]:
    """Put anything in one or two places of something that makes sense."""

    def spoil(value: Any, many: list[tuple[int, Any]]) -> Any:
        for nth, new in many:
            found = places(value)
            value = put(value, found[nth % len(found)], new)
        return value

    return st.lists(st.tuples(st.integers(0, 400), JSON), min_size=1, max_size=2).map(lambda many: spoil(whole, many))


NOTES = st.dictionaries(
    st.sampled_from(
        [f"modelward.dev/{key}-requested-at" for key in ("rollback", "check", "clear-quarantine")]
        + [f"modelward.dev/{key}" for key in ("rollback-to", "clear-quarantine", "requested-by", "keep")]
    ),
    st.one_of(WORDS, st.just("2026-01-08T15:00:00Z")),
    max_size=4,
)
TARGET_NOTES = st.dictionaries(
    st.sampled_from(
        [f"modelward.dev/{key}" for key in ("rollback-id", "rolled-back-from", "rolled-back-to", "allowed-images")]
        + ["deployment.kubernetes.io/revision", "modelward.dev/allow-rollback", "meta.helm.sh/release-name"]
    ),
    WORDS,
    max_size=4,
)
SPECS = st.one_of(spoilt(FULL["spec"]), spoilt(FULL["spec"]), JSON)
STATUSES = st.one_of(spoilt(FULL["status"]), spoilt(FULL["status"]), JSON, st.just({}))


@searching(120)
@given(SPECS, STATUSES)
def test_whatever_is_stored_is_read_or_told(spec: Any, status: Any):
    body = {**FULL, "spec": spec, "status": status}
    resource = parse_resource(body)
    assert (resource.spec is None) == (resource.problem is not None)
    if resource.problem is not None:
        assert str(resource.problem).isprintable()
    again = parse_resource({**body, "status": encode(resource.status)})
    assert again.status == resource.status, "what is read is written as it was read"


async def live(spec: Any, status: Any, notes: dict[str, str], target_notes: dict[str, str]) -> World:
    """Let a resource and its Deployment hold it, beside one that is in order and due to be rolled back."""
    world = World()
    world.model()
    world.deploy(A)
    world.deploy(A, "nasty")
    world.predict(A, GOOD, over=HOUR)
    body = a_model("nasty", **SPEC)
    world.cluster.apply(
        {**body, "metadata": {**body["metadata"], "annotations": notes}, "spec": spec, "status": status}
    )
    await world.turn()
    world.cluster.edit("Deployment", NAMESPACE, "nasty", lambda b: b["metadata"].update(annotations=dict(target_notes)))
    world.deploy(B)
    await world.turn(MINUTE)
    world.clock.advance(CHECK)
    world.predict(B, BAD)
    world.clock.advance(-CHECK)
    for pause in (CHECK, MINUTE, CHECK):
        await world.turn(pause)
    return world


@settings(searching(60), suppress_health_check=[*HealthCheck])
@given(SPECS, STATUSES, NOTES, TARGET_NOTES)
def test_nothing_escapes_and_nobody_else_suffers(
    caplog: pytest.LogCaptureFixture, spec: Any, status: Any, notes: dict[str, str], target_notes: dict[str, str]
):
    caplog.clear()
    caplog.set_level(logging.WARNING)
    world = asyncio.run(live(spec, status, notes, target_notes))
    assert world.serving() == A, "the other one was not rolled back"
    assert [record.getMessage() for record in caplog.records if record.exc_info] == []
    if STATUS_VALIDATOR.is_valid(status):  # what the API server would not take back cannot be written either
        body = world.cluster.objects["ModelDeployment", NAMESPACE, "nasty"]
        reason = world.condition("Ready", "nasty")[1]
        assert reason == "InvalidSpec" if parse_resource(body).problem else reason not in {"", "InvalidSpec"}


CONTAINERS = st.lists(
    st.fixed_dictionaries(
        {"name": st.sampled_from(["model", "sidecar", "x"]), "image": WORDS},
        optional={"env": st.lists(st.fixed_dictionaries({"name": WORDS}, optional={"value": WORDS}), max_size=3)},
    ),
    min_size=1,
    max_size=3,
    unique_by=lambda container: container["name"],
)
FIELDS = st.sampled_from(
    [
        {},
        {"type": "Image", "image": {"template": "registry.example.com/house-prices:{version}"}},
        {"type": "Env", "env": {"name": "MODEL"}},
        {"type": "Annotation", "annotation": {"key": "version"}},
    ]
)


@searching(60)
@given(CONTAINERS, FIELDS, TARGET_NOTES, st.dictionaries(st.just("version"), WORDS))
def test_a_deployment_may_hold_any_text(
    containers: list[dict[str, Any]], field: dict[str, Any], notes: dict[str, str], pods_notes: dict[str, str]
):
    def change(body: dict[str, Any]) -> None:
        body["metadata"]["annotations"] = notes
        body["spec"]["template"]["spec"]["containers"] = containers
        body["spec"]["template"].setdefault("metadata", {})["annotations"] = pods_notes

    async def go() -> World:
        world = await a_degraded_world(versionField=field)
        world.cluster.edit("Deployment", NAMESPACE, NAME, change)
        world.restart()
        for pause in (CHECK, CHECK):
            await world.turn(pause)
        return world

    world = asyncio.run(go())
    assert world.condition("Ready")[0] in {"True", "False"}
    assert world.clock.now() > NOW
