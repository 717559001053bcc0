"""A rollback by hand: what it would change, agreed on before anything is asked for."""

from modelward.decide.previous import find_move, find_older
from modelward.domain.errors import RefusedError
from modelward.domain.reasons import Reason
from modelward.domain.resource import Resource
from modelward.domain.status import Status
from modelward.remote import figures
from modelward.remote.results import ClusterPlan
from modelward.remote.telling import spec_of


def plan_rollback(resource: Resource, version: str | None) -> ClusterPlan:
    """Find out what a rollback would change; RefusedError where there is nothing to change."""
    status, spec = resource.status, spec_of(resource)
    serving = _serving(resource)
    target = _target(resource, version)
    value = _value_of(resource, target)
    return ClusterPlan(
        namespace=resource.namespace,
        name=resource.name,
        model=spec.model_name,
        environment=spec.environment,
        deployment=spec.target_name,
        from_version=serving,
        to_version=target,
        from_value=status.epoch.value if status.epoch else "",
        to_value=value,
        from_quality=figures.quality_of(status, serving),
        to_quality=figures.quality_of(status, target),
        forced=False,
        notes=_notes(resource, serving, target, value),
    )


def agree(plan: ClusterPlan, resource: Resource) -> None:
    """Refuse where another version serves than when the plan was made."""
    serving = _serving(resource)
    if serving != plan["from_version"]:
        message = f"{serving} serves now, and no longer {plan['from_version']}: nothing was asked for"
        raise RefusedError(Reason.PRODUCTION_CHANGED, message)


def known_versions(resource: Resource) -> list[str]:
    """List the versions that served here or stand in the catalogue, the newest first."""
    served = [move.version for move in reversed(resource.status.history)]
    catalogue = [entry.name for entry in resource.spec.catalogue] if resource.spec else []
    return list(dict.fromkeys([*served, *catalogue]))


def _serving(resource: Resource) -> str:
    status = resource.status
    if status.last_rollback is not None and status.last_rollback.phase.under_way:
        last = status.last_rollback
        raise _refused(f"{figures.name_of(resource)}: a rollback {last.from_} -> {last.to} is under way")
    if not status.current_version:
        raise _refused(f"{figures.name_of(resource)}: no version is known to serve: {figures.message_of(status)}")
    return status.current_version


def _target(resource: Resource, version: str | None) -> str:
    known = ", ".join(known_versions(resource)) or "none"
    if version is None:
        move = find_older(resource.status)
        if move is None:
            raise _refused(f"no earlier version to go back to; known versions: {known}")
        return move.version
    if version == resource.status.current_version:
        raise _refused(f"{version} is what serves already; known versions: {known}")
    return version


def _value_of(resource: Resource, version: str) -> str | None:
    move = find_move(version, resource.status)
    if move is not None and move.value:
        return move.value
    catalogue = resource.spec.catalogue if resource.spec else ()
    return next((entry.image for entry in catalogue if entry.name == version), None)


def _notes(resource: Resource, serving: str, target: str, value: str | None) -> list[str]:
    status, spec = resource.status, spec_of(resource)
    known = ", ".join(known_versions(resource))
    held = spec.version is not None and spec.version != target
    found = [
        f"{target} never served here; the operator looks it up in the database. Known here: {known}"
        if value is None
        else "",
        f"{target} was rolled back from before; asked for by hand it is put back all the same"
        if status.is_quarantined(target)
        else "",
        f"{serving} goes into quarantine: never again an automatic target until it is cleared",
        f"{target} is a landing: never rolled back by itself, only reported",
        f"spec.version {spec.version} is held back until it names another version" if held else "",
        "spec.suspend is true: the operator will refuse" if spec.suspend else "",
        _unproven(status, target),
    ]  # fmt: skip
    return [note for note in found if note]


def _unproven(status: Status, target: str) -> str:
    served = [move for move in status.history if move.version == target]
    never = served and all(move.quality == "Unproven" for move in served)
    return f"{target} was never Healthy here" if never else ""


def _refused(message: str) -> RefusedError:
    return RefusedError(Reason.REQUEST_REFUSED, message)
