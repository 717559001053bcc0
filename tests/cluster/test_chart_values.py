"""What each value of the chart renders, and that a real API server takes it."""

import json
from collections.abc import Callable
from typing import Any

import pytest
import yaml

from boards import NAMES, read_board
from manifests.copies import CHART
from manifests.helm import find_helm
from sandbox.cluster import Cluster
from sandbox.commands import run_command
from sandbox.kubectl import Kubectl
from sandbox.operator import NAMESPACE, ROOT

Objects = list[dict[str, Any]]
PEER = {"ipBlock": {"cidr": "10.0.0.0/8"}}
EVERYTHING: dict[str, Any] = {
    "crds": {"enabled": False},
    "serviceMonitor": {"enabled": True, "labels": {"release": "prometheus"}},
    "podMonitor": {"enabled": True},
    "prometheusRule": {"enabled": True, "alertLabels": {"team": "ml"}, "runbookUrl": "https://wiki.example.com/r"},
    "grafanaDashboard": {"enabled": True, "annotations": {"grafana_folder": "modelward"}},
    "podDisruptionBudget": {"enabled": True},
    "networkPolicy": {
        "metricsFrom": [{"namespaceSelector": {"matchLabels": {"name": "monitoring"}}}],
        "databases": {"to": [PEER]},
        "extraEgress": [{"ports": [{"port": 8443}], "to": [PEER]}],
    },
    "podAnnotations": {"example.com/a": "b"},
    "podLabels": {"team": "ml"},
    "priorityClassName": "system-cluster-critical",
    "topologySpreadConstraints": [
        {"maxSkew": 1, "topologyKey": "kubernetes.io/hostname", "whenUnsatisfiable": "ScheduleAnyway"}
    ],
    "extraEnv": [{"name": "HTTPS_PROXY", "value": "http://proxy:3128"}],
    "extraArgs": ["--help"],
    "extraVolumes": [{"name": "ca", "configMap": {"name": "ca"}}],
    "extraVolumeMounts": [{"name": "ca", "mountPath": "/ca"}],
    "extraObjects": [
        {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "{{ .Release.Name }}-extra"}, "data": {"a": "b"}}
    ],
}


def render(values: dict[str, Any] | None = None, *arguments: str) -> Objects:
    command = [find_helm(), "template", "other", ROOT / CHART, "--namespace", NAMESPACE, "--values", "-", *arguments]
    done = run_command(command, stdin=json.dumps(values or {}))
    assert done.returncode == 0, done.stderr
    return [found for found in yaml.safe_load_all(done.stdout) if found]


def one(objects: Objects, kind: str) -> dict[str, Any]:
    (found,) = (o for o in objects if o["kind"] == kind)
    return found


def pod(values: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = one(render(values), "Deployment")["spec"]["template"]["spec"]
    return found


def kinds(values: dict[str, Any], *arguments: str) -> set[str]:
    return {found["kind"] for found in render(values, *arguments)}


def ports(rules: list[dict[str, Any]]) -> list[list[Any]]:
    return [[port["port"] for port in rule["ports"]] for rule in rules]


# -- what is there by itself -----------------------------------------------------------------------------------------


def test_monitoring_and_budgets_are_off_and_the_fences_are_on():
    found = kinds({})
    assert not found & {"ServiceMonitor", "PodMonitor", "PrometheusRule", "PodDisruptionBudget", "Service"}
    assert {"NetworkPolicy", "ValidatingAdmissionPolicy", "ValidatingAdmissionPolicyBinding"} <= found


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        ("serviceMonitor", "ServiceMonitor"),
        ("podMonitor", "PodMonitor"),
        ("prometheusRule", "PrometheusRule"),
        ("podDisruptionBudget", "PodDisruptionBudget"),
        ("networkPolicy", "NetworkPolicy"),
        ("admissionPolicy", "ValidatingAdmissionPolicy"),
        ("crds", "CustomResourceDefinition"),
    ],
)
def test_a_switch_switches_its_object(value: str, kind: str):
    assert kind in kinds({value: {"enabled": True}})
    assert kind not in kinds({value: {"enabled": False}})


# -- who may do what -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("values", "roles"),
    [
        ({}, {"other-modelward", "other-modelward-view", "other-modelward-edit"}),
        ({"aggregateRoles": {"enabled": False}}, {"other-modelward"}),
        ({"watchNamespaces": ["ml"]}, set()),
        ({"watchNamespaces": ["ml"], "aggregateRoles": {"enabled": True}}, set()),
    ],
)
def test_roles_of_the_cluster(values: dict[str, Any], roles: set[str]):
    found = render(values)
    assert {o["metadata"]["name"] for o in found if o["kind"] == "ClusterRole"} == roles
    bound = [o for o in found if o["kind"] == "ClusterRoleBinding"]
    assert len(bound) == (0 if values.get("watchNamespaces") else 1)


