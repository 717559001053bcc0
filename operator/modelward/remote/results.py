"""What the cluster's door returns: the shapes of a database alone, with what only a ModelDeployment knows.

Figures come from status, where they stand rounded for people. What status does not know is null, as it is there.
"""

from typing import Any, Literal, TypedDict

from modelward.evaluation.results import (
    Comparison,
    DegradationCheck,
    Explanation,
    Held,
    HistoryEntry,
    MetricExplanation,
    Rollback,
    RollbackPlan,
    StatusReport,
    VersionQuality,
)

CheckStatus = Literal["OK", "ROLLED_BACK", "DEGRADED", "INSUFFICIENT_DATA", "ERROR"]


class ClusterStatus(StatusReport):
    """How a resource stands."""

    namespace: str
    name: str
    ready: str
    verdict: str | None
    reason: str | None
    message: str | None
    change: str | None
    samples: int | None


class ClusterRollback(Rollback):
    """A rollback as the resource's journal has it; `phase` Verified is its good end."""

    namespace: str
    name: str
    phase: str
    message: str
    outcome: str | None
    outcome_message: str | None


class ClusterHistoryEntry(HistoryEntry):
    """The time during which a version served."""

    namespace: str
    name: str
    epoch: int
    until: str | None
    placed_by: str
    standing: str
    rolled_back: bool
    quarantined: bool


class ClusterComparison(Comparison):
    """The serving version against the previous one, as of the last verdict."""

    namespace: str
    name: str


class ClusterCheck(TypedDict):
    """What a check found and did; ERROR: it could not be made, and `message` says why."""

    namespace: str
    name: str
    status: CheckStatus
    message: str
    degradation_check: DegradationCheck
    metrics: list[MetricExplanation]
    held_by: list[Held]
    rolled_back_from: str | None
    rolled_back_to: str | None
    event_id: str | None
    dry_run: bool


class Quarantined(TypedDict):
    """A version that was rolled back from."""

    model_version: str
    since: str
    reason: str


class Waiting(TypedDict):
    """What is still to be told, and to whom."""

    step: str
    to: str
    attempts: int
    error: str | None


class ClusterExplanation(Explanation):
    """Why the verdict is what it is, and what else a person should know."""

    namespace: str
    name: str
    comparison: str | None
    previous: VersionQuality | None
    """The previous version, as it was compared with."""
    placed_by: str | None
    since: str | None
    auto_rollback: bool
    breaches: int
    breaches_needed: int
    quarantine: list[Quarantined]
    waiting: list[Waiting]
    last_rollback: ClusterRollback | None
    notes: list[str]


class ClusterPlan(RollbackPlan):
    """What a rollback would change in the cluster, and what follows from it."""

    namespace: str
    name: str
    deployment: str
    from_value: str
    to_value: str | None
    notes: list[str]


class Request(TypedDict):
    """A rollback that was asked for and not waited for."""

    namespace: str
    name: str
    requested_at: str
    requested_by: str
    from_version: str
    to_version: str


class GitOpsRecipe(TypedDict):
    """What one controller is told; `document` is the part of its object that is set."""

    tool: str
    program: str
    kind: str
    owns_field: bool
    note: str
    document: dict[str, Any]


class GitOps(TypedDict):
    """How a rollback is kept from being written over: which field of which Deployment, and whom to tell what."""

    namespace: str
    name: str
    deployment: str
    field: str
    path: str
    managed: bool
    owner: str | None
    note: str
    recipes: list[GitOpsRecipe]
