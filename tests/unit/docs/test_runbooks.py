"""Every alert of the chart has a page of docs/runbooks.md to itself, whole, and no page is left over."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[3]
RULES = yaml.safe_load((ROOT / "charts/modelward/files/rules.yaml").read_text())
ALERTS: dict[str, Any] = {rule["alert"]: rule for group in RULES["groups"] for rule in group["rules"]}
PARTS = ("Meaning", "Impact", "Diagnosis", "Mitigation")
PAGES = {
    part.split("\n", 1)[0]: part.split("\n", 1)[1]
    for part in (ROOT / "docs/runbooks.md").read_text().split("\n## ")[1:]
}


def test_pages_and_alerts_belong_together():
    assert set(ALERTS) <= set(PAGES)
    assert {name for name in PAGES if name.startswith("Modelward")} == set(ALERTS)


@pytest.mark.parametrize("name", ALERTS)
def test_a_page_says_meaning_impact_diagnosis_and_mitigation(name: str):
    found = re.findall(r"^\*\*(\w+)\.\*\* \S", PAGES[name], re.MULTILINE)
    assert tuple(found) == PARTS


@pytest.mark.parametrize("name", ALERTS)
def test_an_alert_leads_to_its_page_and_says_how_bad_it_is(name: str):
    rule = ALERTS[name]
    assert rule["annotations"]["runbook_url"] == f"docs/runbooks.md#{name.lower()}"
    assert rule["annotations"]["summary"]
    assert rule["annotations"]["description"].endswith(".")
    assert rule["labels"]["severity"] in {"critical", "warning"}
