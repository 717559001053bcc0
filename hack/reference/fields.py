"""Every field of the resource, from the CustomResourceDefinition: type, bounds, default and meaning."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

CRD = Path(__file__).parents[2] / "deploy" / "crds" / "modeldeployments.yaml"
HEAD = ("field", "type", "default", "meaning")
BOUNDS = (
    ("minimum", "maximum", "{} to {}"),
    ("minLength", "maxLength", "{} to {} characters"),
    ("minItems", "maxItems", "{} to {} items"),
)

Schema = dict[str, Any]
Row = tuple[str, ...]


def read_schema(part: str) -> Schema:
    """Read what the API server checks of `spec` or `status`."""
    versions = yaml.safe_load(CRD.read_text())["spec"]["versions"]
    found: Schema = versions[0]["schema"]["openAPIV3Schema"]["properties"][part]
    return found


def list_fields(schema: Schema, path: str) -> Iterator[Row]:
    """List the fields below a path, each before its own members; those of a list's items carry `[]`."""
    for name, member in schema.get("properties", {}).items():
        here = f"{path}.{name}"
        needed = name in schema.get("required", ())
        yield f"`{here}`", _type(member), _default(member, needed=needed), member["description"]
        yield from list_fields(member, here)
        yield from list_fields(member.get("items", {}), f"{here}[]")
        yield from list_fields(_values(member), f"{here}.*")


def list_columns() -> list[Row]:
    """List what `kubectl get mdl` prints; the later ones only with `-o wide`."""
    versions = yaml.safe_load(CRD.read_text())["spec"]["versions"]
    columns = versions[0]["additionalPrinterColumns"]
    return [(c["name"].upper(), "`-o wide`" if c.get("priority") else "", c["description"]) for c in columns]


def _values(member: Schema) -> Schema:
    found = member.get("additionalProperties")
    return found if isinstance(found, dict) else {}


def _type(member: Schema) -> str:
    """Say what may stand there."""
    if "enum" in member:
        return ", ".join(f"`{choice}`" for choice in member["enum"])
    kind = "text" if member.get("x-kubernetes-int-or-string") else _name(member)
    return ", ".join([kind, *_bounds(member)])


def _name(member: Schema) -> str:
    kind = str(member.get("type", "any"))
    if kind == "array":
        return f"list of {_name(member['items'])}"
    if member.get("format") == "date-time":
        return "time"
    return {"string": "text", "boolean": "true or false"}.get(kind, kind)


def _bounds(member: Schema) -> Iterator[str]:
    for low, high, words in BOUNDS:
        if high in member:
            yield words.format(member.get(low, 0), member[high])
        elif member.get(low):
            yield f"at least {member[low]}"


def _default(member: Schema, *, needed: bool) -> str:
    """Say what counts where nothing is written; an object's own default is told by its members."""
    if needed:
        return "**required**"
    given = member.get("default")
    if given is None or given == {}:
        return ""
    return f"`{json.dumps(given)}`"
