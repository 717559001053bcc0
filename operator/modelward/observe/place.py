"""The place in a pod template where the version stands, or the problem that says what there is instead."""

import json
import sys
from typing import Any, NamedTuple

from modelward.domain.keepers import find_keeper
from modelward.domain.ports import Json
from modelward.domain.reasons import Reason
from modelward.domain.serving import Place, ServingProblem
from modelward.domain.version_field import FieldType, VersionField

TEMPLATE = ("spec", "template")
Keys = tuple[str | int, ...]


class Writers(NamedTuple):
    """Who wrote a value last, and who will write it again."""

    last: str
    keeper: str


def find_place(field: VersionField, template: Json, name: str, managed: list[Json] | None = None) -> "Found":
    """Find the version's place in the pod template of the Deployment called `name`."""
    if field.type is FieldType.ANNOTATION:
        return _find_annotation(field.annotation, template, name, managed or [])
    container = _find_container(field, template.get("spec") or {}, name)
    if isinstance(container, ServingProblem):
        return container
    if field.type is FieldType.ENV:
        return _find_env(field.env, *container, name, managed or [])
    return _find_image(*container, managed or [])


Found = tuple[Place, Keys] | ServingProblem
"""A place, with the way to it through the template; or why there is none."""


def _find_image(body: Json, at: Keys, managed: list[Json]) -> Found:
    keys, named = (*at, "image"), _key("name", body["name"])
    writers = _writers(managed, ("f:spec", f"f:{at[1]}", named, "f:image"))
    label = f"image of container {body['name']}"
    return _place(body.get("image") or "", keys, {at: body["name"]}, label, writers), keys


def _find_env(env: str, body: Json, at: Keys, name: str, managed: list[Json]) -> Found:
    entries = body.get("env") or []
    index = max((i for i, e in enumerate(entries) if e["name"] == env), default=None)  # the last one counts in the pod
    if index is None:
        there = ", ".join(dict.fromkeys(e["name"] for e in entries))
        what = f"no environment variable {env!r}; it has {there}" if there else "no environment variables at all"
        message = f"container {body['name']} of Deployment {name} has {what}: add {env} with a value"
        return ServingProblem(Reason.ENV_NOT_FOUND, message)
    label = f"environment variable {env} of container {body['name']}"
    if entries[index].get("valueFrom") is not None:
        source = next(iter(entries[index]["valueFrom"]), "valueFrom")
        message = f"{label} of Deployment {name} comes from {source}: write its value out, so that it can be changed"
        return ServingProblem(Reason.ENV_NOT_LITERAL, message)
    keys = (*at, "env", index, "value")
    writers = _writers(
        managed, ("f:spec", f"f:{at[1]}", _key("name", body["name"]), "f:env", _key("name", env), "f:value")
    )
    names = {at: body["name"], (*at, "env", index): env}
    return _place(entries[index].get("value") or "", keys, names, label, writers), keys


def _find_annotation(key: str, template: Json, name: str, managed: list[Json]) -> Found:
    there: dict[str, str] = (template.get("metadata") or {}).get("annotations") or {}
    if key not in there:
        names = ", ".join(sorted(there))
        what = f"no annotation {key!r}; it has {names}" if names else "no annotations at all"
        message = f"the pod template of Deployment {name} has {what}: add {key} with the version"
        return ServingProblem(Reason.ANNOTATION_NOT_FOUND, message)
    keys = ("metadata", "annotations", key)
    writers = _writers(managed, ("f:metadata", "f:annotations", f"f:{key}"))
    return _place(there[key] or "", keys, {}, f"annotation {key} of the pod template", writers), keys


def _find_container(field: VersionField, pod: Json, name: str) -> tuple[Json, Keys] | ServingProblem:
    ordinary: list[Json] = pod.get("containers") or []
    names = ", ".join(c["name"] for c in ordinary)
    if field.container is None:
        if len(ordinary) == 1:
            return ordinary[0], ("spec", "containers", 0)
        return ServingProblem(
            Reason.CONTAINER_AMBIGUOUS,
            f"Deployment {name} has several containers ({names}): name one in versionField.containerName",
        )
    for kind in ("containers", "initContainers"):
        for index, body in enumerate(pod.get(kind) or []):
            if body["name"] == field.container:
                return body, ("spec", kind, index)
    first = ", ".join(c["name"] for c in pod.get("initContainers") or [])
    message = f"Deployment {name} has no container {field.container!r}; it has {names}"
    return ServingProblem(Reason.CONTAINER_NOT_FOUND, message + (f" and the init containers {first}" if first else ""))


def _place(value: str, keys: Keys, names: dict[Keys, str], label: str, writers: Writers) -> Place:
    pointers = tuple((_pointer((*at, "name")), sys.intern(name)) for at, name in names.items())
    return Place(value, _pointer(keys), pointers, sys.intern(label), *map(sys.intern, writers))


def _pointer(keys: Keys) -> str:
    """Write a JSON pointer (RFC 6901): `~` and `/` in a key are escaped, in that order."""
    escaped = (str(key).replace("~", "~0").replace("/", "~1") for key in (*TEMPLATE, *keys))
    return sys.intern("/" + "/".join(escaped))


def _key(name: str, value: str) -> str:
    return "k:" + json.dumps({name: value}, separators=(",", ":"), ensure_ascii=False)


def _writers(managed: list[Json], path: tuple[str, ...]) -> Writers:
    """Name the field manager that wrote a field last, and the one that will do it again; empty where there is none."""
    owners = sorted((e for e in managed if _owns(e, path)), key=lambda entry: entry.get("time") or "", reverse=True)
    names = [str(entry.get("manager") or "") for entry in owners]
    kept = (n for n, e in zip(names, owners, strict=True) if find_keeper(n, e.get("operation") or ""))
    return Writers(next(iter(names), ""), next(kept, ""))


def _owns(entry: Json, path: tuple[str, ...]) -> bool:
    node: Any = entry.get("fieldsV1")
    for key in ("f:spec", "f:template", *path):
        node = node.get(key) if isinstance(node, dict) else None
    return node is not None
