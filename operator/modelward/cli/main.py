"""The one command `modelward`; its verbs are imported when they are named, so that --help stays fast."""

import importlib
from collections.abc import Collection
from typing import Any

import click

from modelward import __version__
from modelward.cli.pages import WIDTH

VERBS = {
    "status": "modelward.cli.looking",
    "history": "modelward.cli.looking",
    "compare": "modelward.cli.looking",
    "check": "modelward.cli.judging",
    "explain": "modelward.cli.judging",
    "rollback": "modelward.cli.rollback",
    "gitops": "modelward.cli.gitops",
    "archive": "modelward.cli.archive",
    "db": "modelward.cli.db",
    "completion": "modelward.cli.completion",
    "operator": "modelward.cli.operator",
}
EXIT_CODES = """\b
Exit codes: 0 all is well, 1 error, 2 wrong use, 3 degraded, 4 rolled back, 5 not enough data."""
EPILOG = f"""
\b
A first look, against a database alone:
  export DATABASE_URL=postgresql://user:password@host/database
  modelward status
  modelward check --dry-run

\b
And at the ModelDeployments of a cluster:
  modelward status --cluster -A

{EXIT_CODES}
"""


class Verbs(click.Group):
    """Verbs in a fixed order, each imported from its module when it is needed."""

    def __init__(self, *args: Any, verbs: Collection[str] = VERBS, **attributes: Any) -> None:
        super().__init__(*args, **attributes)
        self._verbs = verbs

    def list_commands(self, ctx: click.Context) -> list[str]:
        """List the verbs."""
        del ctx
        return list(self._verbs)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import a verb."""
        del ctx
        if cmd_name not in self._verbs:
            return None
        verb: click.Command = getattr(importlib.import_module(VERBS[cmd_name]), cmd_name)
        return verb


SETTINGS = {"help_option_names": ["-h", "--help"], "max_content_width": WIDTH}


@click.group(cls=Verbs, epilog=EPILOG, context_settings=SETTINGS)
@click.version_option(__version__)
def main() -> None:
    """Watch models after they shipped, and put the previous version back when one got worse."""
