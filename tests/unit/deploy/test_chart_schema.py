"""A wrong value of the chart is refused before anything is installed, with the path at which it stands."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from charts.coverage import find_leaves
from manifests.helm import find_helm
from sandbox.commands import run_command

if TYPE_CHECKING:
    import subprocess

CHART = Path(__file__).resolve().parents[3] / "charts/modelward"
WRITTEN = (CHART / "values.yaml").read_text()
DEFAULTS: dict[str, Any] = dict(find_leaves(yaml.safe_load(WRITTEN), WRITTEN))
SCHEMA: dict[str, Any] = json.loads((CHART / "values.schema.json").read_text())
# What only the API server knows in whole, and what is a map by its nature.
OPEN = {"#/global", "#/definitions/volume", "#/definitions/object", "#/definitions/object/metadata"}


def nested(path: str, value: Any) -> dict[str, Any]:
    for name in reversed(path.split(".")):
        value = {name: value}
    whole: dict[str, Any] = value
    return whole


def template(values: dict[str, Any]) -> "subprocess.CompletedProcess[str]":
    return run_command([find_helm(), "template", "other", CHART, "--values", "-"], stdin=json.dumps(values))


def refusal(values: dict[str, Any]) -> str:
    """What Helm says of values; it must refuse them."""
    done = template(values)
    assert done.returncode != 0, f"taken: {values}"
    return done.stderr


def test_a_value_of_another_type_is_refused_by_its_place_whatever_value_it_is():
    wrong: dict[str, Any] = {}
    for path, default in DEFAULTS.items():
        *groups, name = path.split(".")
        into = wrong
        for group in groups:
            into = into.setdefault(group, {})
        into[name] = 0.5 if not isinstance(default, bool) else "yes"
    said = refusal(wrong)
    for path in DEFAULTS:
        assert f"at '/{path.replace('.', '/')}'" in said, path


def test_a_name_that_there_is_not_is_refused_in_every_group():
    groups = {path.rpartition(".")[0] for path in DEFAULTS if "." in path}
    wrong: dict[str, Any] = {"unheardOf": 1}
    for group in sorted(groups):
        into = wrong
        for name in group.split("."):
            into = into.setdefault(name, {})
        into["unheardOf"] = 1
    said = refusal(wrong)
    for group in {"", *(f"/{group.replace('.', '/')}" for group in groups)}:
        assert f"at '{group}': additional properties 'unheardOf' not allowed" in said


@pytest.mark.parametrize(
    ("path", "value", "where"),
    [
        ("replicaCount", "2", "/replicaCount"),
        ("replicaCount", 1.5, "/replicaCount"),
        ("replicaCount", -1, "/replicaCount"),
        ("fullnameOverride", "Guard", "/fullnameOverride"),
        ("nameOverride", "a" * 54, "/nameOverride"),
        ("commonLabels", {"team": 1}, "/commonLabels/team"),
        ("image.registry", "https://registry.example.com", "/image/registry"),
        ("image.repository", "", "/image/repository"),
        ("image.tag", "a:b", "/image/tag"),
        ("image.digest", "latest", "/image/digest"),
        ("image.pullPolicy", "Sometimes", "/image/pullPolicy"),
        ("imagePullSecrets", ["registry"], "/imagePullSecrets/0"),
        ("imagePullSecrets", [{"name": ""}], "/imagePullSecrets/0/name"),
        ("watchNamespaces", ["Default"], "/watchNamespaces/0"),
        ("watchNamespaces", ["ml", "ml"], "/watchNamespaces"),
        ("breaker.percent", 0, "/breaker/percent"),
        ("breaker.percent", 101, "/breaker/percent"),
        ("alerts.networks", ["localhost"], "/alerts/networks/0"),
        ("databases.networks", ["localhost"], "/databases/networks/0"),
        ("logLevel", "LOUD", "/logLevel"),
        ("logFormat", "xml", "/logFormat"),
        ("serviceAccount.name", "Some Body", "/serviceAccount/name"),
        ("serviceAccount.annotations", {"a": 1}, "/serviceAccount/annotations/a"),
        ("resources.limits", {"memory": "much"}, "/resources/limits/memory"),
        ("resources.requests", {"cpu": -1}, "/resources/requests/cpu"),
        ("networkPolicy.databases.ports", [], "/networkPolicy/databases/ports"),
        ("networkPolicy.databases.ports", ["pg"], "/networkPolicy/databases/ports/0"),
        ("networkPolicy.alerts.ports", [65536], "/networkPolicy/alerts/ports/0"),
        ("networkPolicy.databases.to", ["10.0.0.0/8"], "/networkPolicy/databases/to/0"),
        ("networkPolicy.databases.to", [{"ipBlock": {"cdir": "10.0.0.0/8"}}], "/networkPolicy/databases/to/0/ipBlock"),
        ("networkPolicy.metricsFrom", [{}], "/networkPolicy/metricsFrom/0"),
        ("networkPolicy.extraEgress", [{"port": 1}], "/networkPolicy/extraEgress/0"),
        ("serviceMonitor.interval", "often", "/serviceMonitor/interval"),
        ("prometheusRule.runbookUrl", "a#b", "/prometheusRule/runbookUrl"),
        ("grafanaDashboard.namespace", "Grafana", "/grafanaDashboard/namespace"),
        ("grafanaDashboard.labels", {"grafana_dashboard": 1}, "/grafanaDashboard/labels/grafana_dashboard"),
        ("podDisruptionBudget.minAvailable", -1, "/podDisruptionBudget/minAvailable"),
        ("podSecurityContext", {"runAsUser": "root"}, "/podSecurityContext/runAsUser"),
        ("podSecurityContext", {"privileged": True}, "/podSecurityContext"),
        ("securityContext", {"capabilities": {"drop": "ALL"}}, "/securityContext/capabilities/drop"),
        ("securityContext", {"seccompProfile": {"type": "Default"}}, "/securityContext/seccompProfile/type"),
        ("priorityClassName", "Not A Name", "/priorityClassName"),
        ("nodeSelector", {"disk": True}, "/nodeSelector/disk"),
        ("tolerations", [{"key": "a", "effect": "NoStart"}], "/tolerations/0/effect"),
        ("affinity", {"nodeAfinity": {}}, "/affinity"),
        (
            "affinity",
            {"podAntiAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [{}]}},
            "/affinity/podAnti",
        ),
        ("topologySpreadConstraints", [{"maxSkew": 1}], "/topologySpreadConstraints/0"),
        ("extraEnv", [{"value": "x"}], "/extraEnv/0"),
        ("extraEnv", [{"name": "A", "value": 1}], "/extraEnv/0/value"),
        ("extraEnv", [{"name": "A", "value": "1", "valueFrom": {"fieldRef": {"fieldPath": "a"}}}], "/extraEnv/0"),
        ("extraEnv", [{"name": "A", "valueFrom": {"secretRef": {}}}], "/extraEnv/0/valueFrom"),
        ("extraArgs", "-x", "/extraArgs"),
        ("extraVolumes", [{"name": "ca"}], "/extraVolumes/0"),
        ("extraVolumes", [{"name": "ca", "emptyDir": {}, "secret": {}}], "/extraVolumes/0"),
        ("extraVolumeMounts", [{"name": "ca"}], "/extraVolumeMounts/0"),
        ("extraVolumeMounts", [{"name": "ca", "mountPath": "/a", "path": "b"}], "/extraVolumeMounts/0"),
        ("extraObjects", [{"kind": "ConfigMap", "metadata": {"name": "a"}}], "/extraObjects/0"),
        ("extraObjects", [{"apiVersion": "v1", "kind": "ConfigMap"}], "/extraObjects/0"),
        ("serviceAccount.create", False, "serviceAccount.name is required"),
    ],
)
def test_a_wrong_value_is_refused_by_its_place(path: str, value: Any, where: str):
    assert where in refusal(nested(path, value))


def test_what_people_write_is_taken():
    values = {
        "resources": {"requests": {"cpu": 1, "memory": "1.5Gi", "example.com/gpu": "1"}, "limits": {"cpu": "1500m"}},
        "image": {"repository": "registry.example.com:5000/a/b"},
        "extraVolumes": [{"name": "a", "projected": {"sources": [{"secret": {"name": "x"}}]}}],
        "extraEnv": [{"name": "A"}, {"name": "B", "value": ""}],
        "networkPolicy": {"metricsFrom": [{"podSelector": {}}]},
        "podSecurityContext": {"runAsUser": None},
        "global": {"anything": {"goes": 1}},
    }
    done = template(values)
    assert done.returncode == 0, done.stderr


def objects(schema: Any, at: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield each schema of an object with its place."""
    if isinstance(schema, list):
        for one in schema:
            yield from objects(one, at)
    if not isinstance(schema, dict):
        return
    if schema.get("type") == "object":
        yield at, schema
    for name, member in schema.get("properties", {}).items():
        yield from objects(member, f"{at}/{name}")
    for name, member in schema.get("definitions", {}).items():
        yield from objects(member, f"{at}/definitions/{name}")
    for key in ("items", "anyOf"):
        yield from objects(schema.get(key), at)


def test_no_object_takes_what_it_does_not_know():
    found = dict(objects(SCHEMA, "#"))
    assert len(found) > 50
    for at, schema in found.items():
        rest = schema.get("additionalProperties", True)
        assert at in OPEN or rest is False or {"type", "anyOf"} & set(rest), at


def test_every_value_is_described():
    def walk(schema: dict[str, Any], at: str) -> Iterator[tuple[str, dict[str, Any]]]:
        for name, member in schema.get("properties", {}).items():
            yield f"{at}/{name}", member
            yield from walk(member, f"{at}/{name}")

    for at, member in walk(SCHEMA, ""):
        assert member.get("description", "").endswith("."), at
