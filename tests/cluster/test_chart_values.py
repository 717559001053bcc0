"""Whatever the values, a real API server takes what the chart renders, checked field by field."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from charts.tools import EVERYTHING
from cluster.releases import CHART, HOME
from manifests.helm import find_helm
from sandbox.cluster import Cluster
from sandbox.commands import run_command
from sandbox.kubectl import Kubectl

Objects = list[dict[str, Any]]
# What EVERYTHING switches off: here it is to be seen.
ON = {name: {"enabled": True} for name in ("networkPolicy", "admissionPolicy")}
HOOK = "helm.sh/hook"
CREATED = {"rbac": {"create": True}, "serviceAccount": {"create": True}}


def render(*values: dict[str, Any], files: tuple[Path, ...] = ()) -> Objects:
    """Render the chart; the resource is on the server already."""
    given = [part for file in files for part in ("--values", file)]
    sets = [part for one in values for part in ("--set-json", json.dumps(one))]
    command = [find_helm(), "template", "other", CHART, "--namespace", HOME, *given, *sets]
    done = run_command([*command, "--set", "crds.enabled=false"])
    assert done.returncode == 0, done.stderr
    return [found for found in yaml.safe_load_all(done.stdout) if found]


@pytest.mark.every_version
@pytest.mark.parametrize(
    ("values", "files", "kinds"),
    [
        ((), (), 12),
        (({"watchNamespaces": ["ml"]},), (), 10),
        ((), (CHART / EVERYTHING,), 5),
        ((ON, CREATED), (CHART / EVERYTHING,), 14),
    ],
    ids=["default", "namespaces", "everything", "everything and the fences"],
)
def test_a_real_api_server_takes_what_is_rendered(
    cluster: Cluster, values: tuple[dict[str, Any], ...], files: tuple[Path, ...], kinds: int
):
    rendered = [one for one in render(*values, files=files) if "coreos" not in one["apiVersion"]]
    known = [one for one in rendered if HOOK not in one["metadata"].get("annotations", {})]  # they come after the rest
    for found in known:
        elsewhere = found["metadata"].get("namespace", HOME)
        if elsewhere != HOME:  # a namespace that is not there: its objects are shown in ours, under a name of their own
            found["metadata"] |= {"name": f"{found['metadata']['name']}-{elsewhere}", "namespace": HOME}
    assert len(known) >= kinds
    listed = json.dumps({"apiVersion": "v1", "kind": "List", "items": known})
    how = ("--dry-run=server", "--validate=strict", f"--namespace={HOME}", "--filename=-")
    done = Kubectl(cluster).try_("create", *how, stdin=listed)
    assert done.returncode == 0, done.stderr
    assert len(done.stdout.splitlines()) == len(known)
