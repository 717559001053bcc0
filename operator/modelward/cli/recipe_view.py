"""How recipes for GitOps controllers are drawn: YAML to paste, with what has to be known as comments."""

import textwrap

import yaml

from modelward.cli.screen import Screen
from modelward.remote.results import GitOps, GitOpsRecipe

WIDTH = 100


def show_gitops(screen: Screen, found: GitOps) -> None:
    """Draw one document for each controller."""
    where = f"{found['namespace']}/{found['name']}: {found['field']} of Deployment {found['deployment']}"
    owner = f", written by field manager {found['owner']}" if found["owner"] else ""
    _say(screen, f"{where}{owner}. {found['note']}")
    for recipe in found["recipes"]:
        screen.line("---")
        _say(screen, f"{recipe['program']}{_owns(recipe)}: into the {recipe['kind']}. {recipe['note']}")
        for line in yaml.safe_dump(recipe["document"], sort_keys=False, allow_unicode=True, width=1000).splitlines():
            screen.line(line)


def _owns(recipe: GitOpsRecipe) -> str:
    return " (owns the field now)" if recipe["owns_field"] else ""


def _say(screen: Screen, text: str) -> None:
    for line in textwrap.wrap(text, WIDTH, break_long_words=False, break_on_hyphens=False):
        screen.line(f"# {line}")
