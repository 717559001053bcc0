"""`kubectl modelward`: the verbs on ModelDeployments as a plugin of kubectl, and what it offers as completions."""

import sys

import click
from click.shell_completion import ShellComplete

from modelward.cli.either import KUBECTL
from modelward.cli.main import EXIT_CODES, SETTINGS, Verbs

VERBS = ("status", "history", "compare", "check", "explain", "rollback", "gitops", "archive")
NAME = "kubectl modelward"
EPILOG = f"""
\b
A first look:
  kubectl modelward status -A
  kubectl modelward explain house-prices -n ml

{EXIT_CODES}
"""
NO_FILES = ":4"
"""How a plugin of kubectl says that file names are no completions."""


@click.group(cls=Verbs, verbs=VERBS, epilog=EPILOG, context_settings=SETTINGS)
def plugin() -> None:
    """Look after ModelDeployments: how they stand, why, and back to the previous version."""


def main() -> None:
    """Run the plugin."""
    plugin(prog_name=NAME, obj=KUBECTL)


def complete() -> None:
    """Answer kubectl's completion: the words so far are the arguments, the last one as far as it was typed."""
    *words, begun = sys.argv[1:] or [""]
    shell = ShellComplete(plugin, {"obj": KUBECTL}, NAME, "_MODELWARD_COMPLETE")
    for item in shell.get_completions(words, begun):
        click.echo(item.value)
    click.echo(NO_FILES)
