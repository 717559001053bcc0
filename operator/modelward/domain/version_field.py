"""Where in a Deployment the version stands, and which image each known version has: `versionField` and `versions`."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from modelward.domain.errors import InvalidSpecError
from modelward.domain.image import is_version


class FieldType(StrEnum):
    """What holds the version."""

    IMAGE = "Image"
    ENV = "Env"
    ANNOTATION = "Annotation"


@dataclass(frozen=True, slots=True)
class VersionField:
    """The place in the pod template; `container` is an init container too, None is the only container."""

    type: FieldType = FieldType.IMAGE
    container: str | None = None
    template: str | None = None
    env: str = ""
    annotation: str = ""


@dataclass(frozen=True, slots=True)
class KnownVersion:
    """An entry of the catalogue: a version and the image that holds it, by digest where one likes."""

    name: str
    image: str


def parse_version_field(raw: dict[str, Any]) -> VersionField:
    """Read `versionField`; InvalidSpecError names what is missing."""
    try:
        kind = FieldType(raw.get("type", FieldType.IMAGE))
    except ValueError:
        known = ", ".join(FieldType)
        raise InvalidSpecError("versionField.type", f"{raw.get('type')!r} is not one of {known}") from None
    return VersionField(
        type=kind,
        container=raw.get("containerName"),
        template=_template(_member(raw, "image").get("template")),
        env=_needed(raw, "env", "name") if kind is FieldType.ENV else "",
        annotation=_needed(raw, "annotation", "key") if kind is FieldType.ANNOTATION else "",
    )


def parse_version(raw: Any, path: str) -> str | None:
    """Read a version that the spec names; None where it names none."""
    if raw is None:
        return None
    if not isinstance(raw, str) or not is_version(raw):
        raise InvalidSpecError(path, f"{raw!r} is not text that can be an image tag")
    return raw


def parse_catalogue(raw: Any) -> tuple[KnownVersion, ...]:
    """Read `versions`."""
    entries = tuple(KnownVersion(parse_version(e.get("name"), "versions") or "", e.get("image") or "") for e in raw)
    if not all(entry.name and entry.image for entry in entries):
        raise InvalidSpecError("versions", "every entry needs a name and an image")
    if len({entry.image for entry in entries}) < len(entries):
        raise InvalidSpecError("versions", "two entries have the same image: which version is it?")
    return entries


def _member(raw: dict[str, Any], key: str) -> dict[str, Any]:
    member = raw.get(key) or {}
    if not isinstance(member, dict):
        raise InvalidSpecError(f"versionField.{key}", "expected an object")
    return member


def _needed(raw: dict[str, Any], key: str, name: str) -> str:
    value = _member(raw, key).get(name)
    if not isinstance(value, str) or not value:
        raise InvalidSpecError(f"versionField.{key}.{name}", f"is required with versionField.type {raw['type']}")
    return value


def _template(raw: str | None) -> str | None:
    if raw is not None and raw.count("{version}") != 1:
        raise InvalidSpecError("versionField.image.template", f"{raw!r} must hold {{version}} exactly once")
    return raw
