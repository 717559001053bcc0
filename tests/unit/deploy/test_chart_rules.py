"""Every alert of the chart has its runbook, and asks for metrics that there are."""

from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[3]
GROUPS = yaml.safe_load((ROOT / "charts/modelward/files/rules.yaml").read_text())["groups"]
RULES: list[dict[str, Any]] = [rule for group in GROUPS for rule in group["rules"] if "alert" in rule]
CHAPTERS = dict(part.split("\n", 1) for part in (ROOT / "docs/runbooks.md").read_text().split("\n## ")[1:])
each_rule = pytest.mark.parametrize("rule", RULES, ids=lambda rule: str(rule["alert"]))


def test_there_is_a_runbook_for_each_alert_and_no_other():
    assert set(CHAPTERS) == {rule["alert"] for rule in RULES}


@each_rule
def test_a_runbook_has_its_four_sections_and_is_named(rule: dict[str, Any]):
    assert rule["annotations"]["runbook_url"] == f"docs/runbooks.md#{rule['alert'].lower()}"
    assert rule["labels"]["severity"] in {"warning", "critical"}
    for section in ("**Meaning.**", "**Impact.**", "**Diagnosis.**", "**Mitigation.**"):
        assert section in CHAPTERS[rule["alert"]]


@each_rule
def test_an_alert_asks_for_metrics_that_there_are(rule: dict[str, Any]):
    page = (ROOT / "docs/metrics-prometheus.md").read_text()
    words = rule["expr"].replace("{", " ").replace("(", " ").replace(")", " ").split()
    asked = {word for word in words if word.startswith("modelward_")}
    assert all(f"`{name}`" in page for name in asked)
    assert asked or "absent" in rule["expr"] or "up" in rule["expr"]
