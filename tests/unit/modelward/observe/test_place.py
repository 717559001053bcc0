"""The place of the version is found by its names; where it is not there, the problem names what there is."""

from typing import Any

import pytest

from modelward.domain.reasons import Reason
from modelward.domain.serving import Place, ServingProblem
from modelward.domain.version_field import FieldType, VersionField
from modelward.observe.place import find_place

IMAGE, FETCH = VersionField(), VersionField(container="fetch")
ENV = VersionField(FieldType.ENV, env="MODEL_VERSION")
NOTE = VersionField(FieldType.ANNOTATION, annotation="example.com/version")
MODEL, PROXY = {"name": "model", "image": "r/m:7"}, {"name": "proxy", "image": "proxy:1"}
LOG, VERSION = {"name": "LOG", "value": "info"}, {"name": "MODEL_VERSION", "value": "7"}
FROM_MAP = {"name": "MODEL_VERSION", "valueFrom": {"configMapKeyRef": {"name": "x", "key": "v"}}}
POD = "/spec/template/spec"


def a_template(*containers: dict[str, Any], notes: dict[str, str] | None = None, **spec: Any) -> dict[str, Any]:
    metadata = {} if notes is None else {"annotations": notes}
    return {"metadata": metadata, "spec": {"containers": list(containers), **spec}}


FOUND: dict[str, tuple[VersionField, dict[str, Any], Place]] = {
    "the only container": (
        IMAGE,
        a_template(MODEL, initContainers=[{"name": "fetch", "image": "f:1"}]),
        Place(
            "r/m:7", f"{POD}/containers/0/image", ((f"{POD}/containers/0/name", "model"),), "image of container model"
        ),
    ),
    "an init container by its name": (
        FETCH,
        a_template(MODEL, initContainers=[PROXY, {"name": "fetch", "image": "f:1"}]),
        Place(
            "f:1",
            f"{POD}/initContainers/1/image",
            ((f"{POD}/initContainers/1/name", "fetch"),),
            "image of container fetch",
        ),
    ),
    "a variable": (
        ENV,
        a_template({**MODEL, "env": [LOG, VERSION]}),
        Place(
            "7",
            f"{POD}/containers/0/env/1/value",
            ((f"{POD}/containers/0/name", "model"), (f"{POD}/containers/0/env/1/name", "MODEL_VERSION")),
            "environment variable MODEL_VERSION of container model",
        ),
    ),
    "a variable of an init container": (
        VersionField(FieldType.ENV, container="fetch", env="MODEL_VERSION"),
        a_template(MODEL, initContainers=[{"name": "fetch", "env": [VERSION]}]),
        Place(
            "7",
            f"{POD}/initContainers/0/env/0/value",
            ((f"{POD}/initContainers/0/name", "fetch"), (f"{POD}/initContainers/0/env/0/name", "MODEL_VERSION")),
            "environment variable MODEL_VERSION of container fetch",
        ),
    ),
    "the last of two variables of one name, as the container sees it": (
        ENV,
        a_template({**MODEL, "env": [FROM_MAP, VERSION]}),
        Place(
            "7",
            f"{POD}/containers/0/env/1/value",
            ((f"{POD}/containers/0/name", "model"), (f"{POD}/containers/0/env/1/name", "MODEL_VERSION")),
            "environment variable MODEL_VERSION of container model",
        ),
    ),
    "an annotation, whatever the containers": (
        NOTE,
        a_template(MODEL, PROXY, notes={"example.com/version": "7"}),
        Place(
            "7",
            "/spec/template/metadata/annotations/example.com~1version",
            (),
            "annotation example.com/version of the pod template",
        ),
    ),
}


@pytest.mark.parametrize(("field", "template", "place"), FOUND.values(), ids=FOUND)
def test_is_found(field: VersionField, template: dict[str, Any], place: Place):
    found = find_place(field, template, "house-prices")
    assert not isinstance(found, ServingProblem)
    assert found[0] == place