def test_the_policy_holds_the_account_that_the_pod_runs_as():
    values = {"serviceAccount": {"create": False, "name": "somebody"}}
    policy = one(render(values), "ValidatingAdmissionPolicy")
    assert f'"system:serviceaccount:{NAMESPACE}:somebody"' in policy["spec"]["matchConditions"][0]["expression"]
    assert policy["spec"]["failurePolicy"] == "Fail"
    binding = one(render(values), "ValidatingAdmissionPolicyBinding")["spec"]
    assert binding == {"policyName": policy["metadata"]["name"], "validationActions": ["Deny"]}


def test_where_kubernetes_is_too_old_for_the_policy_it_is_left_out():
    assert "ValidatingAdmissionPolicy" not in kinds({}, "--kube-version=1.29.4")
    assert "ValidatingAdmissionPolicy" in kinds({}, "--kube-version=1.30.0")


# -- the network -----------------------------------------------------------------------------------------------------


def test_only_what_is_needed_goes_in_and_out():
    policy = one(render(), "NetworkPolicy")["spec"]
    assert policy["policyTypes"] == ["Ingress", "Egress"]
    assert ports(policy["ingress"]) == [["http"]]
    assert ports(policy["egress"]) == [[53, 53], [443, 6443], [5432, 6432], [443, 465, 587, 9093]]
    labels = one(render(), "Deployment")["spec"]["template"]["metadata"]["labels"]
    assert policy["podSelector"]["matchLabels"].items() <= labels.items()


@pytest.mark.parametrize(
    ("values", "direction", "rule"),
    [
        (
            {"metricsFrom": [PEER]},
            "ingress",
            {"ports": [{"protocol": "TCP", "port": "http"}], "from": [PEER]},
        ),
        (
            {"databases": {"ports": [6000], "to": [PEER]}},
            "egress",
            {"ports": [{"protocol": "TCP", "port": 6000}], "to": [PEER]},
        ),
        (
            {"apiServer": {"ports": [16443]}},
            "egress",
            {"ports": [{"protocol": "TCP", "port": 16443}]},
        ),
        (
            {"alerts": {"ports": [25], "to": [PEER]}},
            "egress",
            {"ports": [{"protocol": "TCP", "port": 25}], "to": [PEER]},
        ),
        ({"extraEgress": [{"to": [PEER]}]}, "egress", {"to": [PEER]}),
    ],
)
def test_the_fence_is_moved_by_values(values: dict[str, Any], direction: str, rule: dict[str, Any]):
    assert rule in one(render({"networkPolicy": values}), "NetworkPolicy")["spec"][direction]


def test_no_ports_of_receivers_let_no_alert_out():
    policy = one(render({"networkPolicy": {"alerts": {"ports": []}}}), "NetworkPolicy")
    assert ports(policy["spec"]["egress"]) == [[53, 53], [443, 6443], [5432, 6432]]


# -- the pod ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "find"),
    [
        ("extraEnv", lambda p: p["containers"][0]["env"][-1:]),
        ("extraArgs", lambda p: p["containers"][0]["args"]),
        ("extraVolumes", lambda p: p["volumes"][1:]),
        ("extraVolumeMounts", lambda p: p["containers"][0]["volumeMounts"][1:]),
        ("topologySpreadConstraints", lambda p: p["topologySpreadConstraints"]),
        ("priorityClassName", lambda p: p["priorityClassName"]),
    ],
)
def test_what_is_given_for_the_pod_stands_in_it(name: str, find: Callable[[dict[str, Any]], Any]):
    assert find(pod({name: EVERYTHING[name]})) == EVERYTHING[name]


def test_what_is_not_given_is_absent():
    assert not pod({}).keys() & {"priorityClassName", "topologySpreadConstraints", "nodeSelector", "affinity"}
    assert "args" not in pod({})["containers"][0]
    assert "annotations" not in one(render(), "Deployment")["spec"]["template"]["metadata"]


# -- monitoring ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("kind", "key"), [("ServiceMonitor", "endpoints"), ("PodMonitor", "podMetricsEndpoints")])
def test_a_monitor_keeps_the_labels_of_models(kind: str, key: str):
    value = kind[0].lower() + kind[1:]
    found = render({value: {"enabled": True, "interval": "15s", "labels": {"release": "x"}}})
    monitor = one(found, kind)
    (endpoint,) = monitor["spec"][key]
    assert endpoint == {"port": "http", "path": "/metrics", "interval": "15s", "honorLabels": True}
    assert monitor["metadata"]["labels"]["release"] == "x"
    there = one(found, "Service" if kind == "ServiceMonitor" else "Deployment")
    labels = (
        there["metadata"]["labels"] if kind == "ServiceMonitor" else there["spec"]["template"]["metadata"]["labels"]
    )
    assert monitor["spec"]["selector"]["matchLabels"].items() <= labels.items()


