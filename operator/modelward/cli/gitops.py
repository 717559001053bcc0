"""`modelward gitops`: what Argo CD or Flux is told so that a rollback lasts."""

import click

from modelward.cli import either, options
from modelward.domain.recipes import Tool


@click.command(short_help="Print what keeps Git from undoing a rollback.")
@click.argument("words", nargs=-1, metavar="[NAME]", shell_complete=either.complete_name)
@click.option(
    "--tool", type=click.Choice([tool.value for tool in Tool]), help="For this controller only; without it for each."
)
@either.where
@options.output
@click.pass_context
def gitops(
    ctx: click.Context, where: either.ClusterWhere, output: str, words: tuple[str, ...], tool: str | None
) -> None:
    """Print what a GitOps controller is told so that it leaves the version of a ModelDeployment's Deployment alone.

    YAML to paste, made for the container, variable or annotation that holds the version. Reads the ModelDeployment and
    its Deployment, changes nothing, and ends with 0.

    \b
    Examples:
      modelward gitops house-prices -n ml
      modelward gitops house-prices -n ml --tool flux
    """
    from modelward.cli import clustered

    ctx.exit(clustered.gitops(where, words, tuple(Tool) if tool is None else (Tool(tool),), output))
