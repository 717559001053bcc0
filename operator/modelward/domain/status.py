"""The operator's memory: `status` as it stands in the cluster, field by field.

What must survive a restart lives here and nowhere else. Decimals that people read are rounded text; the baseline's
sums keep every digit.
"""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from modelward.domain.letters import AlertStatus, Evidence, Outbox
from modelward.domain.quality import Sums


class Verdict(StrEnum):
    """Only Degraded can act."""

    HEALTHY = "Healthy"
    DEGRADED = "Degraded"
    INSUFFICIENT_DATA = "InsufficientData"
    NO_DATA = "NoData"
    SOURCE_ERROR = "SourceError"


class PlacedBy(StrEnum):
    """Who put the version of an epoch into the Deployment."""

    FOUND = "Found"
    OBSERVED = "Observed"
    SPEC = "Spec"
    ROLLBACK = "Rollback"
    REQUEST = "Request"
    REASSERTION = "Reassertion"
    RETURN = "Return"


class PlacementState(StrEnum):
    """What became of spec.version."""

    WAITING = "Waiting"
    PLACING = "Placing"
    PLACED = "Placed"
    HELD = "Held"
    REFUSED = "Refused"
    CONTESTED = "Contested"


class Standing(StrEnum):
    """Whether a version may be an automatic rollback target."""

    PROVEN = "Proven"
    UNPROVEN = "Unproven"
    UNJUDGED = "Unjudged"
    NOT_STARTED = "NotStarted"


class Phase(StrEnum):
    """How far a rollback has come; the last four are ends.

    Returning is the intent to put back what was rolled back from, once: nothing is available any more.
    """

    DECIDED = "Decided"
    PATCHED = "Patched"
    RETURNING = "Returning"
    VERIFIED = "Verified"
    FAILED = "Failed"
    SUPERSEDED = "Superseded"
    RETURNED = "Returned"

    @property
    def under_way(self) -> bool:
        """Whether something is still to be done."""
        return self in {Phase.DECIDED, Phase.PATCHED, Phase.RETURNING}

    @property
    def is_intent(self) -> bool:
        """Whether the Deployment is about to be changed: what serves is read, not remembered."""
        return self in {Phase.DECIDED, Phase.RETURNING}


@dataclass(frozen=True, slots=True)
class Epoch:
    """The time during which one version serves; a landing was placed by a rollback."""

    number: int
    version: str
    value: str = ""
    template_hash: str = ""
    started_time: datetime | None = None
    placed_by: PlacedBy = PlacedBy.OBSERVED
    landing: bool = False
    manager: str | None = None
    """The field manager that wrote the version, where somebody else than the operator did."""


@dataclass(frozen=True, slots=True)
class Move:
    """An epoch that has ended, or the one that runs, as history keeps it."""

    epoch: int
    version: str
    value: str = ""
    template_hash: str = ""
    started_time: datetime | None = None
    ended_time: datetime | None = None
    placed_by: PlacedBy = PlacedBy.OBSERVED
    quality: Standing = Standing.UNPROVEN
    rolled_back: bool = False


@dataclass(frozen=True, slots=True)
class MetricStatus:
    """One metric as people read it."""

    name: str
    current: str | None = None
    previous: str | None = None
    change_percent: str | None = None
    limit_percent: str = ""
    role: str = "Gate"
    breached: bool = False
    undefined: str | None = None


@dataclass(frozen=True, slots=True)
class WindowStatus:
    """The rows that the last verdict rests on."""

    start_time: datetime
    end_time: datetime
    predictions: int = 0
    samples: int = 0
    bad_predictions: int = 0
    bad_labels: int = 0
    label_coverage_percent: str = "0"


@dataclass(frozen=True, slots=True)
class Baseline:
    """The previous version's last window, frozen for the epoch when a verdict first needed it."""

    version: str
    epoch: int
    start_time: datetime
    end_time: datetime
    frozen_time: datetime
    samples: int
    sums: Sums
    positive_class: str | None = None


@dataclass(frozen=True, slots=True)
class Breaches:
    """Breaching windows of this epoch that do not overlap."""

    count: int = 0
    last_window_end_time: datetime | None = None


