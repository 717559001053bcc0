"""The verbs on ModelDeployments, from what was typed to what is printed and the exit code."""

import sys
from collections.abc import Mapping, Sequence
from contextlib import closing, contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import click

from modelward.cli.exits import BY_STATUS, DEGRADED, ERROR, NOT_ENOUGH_DATA, OK, ROLLED_BACK, sentences
from modelward.cli.output import MACHINE, emit
from modelward.domain.errors import InvalidCallError, ModelwardError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from modelward.cli.doors import Where
    from modelward.cli.either import ClusterWhere
    from modelward.domain.recipes import Tool
    from modelward.domain.resource import Resource
    from modelward.evaluation.archive import ArchiveOrder
    from modelward.remote.api import Api
    from modelward.remote.choosing import Choice
    from modelward.remote.results import ClusterPlan

PATIENCE = timedelta(minutes=2)
ROLLBACK_PATIENCE = timedelta(minutes=12)
"""Longer than spec.rollback.verifyTimeout is when nothing else is said."""
GRAVITY = (ERROR, ROLLED_BACK, DEGRADED, NOT_ENOUGH_DATA, OK)


def status(where: "ClusterWhere", words: Sequence[str], output: str) -> int:
    """Show how they stand; 1 where one serves no version that is known."""
    from modelward.remote.choosing import choose_all
    from modelward.remote.telling import status_report

    with _session(where) as api:
        choice = _choice(where, words)
        found = [status_report(resource) for resource in choose_all(api, choice)]
    if not found and output not in MACHINE:
        place = "the cluster" if choice.all_namespaces else f"namespace {api.namespace}"
        click.echo(f"{place} holds no ModelDeployment", err=True)
    _emit(output, "Status", found, one=bool(choice.names) and choice.is_one)
    return OK if all(report["production"] for report in found) else ERROR


def history(where: "ClusterWhere", words: Sequence[str], output: str) -> int:
    """List what served when, the newest first."""
    from modelward.remote.choosing import choose
    from modelward.remote.telling import history as tell

    with _session(where) as api:
        names, number = _count(words)
        entries = [entry for resource in choose(api, _choice(where, names)) for entry in tell(resource, number)]
    emit(output, "History", entries, drawn_as="ClusterHistory")
    return OK


def compare(where: "ClusterWhere", words: Sequence[str], output: str) -> int:
    """Compare the two versions of the last verdict."""
    from modelward.remote.choosing import choose
    from modelward.remote.telling import comparison

    with _session(where) as api:
        names, (current, previous) = words[:-2], words[-2:]
        (resource,) = choose(api, _only(where, names, "compare"))
        result = comparison(resource, current, previous)
    emit(output, "Comparison", result, drawn_as="ClusterComparison")
    return DEGRADED if result["degraded"] else OK


def explain(where: "ClusterWhere", words: Sequence[str], output: str) -> int:
    """Lay open what each verdict rests on."""
    from modelward.remote.choosing import choose
    from modelward.remote.telling import explanation

    with _session(where) as api:
        choice = _choice(where, words)
        found = [explanation(resource) for resource in choose(api, choice)]
    _emit(output, "Explanation", found, one=choice.is_one)
    return OK


def check(where: "ClusterWhere", words: Sequence[str], output: str, timeout: timedelta | None) -> int:
    """Have them checked now; the gravest answer is the exit code."""
    from modelward.remote.choosing import choose
    from modelward.remote.door import ClusterDoor

    with _session(where) as api:
        choice = _choice(where, words)
        found = ClusterDoor(api, (timeout or PATIENCE).total_seconds()).check(choose(api, choice))
    _emit(output, "Check", found, one=choice.is_one)
    ends = {BY_STATUS.get(result["status"], ERROR) for result in found}
    return next(code for code in GRAVITY if code in ends)


def gitops(where: "ClusterWhere", words: Sequence[str], tools: "Sequence[Tool]", output: str) -> int:
    """Print what keeps Git from undoing a rollback."""
    from modelward.remote.choosing import choose
    from modelward.remote.gitops import gitops as tell

    with _session(where) as api:
        (resource,) = choose(api, _only(where, words, "gitops"))
        found = tell(api, resource, tools)
    emit(output, "GitOps", found)
    return OK


def rollback(
    where: "ClusterWhere", words: Sequence[str], output: str, *, yes: bool, wait: bool, timeout: timedelta | None
) -> int:
    """Put a version back, after a look at what would change."""
    from modelward.remote.door import ClusterDoor, is_good_end
    from modelward.remote.moving import plan_rollback

    with _session(where) as api:
        resource, version = _named(api, where, words)
        plan = plan_rollback(resource, version)
        if not yes:
            _ask(plan)
        door = ClusterDoor(api, (timeout or ROLLBACK_PATIENCE).total_seconds())
        if not wait:
            request = door.requested(plan, door.ask_rollback(plan, resource))
            emit(output, "Request", request)
            return OK
        result = door.roll_back(plan, resource)
    emit(output, "Rollback", result, drawn_as="ClusterRollback")
    return OK if is_good_end(result) else ERROR


