"""A real Alertmanager takes our alerts, and ends those that are over. Debian has it; .ci/run installs it as root."""

import asyncio
from collections.abc import Iterator

import pytest

from builders import NOW, A, B
from modelward.domain.letters import Letter, Step
from modelward.domain.messages import About, Address, Errand
from modelward.tell.compose import compose
from modelward.tell.courier import ProcessCourier
from monitoring import Alertmanager, Json, an_alertmanager


@pytest.fixture(scope="module")
def alertmanager(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Alertmanager]:
    with an_alertmanager(tmp_path_factory.mktemp("alertmanager")) as started:
        yield started


def alerts_of(alertmanager: Alertmanager, name: str) -> list[Json]:
    return [alert for alert in alertmanager.alerts() if alert["labels"]["modeldeployment"] == name]


def tell(alertmanager: Alertmanager, step: Step, reason: str, name: str) -> None:
    letter = Letter("0123456789abcdef", "e", step, reason, NOW, "R2 fell", from_=B, to=A)
    message = compose(letter, About("ml", name, name))
    courier = ProcessCourier(("127.0.0.0/8",))
    (error,) = asyncio.run(courier.deliver([Errand(Address(f"alertmanager://127.0.0.1:{alertmanager.port}"), message)]))
    assert error is None


def test_an_alert_stands_there_with_its_labels(alertmanager: Alertmanager):
    tell(alertmanager, Step.PATCHED, "RolledBack", "one")
    (alert,) = alerts_of(alertmanager, "one")
    expected = {"alertname": "ModelwardRolledBack", "namespace": "ml", "model": "one", "severity": "warning"}
    assert alert["labels"] == {**expected, "modeldeployment": "one"}
    assert alert["annotations"]["summary"] == f"[modelward] ml/one: rolled back {B} -> {A}"


def test_told_twice_it_is_one_alert(alertmanager: Alertmanager):
    tell(alertmanager, Step.FAILED, "RollbackFailed", "two")
    tell(alertmanager, Step.FAILED, "RollbackFailed", "two")
    (alert,) = alerts_of(alertmanager, "two")
    assert alert["labels"]["severity"] == "critical"


def test_a_recovery_ends_the_degradation(alertmanager: Alertmanager):
    tell(alertmanager, Step.SEEN, "Degraded", "three")
    assert alerts_of(alertmanager, "three")
    tell(alertmanager, Step.SEEN, "Recovered", "three")
    assert not alerts_of(alertmanager, "three")


def test_a_new_version_ends_the_rollback_that_came_before(alertmanager: Alertmanager):
    tell(alertmanager, Step.PATCHED, "RolledBack", "four")
    assert alerts_of(alertmanager, "four")
    tell(alertmanager, Step.OBSERVED, "VersionChanged", "four")
    assert not alerts_of(alertmanager, "four")
