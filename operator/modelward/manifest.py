"""Files with ModelDeployments in them, read on a desk: whose tables, and by which rules, where no cluster is asked."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from modelward.domain.errors import InvalidCallError, InvalidSpecError
from modelward.domain.mapping import parse_strictly
from modelward.domain.resource import KIND
from modelward.domain.source import Source
from modelward.domain.spec import Spec, parse_spec


@dataclass(frozen=True, slots=True)
class Manifest:
    """One ModelDeployment of a file."""

    name: str
    spec: Spec


def read_bodies(path: Path) -> list[dict[str, Any]]:
    """Read every ModelDeployment of a file; InvalidSpecError says what is wrong with it."""
    found = [body for body in _documents(path) if body.get("kind") == KIND]
    if not found:
        raise InvalidSpecError(str(path), "holds no ModelDeployment")
    return found


def read_manifest(path: Path, model: str | None) -> Manifest:
    """Read the only ModelDeployment of a file, or the one that is named, by its name or its model's."""
    found = [_manifest(path, body) for body in read_bodies(path)]
    meant = [m for m in found if model in {None, m.name, m.spec.model_name}]
    if len(meant) == 1:
        return meant[0]
    names = ", ".join(manifest.name for manifest in found)
    raise InvalidCallError(f"{path} holds {names}: name one with --model")


def read_source(path: Path) -> Source:
    """Read what would stand under `database.source`, alone in a file or with these two words above it."""
    documents = _documents(path)
    if len(documents) != 1:
        raise InvalidSpecError(str(path), "expected one document: what stands under database.source of a resource")
    body = documents[0]
    if body.get("kind") == KIND:
        body = body.get("spec") or {}
    for key in ("database", "source"):
        if set(body) >= {key}:
            body = body[key] or {}
    return parse_strictly(body)


def _documents(path: Path) -> list[dict[str, Any]]:
    try:
        return [body for body in yaml.safe_load_all(path.read_text()) if isinstance(body, dict)]
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise InvalidSpecError(str(path), f"cannot be read: {' '.join(str(error).split())}") from None


def _manifest(path: Path, body: dict[str, Any]) -> Manifest:
    name = str((body.get("metadata") or {}).get("name") or "")
    try:
        spec = body.get("spec") or {}
        parse_strictly((spec.get("database") or {}).get("source") or {})
        return Manifest(name, parse_spec(name, spec))
    except InvalidSpecError as error:
        raise InvalidSpecError(f"{path}, ModelDeployment {name}", str(error)) from None
    except (AttributeError, TypeError, ValueError) as error:
        raise InvalidSpecError(f"{path}, ModelDeployment {name}", f"cannot be read: {error}") from None