def archive(
    where: "ClusterWhere", database: "Where", words: Sequence[str], output: str, order: "ArchiveOrder | None",
    restored: "Path | None",
) -> int:  # fmt: skip
    """Put old versions away that the ModelDeployment does not need, in its database; or bring some back."""
    from modelward.database.secrets import read_connection
    from modelward.evaluation.archive import archive_versions, restore_versions
    from modelward.evaluation.database import DatabaseDoor
    from modelward.remote.choosing import choose, find
    from modelward.remote.keeping import needed_versions
    from modelward.remote.telling import spec_of

    with _session(where) as api:
        (resource,) = choose(api, _only(where, words, "archive"))
        spec, name = spec_of(resource), resource.name
        to = database.database_url or read_connection(
            spec.secret_name, _secret(api, resource.namespace, spec.secret_name)
        )
        with closing(DatabaseDoor(to, spec.model_name, spec.environment, source=spec.source)) as door:
            if restored:
                report = restore_versions(door.ledger, restored, spec.model_name, spec.environment)
            elif order:
                report = archive_versions(door, order, lambda: needed_versions(find(api, name)))
    emit(output, "Archive", report)
    return OK


def _secret(api: "Api", namespace: str, name: str) -> dict[str, str]:
    from modelward.domain.errors import ClusterError

    try:
        return api.get_secret(namespace, name)
    except ClusterError as error:
        raise ClusterError(f"{error}. --database-url names the database without its Secret") from None


def offer(where: "ClusterWhere", words: Sequence[str], *, versions: bool) -> list[str]:
    """List what the shell may complete; a cluster that does not answer offers nothing."""
    from modelward.remote.choosing import choose, names
    from modelward.remote.moving import known_versions

    try:
        with _session(where) as api:
            there = names(api)
            meant = [word for word in words if word in there][:1]
            if not versions or (not meant and not where.model and len(there) != 1):
                return there
            (resource,) = choose(api, _only(where, meant, "a completion"))
            return [*([] if words else there), *known_versions(resource)]
    except (ModelwardError, click.ClickException):
        return []


@contextmanager
def _session(where: "ClusterWhere") -> "Iterator[Api]":
    with sentences():
        from modelward.remote.client import KubernetesApi
        from modelward.remote.kubeconfig import log_in

        yield KubernetesApi(log_in(where.kubeconfig, where.context, where.namespace))


def _choice(where: "ClusterWhere", words: Sequence[str]) -> "Choice":
    from modelward.remote.choosing import Choice

    named = tuple(words) or ((where.model,) if where.model and not (where.every or where.all_namespaces) else ())
    return Choice(named, where.every, where.all_namespaces)


def _only(where: "ClusterWhere", words: Sequence[str], verb: str) -> "Choice":
    choice = _choice(where, words)
    if not choice.is_one:
        raise InvalidCallError(f"{verb} is for one ModelDeployment: name one, with -n where it is elsewhere")
    return choice


def _count(words: Sequence[str]) -> tuple[Sequence[str], int]:
    """Take a number from the end."""
    if words and words[-1].isdecimal():
        if int(words[-1]) < 1:
            raise click.BadParameter(f"{words[-1]} is not in the range x>=1.", param_hint="'[NUMBER]'")
        return words[:-1], int(words[-1])
    return words, 10


def _named(api: "Api", where: "ClusterWhere", words: Sequence[str]) -> "tuple[Resource, str | None]":
    """Tell name and version apart: one word is a name where there is one of it, else a version of the only one."""
    from modelward.remote.choosing import choose, exists

    if len(words) > 2:
        raise InvalidCallError("rollback takes the name of one ModelDeployment and one version")
    is_version = len(words) == 1 and "/" not in words[0] and (where.model is not None or not exists(api, words[0]))
    named, version = ((), words[0]) if is_version else (words[:1], words[1] if len(words) == 2 else None)
    (resource,) = choose(api, _only(where, named, "rollback"))
    return resource, version


def _ask(plan: "ClusterPlan") -> None:
    moved = f"{plan['namespace']}/{plan['name']}: {plan['from_version']} -> {plan['to_version']}"
    if not sys.stdin.isatty():
        raise click.UsageError(f"{moved} is to be confirmed and nobody can be asked here: add --yes to go on")
    emit("table", "ClusterPlan", plan)
    click.confirm("Ask the operator for it?", abort=True)


def _emit(output: str, kind: str, found: Sequence[Mapping[str, Any]], *, one: bool) -> None:
    """Print one answer as it is, several (or all there are, however many) as a list."""
    if output in MACHINE and one:
        emit(output, kind, found[0])
    else:
        emit(output, f"{kind}List", found)
