"""Which versions a ModelDeployment still needs: none of them may be put away, whatever the registry thinks of them."""

from modelward.decide.previous import find_older, find_previous
from modelward.domain.resource import Resource
from modelward.domain.spec import Spec
from modelward.domain.status import Status
from modelward.remote import figures
from modelward.remote.telling import spec_of


def needed_versions(resource: Resource) -> dict[str, str]:
    """Return each version that has to stay, and why; the gravest reason where there are several."""
    status, spec = resource.status, spec_of(resource)
    name = figures.name_of(resource)
    found = [*_served(status, name), *_targets(spec, status, name), *_named(spec, status, name)]
    return {version: why for version, why in reversed(found) if version}


def _served(status: Status, name: str) -> list[tuple[str, str]]:
    last = status.last_rollback
    under_way = last is not None and last.phase.under_way
    moved = [(last.from_, last.to)] if last is not None and under_way else []
    return [
        (status.current_version or "", f"in production ({name})"),
        *((version, f"a rollback of {name} is under way") for pair in moved for version in pair),
        (status.placement.version if status.placement else "", f"what {name} puts in place"),
    ]


def _targets(spec: Spec, status: Status, name: str) -> list[tuple[str, str]]:
    previous, older = find_previous(spec, status), find_older(status)
    why = f"what a rollback of {name} would put back"
    return [
        (status.previous_version or "", why),
        (previous.version if previous else "", why),
        (older.version if older else "", why),
    ]


def _named(spec: Spec, status: Status, name: str) -> list[tuple[str, str]]:
    def said(version: str, field: str) -> tuple[str, str]:
        held = ", though it is in quarantine" if version and status.is_quarantined(version) else ""
        return version, f"named by {field} of {name}{held}"

    return [
        said(spec.version or "", "spec.version"),
        said(spec.previous_version or "", "spec.previousVersion"),
        *(said(entry.name, "spec.versions") for entry in spec.catalogue),
    ]
