"""Writes of a rollback meet every fault of an API server, and watches end, expire, fall silent or show the past.

The end is that of a calm day: one image, one rollback, its rows in the audit table, its Events once.
"""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from cluster.gate import RESET, SILENCE, Fault
from cluster.lives import Life, audited, expect_end, expect_no_trace_of_ownership, expect_one_rollback, has_ended
from cluster.scenes import GOOD, WORSE, A, B, Json, Model, deployment, image_of, resource, unused_name
from sandbox import scene
from sandbox.kubectl import Kubectl
from sandbox.waiting import wait_until

MODES = {
    "409": Fault(409),
    "422": Fault(422),
    "429": Fault(429),
    "500": Fault(500),
    "reset": Fault(RESET),
    "500-after": Fault(500, after=True),
    "reset-after": Fault(RESET, after=True),
}
MUTE = {"silence": Fault(SILENCE), "silence-after": Fault(SILENCE, after=True)}
"""These last as long as the client's patience, so they meet the patch alone."""
PATCH = 2
WATCH_SECONDS = "4"
PATHS = {
    "modeldeployments": "/apis/modelward.dev/v1alpha1/modeldeployments",
    "deployments": "/apis/apps/v1/deployments",
}


@pytest.fixture
def kubectl(life: Life, database_url: str) -> Kubectl:
    """A namespace of the test's own, with the Secret of its database."""
    life.gate.disarm()
    namespace = unused_name("faults")
    Kubectl(life.cluster).run("create", "namespace", namespace)
    kubectl = replace(Kubectl(life.cluster), namespace=namespace)
    kubectl.apply(scene.secret(namespace, database_url))
    return kubectl


@pytest.fixture
def model(life: Life, kubectl: Kubectl, database_url: str) -> Iterator[Model]:
    """Version A serves well and is watched by watches that last but a moment; B is known to be worse."""
    life.begin_again(watch_seconds=WATCH_SECONDS)
    model = Model(kubectl, database_url)
    model.predict(A, GOOD)
    model.predict(B, WORSE)
    model.deploy(A)
    model.watch()
    model.until_verdict("InsufficientData", A)
    yield model
    life.gate.disarm()


def all_of(kubectl: Kubectl, kind: str) -> dict[str, Json]:
    """Read all objects of a kind, by name."""
    return {item["metadata"]["name"]: item for item in kubectl.json("get", kind)["items"]}


def events_of(kubectl: Kubectl) -> list[Json]:
    """List the operator's Events."""
    found = all_of(kubectl, "events.events.k8s.io").values()
    return [event for event in found if event["reportingController"] == "modelward"]


def deploy_all(kubectl: Kubectl, version: str) -> None:
    """Apply all Deployments at once."""
    items = [deployment(name, image_of(version)) for name in (*MODES, *MUTE)]
    kubectl.apply({"apiVersion": "v1", "kind": "List", "items": items})


def test_where_every_patch_meets_a_fault_it_comes_to_the_same_end(life: Life, kubectl: Kubectl, database_url: str):
    life.be_there()
    models = {name: Model(kubectl, database_url, name) for name in (*MODES, *MUTE)}
    for model in models.values():
        model.predict(A, GOOD)
        model.predict(B, WORSE)
    deploy_all(kubectl, A)
    kubectl.apply({"apiVersion": "v1", "kind": "List", "items": [resource(name) for name in models]})
    judged = lambda: all("verdict" in m.get("status", {}) for m in all_of(kubectl, "mdl").values())  # noqa: E731
    wait_until(judged, for_="all to be judged", timeout=60)
    for name, fault in MODES.items():
        life.gate.spoil_each_once(fault, name)
    for name, fault in MUTE.items():
        life.gate.spoil(PATCH, fault, name)
    deploy_all(kubectl, B)
    ended = lambda: all(has_ended(m["status"]) for m in all_of(kubectl, "mdl").values())  # noqa: E731
    wait_until(ended, for_="all rollbacks to end", timeout=90)
    assert min(life.gate.spoilt(name) for name in MODES) >= 5
    resources, targets = all_of(kubectl, "mdl"), all_of(kubectl, "deployments")
    for name, model in models.items():
        expect_end(model, resources[name]["status"], targets[name])
    told = [(e["regarding"]["name"], e["regarding"]["kind"], e["reason"]) for e in events_of(kubectl)]
    wanted = [(name, kind, "RolledBack") for name in models for kind in ("ModelDeployment", "Deployment")]
    assert sorted(t for t in told if t[2] != "VersionChanged") == sorted(wanted)
    rows = lambda: {tuple(audited(model)) for model in models.values()}  # noqa: E731
    wait_until(lambda: rows() == {("Decided", "Patched", "Verified")}, for_="the rows of all", timeout=60)


def test_watches_that_are_cut_miss_nothing(life: Life, model: Model):
    life.gate.cut_watches()
    model.deploy(B)
    expect_one_rollback(model)


def test_watches_that_expired_are_begun_with_a_new_list(life: Life, model: Model):
    life.gate.break_watches(410)
    wait_until(life.gate.has_broken_watches, for_="both watches to be told", timeout=30)
    model.deploy(B)
    expect_one_rollback(model)


def test_watches_that_fall_silent_are_noticed_while_nothing_wrong_is_done(life: Life, model: Model):
    life.gate.silence_watches()
    model.deploy(B)
    expect_one_rollback(model)
    expect_no_trace_of_ownership(model)


def test_a_server_that_shows_the_past_rolls_nobody_back_again(life: Life, model: Model):
    old: dict[str, bytes] = {}
    model.until_verdict("InsufficientData", A)
    model.deploy(B)
    for plural, path in PATHS.items():
        old[plural] = model.kubectl.run("get", "--raw", path).encode()
    expect_one_rollback(model)
    before = (model.target(), model.see(), model.events())
    life.gate.show_old(old)
    operator = life.begin_again(watch_seconds=WATCH_SECONDS)
    wait_until(lambda: "; again in" in operator.log(), for_="a write that was refused", timeout=30)
    life.gate.disarm()
    asked = model.check()
    assert (model.image(), asked["lastRollback"]) == (image_of(A), before[1]["status"]["lastRollback"])
    assert model.target()["metadata"]["resourceVersion"] == before[0]["metadata"]["resourceVersion"]
    told = {e["metadata"]["name"]: e["reason"] for e in model.events()}
    assert [told[name] for name in told.keys() - {e["metadata"]["name"] for e in before[2]}] == ["RequestDone"]
    expect_end(model, model.see()["status"], model.target())


def test_a_watch_that_ends_with_an_error_ends_the_operator_and_the_next_one_goes_on(life: Life, model: Model):
    operator = life.operator
    assert operator is not None
    life.gate.break_watches(500)
    wait_until(lambda: not operator.runner.is_running(operator.name), for_="the operator to end", timeout=30)
    model.deploy(B)
    life.begin_again()
    expect_one_rollback(model)
