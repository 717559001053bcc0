"""Which of the two doors a verb goes through: a database alone, or the ModelDeployments of a cluster."""

import functools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar, cast

import click
from click.core import ParameterSource
from click.shell_completion import CompletionItem

from modelward.cli import options
from modelward.cli.doors import Where

F = TypeVar("F", bound=Callable[..., Any])
KUBECTL = "kubectl"
"""The context's object where the command was started as `kubectl modelward`."""
CLUSTER_ONLY = {
    "cluster": "--cluster", "namespace": "--namespace", "all_namespaces": "--all-namespaces", "every": "--all",
    "context": "--context", "kubeconfig": "--kubeconfig", "wait": "--wait/--no-wait", "timeout": "--timeout",
}  # fmt: skip
DATABASE_ONLY = {
    "database_url": "--database-url", "environment": "--environment", "threshold": "--threshold", "window": "--window",
    "min_samples": "--min-samples", "label_delay": "--label-delay", "cooldown": "--cooldown",
    "max_per_day": "--max-per-day", "auto_rollback": "--auto-rollback", "dry_run": "--dry-run", "force": "--force",
    "reason": "--reason", "log_file": "--log-file", "file": "--file", "source": "--source", "metrics": "--metric",
    "positive_class": "--positive-class", "alert_file": "--alert-file", "alert_urls": "--alert-url",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class ClusterWhere:
    """Which cluster and which ModelDeployments are meant, as the options say."""

    kubeconfig: str | None
    context: str | None
    namespace: str | None
    all_namespaces: bool
    every: bool
    model: str | None


@dataclass(frozen=True, slots=True)
class Doors:
    """The door that is meant: a cluster where `cluster` is there, else a database."""

    where: Where
    cluster: ClusterWhere | None


def complete_name(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Offer the ModelDeployments of the namespace; nothing where the models are a database's."""
    del param
    return _offer(ctx, incomplete, versions=False)


def complete_name_or_version(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Offer the versions of the model that is named, or of the only one; and names where none is named yet."""
    if speaks_to_cluster(ctx, ctx.params):
        return _offer(ctx, incomplete, versions=True)
    return options.complete_version(ctx, param, incomplete)


def complete_model(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Offer the models of the database, or the ModelDeployments of the namespace."""
    if speaks_to_cluster(ctx, ctx.params):
        return _offer(ctx, incomplete, versions=False)
    return options.complete_model(ctx, param, incomplete)


def _offer(ctx: click.Context, begun: str, *, versions: bool) -> list[CompletionItem]:
    if not speaks_to_cluster(ctx, ctx.params):
        return []
    from modelward.cli.clustered import offer

    words = list(ctx.params.get("words") or ())
    offered = offer(_cluster_where(ctx.params), words, versions=versions)
    return [CompletionItem(name) for name in offered if name.startswith(begun) and name not in words]


namespace = click.option("-n", "--namespace", metavar="NAME", help="Where they are; without it the kubeconfig's.")
context = click.option("--context", metavar="NAME", help="Which context of the kubeconfig.")
kubeconfig = click.option("--kubeconfig", metavar="FILE", help="Which kubeconfig.  [KUBECONFIG]")
CLUSTER = (
    click.option("--cluster", is_flag=True, help="ModelDeployments of a cluster, even where DATABASE_URL is set."),
    namespace,
    click.option("--all", "every", is_flag=True, help="All ModelDeployments of the namespace."),
    click.option("-A", "--all-namespaces", is_flag=True, help="Those of all namespaces."),
    context,
    kubeconfig,
)
timeout = click.option(
    "--timeout",
    type=options.Duration(),
    metavar="TIME",
    help="How long the operator's answer may take.  [check: 2m, rollback: 12m]",
)
model = click.option(
    "--model",
    envvar="MODELWARD_MODEL",
    metavar="NAME",
    shell_complete=complete_model,
    help="Which model, or ModelDeployment, where there are several.  [MODELWARD_MODEL]",
)


def door(verb: F) -> F:
    """Add the options that say which door and where behind it, handed over as one `doors`; and how to answer."""

    @functools.wraps(verb)
    def bundled(*args: Any, **others: Any) -> Any:
        ctx = click.get_current_context()
        cluster = _cluster_where(ctx.params) if speaks_to_cluster(ctx, ctx.params) else None
        _refuse_strangers(ctx, DATABASE_ONLY if cluster else CLUSTER_ONLY, cluster is not None)
        for name in ("cluster", "namespace", "all_namespaces", "context", "kubeconfig", "every"):
            others.pop(name, None)
        return verb(*args, doors=Doors(options.take_where(others), cluster), **others)

    wrapped: Callable[..., Any] = options.subject(options.output(bundled))
    for option in reversed((options.database_url, model, options.environment, *CLUSTER)):
        wrapped = option(wrapped)
    return cast("F", wrapped)


def both_doors(verb: F) -> F:
    """Add the options of a verb that, for a cluster, goes through both doors: there to ask, and here to change."""

    @functools.wraps(verb)
    def bundled(*args: Any, **others: Any) -> Any:
        ctx = click.get_current_context()
        asked = any(_on_line(ctx, name) for name in CLUSTER_ONLY) or bool(ctx.params.get("words"))
        meant = asked or speaks_to_cluster(ctx, ctx.params)
        cluster = _cluster_where(ctx.params) if meant else None
        for name in ("cluster", "namespace", "all_namespaces", "context", "kubeconfig", "every"):
            others.pop(name, None)
        if cluster and not _on_line(ctx, "database_url"):
            others["database_url"] = None  # which database it is, the ModelDeployment knows better than the environment
        return verb(*args, doors=Doors(options.where_alone(others), cluster), **others)

    wrapped: Callable[..., Any] = options.output(bundled)
    for option in reversed((options.database_url, model, options.environment, *options.SUBJECT[:2], *CLUSTER)):
        wrapped = option(wrapped)
    return cast("F", wrapped)


def where(verb: F) -> F:
    """Add the options that say where in a cluster, for a verb that has no other door, handed over as one `where`."""

    @functools.wraps(verb)
    def bundled(*args: Any, **others: Any) -> Any:
        given = {name: others.pop(name) for name in ("namespace", "context", "kubeconfig")}
        return verb(*args, where=_cluster_where(given), **others)

    wrapped: Callable[..., Any] = bundled
    for option in (kubeconfig, context, namespace):
        wrapped = option(wrapped)
    return cast("F", wrapped)


def speaks_to_cluster(ctx: click.Context, given: dict[str, Any]) -> bool:
    """Whether the cluster is meant: it was said, no database is named, or this is `kubectl modelward`."""
    if _on_line(ctx, "database_url"):
        return False
    if any(_on_line(ctx, name) for name in CLUSTER_ONLY):
        return True
    return ctx.obj == KUBECTL or not (given.get("database_url") or "").strip()


def database_words(words: tuple[str, ...], most: int) -> tuple[str, ...]:
    """Return what was given beside the options for a database, which knows models by --model and no names here."""
    if len(words) > most:
        raise click.UsageError(
            f"Got unexpected extra argument ({' '.join(words[most:])}). "
            "Names are those of ModelDeployments: --cluster; a model of the database is named with --model"
        )
    return words


def _cluster_where(given: dict[str, Any]) -> ClusterWhere:
    return ClusterWhere(
        kubeconfig=given.get("kubeconfig"),
        context=given.get("context"),
        namespace=given.get("namespace"),
        all_namespaces=bool(given.get("all_namespaces")),
        every=bool(given.get("every")),
        model=given.get("model"),
    )


def _refuse_strangers(ctx: click.Context, strangers: dict[str, str], cluster: bool) -> None:
    given = [spelled for name, spelled in strangers.items() if _on_line(ctx, name)]
    if given and cluster:
        raise click.UsageError(f"{given[0]} is for a database alone; in a cluster the ModelDeployment's spec says it")
    if given:
        raise click.UsageError(f"{given[0]} is for a cluster, and --database-url is for a database: not both")


def _on_line(ctx: click.Context, name: str) -> bool:
    return ctx.get_parameter_source(name) is ParameterSource.COMMANDLINE
