"""What a GitOps controller is told so that it leaves the version's field alone: one source for messages and for YAML.

A recipe is a few settings of the object that keeps the Deployment: of an Application, a Kustomization, a HelmRelease.
"""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from modelward.domain.serving import Place

Setting = tuple[tuple[str, ...], Any]
"""Where in the object something is set, and what."""
PLAIN = re.compile(r"[A-Za-z][A-Za-z0-9_-]*")
WORDS = frozenset({"true", "false", "null", "yes", "no", "on", "off", "y", "n"})
"""What YAML takes for something else than text."""


class Tool(StrEnum):
    """A controller, by the word of the command line."""

    ARGO_CD = "argocd"
    FLUX = "flux"
    HELM_RELEASE = "helmrelease"


@dataclass(frozen=True, slots=True)
class Field:
    """The version's field of one Deployment."""

    namespace: str
    deployment: str
    place: Place


@dataclass(frozen=True, slots=True)
class Recipe:
    """Settings of one kind of object, and what has to be known about them."""

    tool: Tool
    program: str
    api_version: str
    kind: str
    settings: tuple[Setting, ...]
    note: str

    @property
    def document(self) -> dict[str, Any]:
        """The part of the object that is set, as it stands in its file."""
        body: dict[str, Any] = {"apiVersion": self.api_version, "kind": self.kind}
        for path, value in self.settings:
            _put(body, path, value)
        return body

    @property
    def sentence(self) -> str:
        """The same in one line, for a message."""
        set_to = (f"{'.'.join(path)}: {flow(value)}" for path, value in self.settings)
        return f"in the {self.kind} set {' and '.join(set_to)}"


def recipe(tool: Tool, field: Field) -> Recipe:
    """Write the recipe for a controller."""
    return RECIPES[tool](field)


def flow(value: Any) -> str:
    """Write a value as YAML in one line."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{flow(key)}: {flow(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(flow(item) for item in value) + "]"
    if isinstance(value, str) and PLAIN.fullmatch(value) and value.lower() not in WORDS:
        return value
    if isinstance(value, str) and '"' in value and "'" not in value and value.isprintable():
        return f"'{value}'"
    return json.dumps(value, ensure_ascii=False)


def expression(place: Place) -> str | None:
    """Write the field in jq, lists by the names of their entries; None where it lies in no list.

    A place in a list moves when another entry comes before it; the name does not.
    """
    named = {pointer.removesuffix("/name"): name for pointer, name in place.names}
    if not named:
        return None
    path = text = ""
    for step in place.path.split("/")[1:]:
        path += f"/{step}"
        text += f"[] | select(.name == {json.dumps(named[path])}) | " if path in named else f".{step}"
    return text


def _argo_cd(field: Field) -> Recipe:
    by_name = expression(field.place)
    where = {"jqPathExpressions": [by_name]} if by_name else {"jsonPointers": [field.place.path]}
    target = {"group": "apps", "kind": "Deployment", "name": field.deployment, "namespace": field.namespace}
    return Recipe(
        Tool.ARGO_CD,
        "Argo CD 2.11 or newer",
        "argoproj.io/v1alpha1",
        "Application",
        (
            (("spec", "ignoreDifferences"), [{**target, **where}]),
            (("spec", "syncPolicy", "syncOptions"), ["RespectIgnoreDifferences=true"]),
        ),
        "Both: the first keeps the difference from being shown, only the second keeps a sync from writing it. "
        "Add them to the lists that are there.",
    )


def _flux(field: Field) -> Recipe:
    return Recipe(
        Tool.FLUX,
        "Flux, kustomize-controller 1.9 or newer",
        "kustomize.toolkit.fluxcd.io/v1",
        "Kustomization",
        ((("spec", "ignore"), [_ignored(field)]),),
        "Add it to the list that is there.",
    )


def _helm_release(field: Field) -> Recipe:
    return Recipe(
        Tool.HELM_RELEASE,
        "Flux, helm-controller",
        "helm.toolkit.fluxcd.io/v2",
        "HelmRelease",
        ((("spec", "driftDetection", "ignore"), [_ignored(field)]),),
        "It stops the correction of drift; an upgrade of the chart writes the version all the same, so upgrade with "
        "the version that serves.",
    )


def _ignored(field: Field) -> dict[str, Any]:
    target = {"kind": "Deployment", "name": field.deployment, "namespace": field.namespace}
    return {"paths": [field.place.path], "target": target}


def _put(body: dict[str, Any], path: tuple[str, ...], value: Any) -> None:
    *above, last = path
    for key in above:
        body = body.setdefault(key, {})
    body[last] = value


RECIPES: dict[Tool, Callable[[Field], Recipe]] = {
    Tool.ARGO_CD: _argo_cd,
    Tool.FLUX: _flux,
    Tool.HELM_RELEASE: _helm_release,
}
