"""Wrong clocks and lost times: an operator ten minutes off, an etcd restored from a backup, two installs at once."""

import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

from cluster.lives import Life, audited, expect_one_rollback
from cluster.scenes import GOOD, WORSE, A, B, Model, is_condition, unused_name
from monitoring import go_without
from sandbox import operator as operators
from sandbox import scene
from sandbox.kubectl import Kubectl
from sandbox.operator import NAMESPACE, Operator
from sandbox.processes import Runner
from sandbox.waiting import wait_until

FAKETIME = next(Path("/usr/lib").glob("*/faketime/libfaketime.so.1"), None)
OFF = {"behind": "-10m", "ahead": "+10m"}


@pytest.fixture
def model(life: Life, database_url: str) -> Model:
    """Version A serves well; B is known to be worse. Nobody watches yet."""
    life.gate.disarm()
    namespace = unused_name("clocks")
    Kubectl(life.cluster).run("create", "namespace", namespace)
    model = Model(replace(Kubectl(life.cluster), namespace=namespace), database_url)
    model.kubectl.apply(scene.secret(namespace, database_url))
    model.predict(A, GOOD)
    model.predict(B, WORSE)
    model.deploy(A)
    return model


@pytest.fixture
def second(life: Life) -> Iterator[Operator]:
    """A second install: another Lease, the same cluster; its service account is the first one's."""
    life.be_there()
    kubectl = replace(Kubectl(life.cluster), namespace=NAMESPACE)
    kubectl.run("create", "role", "another", "--verb=get,create,update", "--resource=leases")
    kubectl.run("create", "rolebinding", "another", "--role=another", f"--serviceaccount={NAMESPACE}:modelward")
    env = {"MODELWARD_BREAKER_PERCENT": "100", "MODELWARD_LEASE_NAME": "another-install"}
    operator = operators.start(life.cluster, life.folder, env, name="second")
    yield operator
    operator.stop()


@pytest.mark.parametrize("off", OFF.values(), ids=OFF)
def test_an_operator_whose_clock_is_wrong_judges_by_the_databases_and_says_so(life: Life, model: Model, off: str):
    if FAKETIME is None:
        go_without("libfaketime")
    life.begin_again(environment={"LD_PRELOAD": str(FAKETIME), "FAKETIME": off, "FAKETIME_DONT_FAKE_MONOTONIC": "1"})
    model.watch()
    model.until_verdict("InsufficientData", A)
    model.deploy(B)
    expect_one_rollback(model)
    status = model.see()["status"]
    assert is_condition(status, "ClocksAgree", "False", "ClockSkewed")
    assert model.check()["requests"]["check"]["result"] == "Done"  # asked for by the clock of a person, who is right


def test_an_etcd_restored_to_before_a_rollback_comes_to_the_same_end_once_more(life: Life, model: Model):
    life.be_there()
    model.watch(autoRollback=False)
    model.until_verdict("InsufficientData", A)
    model.deploy(B)
    model.until_verdict("Degraded", B)
    plane = Runner(life.cluster.folder)
    backup = back_up(plane, life)
    model.watch()
    first = model.until_rolled_back(A)["lastRollback"]
    expect_rows(model)
    operator = life.operator
    assert operator is not None
    restore(plane, life, backup)
    wait_until(lambda: not operator.runner.is_running(operator.name), for_="the operator to notice", timeout=60)
    assert "restored from a backup" in operator.log()
    life.begin_again()
    assert model.see()["spec"]["autoRollback"] is False  # what was not in the backup has to be said again
    model.watch()
    again = model.until_rolled_back(A)["lastRollback"]
    assert (again["id"], again["from"], again["to"]) == (first["id"], B, A)
    expect_one_rollback(model)
    expect_rows(model)


def test_two_installs_roll_back_once_and_do_not_fight(model: Model, second: Operator):
    model.watch()
    model.until_verdict("InsufficientData", A)
    model.deploy(B)
    expect_one_rollback(model)
    expect_rows(model)
    before = model.target()["metadata"]["resourceVersion"]
    model.check()
    assert model.target()["metadata"]["resourceVersion"] == before
    assert second.is_ready()


def expect_rows(model: Model) -> None:
    """Wait for the rows of one rollback in the audit table, however often it was made."""
    wait_until(lambda: len(audited(model)) >= 3, for_="the rows of the rollback", timeout=30)
    assert audited(model) == ["Decided", "Patched", "Verified"]


def back_up(plane: Runner, life: Life) -> Path:
    """Copy etcd's data while it stands still."""
    command = psutil.Process(plane.pid("etcd")).cmdline()
    plane.stop("etcd")
    backup = life.folder / "etcd-backup"
    shutil.copytree(life.cluster.folder / "etcd", backup)
    plane.start("etcd", command)
    wait_for_api(life)
    return backup


def restore(plane: Runner, life: Life, backup: Path) -> None:
    """Put the copy in etcd's place, and start the API server and the controllers anew, as the handbook says."""
    names = ("kube-scheduler", "kube-controller-manager", "kwok", "kube-apiserver", "etcd")
    commands = {name: psutil.Process(plane.pid(name)).cmdline() for name in names}
    for name in names:
        plane.kill(name)
    shutil.rmtree(life.cluster.folder / "etcd")
    backup.rename(life.cluster.folder / "etcd")
    for name in ("etcd", "kube-apiserver"):
        plane.start(name, commands[name])
    wait_for_api(life)
    for name in ("kube-controller-manager", "kube-scheduler", "kwok"):
        plane.start(name, commands[name])


def wait_for_api(life: Life) -> None:
    """Wait until the API server answers."""
    ready = lambda: Kubectl(life.cluster).try_("get", "--raw", "/readyz").returncode == 0  # noqa: E731
    wait_until(ready, for_="the API server", timeout=60)
