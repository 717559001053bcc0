"""Which version serves is read from the Deployment; where it cannot be, the problem names what there is."""

from typing import Any

import pytest

from builders import B, a_deployment, a_spec, image_of
from modelward.domain.reasons import Reason
from modelward.domain.serving import Serving, ServingProblem
from modelward.domain.spec import Spec
from modelward.observe.deployments import parse_deployment
from modelward.observe.serving import find_serving, reach, reach_as_specified, read_version

ENV = {"type": "Env", "env": {"name": "MODEL_VERSION"}}
NOTE = {"type": "Annotation", "annotation": {"key": "example.com/version"}}
MODEL, PROXY = {"name": "model", "image": image_of(B)}, {"name": "proxy", "image": "proxy:1"}
DIGEST, ONES = "sha256:" + "0" * 64, "sha256:" + "1" * 64

TAGLESS = "has no tag that could be the version: give it one, or say in versionField where the version stands"


def raw(**changes: Any) -> dict[str, Any]:
    body = a_deployment(version=B, **changes)
    body["spec"]["template"]["metadata"]["annotations"] = {"example.com/version": "7"}
    body["metadata"] |= {"uid": "uid-d", "resourceVersion": "7", "generation": 3}
    return body


def found(spec: Spec, **changes: Any) -> Serving | ServingProblem:
    return find_serving(spec, parse_deployment(raw(**changes), spec.version_field))


def serves(image: str, spec: Spec, **annotations: str) -> Serving:
    notes = {f"modelward.dev/{key.replace('_', '-')}": value for key, value in annotations.items()}
    serving = found(spec, containers=[{"name": "model", "image": image}], annotations=notes)
    assert isinstance(serving, Serving)
    return serving


def template(text: str) -> dict[str, Any]:
    return {"versionField": {"image": {"template": text}}}


def catalogue(**images: str) -> dict[str, Any]:
    return {"versions": [{"name": name, "image": image} for name, image in images.items()]}


# -- the version -----------------------------------------------------------------------------------------------------

FOUND: dict[str, tuple[list[dict[str, str]], dict[str, Any], str]] = {
    "the only container's tag": ([MODEL], {}, B),
    "the named container's tag": ([PROXY, MODEL], {"versionField": {"containerName": "model"}}, B),
    "a tag behind a port": ([{"name": "m", "image": "registry:5000/m:7"}], {}, "7"),
    "a tag beside a digest": ([{"name": "m", "image": f"r/m:7@{DIGEST}"}], {}, "7"),
    "a tag behind an IPv6 registry": ([{"name": "m", "image": "[::1]:5000/m:7"}], {}, "7"),
    "the catalogue, by the whole reference": ([{"name": "m", "image": "r/m:7"}], catalogue(v7="r/m:7"), "v7"),
    "the catalogue, by the digest": (
        [{"name": "m", "image": f"r/m@{DIGEST}"}],
        catalogue(v6=f"r/m@{ONES}", v7=f"mirror/m:x@{DIGEST}"),
        "v7",
    ),
    "the catalogue, the whole reference before the digest": (
        [{"name": "m", "image": f"r/m:7@{DIGEST}"}],
        catalogue(alias=f"r/m@{DIGEST}", v7=f"r/m:7@{DIGEST}"),
        "v7",
    ),
    "the catalogue before the template": (
        [{"name": "m", "image": "r/m:gpu-7"}],
        {**template("r/m:gpu-{version}"), **catalogue(seven="r/m:gpu-7")},
        "seven",
    ),
    "the template where the catalogue does not know it": (
        [{"name": "m", "image": "r/m:gpu-7"}],
        {**template("r/m:gpu-{version}"), **catalogue(seven="r/m:7")},
        "7",
    ),
    "the tag where the catalogue does not know it": ([{"name": "m", "image": "r/m:7"}], catalogue(v9="r/m:9"), "7"),
    "a part of the tag, by template": ([{"name": "m", "image": "r/m:gpu-7"}], template("r/m:gpu-{version}"), "7"),
}


@pytest.mark.parametrize(("containers", "spec", "version"), FOUND.values(), ids=FOUND)
def test_is_found_in(containers: list[dict[str, str]], spec: dict[str, Any], version: str):
    serving = found(a_spec(**spec), containers=containers)
    assert isinstance(serving, Serving)
    assert serving.version == version
    assert serving.value in [c["image"] for c in containers]


