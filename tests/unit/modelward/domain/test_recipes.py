"""What GitOps controllers are told: the same for messages and for YAML, whatever the version's field is called."""

import json
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from modelward.domain.recipes import Field, Tool, expression, flow, recipe
from modelward.domain.serving import Place
from modelward.domain.version_field import FieldType, VersionField
from modelward.observe.place import find_place

TEMPLATE: dict[str, Any] = {
    "metadata": {"annotations": {"example.com/model~version": "v1"}},
    "spec": {
        "initContainers": [{"name": "fetch", "image": "fetch:1"}],
        "containers": [
            {"name": "proxy", "image": "proxy:1"},
            {"name": "model", "image": "m:1", "env": [{"name": "A", "value": "b"}, {"name": "MODEL.V", "value": "v1"}]},
        ],
    },
}
FIELDS = {
    "an image": (
        VersionField(container="model"),
        "/spec/template/spec/containers/1/image",
        '.spec.template.spec.containers[] | select(.name == "model") | .image',
    ),
    "of an init container": (
        VersionField(container="fetch"),
        "/spec/template/spec/initContainers/0/image",
        '.spec.template.spec.initContainers[] | select(.name == "fetch") | .image',
    ),
    "a variable": (
        VersionField(FieldType.ENV, container="model", env="MODEL.V"),
        "/spec/template/spec/containers/1/env/1/value",
        '.spec.template.spec.containers[] | select(.name == "model") | .env[] | select(.name == "MODEL.V") | .value',
    ),
    "an annotation": (
        VersionField(FieldType.ANNOTATION, annotation="example.com/model~version"),
        "/spec/template/metadata/annotations/example.com~1model~0version",
        None,
    ),
}


def field(name: str) -> Field:
    found = find_place(FIELDS[name][0], TEMPLATE, "house-prices", [])
    assert isinstance(found, tuple)
    return Field("ml", "house-prices", found[0])


@pytest.mark.parametrize("name", FIELDS)
def test_the_field_is_named_by_place_and_by_name(name: str):
    _, path, jq = FIELDS[name]
    assert field(name).place.path == path
    assert expression(field(name).place) == jq


@pytest.mark.parametrize("name", FIELDS)
def test_argo_cd_is_told_by_name_where_places_may_move(name: str):
    _, path, jq = FIELDS[name]
    spec = recipe(Tool.ARGO_CD, field(name)).document["spec"]
    (ignored,) = spec["ignoreDifferences"]
    where = {"jqPathExpressions": [jq]} if jq else {"jsonPointers": [path]}
    assert ignored == {"group": "apps", "kind": "Deployment", "name": "house-prices", "namespace": "ml", **where}
    assert spec["syncPolicy"] == {"syncOptions": ["RespectIgnoreDifferences=true"]}


@pytest.mark.parametrize("name", FIELDS)
def test_flux_is_told_the_place(name: str):
    rule = {
        "paths": [FIELDS[name][1]],
        "target": {"kind": "Deployment", "name": "house-prices", "namespace": "ml"},
    }
    assert recipe(Tool.FLUX, field(name)).document["spec"] == {"ignore": [rule]}
    assert recipe(Tool.HELM_RELEASE, field(name)).document["spec"] == {"driftDetection": {"ignore": [rule]}}


@pytest.mark.parametrize("tool", Tool)
@pytest.mark.parametrize("name", FIELDS)
def test_the_sentence_says_what_the_document_says(tool: Tool, name: str):
    made = recipe(tool, field(name))
    _, settings = made.sentence.split(" set ", 1)
    read = {}
    for part in settings.split(" and spec."):
        key, value = part.removeprefix("spec.").split(": ", 1)
        read[key] = yaml.safe_load(value)
    assert read == {".".join(path[1:]): value for path, value in made.settings}


texts = st.text(st.characters(codec="ascii", exclude_categories=["Cc"]), max_size=20)  # as names are in Kubernetes
values: st.SearchStrategy[Any] = st.recursive(
    texts | st.sampled_from(["no", "On", "null", "a-b", "~", "1.0"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("abc", min_size=1), inner, max_size=3),
)


@given(values)
def test_one_line_of_yaml_reads_back_as_what_it_was(value: Any):
    line = flow(value)
    assert yaml.safe_load(line) == value
    assert "\n" not in line


def test_a_name_with_quotes_stays_one_name():
    place = Place("v", "/spec/template/spec/containers/0/image", (("/spec/template/spec/containers/0/name", 'a"b'),))
    assert json.dumps('a"b') in (expression(place) or "")