MISSING: dict[str, tuple[VersionField, dict[str, Any], Reason, str]] = {
    "several containers and none named": (
        ENV,
        a_template(MODEL, PROXY),
        Reason.CONTAINER_AMBIGUOUS,
        "has several containers (model, proxy): name one",
    ),
    "no container of that name": (
        FETCH,
        a_template(MODEL, PROXY, initContainers=[{"name": "load"}, {"name": "warm"}]),
        Reason.CONTAINER_NOT_FOUND,
        "has no container 'fetch'; it has model, proxy and the init containers load, warm",
    ),
    "no variable of that name": (
        ENV,
        a_template({**MODEL, "env": [LOG, {"name": "MODE"}]}),
        Reason.ENV_NOT_FOUND,
        "container model of Deployment house-prices has no environment variable 'MODEL_VERSION'; it has LOG, MODE",
    ),
    "no variables": (
        ENV,
        a_template(MODEL),
        Reason.ENV_NOT_FOUND,
        "container model of Deployment house-prices has no environment variables at all: add MODEL_VERSION",
    ),
    "a variable from elsewhere": (
        ENV,
        a_template({**MODEL, "env": [FROM_MAP]}),
        Reason.ENV_NOT_LITERAL,
        "comes from configMapKeyRef: write its value out",
    ),
    "the last of two variables from elsewhere": (
        ENV,
        a_template({**MODEL, "env": [VERSION, FROM_MAP]}),
        Reason.ENV_NOT_LITERAL,
        "comes from configMapKeyRef",
    ),
    "no annotations": (
        NOTE,
        a_template(MODEL),
        Reason.ANNOTATION_NOT_FOUND,
        "the pod template of Deployment house-prices has no annotations at all: add example.com/version",
    ),
    "no annotation of that key": (
        NOTE,
        a_template(MODEL, notes={"team": "ml", "example.com/v": "7"}),
        Reason.ANNOTATION_NOT_FOUND,
        "has no annotation 'example.com/version'; it has example.com/v, team",
    ),
}


@pytest.mark.parametrize(("field", "template", "reason", "words"), MISSING.values(), ids=MISSING)
def test_is_missing(field: VersionField, template: dict[str, Any], reason: Reason, words: str):
    problem = find_place(field, template, "house-prices")
    assert isinstance(problem, ServingProblem)
    assert problem.reason is reason
    assert words in problem.message


# -- who wrote it ----------------------------------------------------------------------------------------------------


def entry(manager: str, at: str, *path: str) -> dict[str, Any]:
    fields: dict[str, Any] = {"f:replicas": {}}
    node = fields
    for key in ("f:spec", "f:template", *path):
        node = node.setdefault(key, {})
    return {"manager": manager, "time": at, "fieldsV1": fields}


CONTAINER = ("f:spec", "f:containers", 'k:{"name":"model"}')
WRITERS: dict[str, tuple[VersionField, tuple[str, ...]]] = {
    "an image": (IMAGE, (*CONTAINER, "f:image")),
    "a variable": (ENV, (*CONTAINER, "f:env", 'k:{"name":"MODEL_VERSION"}', "f:value")),
    "an annotation": (NOTE, ("f:metadata", "f:annotations", "f:example.com/version")),
}


@pytest.mark.parametrize(("field", "path"), WRITERS.values(), ids=WRITERS)
def test_who_wrote_it_last_is_known_of(field: VersionField, path: tuple[str, ...]):
    template = a_template({**MODEL, "env": [VERSION]}, notes={"example.com/version": "7"})
    managed = [
        entry("helm", "2026-01-04T12:00:00Z", *path),
        entry("kubectl-set", "2026-01-05T12:00:00Z", *path),
        entry("kube-controller-manager", "2026-01-06T12:00:00Z", "f:spec", "f:dnsPolicy"),
    ]
    found = find_place(field, template, "house-prices", managed)
    assert not isinstance(found, ServingProblem)
    assert found[0].manager == "kubectl-set"
    nobody = find_place(field, template, "house-prices", managed[2:])
    assert not isinstance(nobody, ServingProblem)
    assert nobody[0].manager == ""


OWNERS: dict[str, tuple[str, str, str]] = {
    "Flux": ("kustomize-controller", "Apply", "kustomize-controller"),
    "Argo CD that writes without applying": ("argocd-controller", "Update", "argocd-controller"),
    "Helm that applies": ("helm", "Apply", "helm"),
    "Helm as it was, which writes when a person says so": ("helm", "Update", ""),
    "a person": ("kubectl-client-side-apply", "Update", ""),
}


@pytest.mark.parametrize(("manager", "operation", "keeper"), OWNERS.values(), ids=OWNERS)
def test_who_will_write_it_again_is_known_of(manager: str, operation: str, keeper: str):
    for field, path in WRITERS.values():
        template = a_template({**MODEL, "env": [VERSION]}, notes={"example.com/version": "7"})
        managed = [
            entry("kubectl-set", "2026-01-05T12:00:00Z", *path),
            {**entry(manager, "2026-01-04T12:00:00Z", *path), "operation": operation},
            {**entry("helm", "2026-01-06T12:00:00Z", "f:spec", "f:dnsPolicy"), "operation": "Apply"},
        ]
        found = find_place(field, template, "house-prices", managed)
        assert not isinstance(found, ServingProblem)
        assert (found[0].manager, found[0].keeper) == ("kubectl-set", keeper)