PROBLEMS: dict[str, tuple[list[dict[str, str]], dict[str, Any], Reason, str]] = {
    "two containers and none named": (
        [MODEL, PROXY],
        {},
        Reason.CONTAINER_AMBIGUOUS,
        "has several containers (model, proxy): name one in versionField.containerName",
    ),
    "no container of that name": (
        [MODEL, PROXY],
        {"versionField": {"containerName": "server"}},
        Reason.CONTAINER_NOT_FOUND,
        "has no container 'server'; it has model, proxy",
    ),
    "an image without a tag": (
        [{"name": "model", "image": "registry:5000/model"}],
        {},
        Reason.VERSION_UNREADABLE,
        f"image 'registry:5000/model' of container model {TAGLESS}",
    ),
    "an image by digest only": (
        [{"name": "model", "image": f"model@{DIGEST}"}],
        {},
        Reason.VERSION_UNREADABLE,
        "is given by digest only",
    ),
    "an image by digest that the catalogue does not know": (
        [{"name": "model", "image": f"model@{DIGEST}"}],
        catalogue(v1=f"model@{ONES}", v2="model:2"),
        Reason.VERSION_UNREADABLE,
        "is in no entry of versions; the entries are v1, v2",
    ),
    "an image that does not fit the template": (
        [MODEL],
        template("other/house-prices:{version}"),
        Reason.VERSION_UNREADABLE,
        "does not fit versionField.image.template 'other/house-prices:{version}'",
    ),
    "a template that would move the repository": (
        [{"name": "model", "image": "r/7:latest"}],
        template("r/{version}:latest"),
        Reason.REPOSITORY_NOT_ALLOWED,
        "annotate Deployment house-prices with modelward.dev/allowed-images: r/*",
    ),
}


@pytest.mark.parametrize(("containers", "spec", "reason", "words"), PROBLEMS.values(), ids=PROBLEMS)
def test_is_not_found_in(containers: list[dict[str, str]], spec: dict[str, Any], reason: Reason, words: str):
    problem = found(a_spec(**spec), containers=containers)
    assert isinstance(problem, ServingProblem)
    assert problem.reason is reason
    assert words in problem.message


# -- what to write ---------------------------------------------------------------------------------------------------

REACHED: dict[str, tuple[dict[str, Any], str, str, str]] = {
    "the same repository, another tag": ({}, "r:5000/a/m:7", "", "r:5000/a/m:9"),
    "behind an IPv6 registry": ({}, "[::1]:5000/m:7", "", "[::1]:5000/m:9"),
    "a digest is not carried over": ({}, f"r/m:7@{DIGEST}", "", "r/m:9"),
    "by the template": (template("r/m:gpu-{version}"), "r/m:gpu-7", "", "r/m:gpu-9"),
    "the whole reference that is remembered": ({}, "r/m:7", f"r/m:9@{DIGEST}", f"r/m:9@{DIGEST}"),
    "by the catalogue": (catalogue(**{"9": f"r/m@{DIGEST}"}), "r/m:7", "", f"r/m@{DIGEST}"),
    "by the catalogue before the template": (
        {**template("r/m:{version}"), **catalogue(**{"9": f"r/m@{DIGEST}"})},
        "r/m:7",
        "",
        f"r/m@{DIGEST}",
    ),
    "what is remembered before the catalogue": (
        catalogue(**{"9": f"r/m@{DIGEST}"}),
        "r/m:7",
        f"r/m:9@{ONES}",
        f"r/m:9@{ONES}",
    ),
    "not what no longer reads as that version": (template("r/m:gpu-{version}"), "r/m:gpu-7", "r/m:9", "r/m:gpu-9"),
    "the template where the catalogue does not know it": (
        {**template("r/m:{version}"), **catalogue(v1="r/m:1")},
        "r/m:7",
        "",
        "r/m:9",
    ),
}


@pytest.mark.parametrize(("spec", "serving", "remembered", "image"), REACHED.values(), ids=REACHED)
def test_version_9_is_reached_by(spec: dict[str, Any], serving: str, remembered: str, image: str):
    assert reach(a_spec(**spec), serves(serving, a_spec(**spec)), "9", remembered) == image
    assert read_version(a_spec(**spec), image) == "9"


def test_to_deploy_it_the_catalogue_goes_before_what_is_remembered():
    spec = a_spec(**catalogue(**{"9": f"r/m@{DIGEST}"}))
    assert reach_as_specified(spec, serves("r/m:7", spec), "9", f"r/m:9@{ONES}") == f"r/m@{DIGEST}"
    assert reach_as_specified(spec, serves("r/m:7", spec), "8", f"r/m:8@{ONES}") == f"r/m:8@{ONES}"


