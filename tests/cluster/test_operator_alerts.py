"""A rollback is told by mail and kept in the database; the mail is read in the mailbox, the row in the table."""

import json
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg.rows import dict_row

from cluster.scenes import WORSE, A, B, Json, Model, condition, is_condition, resource
from receivers import PASSWORD, USER, a_mail_server, make_certificate
from sandbox.kubectl import Kubectl
from sandbox.operator import Operator

OPTIONS = "smtp=localhost&from=modelward@example.com&to=admin@example.com&verify=no"


def secret(url: str) -> Json:
    return {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "ops-mail"}, "stringData": {"url": url}}


def rows(url: str) -> list[dict[str, Any]]:
    with psycopg.connect(url, row_factory=dict_row) as connection:
        return connection.execute("SELECT * FROM modelward.audit ORDER BY audit_id").fetchall()


def looked_after(url: str) -> list[tuple[str, str]]:
    with psycopg.connect(url) as connection:
        return connection.execute("SELECT model_name, resource FROM modelward.managed").fetchall()


def is_told(status: Json) -> bool:
    return status.get("lastRollback", {}).get("phase") == "Verified" and not status.get("outbox", {}).get("letters")


def test_a_rollback_arrives_in_the_mailbox_and_in_the_table(
    operator: Operator, kubectl: Kubectl, database_secret: str, tmp_path: Path
):
    assert operator.is_ready()
    model = Model(kubectl, database_secret)
    with a_mail_server(*make_certificate(tmp_path)) as mailbox:
        kubectl.apply(secret(f"mailto://{USER}:{PASSWORD}@localhost:{mailbox.port}?{OPTIONS}"))
        model.predict(A)
        model.deploy(A)
        model.watch(alerts=[{"name": "ops", "secretRef": {"name": "ops-mail"}}])
        model.until_verdict("InsufficientData", A)
        model.until(lambda s: is_condition(s, "AlertsReady", "True", "AlertsReadable"), "AlertsReady")
        model.predict(B, WORSE)
        model.deploy(B)
        status = model.until(is_told, "an empty outbox")
    (mail,) = mailbox.mails
    assert mail["Subject"] == f"[modelward] {kubectl.namespace}/{model.name}: rolled back {B} -> {A}"
    text = mail.get_content()
    assert "R2     0.930 -> 0.850 (-8.6 %, limit 5 %, BEYOND)" in text
    assert f"kubectl describe modeldeployment {model.name} -n {kubectl.namespace}" in text
    kept = [row for row in rows(database_secret) if row["event_id"] == status["lastRollback"]["id"]]
    assert sorted(row["phase"] for row in kept) == ["Decided", "Patched", "Verified"]
    assert kept[0]["evidence"]["samples"] == 200
    (came,) = [row for row in rows(database_secret) if row["phase"] == "Observed"]
    assert (came["from_version"], came["to_version"], came["reason"]) == (A, B, "VersionChanged")
    assert came["actor"].startswith("field manager ")
    assert looked_after(database_secret) == [(model.name, f"{kubectl.namespace}/{model.name}")]
    assert condition(status, "AlertsReady")["status"] == "True"
    assert PASSWORD not in operator.log() + str(model.see()) + str(model.events())


@pytest.mark.parametrize(("url", "reason"), [("dbus://c4n4ry", "AlertAddressInvalid"), ("", "SecretIncomplete")])
def test_an_address_that_cannot_be_used_is_said_and_the_rollback_still_happens(
    operator: Operator, kubectl: Kubectl, database_secret: str, url: str, reason: str
):
    model = Model(kubectl, database_secret)
    kubectl.apply(secret(url))
    model.predict(A)
    model.deploy(A)
    model.watch(alerts=[{"name": "ops", "secretRef": {"name": "ops-mail"}}])
    model.until(lambda s: is_condition(s, "AlertsReady", "False", reason), f"AlertsReady=False ({reason})")
    model.predict(B, WORSE)
    model.deploy(B)
    model.until_rolled_back(A)
    assert model.notes("AlertFailed")
    assert "c4n4ry" not in operator.log() + str(model.see()) + str(model.events())


OPS = {"name": "ops", "secretRef": {"name": "ops-mail"}}
REFUSED: list[tuple[list[Json], str]] = [
    ([{"name": "ops"}], "spec.alerts[0].secretRef"),
    ([{"secretRef": {"name": "s"}}], "spec.alerts[0].name"),
    ([{**OPS, "reasons": ["Sunny"]}], "spec.alerts[0].reasons[0]"),
    ([{**OPS, "reasons": []}], "spec.alerts[0].reasons"),
    ([{**OPS, "reasons": ["Degraded", "Degraded"]}], "spec.alerts[0].reasons[1]"),
    ([{**OPS, "on": ["Degraded"]}], 'unknown field "spec.alerts[0].on"'),
    ([OPS, OPS], "spec.alerts[1]"),
    ([{**OPS, "name": f"ops-{n}"} for n in range(11)], "spec.alerts"),
]


@pytest.mark.parametrize(("alerts", "where"), REFUSED, ids=[where for _, where in REFUSED])
def test_nonsense_is_refused_where_it_stands(kubectl: Kubectl, alerts: list[Json], where: str):
    body = json.dumps(resource("house-prices", alerts=alerts))
    done = kubectl.try_("create", "--dry-run=server", "--filename=-", stdin=body)
    assert done.returncode
    assert where in done.stderr


def test_what_is_left_out_is_filled_in(kubectl: Kubectl):
    kubectl.apply(resource("house-prices", alerts=[OPS], suspend=True))
    (alert,) = kubectl.json("get", "mdl/house-prices")["spec"]["alerts"]
    assert alert["secretRef"]["key"] == "url"
    assert alert["reasons"] == ["RolledBack", "RollbackFailed", "Degraded", "Contested"]
