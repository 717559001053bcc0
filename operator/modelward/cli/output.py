"""Answers for people and for programs: a table, or the same in a versioned shape as JSON or YAML."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

import click

API_VERSION = "modelward.dev/cli/v1"
MACHINE = ("json", "yaml")


def emit(form: str, kind: str, content: Mapping[str, Any] | Sequence[Any], *, drawn_as: str | None = None) -> None:
    """Print an answer of some kind in the form asked for; people may see more than the kind says."""
    if form in MACHINE:
        click.echo(_spell(form, {"apiVersion": API_VERSION, "kind": kind, **_body(content)}), nl=False)
        return
    from modelward.cli.screen import Screen
    from modelward.cli.views import VIEWS

    VIEWS[drawn_as or kind](Screen(), content)


def _body(content: Mapping[str, Any] | Sequence[Any]) -> dict[str, Any]:
    return dict(content) if isinstance(content, Mapping) else {"items": list(content)}


def _spell(form: str, document: dict[str, Any]) -> str:
    if form == "json":
        return json.dumps(document, indent=2, allow_nan=False) + "\n"
    import yaml

    return yaml.safe_dump(document, sort_keys=False, allow_unicode=True)