def test_a_version_that_the_catalogue_lacks_is_not_guessed():
    spec = a_spec(**catalogue(v1="r/m:1", v2="r/m:2"))
    problem = reach(spec, serves("r/m:1", spec), "v9")
    assert isinstance(problem, ServingProblem)
    assert problem.reason is Reason.VERSION_UNKNOWN
    assert problem.message == "no entry of versions is called 'v9'; the entries are v1, v2"


def test_what_would_be_read_as_another_version_is_not_written():
    spec = a_spec(**template("r/m:{version}"), **catalogue(seven="r/m:7"))
    problem = reach(spec, serves("r/m:6", spec), "7")
    assert isinstance(problem, ServingProblem)
    assert problem.reason is Reason.VERSION_UNKNOWN
    assert problem.message == "'r/m:7', which would be written for '7', stands in versions as 'seven'"


ELSEWHERE: dict[str, tuple[dict[str, Any], str]] = {
    "the catalogue": (catalogue(**{"9": "registry.example.com.evil/m:9"}), ""),
    "history": ({}, "registry.example.com/other:9"),
    "another case": ({}, "registry.example.com/M:9"),
    "a prefix": (catalogue(**{"9": f"registry.example.com/m-evil@{DIGEST}"}), ""),
    "the registry alone": (catalogue(**{"9": "registry.example.com:9"}), ""),
}


@pytest.mark.parametrize(("spec", "remembered"), ELSEWHERE.values(), ids=ELSEWHERE)
def test_another_repository_is_refused_in(spec: dict[str, Any], remembered: str):
    problem = reach(a_spec(**spec), serves("registry.example.com/m:7", a_spec(**spec)), "9", remembered)
    assert isinstance(problem, ServingProblem)
    assert problem.reason is Reason.REPOSITORY_NOT_ALLOWED
    assert "annotate the Deployment with modelward.dev/allowed-images: " in problem.message


def test_another_repository_is_taken_where_the_deployment_allows_it():
    spec = a_spec(**catalogue(**{"9": "mirror.example.com/team/m:9"}))
    serving = serves("registry.example.com/m:7", spec, allowed_images="x/y, mirror.example.com/*/m")
    assert reach(spec, serving, "9") == "mirror.example.com/team/m:9"


def test_a_template_may_put_the_version_into_the_repository_where_the_deployment_allows_it():
    spec = a_spec(**template("r/models/{version}/server:1"))
    serving = serves("r/models/7/server:1", spec, allowed_images="r/models/*/server")
    assert serving.version == "7"
    assert reach(spec, serving, "9") == "r/models/9/server:1"


@pytest.mark.parametrize("field", [ENV, NOTE], ids=["a variable", "an annotation"])
def test_elsewhere_than_in_an_image_the_version_is_the_value(field: dict[str, Any]):
    spec = a_spec(versionField=field)
    serving = found(spec, containers=[{**MODEL, "env": [{"name": "MODEL_VERSION", "value": "7"}]}])
    assert isinstance(serving, Serving)
    assert (serving.version, reach(spec, serving, "9", "r/m:9")) == ("7", "9")


TEXTS: dict[str, tuple[str, Reason, str]] = {
    "nothing": ("", Reason.VERSION_EMPTY, "is empty"),
    "a blank": (" ", Reason.VERSION_INVALID, "is ' ', which is no version"),
    "an image": ("r/m:7", Reason.VERSION_INVALID, "is 'r/m:7', which is no version"),
    "a reference to another variable": ("$(TAG)", Reason.VERSION_INVALID, "which is no version"),
    "too long a text": ("x" * 129, Reason.VERSION_INVALID, "128 at most"),
}


@pytest.mark.parametrize(("text", "reason", "words"), TEXTS.values(), ids=TEXTS)
@pytest.mark.parametrize("field", [ENV, NOTE], ids=["a variable", "an annotation"])
def test_is_no_version(field: dict[str, Any], text: str, reason: Reason, words: str):
    body = raw(containers=[{**MODEL, "env": [{"name": "MODEL_VERSION", "value": text}]}])
    body["spec"]["template"]["metadata"]["annotations"] = {"example.com/version": text}
    spec = a_spec(versionField=field)
    problem = find_serving(spec, parse_deployment(body, spec.version_field))
    assert isinstance(problem, ServingProblem)
    assert problem.reason is reason
    assert words in problem.message
