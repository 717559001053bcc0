"""A real Alertmanager takes our alerts, and ends those that are over. Debian has it; .ci/run installs it as root."""

import asyncio
import json
import shutil
import subprocess
import urllib.request
from collections.abc import Iterator
from typing import Any

import pytest

from builders import NOW, A, B
from modelward.domain.letters import Letter, Step
from modelward.domain.messages import About, Address, Errand
from modelward.tell.compose import compose
from modelward.tell.courier import ProcessCourier
from sandbox.ports import free_ports
from sandbox.waiting import wait_until

PROGRAM = shutil.which("prometheus-alertmanager") or shutil.which("alertmanager")
CONFIG = "route: {receiver: nobody}\nreceivers: [{name: nobody}]\n"


@pytest.fixture(scope="module")
def alertmanager(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    if PROGRAM is None:
        pytest.skip("no Alertmanager here: apt-get install prometheus-alertmanager (.ci/run does it as root)")
    folder = tmp_path_factory.mktemp("alertmanager")
    (folder / "config.yml").write_text(CONFIG)
    (port,) = free_ports(1)
    command = [PROGRAM, f"--config.file={folder}/config.yml", f"--storage.path={folder}/data"]
    command += [f"--web.listen-address=127.0.0.1:{port}", "--cluster.listen-address="]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        try:
            wait_until(lambda: is_ready(port), for_="Alertmanager to answer", timeout=20)
            yield port
        finally:
            process.kill()


def is_ready(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/-/ready", timeout=1) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False


def alerts(port: int, *, active: bool = True) -> list[dict[str, Any]]:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/api/v2/alerts?active={str(active).lower()}") as answer:
        found: list[dict[str, Any]] = json.loads(answer.read())
        return found


def tell(port: int, step: Step, reason: str, name: str) -> None:
    letter = Letter("0123456789abcdef", "e", step, reason, NOW, "R2 fell", from_=B, to=A)
    message = compose(letter, About("ml", name, name))
    courier = ProcessCourier(("127.0.0.0/8",))
    (error,) = asyncio.run(courier.deliver([Errand(Address(f"alertmanager://127.0.0.1:{port}"), message)]))
    assert error is None


def test_an_alert_stands_there_with_its_labels(alertmanager: int):
    tell(alertmanager, Step.PATCHED, "RolledBack", "one")
    (alert,) = [a for a in alerts(alertmanager) if a["labels"]["modeldeployment"] == "one"]
    expected = {"alertname": "ModelwardRolledBack", "namespace": "ml", "model": "one", "severity": "warning"}
    assert alert["labels"] == {**expected, "modeldeployment": "one"}
    assert alert["annotations"]["summary"] == f"[modelward] ml/one: rolled back {B} -> {A}"


def test_told_twice_it_is_one_alert(alertmanager: int):
    tell(alertmanager, Step.FAILED, "RollbackFailed", "two")
    tell(alertmanager, Step.FAILED, "RollbackFailed", "two")
    (alert,) = [a for a in alerts(alertmanager) if a["labels"]["modeldeployment"] == "two"]
    assert alert["labels"]["severity"] == "critical"


def test_a_recovery_ends_the_degradation(alertmanager: int):
    tell(alertmanager, Step.SEEN, "Degraded", "three")
    assert [a for a in alerts(alertmanager) if a["labels"]["modeldeployment"] == "three"]
    tell(alertmanager, Step.SEEN, "Recovered", "three")
    assert not [a for a in alerts(alertmanager) if a["labels"]["modeldeployment"] == "three"]


def test_a_new_version_ends_the_rollback_that_came_before(alertmanager: int):
    tell(alertmanager, Step.PATCHED, "RolledBack", "four")
    assert [a for a in alerts(alertmanager) if a["labels"]["modeldeployment"] == "four"]
    tell(alertmanager, Step.OBSERVED, "VersionChanged", "four")
    assert not [a for a in alerts(alertmanager) if a["labels"]["modeldeployment"] == "four"]