def test_dashboards_lie_where_a_sidecar_looks():
    found = render({"grafanaDashboard": {"enabled": True, "namespace": "grafana", "labels": {"team": "ml"}}})
    config_map = one(found, "ConfigMap")
    assert config_map["metadata"]["namespace"] == "grafana"
    assert config_map["metadata"]["labels"].items() >= {"grafana_dashboard": "1", "team": "ml"}.items()
    boards = {name: json.loads(text) for name, text in config_map["data"].items()}
    assert boards == {name: read_board(name) for name in NAMES}


def test_every_alert_has_a_runbook_with_its_four_sections():
    rules = [rule for group in one(render(EVERYTHING), "PrometheusRule")["spec"]["groups"] for rule in group["rules"]]
    book = (ROOT / "docs/runbooks.md").read_text()
    chapters = dict(part.split("\n", 1) for part in book.split("\n## ")[1:])
    assert set(chapters) == {rule["alert"] for rule in rules}
    for rule in rules:
        assert rule["annotations"]["runbook_url"] == f"https://wiki.example.com/r#{rule['alert'].lower()}"
        assert rule["labels"].items() >= {"team": "ml"}.items()
        assert rule["labels"]["severity"] in {"warning", "critical"}
        for section in ("**Meaning.**", "**Impact.**", "**Diagnosis.**", "**Mitigation.**"):
            assert section in chapters[rule["alert"]]


def test_alerts_ask_for_metrics_that_there_are():
    page = (ROOT / "docs/metrics-prometheus.md").read_text()
    rules = [rule for group in one(render(EVERYTHING), "PrometheusRule")["spec"]["groups"] for rule in group["rules"]]
    asked = {
        word.strip("(")
        for r in rules
        for word in r["expr"].replace("{", " ").replace("(", " ").replace(")", " ").split()
    }
    asked = {word for word in asked if word.startswith("modelward_")}
    assert asked
    assert all(f"`{name}`" in page for name in asked)


# -- what people read, and what a server says ------------------------------------------------------------------------


@pytest.mark.parametrize("values", [{}, {"watchNamespaces": ["ml"]}, EVERYTHING], ids=["default", "namespaces", "all"])
def test_a_real_api_server_takes_what_is_rendered(cluster: Cluster, values: dict[str, Any]):
    kubectl = Kubectl(cluster)
    known = [o for o in render({**values, "crds": {"enabled": False}}) if "coreos" not in o["apiVersion"]]
    for found in known:
        if found["metadata"].get("namespace") == "ml":
            found["metadata"]["namespace"] = NAMESPACE
    listed = json.dumps({"apiVersion": "v1", "kind": "List", "items": known})
    done = kubectl.try_(
        "create", "--dry-run=server", "--validate=strict", f"--namespace={NAMESPACE}", "-f", "-", stdin=listed
    )
    assert done.returncode == 0, done.stderr
    assert len(done.stdout.splitlines()) == len(known)


@pytest.mark.parametrize(
    ("values", "where"),
    [
        ({"networkPolicy": {"on": True}}, "'on' not allowed"),
        ({"networkPolicy": {"databases": {"ports": []}}}, "/networkPolicy/databases/ports"),
        ({"networkPolicy": {"databases": {"ports": ["pg"]}}}, "/networkPolicy/databases/ports/0"),
        ({"extraEnv": [{"value": "x"}]}, "/extraEnv/0"),
        ({"extraArgs": "-x"}, "/extraArgs"),
        ({"extraObjects": [{"kind": "ConfigMap"}]}, "/extraObjects/0"),
        ({"priorityClassName": "Not A Name"}, "/priorityClassName"),
        ({"podDisruptionBudget": {"minAvailable": 2}}, "/podDisruptionBudget/minAvailable"),
        ({"serviceMonitor": {"interval": "often"}}, "/serviceMonitor/interval"),
        ({"prometheusRule": {"runbookUrl": "a#b"}}, "/prometheusRule/runbookUrl"),
        ({"admissionPolicy": {"enabled": "yes"}}, "/admissionPolicy/enabled"),
        ({"aggregateRoles": True}, "/aggregateRoles"),
    ],
)
def test_a_wrong_value_is_refused_by_its_place(values: dict[str, Any], where: str):
    done = run_command([find_helm(), "template", "other", ROOT / CHART, "--values", "-"], stdin=json.dumps(values))
    assert done.returncode != 0
    assert where in done.stderr
