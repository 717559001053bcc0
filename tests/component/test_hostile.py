"""Secrets never show, and what somebody wrote on purpose to break the operator breaks nothing."""

import json
import logging
from typing import Any

import pytest
from prometheus_client import generate_latest

from builders import NAMESPACE, A, B
from component.mail import Mail
from component.told import ALL, OPS, SOON
from component.world import BAD, CHECK, GOOD, HOUR, MINUTE, World, a_degraded_world
from doubles import a_source_error
from modelward.domain.errors import ClusterError

CANARY = "c4n4ry"
URL = f"mailtos://{CANARY}:{CANARY}@{CANARY}.example.com?from=a@example.com&to={CANARY}@example.com"
KEY = ("ModelDeployment", NAMESPACE, "house-prices")


def shown(world: World, log: pytest.LogCaptureFixture) -> str:
    """Return all that leaves the operator for eyes: objects, Events, log lines with their tracebacks, metrics."""
    objects = [body for (kind, *_), body in world.cluster.objects.items() if kind != "Secret"]
    lines = [logging.Formatter().format(record) for record in log.records]
    return json.dumps([objects, list(world.cluster.events.values()), lines]) + generate_latest().decode()


async def go_down(world: World, mail: Mail) -> None:
    world.reader.down = a_source_error()
    mail.courier.down = {CANARY}


async def lose_the_secrets(world: World, mail: Mail) -> None:
    del mail
    for key in world.cluster.secrets:
        world.cluster.secrets[key] = ClusterError("the API server did not answer")
    world.edit(checkInterval="11m")


async def break_the_secrets(world: World, mail: Mail) -> None:
    del mail
    world.cluster.secrets[NAMESPACE, "house-prices-db"] = {"uri": f"mysql://{CANARY}:{CANARY}@{CANARY}/{CANARY}"}
    world.cluster.secrets[NAMESPACE, "ops-mail"] = {"url": f"gopher://{CANARY}@{CANARY}/"}
    world.edit(checkInterval="11m")


async def nothing(world: World, mail: Mail) -> None:
    del world, mail


TROUBLES = {"nothing": nothing, "all is down": go_down, "no Secret": lose_the_secrets, "bad Secrets": break_the_secrets}


@pytest.mark.parametrize("trouble", TROUBLES.values(), ids=TROUBLES)
async def test_no_word_of_a_secret_is_shown_in(trouble: Any, caplog: pytest.LogCaptureFixture):
    caplog.set_level(logging.DEBUG)
    mail = Mail(addresses={"ops-mail": URL})
    world = World(mail)
    secret = {"host": CANARY, "port": "5432", "dbname": CANARY, "user": CANARY, "password": CANARY}
    world.cluster.secrets[NAMESPACE, "house-prices-db"] = secret
    world.model(alerts=[{**OPS, "reasons": ALL}])
    world.deploy(A)
    world.predict(A, GOOD, over=HOUR)
    await world.turn()
    world.deploy(B)
    await world.turn(MINUTE)
    await trouble(world, mail)
    world.clock.advance(CHECK)
    world.predict(B, BAD)
    world.clock.advance(-CHECK)
    for pause in (CHECK, SOON, HOUR, CHECK):
        await world.turn(pause)
    assert "house-prices" in shown(world, caplog)
    assert CANARY not in shown(world, caplog)


def set_note(key: str, value: str) -> Any:
    return lambda body: body["metadata"].setdefault("annotations", {}).update({f"modelward.dev/{key}": value})


NASTY = "x\n2026-01-01 ERROR all is lost\r\n\x1b[2J\u202e'; DROP TABLE model_predictions; --" + "\N{PILE OF POO}" * 5000
EDITS = {
    "a huge annotation of somebody else's": lambda body: body["metadata"].update(annotations={"x": "y" * 250_000}),
    "a request at no time": set_note("rollback-requested-at", NASTY),
    "a rollback to no version": lambda body: body["metadata"].update(
        annotations={
            "modelward.dev/rollback-requested-at": "2026-01-08T15:00:00Z",
            "modelward.dev/rollback-to": NASTY,
            "modelward.dev/requested-by": NASTY,
        }
    ),
    "a model's name with newlines": lambda body: body["spec"].update(modelName=NASTY),
    "a status of another kind": lambda body: body.update(status={"epoch": [1], "history": "x", "lastRollback": 7}),
    "a spec of another kind": lambda body: body.update(spec={"database": [], "autoRollback": "maybe"}),
    "no spec": lambda body: body.update(spec={}),
}


@pytest.mark.parametrize("edit", EDITS.values(), ids=EDITS)
async def test_nobody_else_suffers_from(edit: Any, caplog: pytest.LogCaptureFixture):
    world = await a_degraded_world()
    world.model("nasty")
    world.deploy(A, "nasty")
    world.cluster.edit("ModelDeployment", NAMESPACE, "nasty", edit)
    await world.turn(CHECK)
    await world.turns(2)
    assert world.serving() == A
    assert [record.getMessage() for record in caplog.records if record.exc_info] == []


NOTES = {
    "a rollback that never was": {"modelward.dev/rollback-id": NASTY, "modelward.dev/rolled-back-from": NASTY},
    "a list of images that means nothing": {"modelward.dev/allowed-images": NASTY + "," * 9000},
    "a revision that is no number": {"deployment.kubernetes.io/revision": "9" * 400},
}


@pytest.mark.parametrize("notes", NOTES.values(), ids=NOTES)
async def test_a_deployment_may_carry(notes: dict[str, str], caplog: pytest.LogCaptureFixture):
    world = await a_degraded_world()
    world.cluster.edit(
        "Deployment", NAMESPACE, "house-prices", lambda body: body["metadata"].update(annotations=dict(notes))
    )
    world.restart()
    await world.turn(CHECK)
    assert world.serving() == A
    assert [record.getMessage() for record in caplog.records if record.exc_info] == []
