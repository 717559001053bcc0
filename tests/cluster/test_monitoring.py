"""A real Prometheus scrapes the operator: alerts reach a real Alertmanager, and no panel of a dashboard is empty."""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import pytest

from boards import NAMES, choices, fill_in, queries, read_board
from cluster.scenes import GOOD, WORSE, A, B, Json, Model
from monitoring import Alertmanager, Prometheus, a_prometheus, an_alertmanager
from sandbox.errors import SandboxError
from sandbox.kubectl import Kubectl
from sandbox.operator import Operator
from sandbox.waiting import wait_until

ROOT = Path(__file__).parents[2]
RULES = ROOT / "charts/modelward/files/rules.yaml"
PATIENCE = 90


@dataclass(frozen=True)
class Watched:
    """A model that somebody keeps putting back on a bad version, and those who watch the operator."""

    model: Model
    prometheus: Prometheus
    alertmanager: Alertmanager

    @property
    def who(self) -> dict[str, str]:
        """The model, as labels."""
        return {"namespace": str(self.model.kubectl.namespace), "name": self.model.name}

    def until_told(self, alert: str, labels: dict[str, str]) -> Json:
        """Wait until an alert of that name stands in the Alertmanager."""

        def find() -> list[Json]:
            wanted = {"alertname": alert, **labels}
            return [a for a in self.alertmanager.alerts() if wanted.items() <= a["labels"].items()]

        wait_until(find, for_=f"the alert {alert}", timeout=PATIENCE)
        return find()[0]


@pytest.fixture
def watched(operator: Operator, kubectl: Kubectl, database_secret: str, tmp_path: Path) -> Iterator[Watched]:
    """B was rolled back, put back by somebody, put right, and put back again."""
    model = Model(kubectl, database_secret)
    with (
        an_alertmanager(tmp_path / "alertmanager") as alertmanager,
        a_prometheus(tmp_path / "prometheus", operator.port, alertmanager.port, RULES) as prometheus,
    ):
        url = f"alertmanager://127.0.0.1:{alertmanager.port}"
        kubectl.apply({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "pager"}, "stringData": {"url": url}})
        model.predict(A, GOOD)
        model.deploy(A)
        model.watch(rollback={"cooldown": "0s"}, alerts=[{"name": "pager", "secretRef": {"name": "pager"}}])
        model.until_verdict("InsufficientData", A)
        model.predict(B, WORSE)
        model.deploy(B)
        model.until_rolled_back(A)
        model.set_image(B)
        model.notes("QuarantineEnforced")
        model.until_ready("True", "Watching")
        model.set_image(B)
        model.until_ready("False", "Contested")
        model.predict(B, WORSE, seconds=-1)
        model.check_until(lambda s: s.get("verdict") == "Degraded", "a verdict on what serves now")
        yield Watched(model, prometheus, alertmanager)


def test_alerts_fire_and_arrive_and_panels_show_what_is_true(watched: Watched):
    of_rules = watched.until_told("ModelwardContested", watched.who)
    assert of_rules["labels"]["severity"] == "critical"
    assert of_rules["annotations"]["runbook_url"] == "docs/runbooks.md#modelwardcontested"
    assert watched.model.name in of_rules["annotations"]["summary"]
    of_operator = watched.until_told("ModelwardContested", {"modeldeployment": watched.model.name})
    assert B in of_operator["annotations"]["summary"]
    watched.model.until(lambda s: not s.get("outbox", {}).get("letters"), "an empty outbox")
    delivered = 'sum(increase(modelward_alerts_total{result="delivered"}[5m])) > 0'
    wait_until(lambda: watched.prometheus.query(delivered), for_="the first delivery to be seen", timeout=PATIENCE)
    with suppress(SandboxError):  # what is empty says more than that time is over
        wait_until(lambda: find_empty(watched) == [], for_="data in every panel", timeout=PATIENCE)
    assert find_empty(watched) == []
    with suppress(SandboxError):
        wait_until(lambda: shown(watched) == true(watched), for_="the figures of the model", timeout=PATIENCE)
    assert shown(watched) == true(watched)


FIGURES = ("Degraded", "Not ready", "Unread", "Ready", "Beyond their limit", "Samples")


def shown(watched: Watched) -> dict[str, float]:
    """Read the figures of both dashboards."""
    exprs = {title: expr for name in NAMES for title, expr in queries(read_board(name))}
    found = {title: watched.prometheus.query(fill_in(exprs[title], watched.who)) for title in FIGURES}
    return {title: float(rows[0]["value"][1]) for title, rows in found.items() if rows}


def true(watched: Watched) -> dict[str, float]:
    """Say what they should be."""
    status = watched.model.see()["status"]
    breached = sum(metric["breached"] for metric in status["metrics"])
    return dict(zip(FIGURES, (1, 1, 0, 0, breached, status["samples"]), strict=True))


def find_empty(watched: Watched) -> list[str]:
    """Name what shows nothing: the queries of all panels, marks and choices."""
    chosen = {**watched.who, "metric": ".+"}
    empty = []
    for name in NAMES:
        board = read_board(name)
        asked = {f"{name}: {title}: {expr}": fill_in(expr, chosen) for title, expr in queries(board)}
        empty += [what for what, expr in asked.items() if not watched.prometheus.query(expr)]
        for choice, (selector, label) in choices(board).items():
            if not watched.prometheus.values_of(label, fill_in(selector, chosen)):
                empty.append(f"{name}: {choice}")
    return empty
