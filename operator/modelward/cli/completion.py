"""`modelward completion`: the script that has a shell complete verbs, options, names and versions."""

import click

HOW = {
    "bash": 'eval "$(modelward completion bash)"',
    "zsh": 'eval "$(modelward completion zsh)"',
    "fish": "modelward completion fish | source",
}


@click.command(short_help="Print the script that completes in a shell.")
@click.argument("shell", type=click.Choice(list(HOW)))
def completion(shell: str) -> None:
    """Print the script with which a shell completes verbs, options, models, ModelDeployments and versions.

    Names come from the database in DATABASE_URL, or from the cluster. `kubectl modelward` completes by itself (kubectl
    1.26 or newer): kubectl_complete-modelward is installed along.

    \b
    Examples (the line for ~/.bashrc, ~/.zshrc or ~/.config/fish/config.fish):
      eval "$(modelward completion bash)"
      eval "$(modelward completion zsh)"
      modelward completion fish | source
    """
    from click.shell_completion import get_completion_class

    from modelward.cli.main import main

    kind = get_completion_class(shell)
    assert kind is not None  # click knows all three
    click.echo(kind(main, {}, "modelward", "_MODELWARD_COMPLETE").source())