@dataclass(frozen=True, slots=True)
class Hold:
    """A guard that spoke, and what it said."""

    guard: str
    message: str


@dataclass(frozen=True, slots=True)
class Quarantine:
    """A version that was rolled back from: never again an automatic target until cleared."""

    version: str
    since_time: datetime
    reason: str = ""
    rollback_id: str = ""


class Outcome(StrEnum):
    """Whether a rollback helped, by the landing's first full window."""

    IMPROVED = "Improved"
    NOT_IMPROVED = "NotImproved"
    UNKNOWN = "Unknown"


@dataclass(frozen=True, slots=True)
class Shown:
    """A metric that was beyond its limit when a rollback was decided: what both versions showed."""

    name: str
    current: float
    previous: float


@dataclass(frozen=True, slots=True)
class Rollback:
    """The journal of one rollback, written before the patch and advanced after each step."""

    id: str
    epoch: int
    from_: str
    to: str
    from_value: str
    to_value: str
    phase: Phase
    automatic: bool
    reason: str
    message: str
    decided_time: datetime
    actor: str = "modelward"
    patched_time: datetime | None = None
    finished_time: datetime | None = None
    breached: tuple[Shown, ...] = ()
    outcome: Outcome | None = None
    outcome_message: str | None = None
    evidence: Evidence = field(default_factory=Evidence)
    refused: int | None = None
    """How often in a row the API server refused the patch; nothing was changed."""


@dataclass(frozen=True, slots=True)
class Placement:
    """What became of the `spec.version` named here; another one is a new word, and this is forgotten.

    Placing is the intent, written before the patch, with what is to be replaced by what. Waiting stands before that, as
    long as a resource without a memory cannot know whether the version was rolled back from.
    """

    version: str
    state: PlacementState
    reason: str
    message: str
    since_time: datetime
    id: str | None = None
    from_: str | None = None
    from_value: str | None = None
    to_value: str | None = None
    refused: str | None = None
    """What the API server says, where it does not let the patch through."""


@dataclass(frozen=True, slots=True)
class RequestRecord:
    """The last request of one kind that was handled, and the answer."""

    requested_at: str
    result: str
    message: str
    version: str | None = None


@dataclass(frozen=True, slots=True)
class RequestRecords:
    """One record for each kind of request."""

    rollback: RequestRecord | None = None
    check: RequestRecord | None = None
    clear_quarantine: RequestRecord | None = None


@dataclass(frozen=True, slots=True)
class Condition:
    """metav1.Condition."""

    type: str
    status: str
    reason: str
    message: str
    last_transition_time: datetime
    observed_generation: int = 0


@dataclass(frozen=True, slots=True)
class Status:
    """The whole of `status`."""

    observed_generation: int = -1
    verdict: Verdict | None = None
    reason: str | None = None
    message: str | None = None
    target: str | None = None
    current_version: str | None = None
    previous_version: str | None = None
    change: str | None = None
    samples: int | None = None
    comparison: str | None = None
    epoch: Epoch | None = None
    metrics: tuple[MetricStatus, ...] = ()
    window: WindowStatus | None = None
    baseline: Baseline | None = None
    breaches: Breaches = Breaches()
    holds: tuple[Hold, ...] = ()
    quarantine: tuple[Quarantine, ...] = ()
    last_rollback: Rollback | None = None
    placement: Placement | None = None
    history: tuple[Move, ...] = ()
    reassertions: tuple[datetime, ...] = ()
    requests: RequestRecords = RequestRecords()
    outbox: Outbox = field(default_factory=Outbox)
    alerts: tuple[AlertStatus, ...] = ()
    audit: str | None = None
    conditions: tuple[Condition, ...] = ()

    def condition(self, kind: str) -> Condition | None:
        """Find a condition by its type."""
        return next((c for c in self.conditions if c.type == kind), None)

    def is_quarantined(self, version: str) -> bool:
        """Whether a version was rolled back from and not cleared since."""
        return any(q.version == version for q in self.quarantine)
