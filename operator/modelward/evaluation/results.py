"""What the verbs return: plain dictionaries with these keys, in Python and as JSON alike.

R2 is a share (1 is perfect), RMSE stands in the target's unit, changes and limits in percent of the previous value's
size, sizes in MB of 1,000,000 bytes, times as RFC 3339 in UTC. None is what could not be computed or is not there.
"""

from typing import Any, Literal, TypedDict

CheckStatus = Literal["OK", "ROLLED_BACK", "DEGRADED", "INSUFFICIENT_DATA"]


class Held(TypedDict):
    """A guard that kept a degraded version in place, and its sentence."""

    guard: str
    message: str


class DegradationCheck(TypedDict):
    """The version in production against the previous one, by their live predictions."""

    model: str
    environment: str
    degraded: bool
    verdict: str
    """Healthy, Degraded, InsufficientData or NoData."""
    reason: str
    message: str
    threshold_percent: float
    current_version: str
    previous_version: str | None
    r2_current: float | None
    r2_previous: float | None
    r2_change_percent: float | None
    rmse_current: float | None
    rmse_previous: float | None
    rmse_change_percent: float | None
    samples_current: int
    samples_previous: int
    window_start: str | None
    window_end: str | None


class AlertOutcome(TypedDict):
    """What became of one message; `to` is the receiver's place in the list and its kind, never its address.

    `from_version` and `to_version` are what it is about: what was not delivered yesterday is told today, too.
    """

    reason: str
    from_version: str | None
    to_version: str | None
    to: str
    delivered: bool
    error: str | None


class CheckResult(TypedDict):
    """What a check found and did; `rolled_back_*` are set where it changed the version in production."""

    status: CheckStatus
    message: str
    degradation_check: DegradationCheck
    metrics: list["MetricExplanation"]
    """Every metric that was asked for: R2 and RMSE, unless others were named."""
    held_by: list[Held]
    rolled_back_from: str | None
    rolled_back_to: str | None
    event_id: str | None
    dry_run: bool
    alerts: list[AlertOutcome]


class Rollback(TypedDict):
    """A rollback as the audit records it."""

    event_id: str
    at: str
    from_version: str | None
    to_version: str
    automatic: bool
    actor: str
    reason: str
    evidence: dict[str, Any]


class RollbackPlan(TypedDict):
    """What a rollback would change, and how good both versions were last."""

    model: str
    environment: str
    from_version: str
    to_version: str
    from_quality: "VersionQuality"
    to_quality: "VersionQuality"
    forced: bool


class VersionQuality(TypedDict):
    """A version's live quality over its last window with predictions within 90 days."""

    model_version: str
    r2_score: float | None
    rmse: float | None
    metrics: dict[str, float | None]
    """Every metric that was asked for, by its name."""
    samples: int
    window_start: str | None
    window_end: str | None


class HistoryEntry(TypedDict):
    """A version: r2_score, rmse and metrics come from live predictions, training_* from the registry."""

    model_version: str
    is_production: bool
    r2_score: float | None
    rmse: float | None
    metrics: dict[str, float | None]
    training_r2_score: float | None
    training_rmse: float | None
    samples: int
    size_mb: float | None
    since: str
    archived_at: str | None
    rollbacks: list[Rollback]
    """The rollbacks away from this version, the newest first."""


class Comparison(TypedDict):
    """Two versions by their last windows; r2_change and rmse_change are in percent (as r2_change_percent)."""

    model: str
    environment: str
    current_version: str
    previous_version: str
    r2_current: float | None
    r2_previous: float | None
    r2_change: float | None
    r2_change_percent: float | None
    rmse_current: float | None
    rmse_previous: float | None
    rmse_change: float | None
    rmse_change_percent: float | None
    samples_current: int
    samples_previous: int
    threshold_percent: float
    metrics: list["MetricExplanation"]
    degraded: bool
    message: str


class DatabaseState(TypedDict):
    """What answers, and how."""

    reachable: bool
    version: str | None
    database: str | None
    role: str | None
    read_only: bool | None
    message: str


class TargetState(TypedDict):
    """The version that a rollback would put back; `ready` False says in `message` what is in the way."""

    model_version: str | None
    ready: bool
    message: str
    quality: VersionQuality | None


class StatusReport(TypedDict):
    """How things stand."""

    database: DatabaseState
    model: str | None
    environment: str | None
    production: HistoryEntry | None
    rollback_target: TargetState | None
    versions: int
    last_rollback: Rollback | None
    managed_by: str | None
    notes: list[str]


class MetricExplanation(TypedDict):
    """One metric of a check."""

    metric: str
    current: float | None
    previous: float | None
    change_percent: float | None
    limit_percent: float
    breached: bool
    not_judged_because: str | None


class WindowExplanation(TypedDict):
    """The rows of one version that were looked at."""

    model_version: str
    start: str
    end: str
    predictions: int
    samples: int
    bad_predictions: int
    bad_labels: int
    label_coverage_percent: float


class Explanation(TypedDict):
    """Why the verdict is what it is."""

    model: str
    environment: str
    verdict: str
    reason: str
    meaning: str
    message: str
    metrics: list[MetricExplanation]
    windows: list[WindowExplanation]
    window: str
    min_samples: int
    threshold_percent: float
    would_roll_back_to: str | None
    held_by: list[Held]


class ArchiveReport(TypedDict):
    """What was, or would be, archived or restored; `kept` says for each version why it stays."""

    model: str
    environment: str
    archived: list[str]
    kept: dict[str, str]
    restored: list[str]
    predictions: int
    predictions_deleted: bool
    file: str | None
    dry_run: bool
