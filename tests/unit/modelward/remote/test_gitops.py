"""`modelward gitops`: recipes for the Deployment as it stands, and sentences where there is none to be made."""

import io
import re
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any

import pytest
import yaml

from builders import NAME, NAMESPACE, A, Json, a_deployment, a_model
from modelward.cli.recipe_view import show_gitops
from modelward.cli.screen import Screen
from modelward.domain.errors import ClusterError, NotFoundError
from modelward.domain.recipes import Tool
from modelward.domain.resource import Resource, parse_resource
from modelward.remote.gitops import MANAGED, TRACKED, gitops
from modelward.remote.results import GitOps

PAGE = Path(__file__).parents[4] / "docs/gitops.md"
BLOCK = re.compile(r"^\$ kubectl modelward gitops .*--tool flux\n(.*?)^```", re.MULTILINE | re.DOTALL)
FLUX: Json = {
    "manager": "kustomize-controller",
    "operation": "Apply",
    "fieldsV1": {
        "f:spec": {"f:template": {"f:spec": {"f:containers": {'k:{"name":"model"}': {"f:image": {}}}}}},
    },
}


class Desk:
    """A cluster with one Deployment, or none."""

    namespace, user = NAMESPACE, "user ada of context desk"

    def __init__(self, deployment: Json | None) -> None:
        self.deployment = deployment

    def get_deployment(self, namespace: str, name: str) -> Json:
        if self.deployment is None:
            raise NotFoundError(f"there is no Deployment {namespace}/{name}")
        return self.deployment


def resource(**spec: Any) -> Resource:
    body = a_model(**spec)
    return parse_resource({**body, "metadata": {**body["metadata"], "uid": "u", "resourceVersion": "7"}})


def ask(found: Resource, deployment: Json | None, *tools: Tool) -> GitOps:
    return gitops(Desk(deployment), found, tools or tuple(Tool))  # type: ignore[arg-type]  nothing else is asked


def test_each_controller_is_told_the_field_of_this_deployment():
    found = ask(resource(), a_deployment())
    assert (found["namespace"], found["name"], found["deployment"]) == (NAMESPACE, NAME, NAME)
    assert (found["managed"], found["owner"], found["note"]) == (False, None, TRACKED)
    assert [recipe["tool"] for recipe in found["recipes"]] == ["argocd", "flux", "helmrelease"]
    assert not any(recipe["owns_field"] for recipe in found["recipes"])


def test_the_controller_that_owns_the_field_is_marked():
    deployment = a_deployment()
    deployment["metadata"]["managedFields"] = [FLUX]
    found = ask(resource(version=A), deployment)
    assert (found["managed"], found["owner"], found["note"]) == (True, "kustomize-controller", MANAGED)
    assert [recipe["tool"] for recipe in found["recipes"] if recipe["owns_field"]] == ["flux"]


def test_what_is_printed_is_yaml_to_paste():
    found = ask(resource(), a_deployment(), Tool.FLUX, Tool.ARGO_CD)
    said = io.StringIO()
    with redirect_stdout(said):
        show_gitops(Screen(), found)
    documents = [document for document in yaml.safe_load_all(said.getvalue()) if document]
    assert documents == [recipe["document"] for recipe in found["recipes"]]
    assert all(len(line) <= 102 for line in said.getvalue().splitlines() if line.startswith("#"))


def test_the_page_shows_what_is_printed():
    deployment = a_deployment()
    deployment["metadata"]["managedFields"] = [FLUX]
    said = io.StringIO()
    with redirect_stdout(said):
        show_gitops(Screen(), ask(resource(), deployment, Tool.FLUX))
    (shown,) = re.findall(
        r"^\$ kubectl modelward gitops .*--tool flux\n(.*?)^```", PAGE.read_text(), re.MULTILINE | re.DOTALL
    )
    assert said.getvalue() == shown


@pytest.mark.parametrize(
    ("spec", "deployment", "words"),
    [
        ({}, None, f"there is no Deployment {NAMESPACE}/{NAME}"),
        ({"versionField": {"containerName": "other"}}, a_deployment(), "has no container 'other'; it has"),
        ({"checkInterval": "soon"}, a_deployment(), f"{NAMESPACE}/{NAME} cannot be read: .*checkInterval"),
    ],
    ids=["no Deployment", "no such container", "no spec that can be read"],
)
def test_where_there_is_no_recipe_it_is_said_why(spec: dict[str, Any], deployment: Json | None, words: str):
    with pytest.raises(ClusterError, match=words):
        ask(resource(**spec), deployment)
