"""Argo CD's own code runs what we tell users to paste: health, actions, and what a sync leaves alone."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from builders import (
    HOUR,
    NAME,
    NOW,
    A,
    B,
    C,
    Json,
    a_deployment,
    a_model,
    a_placement,
    a_rollback,
    a_status,
    quarantined,
)
from builders import image_of as image
from modelward.decide.conditions import summarise
from modelward.domain.codec import encode
from modelward.domain.reasons import Reason
from modelward.domain.recipes import Field, Tool, recipe
from modelward.domain.resource import CHECK_AT, CLEAR_AT, CLEAR_VERSION, REQUESTED_BY, ROLLBACK_AT, ROLLBACK_TO
from modelward.domain.serving import ServingProblem
from modelward.domain.status import Hold, Phase, PlacementState, Status, Verdict
from modelward.domain.version_field import FieldType, VersionField
from modelward.observe.place import find_place
from sandbox import gitops
from sandbox.gitops import GitOps

CONFIG_MAP = Path(__file__).parents[2] / "deploy/argocd/argocd-cm.yaml"
GENERATION = 4
DOWN = "the connection was refused"


@cache
def argo_cd() -> GitOps:
    return gitops.build()


def run(*tasks: Json) -> list[Any]:
    """Have Argo CD do tasks with the very ConfigMap that is pasted."""
    return argo_cd().argo_cd(yaml.safe_load(CONFIG_MAP.read_text())["data"], *tasks)


def body(status: Status | None, **spec: Any) -> Json:
    """Make the resource as the API server holds it."""
    made = a_model(**spec)
    found = made["status"] if status is None else encode(status)
    return {**made, "metadata": {**made["metadata"], "generation": GENERATION}, "status": found}


def seen(status: Status, generation: int = GENERATION, **more: Any) -> Status:
    return summarise(status, generation, NOW, **more)


def judged(verdict: Verdict, reason: str, **changes: Any) -> Status:
    return a_status(A, B, verdict=verdict, reason=reason, message="the figures", **changes)


HEALTHY = judged(Verdict.HEALTHY, "WithinLimits")
DEGRADED = judged(Verdict.DEGRADED, "BeyondLimit", holds=(Hold("AutoRollbackOff", "a person decides"),))
SILENT = judged(Verdict.SOURCE_ERROR, "DatabaseUnreachable")
LANDED = a_status(A, B, A, landing=True, last_rollback=a_rollback(), quarantine=quarantined(B))
CONTESTED = a_status(A, B, quarantine=quarantined(B), reassertions=(NOW - HOUR,), last_rollback=a_rollback())
MISSING = ServingProblem(Reason.TARGET_NOT_FOUND, "Deployment house-prices does not exist")
HEALTH: dict[str, tuple[Json, str, str]] = {
    "just created": (body(None), "Progressing", "not looked at it yet"),
    "without any status": ({**body(None), "status": None}, "Progressing", "not looked at it yet"),
    "with an empty status": ({**body(None), "status": {}}, "Progressing", "not looked at it yet"),
    "with conditions that are none": ({**body(None), "status": {"conditions": None}}, "Progressing", "not looked"),
    "edited, and not looked at since": (body(seen(HEALTHY, GENERATION - 1)), "Progressing", "not looked at it yet"),
    "adopted, not judged": (body(seen(a_status(A))), "Progressing", "NotJudgedYet: "),
    "watching": (body(seen(HEALTHY)), "Healthy", "Watching: Healthy: the figures"),
    "no data": (body(seen(judged(Verdict.NO_DATA, "NoPredictions"))), "Healthy", "Watching: NoData"),
    "too little data": (
        body(seen(judged(Verdict.INSUFFICIENT_DATA, "TooFewSamples"))),
        "Healthy",
        "Watching: InsufficientData",
    ),
    "target missing": (body(seen(a_status(A), problem=MISSING)), "Degraded", "TargetNotFound: Deployment house-prices"),
    "database never reached": (body(seen(SILENT)), "Degraded", "DatabaseUnreachable: the figures"),
    "database down after it answered": (
        body(seen(replace(SILENT, conditions=seen(HEALTHY).conditions))),
        "Healthy",
        "DatabaseUnreachable: the figures",
    ),
    "degraded and left in place": (body(seen(DEGRADED)), "Degraded", "AutoRollbackOff: the figures; not rolled back"),
    "rolling back": (
        body(seen(a_status(A, B, last_rollback=a_rollback(Phase.DECIDED)))),
        "Progressing",
        f"RollingBack: {B} -> {A}",
    ),
    "rolled back": (body(seen(LANDED)), "Healthy", f"Degraded: {B} -> {A}"),
    "rolled back, and held against Git": (
        body(seen(replace(LANDED, placement=a_placement(PlacementState.HELD)))),
        "Degraded",
        "SpecVersionHeld: ",
    ),
    "putting spec.version in place": (
        body(seen(a_status(A, placement=a_placement(PlacementState.PLACING)))),
        "Progressing",
        "PlacingVersion: ",
    ),
    "contested": (body(seen(CONTESTED)), "Degraded", "Contested: "),
    "the rollback failed": (
        body(seen(a_status(A, B, A, landing=True, last_rollback=a_rollback(Phase.FAILED)))),
        "Degraded",
        "RollbackFailed: ",
    ),
    "suspended": (body(seen(HEALTHY, suspended=True), suspend=True), "Suspended", "spec.suspend is true"),
}


@cache
def healths() -> dict[str, Json]:
    """Ask once for all: a start of the program takes longer than a script."""
    answers = run(*({"do": "health", "object": found} for found, _, _ in HEALTH.values()))
    return dict(zip(HEALTH, answers, strict=True))


@pytest.mark.parametrize("case", HEALTH)
def test_health(case: str):
    _, status, words = HEALTH[case]
    found = healths()[case]
    assert found.get("status") == status, found
    assert words in found["message"]


def test_a_resource_without_spec_has_a_health_all_the_same():
    (found,) = run({"do": "health", "object": {k: v for k, v in body(seen(HEALTHY)).items() if k != "spec"}})
    assert found["status"] == "Healthy"


ACTIONS = {
    "watching": (body(seen(HEALTHY)), {"check", "rollback", "suspend"}),
    "with a version in quarantine": (body(seen(LANDED)), {"check", "rollback", "clear-quarantine", "suspend"}),
    "suspended": (body(seen(HEALTHY, suspended=True), suspend=True), {"resume"}),
    "without any status": ({**body(None), "status": None}, {"check", "rollback", "suspend"}),
}


@pytest.mark.parametrize("case", ACTIONS)
def test_actions_that_make_sense_are_offered(case: str):
    found, expected = ACTIONS[case]
    (actions,) = run({"do": "actions", "object": found})
    assert {action["name"] for action in actions} == {"check", "rollback", "clear-quarantine", "suspend", "resume"}
    assert {action["name"] for action in actions if not action.get("disabled")} == expected


def act(action: str, found: Json, **params: str) -> Json:
    (answer,) = run({"do": "act", "object": found, "action": action, "params": params})
    assert isinstance(answer, list), answer
    (changed,) = answer
    result: Json = changed["resource"]
    return result


def notes(found: Json) -> dict[str, str]:
    return dict(found["metadata"].get("annotations") or {})


def is_now(text: str) -> bool:
    return abs(datetime.now(UTC) - datetime.fromisoformat(text)) < timedelta(minutes=2)


def test_check_asks_for_a_check_and_changes_nothing_else():
    before = body(seen(HEALTHY))
    after = act("check", before)
    asked = notes(after)
    assert is_now(asked.pop(CHECK_AT))
    assert asked == {REQUESTED_BY: "Argo CD"}
    assert {**after, "metadata": {**after["metadata"], "annotations": None}} == {
        **before,
        "metadata": {**before["metadata"], "annotations": None},
    }


def test_rollback_asks_for_the_previous_version_and_forgets_one_that_was_named_before():
    before = body(seen(HEALTHY))
    before["metadata"]["annotations"] = {ROLLBACK_TO: C, "example.com/mine": "stays"}
    asked = notes(act("rollback", before))
    assert is_now(asked.pop(ROLLBACK_AT))
    assert asked == {REQUESTED_BY: "Argo CD", "example.com/mine": "stays"}


def test_rollback_asks_for_the_version_that_is_named():
    assert notes(act("rollback", body(seen(HEALTHY)), version=C))[ROLLBACK_TO] == C


def test_clear_quarantine_means_the_last_one_or_the_one_that_is_named():
    older, newer = quarantined(B, C)
    found = body(seen(replace(LANDED, quarantine=(replace(newer, since_time=NOW), older))))
    asked = notes(act("clear-quarantine", found))
    assert is_now(asked[CLEAR_AT])
    assert asked[CLEAR_VERSION] == C
    assert notes(act("clear-quarantine", found, version=B))[CLEAR_VERSION] == B


def test_clear_quarantine_without_one_is_refused():
    (answer,) = run({"do": "act", "object": body(seen(HEALTHY)), "action": "clear-quarantine", "params": {}})
    assert "no version is in quarantine" in answer["error"]


def test_suspend_and_resume():
    assert act("suspend", body(seen(HEALTHY)))["spec"]["suspend"] is True
    assert act("resume", body(seen(HEALTHY), suspend=True))["spec"]["suspend"] is False


ENV = [{"name": "A", "value": "b"}, {"name": "MODEL_VERSION", "value": A}]
SYNCS: dict[str, tuple[VersionField, list[Json], str]] = {
    "an image": (VersionField(), [{"name": "model", "image": image(A)}], image(B)),
    "an image behind another container": (
        VersionField(container="model"),
        [{"name": "proxy", "image": "proxy:1"}, {"name": "model", "image": image(A)}],
        image(B),
    ),
    "a variable": (
        VersionField(FieldType.ENV, env="MODEL_VERSION"),
        [{"name": "model", "image": image(A), "env": ENV}],
        B,
    ),
}


@pytest.mark.parametrize("case", SYNCS)
def test_a_sync_leaves_the_version_alone_and_writes_all_else(case: str):
    field, containers, other = SYNCS[case]
    live = a_deployment(containers=containers)
    target = a_deployment(containers=yaml.safe_load(yaml.safe_dump(containers)))
    found = find_place(field, target["spec"]["template"], NAME, [])
    assert isinstance(found, tuple)
    place = found[0]
    write(target, place.path, other)
    target["spec"]["replicas"] = 7
    target["spec"]["template"]["spec"]["containers"][0]["args"] = ["--new"]
    rules = recipe(Tool.ARGO_CD, Field(live["metadata"]["namespace"], NAME, place)).document["spec"]
    (synced,) = run({"do": "sync", "object": target, "live": live, "ignoreDifferences": rules["ignoreDifferences"]})
    assert read(synced, place.path) == read(live, place.path)
    assert synced["spec"]["replicas"] == 7
    assert synced["spec"]["template"]["spec"]["containers"][0]["args"] == ["--new"]
    (untold,) = run({"do": "sync", "object": target, "live": live, "ignoreDifferences": []})
    assert read(untold, place.path) == other


def test_a_sync_leaves_an_annotation_alone_whatever_its_key():
    key = "example.com/model~version"
    live, target = a_deployment(), a_deployment()
    live["spec"]["template"]["metadata"]["annotations"] = {key: A, "other": "old"}
    target["spec"]["template"]["metadata"]["annotations"] = {key: B, "other": "new"}
    found = find_place(VersionField(FieldType.ANNOTATION, annotation=key), live["spec"]["template"], NAME, [])
    assert isinstance(found, tuple)
    rules = recipe(Tool.ARGO_CD, Field(live["metadata"]["namespace"], NAME, found[0])).document["spec"]
    (synced,) = run({"do": "sync", "object": target, "live": live, "ignoreDifferences": rules["ignoreDifferences"]})
    assert synced["spec"]["template"]["metadata"]["annotations"] == {key: A, "other": "new"}


def steps(path: str) -> list[str | int]:
    return [int(step) if step.isdigit() else step for step in path.split("/")[1:]]


def read(found: Any, path: str) -> Any:
    for step in steps(path):
        found = found[step]
    return found


def write(found: Any, path: str, value: str) -> None:
    *above, last = steps(path)
    for step in above:
        found = found[step]
    found[last] = value
