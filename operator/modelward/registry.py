"""What the operator remembers between two looks: one slim entry for each resource, and the Deployments they claim."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from modelward.domain.letters import AlertStatus, Result, Slot
from modelward.domain.ports import Json
from modelward.domain.reasons import Reason
from modelward.domain.resource import Resource
from modelward.domain.serving import Deployment, ServingProblem
from modelward.domain.version_field import VersionField

Key = tuple[str, str]  # namespace, name


@dataclass(slots=True)
class Entry:
    """One resource as last seen; times are monotonic seconds."""

    resource: Resource
    deployment: Deployment | None = None
    deployment_read: bool = False
    deployment_confirmed: str = ""
    """The resourceVersion in which the Deployment was last read itself, and not shown by a list or a watch."""
    confirmed: bool = False
    """Whether the resource was read or written once since the operator began: a list may come from a server behind."""
    replica_sets: list[Json] | None = None
    next_check: float = 0.0
    heard: bool = False
    heard_at: float = float("-inf")
    check_seconds: float = 0.0
    written_at: float = float("-inf")
    answered_at: float = float("-inf")
    """When its database last answered."""
    label_lag: float | None = None
    """How many seconds old the newest prediction with a label was then."""
    failures: int = 0
    unread: int = 0
    """How often in a row what must not be put back could not be read, when a rollback was due."""
    announced: str = ""
    unpatched: int = 0
    """How often in a row the patch that is to be made has failed."""
    drifted_since: datetime | None = None
    """When another version than spec.version was first seen in the Deployment, by the database's clock."""
    clock_offset: timedelta = field(default=timedelta(0))
    results: dict[Slot, Result] = field(default_factory=dict)
    """What became of deliveries, until the next write of status takes it along."""
    receivers: dict[str, AlertStatus] | None = None
    """How the receivers of spec.alerts stand; None where nobody has looked yet."""
    receivers_of: int = -1
    """The generation whose receivers were looked at."""
    audit_note: str | None = None
    """Why changes are not kept in the database; empty where they are, None where nothing was tried yet."""
    remembered: bool | None = None
    """Whether the audit table was asked for versions in quarantine; None where nobody has thought of it yet."""


class Registry:
    """All entries, and which Deployment is claimed by whom."""

    def __init__(self) -> None:
        self.entries: dict[Key, Entry] = {}
        self._claims: dict[Key, set[Key]] = {}

    def put(self, resource: Resource) -> bool:
        """Remember a resource as it is now; False where it is older than what is known, or says nothing new."""
        entry = self.entries.get(resource.key)
        if entry is None or entry.resource.uid != resource.uid:
            self.drop(resource.key)
            self.entries[resource.key] = Entry(resource)
            self._claim(resource)
            return True
        before = entry.resource
        if is_older(resource, before):
            return False
        if _target(before) != _target(resource):
            self._release(before)
        if (_target(before), _version_field(before)) != (_target(resource), _version_field(resource)):
            entry.deployment, entry.deployment_read = None, False
        entry.resource = resource
        self._claim(resource)
        return (before.generation, before.asked) != (resource.generation, resource.asked)

    def drop(self, key: Key) -> None:
        """Forget a resource that is gone."""
        entry = self.entries.pop(key, None)
        if entry is not None:
            self._release(entry.resource)

    def claimants(self, deployment: Key) -> list[Entry]:
        """List the entries that claim a Deployment."""
        return [self.entries[key] for key in sorted(self._claims.get(deployment, ()))]

    def see(self, key: Key, look: Callable[[VersionField], Deployment] | None) -> list[Key]:
        """Let each claimant look at a claimed Deployment as it is now (None: deleted); return whom it concerns.

        The watch may lag behind our own patch: what is older than what is known would show the bad version once more.
        """
        concerned = []
        for entry in self.claimants(key):
            deployment = look(_version_field(entry.resource)) if look else None
            if deployment is not None and entry.deployment is not None and is_older(deployment, entry.deployment):
                continue
            if not entry.deployment_read or _differs(entry.deployment, deployment):
                concerned.append(entry.resource.key)
            entry.deployment, entry.deployment_read = deployment, True
        return concerned

    def find_conflict(self, entry: Entry) -> ServingProblem | None:
        """Say who was first where several resources claim one Deployment."""
        target = _target(entry.resource)
        rivals = [e.resource for e in self.claimants(target)] if target else []
        if len(rivals) < 2:
            return None
        first = min(rivals, key=lambda r: (r.created, r.name))
        if first.uid == entry.resource.uid:
            return None
        message = f"ModelDeployment {first.name} already looks after Deployment {target[1] if target else ''}"
        return ServingProblem(Reason.CONFLICT, message)

    def rivals(self, resource: Resource) -> list[Key]:
        """List the other resources that claim the same Deployment."""
        target = _target(resource)
        claimed = self._claims.get(target, set()) if target else set()
        return [key for key in claimed if key != resource.key]

    def _claim(self, resource: Resource) -> None:
        target = _target(resource)
        if target is not None:
            self._claims.setdefault(target, set()).add(resource.key)

    def _release(self, resource: Resource) -> None:
        target = _target(resource)
        claimed = self._claims.get(target, set()) if target else set()
        claimed.discard(resource.key)
        if target is not None and not claimed:
            self._claims.pop(target, None)


def is_older(resource: Resource | Deployment, than: Resource | Deployment) -> bool:
    """Whether an object is behind another one; resourceVersions are comparable numbers since Kubernetes 1.35."""
    mine, theirs = resource.resource_version, than.resource_version
    return mine.isdigit() and theirs.isdigit() and int(mine) < int(theirs)


def _target(resource: Resource) -> Key | None:
    return (resource.namespace, resource.spec.target_name) if resource.spec else None


def _version_field(resource: Resource) -> VersionField:
    return resource.spec.version_field if resource.spec else VersionField()


def _differs(before: Deployment | None, after: Deployment | None) -> bool:
    if before is None or after is None:
        return before is not after
    shape = ("uid", "place", "template_hash", "rollback_id", "allow_rollback", "allowed_images")
    if any(getattr(before, name) != getattr(after, name) for name in shape):
        return True
    ends = [(d.rollout.complete, d.rollout.failed) for d in (before, after)]
    return ends[0] != ends[1]
