"""What Prometheus and the kubelet ask a running operator."""

import urllib.request

import pytest
from prometheus_client import Metric
from prometheus_client.parser import text_string_to_metric_families

from cluster.scenes import A, B, Model
from modelward.counts import LABELS
from modelward.scrape import FAMILIES
from sandbox.kubectl import Kubectl
from sandbox.operator import Operator


@pytest.fixture
def model(kubectl: Kubectl, database_secret: str) -> Model:
    return Model(kubectl, database_secret)


def ask(operator: Operator, path: str) -> str:
    with urllib.request.urlopen(f"http://127.0.0.1:{operator.port}{path}", timeout=10) as answer:
        assert answer.headers["Content-Type"].startswith("text/plain")
        return str(answer.read().decode())


def scrape(operator: Operator) -> dict[str, Metric]:
    return {metric.name: metric for metric in text_string_to_metric_families(ask(operator, "/metrics"))}


def values(family: Metric, **labels: str) -> list[float]:
    return [s.value for s in family.samples if labels.items() <= s.labels.items()]


def test_metrics_say_what_a_model_came_to(model: Model, operator: Operator):
    rolled_back_before = sum(values(scrape(operator)["modelward_rollbacks"], phase="Patched", trigger="Request"))
    model.deploy(A)
    model.predict(A)
    model.watch(autoRollback=False)
    model.until(lambda status: status.get("verdict"), "a first verdict")
    model.deploy(B)
    model.predict(B)
    model.until_verdict("Healthy", B)
    found = scrape(operator)
    who = {"namespace": str(model.kubectl.namespace), "name": model.name}
    assert values(found["modelward_verdict"], verdict="Healthy", **who) == [1]
    assert values(found["modelward_ready"], reason="Watching", **who) == [1]
    assert values(found["modelward_metric_value"], metric="r2", version="current", **who) == [pytest.approx(0.93, 1e-3)]
    assert values(found["modelward_metric_value"], metric="r2", version="previous", **who) == [
        pytest.approx(0.93, 1e-3)
    ]
    assert values(found["modelward_samples"], **who) == [200]
    assert values(found["modelward_label_coverage_ratio"], **who) == [1]
    assert len(values(found["modelward_evaluation_age_seconds"], **who)) == 1
    assert values(found["modelward_lease_held"]) == [1]
    model.until_answered("rollback", model.ask("rollback"))
    model.until_rolled_back(A)
    rollbacks = scrape(operator)["modelward_rollbacks"]
    assert sum(values(rollbacks, phase="Patched", trigger="Request")) > rolled_back_before


def test_every_metric_is_a_documented_one(operator: Operator):
    documented = {family.name for family in FAMILIES} | {i.describe()[0].name for i in LABELS}
    ours = {name for name in scrape(operator) if name.startswith("modelward_")}
    assert ours <= documented
    assert {"modelward_resources", "modelward_api_requests", "modelward_check_duration_seconds"} <= ours


def test_a_running_operator_is_healthy_and_ready(operator: Operator):
    assert ask(operator, "/healthz") == "ok\n"
    assert ask(operator, "/readyz") == "ok\n"
