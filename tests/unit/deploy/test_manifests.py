"""What is applied to a cluster asks for little, and every value of the chart is known to its schema and its page."""

import importlib.metadata
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

ROOT = Path(__file__).resolve().parents[3]
CHART = ROOT / "charts/modelward"
RENDERED = (ROOT / "deploy/manifests/modelward.yaml").read_text()
OBJECTS: list[dict[str, Any]] = list(yaml.safe_load_all(RENDERED))
VALUES: dict[str, Any] = yaml.safe_load((CHART / "values.yaml").read_text())
VALUES_SCHEMA: dict[str, Any] = json.loads((CHART / "values.schema.json").read_text())


def one(kind: str, name: str = "modelward") -> dict[str, Any]:
    return next(o for o in OBJECTS if o["kind"] == kind and o["metadata"]["name"] == name)


ROLES = [o for o in OBJECTS if o["kind"] in {"Role", "ClusterRole"}]
POD: dict[str, Any] = one("Deployment")["spec"]["template"]["spec"]
CONTAINER: dict[str, Any] = POD["containers"][0]


@pytest.mark.parametrize("role", ROLES, ids=lambda r: r["metadata"]["name"])
def test_no_role_has_a_wildcard(role: dict[str, Any]):
    assert "*" not in str(role["rules"])


def test_the_operator_may_do_this_and_nothing_else():
    rights = {r["resources"][0]: (r["apiGroups"][0], r["verbs"]) for r in one("ClusterRole")["rules"]}
    assert rights == {
        "modeldeployments": ("modelward.dev", ["get", "list", "watch"]),
        "modeldeployments/status": ("modelward.dev", ["patch"]),
        "deployments": ("apps", ["get", "list", "watch", "patch"]),
        "replicasets": ("apps", ["get", "list"]),
        "secrets": ("", ["get"]),
        "events": ("events.k8s.io", ["create", "patch"]),
    }


def test_the_lease_is_the_only_one_it_may_touch():
    (rule,) = one("Role", "modelward-lease")["rules"]
    assert rule["resourceNames"] == [one("Lease")["metadata"]["name"]]
    assert rule["verbs"] == ["get", "update"]


def test_every_rule_says_why():
    lines = RENDERED.splitlines()
    rules = [n for n, line in enumerate(lines) if line.startswith("  - apiGroups: ")]
    assert rules
    assert all(lines[n - 1].startswith("  # ") for n in rules)


def test_the_pod_is_restricted():
    assert POD["securityContext"]["runAsNonRoot"] is True
    assert POD["securityContext"]["runAsUser"] == 65532
    assert POD["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert CONTAINER["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }


def test_a_new_operator_starts_when_the_old_one_has_ended():
    assert one("Deployment")["spec"]["strategy"] == {"type": "Recreate"}


def test_everything_stands_in_the_namespace_that_comes_first():
    assert OBJECTS[0]["kind"] == "Namespace"
    placed = {o["metadata"].get("namespace") for o in OBJECTS if "namespace" in o["metadata"]}
    assert placed == {OBJECTS[0]["metadata"]["name"]}


def test_the_rendered_crd_is_the_written_one():
    assert (ROOT / "deploy/crds/modeldeployments.yaml").read_text() in RENDERED


def test_the_schema_takes_the_default_values():
    jsonschema.validate(VALUES, VALUES_SCHEMA)


def test_the_schema_knows_each_value_and_no_other():
    assert set(VALUES_SCHEMA["properties"]) == {*VALUES, "global"}
    assert VALUES_SCHEMA["additionalProperties"] is False
    for name, field in VALUES_SCHEMA["properties"].items():
        assert field["description"]
        if "properties" in field:
            assert field["additionalProperties"] is False
            assert set(VALUES[name]) <= set(field["properties"])


def test_the_page_names_each_value_once():
    page = (CHART / "README.md").read_text()
    named = re.findall(r"^\| `([\w.]+)` \|", page, re.MULTILINE)
    assert named == list(dict.fromkeys(named))
    assert sorted(named) == sorted(find_leaves(VALUES))


def find_leaves(values: dict[str, Any], group: str = "") -> Iterator[str]:
    """Name each value that a user sets; an object that is written in one line is one value."""
    written = (CHART / "values.yaml").read_text()
    for name, value in values.items():
        is_group = isinstance(value, dict) and re.search(rf"^ *{name}:$", written, re.MULTILINE)
        yield from find_leaves(value, f"{group}{name}.") if is_group else [f"{group}{name}"]


def test_the_operators_source_root_shadows_no_module():
    assert not (ROOT / "operator/__init__.py").exists(), "the standard library has a module called operator"


def test_the_image_builds_its_wheel_from_locked_packages_only():
    dockerfile = (ROOT / "operator/Dockerfile").read_text()
    match = re.search(r"\^\(([^)]+)\)==", dockerfile)
    assert match
    locked = match[1].split("|")
    assert needed("hatchling", set()) <= set(locked)
    assert all(f"\n{name}==" in (ROOT / "requirements/dev.txt").read_text() for name in locked)


def needed(name: str, seen: set[str]) -> set[str]:
    """Everything that a package needs to run here, itself included."""
    if name in seen:
        return seen
    seen.add(name)
    for line in importlib.metadata.requires(name) or ():
        requirement, _, marker = line.partition(";")
        if not marker:
            needed(re.split(r"[^A-Za-z0-9._-]", requirement.strip())[0].lower(), seen)
    return seen
