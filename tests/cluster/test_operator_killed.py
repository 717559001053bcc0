"""SIGKILL before and after each single write of a rollback: the end is that of an operator that was left alone.

After one write is before the next: what the dead one knew is lost, and the cluster looks the same. The same image, one
rollback, one row of each step, one alert, and no Event twice: the undisturbed run comes first, says how many writes
there are, and is what all others are held against.
"""

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace

import psycopg
import pytest

from cluster.lives import Life
from cluster.scenes import GOOD, PATIENCE, WORSE, A, B, Json, Model, deployment, image_of, resource, unused_name
from receivers import Hook, a_web_server
from sandbox import scene
from sandbox.kubectl import Kubectl
from sandbox.waiting import wait_until

MOST = 8
CALM = "calm"
KILLED = {f"killed-before-{n}": (n, True) for n in range(1, MOST + 1)} | {"killed-at-the-end": (MOST, False)}
STEPS = ["Decided", "Observed", "Patched", "Verified"]
"""Observed: that B came; the others are those of the rollback."""


@pytest.fixture
def hook() -> Iterator[Hook]:
    """Who is told."""
    with a_web_server() as hook:
        yield hook


@pytest.fixture
def models(life: Life, hook: Hook, database_url: str) -> dict[str, Model]:
    """Models of which A serves well and is watched, and B is known to be worse: one for each way to be killed."""
    namespace = unused_name("killed")
    Kubectl(life.cluster).run("create", "namespace", namespace)
    kubectl = replace(Kubectl(life.cluster), namespace=namespace)
    found = {name: Model(kubectl, database_url, name) for name in (CALM, *KILLED)}
    kubectl.apply(scene.secret(namespace, database_url))
    url = f"json://127.0.0.1:{hook.port}/"
    kubectl.apply({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "ops"}, "stringData": {"url": url}})
    for model in found.values():
        model.predict(A, GOOD)
        model.predict(B, WORSE)
    alerts = [{"name": "ops", "secretRef": {"name": "ops"}}]
    bodies = [deployment(name, image_of(A)) for name in found] + [resource(name, alerts=alerts) for name in found]
    kubectl.apply({"apiVersion": "v1", "kind": "List", "items": bodies})
    life.gate.disarm()
    life.begin_again(alert_networks="127.0.0.0/8")
    for model in found.values():
        model.until_verdict("InsufficientData", A)
    return found


def steps(model: Model) -> list[tuple[str, str]]:
    """List the rows of the audit table: event and step."""
    statement = "SELECT event_id, phase FROM modelward.audit WHERE name = %s ORDER BY phase"
    with psycopg.connect(model.database_url) as connection:
        return list(connection.execute(statement.encode(), (model.name,)))


def alerts(hook: Hook, model: Model) -> set[bytes]:
    """Collect what was told of a model; what was delivered twice is the same, for the receiver to drop."""
    return {body for _, _, body in hook.posts if f"/{model.name}:".encode() in body}


def is_over(model: Model, hook: Hook) -> bool:
    status = model.see()["status"]
    judged = (status.get("verdict"), status.get("currentVersion")) == ("NoData", A)
    return bool(judged and [step for _, step in steps(model)] == STEPS and alerts(hook, model))


def roll_back(model: Model, hook: Hook) -> None:
    """Deploy the bad version; wait until it is rolled back, written down and told of."""
    model.deploy(B)
    wait_until(lambda: is_over(model, hook), for_=f"the end of {model.name}", timeout=PATIENCE)


def end_of(model: Model, hook: Hook) -> Json:
    """Return all that must not depend on a kill, of a model that was looked at until nothing waits to be told."""
    status = model.check_until(lambda s: not s.get("outbox", {}).get("letters"), "an empty outbox")
    target = model.kubectl.json("get", "deployment", model.name, "--show-managed-fields")
    last, kept = status["lastRollback"], steps(model)
    kinds = ("ModelDeployment", "Deployment")
    notes = [(kind, e["reason"], e["note"]) for kind in kinds for e in model.events(kind=kind)]
    notes = [note for note in notes if note[1] != "RequestDone"]  # of our own asking
    told = json.loads(next(iter(alerts(hook, model))))
    return {
        "image": model.image(),
        "revision": target["metadata"]["annotations"]["deployment.kubernetes.io/revision"],
        "owned by": sorted({entry["manager"] for entry in target["metadata"]["managedFields"]}),
        "written on it": target["metadata"]["annotations"]["modelward.dev/rollback-id"] == last["id"],
        "rollback": {key: last[key] for key in ("from", "to", "phase", "message", "automatic", "reason")},
        "history": [(m["version"], m["placedBy"], m.get("rolledBack")) for m in status["history"]],
        "quarantine": [q["version"] for q in status["quarantine"]],
        "conditions": {c["type"]: (c["status"], c["reason"]) for c in status["conditions"]},
        "put right": status.get("reassertions"),
        "events": Counter((kind, reason) for kind, reason, _ in notes),
        "said twice": [note for note, count in Counter(notes).items() if count > 1],
        "rows": [(event == last["id"], step) for event, step in kept],
        "alerts": (len(alerts(hook, model)), told["title"].replace(model.name, "")),
    }


@pytest.mark.timeout(300)
def test_killed_around_each_write_the_end_is_as_undisturbed(life: Life, models: dict[str, Model], hook: Hook):
    life.gate.arm(1000, lambda: 0, about=CALM)
    roll_back(models[CALM], hook)
    assert len(life.gate.writes) == MOST, life.gate.writes
    life.gate.disarm()
    calm = end_of(models[CALM], hook)
    assert (calm["image"], calm["rows"]) == (image_of(A), [(step != "Observed", step) for step in STEPS])
    assert (calm["said twice"], calm["alerts"][0]) == ([], 1)
    for name, (write, before) in KILLED.items():
        running = life.operator
        assert running is not None
        life.gate.arm(write, lambda running=running: running.pid, before=before, about=name)  # type: ignore[misc]
        models[name].deploy(B)
        life.gate.wait()
        life.begin_again(alert_networks="127.0.0.0/8")
    for name in KILLED:
        wait_until(lambda name=name: is_over(models[name], hook), for_=f"the end of {name}", timeout=PATIENCE)  # type: ignore[misc]
        assert end_of(models[name], hook) == calm, name
