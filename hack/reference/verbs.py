"""Every verb with its options, every exit code and every variable, from the code that reads them."""

from collections.abc import Iterator

import click

from modelward import monitor
from modelward.cli import exits, kubectl
from modelward.cli.main import main
from reference.tables import make_table

HEAD = ("option", "value", "default", "meaning")
CODES = {
    "OK": "All is well, or what was asked for is done.",
    "ERROR": "An error: the database or the cluster does not answer, an unknown version, a right that is missing.",
    "USAGE": "Wrong use: an option that cannot be meant, several models and none named.",
    "DEGRADED": "Degraded, and left in place.",
    "ROLLED_BACK": "Degraded, and rolled back by this check.",
    "NOT_ENOUGH_DATA": "Not enough data to judge.",
}
READ_ELSEWHERE = {
    "KUBECONFIG": "Where the cluster's door finds its clusters, as kubectl does.",
    "MODELWARD_ALERT_FILE": "A file with the addresses of those to tell, one a line.",
    "MODELWARD_ALERT_NETWORKS": "Networks that alerts may go to although they are this machine's or its link's.",
    "MODELWARD_ALERT_SIGNING_KEY": "The key of signed webhooks.",
    "MODELWARD_ALERT_URLS": "Whom to tell: addresses with blanks between them.",
    "MODELWARD_ACTOR": "Who did it, for the audit; else user@host.",
    "NO_COLOR": "Set to anything, it turns colour off.",
}
"""Variables that no option names."""

Row = tuple[str, ...]


def exit_codes() -> list[Row]:
    """List the exit codes, by their numbers."""
    numbers = sorted((getattr(exits, name), meaning) for name, meaning in CODES.items())
    return [(f"`{number}`", meaning) for number, meaning in numbers]


def sections() -> Iterator[str]:
    """Write a section for each verb, those of groups included, and for the module that cron calls."""
    for name, command in find_verbs():
        summary = (command.help or "").split("\b")[0].strip().split("\n\n")[0].replace("\n", " ")
        yield f"### {name}\n\n{summary}"
        rows = [_describe(option) for option in command.params if isinstance(option, click.Option)]
        if rows:
            yield make_table(HEAD, rows)


def find_verbs() -> list[tuple[str, click.Command]]:
    """List every command that can be typed."""
    found = [("modelward " + name, command) for name, command in _walk(main, "")]
    return [*found, ("python -m modelward.monitor", monitor.main)]


def _walk(group: click.Group, before: str) -> Iterator[tuple[str, click.Command]]:
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None
        if isinstance(command, click.Group):
            yield from _walk(command, f"{before}{name} ")
        else:
            yield before + name, command


def plugin_verbs() -> str:
    """Name the verbs that kubectl's plugin has."""
    return ", ".join(f"`{verb}`" for verb in kubectl.VERBS)


def _describe(option: click.Option) -> Row:
    names = ", ".join(f"`{name}`" for name in (*option.opts, *option.secondary_opts))
    default = "" if option.default is None or option.is_flag or not option.show_default else f"`{option.default}`"
    return names, _value(option), default, option.help or ""


def _value(option: click.Option) -> str:
    if option.is_flag:
        return ""
    if isinstance(option.type, click.Choice):
        return ", ".join(f"`{choice}`" for choice in option.type.choices)
    if isinstance(option.type, click.IntRange):
        return option.metavar or "number"
    return option.metavar or option.type.name


def variables() -> list[Row]:
    """List the variables that the verbs read: those of their options, and the others."""
    found = dict(READ_ELSEWHERE)
    for _, command in find_verbs():
        options = [option for option in command.params if isinstance(option, click.Option)]
        found |= {str(o.envvar): f"As `{o.opts[-1]}`." for o in options if o.envvar}
    return [(f"`{name}`", found[name]) for name in sorted(found)]
