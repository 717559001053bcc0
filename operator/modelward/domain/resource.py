"""A ModelDeployment as last seen: who it is, what it asks, what it remembers, what a person requested."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from modelward.domain.codec import decode, find_misfit, parse_time
from modelward.domain.errors import InvalidSpecError
from modelward.domain.spec import Spec, parse_spec
from modelward.domain.status import Status

GROUP, VERSION, PLURAL, KIND = "modelward.dev", "v1alpha1", "modeldeployments", "ModelDeployment"
ROLLBACK_AT = f"{GROUP}/rollback-requested-at"
ROLLBACK_TO = f"{GROUP}/rollback-to"
CHECK_AT = f"{GROUP}/check-requested-at"
CLEAR_AT = f"{GROUP}/clear-quarantine-requested-at"
CLEAR_VERSION = f"{GROUP}/clear-quarantine"
REQUESTED_BY = f"{GROUP}/requested-by"


@dataclass(frozen=True, slots=True)
class Asked:
    """The request annotations, as text; read and checked when they are handled."""

    rollback_at: str | None = None
    rollback_to: str | None = None
    check_at: str | None = None
    clear_at: str | None = None
    clear_version: str | None = None
    by: str | None = None


@dataclass(frozen=True, slots=True)
class Resource:
    """One ModelDeployment; `problem` says what is wrong with its spec where `spec` is None."""

    uid: str
    namespace: str
    name: str
    generation: int
    resource_version: str
    created: datetime
    spec: Spec | None
    status: Status
    asked: Asked = Asked()
    problem: InvalidSpecError | None = None

    @property
    def key(self) -> tuple[str, str]:
        """Namespace and name."""
        return self.namespace, self.name


def parse_resource(body: dict[str, Any]) -> Resource:
    """Read a ModelDeployment from the API server; a spec or status that cannot be read does not raise."""
    meta = body["metadata"]
    spec, problem = _spec(meta["name"], body.get("spec") or {})
    return Resource(
        uid=meta["uid"],
        namespace=meta["namespace"],
        name=meta["name"],
        generation=meta.get("generation", 0),
        resource_version=meta["resourceVersion"],
        created=parse_time(meta["creationTimestamp"]),
        spec=spec,
        status=_status(body.get("status")),
        asked=_asked(meta.get("annotations") or {}),
        problem=problem,
    )


def _spec(name: str, raw: dict[str, Any]) -> tuple[Spec | None, InvalidSpecError | None]:
    try:
        spec = parse_spec(name, raw)
        misfit = find_misfit(spec)
    except InvalidSpecError as error:
        return None, error
    except (AttributeError, KeyError, OverflowError, TypeError, ValueError) as error:
        return None, InvalidSpecError("spec", str(error))
    return (None, InvalidSpecError("spec", misfit)) if misfit else (spec, None)


def _status(raw: Any) -> Status:
    return decode(Status, raw if isinstance(raw, dict) else {})


def _asked(annotations: dict[str, str]) -> Asked:
    return Asked(
        rollback_at=annotations.get(ROLLBACK_AT),
        rollback_to=annotations.get(ROLLBACK_TO),
        check_at=annotations.get(CHECK_AT),
        clear_at=annotations.get(CLEAR_AT),
        clear_version=annotations.get(CLEAR_VERSION),
        by=annotations.get(REQUESTED_BY),
    )
