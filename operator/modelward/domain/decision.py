"""What should be done, and why: values with a sentence inside."""

from dataclasses import dataclass
from datetime import datetime

from modelward.domain.quality import MetricName, Quality, Window
from modelward.domain.questions import Comparison
from modelward.domain.reasons import Reason
from modelward.domain.spec import Role
from modelward.domain.status import Baseline, Hold, PlacedBy, Shown, Status, Verdict


@dataclass(frozen=True, slots=True)
class MetricChange:
    """One metric in two versions; `undefined` says why it was not judged."""

    name: MetricName
    role: Role
    limit_percent: float
    current: float | None = None
    previous: float | None = None
    change_percent: float | None = None
    breached: bool = False
    undefined: str | None = None


@dataclass(frozen=True, slots=True)
class Judgement:
    """The verdict on one version at one moment, with all that it rests on."""

    verdict: Verdict
    reason: Reason
    message: str
    metrics: tuple[MetricChange, ...] = ()
    window: Window | None = None
    baseline: Baseline | None = None
    quality: Quality | None = None
    comparison: Comparison = Comparison.BEFORE_AFTER
    samples: int = 0
    """How many samples of the current version were judged, of the gating family with the fewest."""
    numbers: str = ""
    """The metrics and the number of samples in one line, as Events show them."""


@dataclass(frozen=True, slots=True)
class Target:
    """A version to put into the Deployment, and what holds it: an image, or its own name."""

    version: str
    value: str
    template_hash: str = ""


@dataclass(frozen=True, slots=True)
class RollbackOrder:
    """Put `to` in the place of `from_`: what the act room carries out."""

    id: str
    from_version: str
    from_value: str
    to: Target
    placed_by: PlacedBy
    reason: Reason
    message: str
    actor: str = "modelward"
    breached: tuple[Shown, ...] = ()

    @property
    def automatic(self) -> bool:
        """Whether nobody asked for it."""
        return self.placed_by is not PlacedBy.REQUEST


@dataclass(frozen=True, slots=True)
class Announcement:
    """An Event to write: on the resource, and on its Deployment where `on_target`.

    `nonce` makes the Event's name, together with the resource and the reason: the same change announced twice is one
    Event.
    """

    reason: Reason
    message: str
    nonce: str
    warning: bool = False
    on_target: bool = False
    action: str = "Judge"


@dataclass(frozen=True, slots=True)
class Decision:
    """The status to write, the rollback to carry out (if any), and what to tell people."""

    status: Status
    order: RollbackOrder | None = None
    announcements: tuple[Announcement, ...] = ()
    holds: tuple[Hold, ...] = ()
    judged_at: datetime | None = None
