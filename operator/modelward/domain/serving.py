"""What serves: a Deployment as far as the operator cares, and the version found in it."""

from collections.abc import Callable
from dataclasses import dataclass, field

from modelward.domain.reasons import Reason

ROLLBACK_ID = "modelward.dev/rollback-id"
ROLLED_BACK_FROM = "modelward.dev/rolled-back-from"
ROLLED_BACK_TO = "modelward.dev/rolled-back-to"
ALLOW_ROLLBACK = "modelward.dev/allow-rollback"
ALLOWED_IMAGES = "modelward.dev/allowed-images"
LEFT_ALONE_BY = "modelward.dev/version-left-alone-by"


@dataclass(frozen=True, slots=True)
class ServingProblem:
    """Why no version can be read from the Deployment, or why one cannot be written."""

    reason: Reason
    message: str


Reach = Callable[[str, str], str | ServingProblem]
"""What to write for a version: (version, what held it here before, or nothing) -> the value, or why there is none."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where the version stands and what stands there: an image, or the text of a variable or an annotation.

    `path` is its JSON pointer; `names` are pointers to names (of the container, of the variable) with what they must
    still say, since places in a list move.
    """

    value: str
    path: str
    names: tuple[tuple[str, str], ...] = ()
    label: str = ""
    manager: str = field(default="", compare=False)
    """The field manager that wrote the value last, where the API server knows it."""
    keeper: str = field(default="", compare=False)
    """The field manager among its owners that will write it again (`domain/keepers.py`)."""


@dataclass(frozen=True, slots=True)
class Rollout:
    """How far the Deployment's controller has come with the template."""

    complete: bool
    failed: bool
    sentence: str
    down: bool = False
    """Whether pods are wanted and none is available; a paused Deployment is as somebody wants it."""


@dataclass(frozen=True, slots=True)
class Deployment:
    """A Deployment, slim: its identity, the place of the version, annotations for us, and its rollout."""

    uid: str
    namespace: str
    name: str
    resource_version: str
    place: Place | ServingProblem
    template_hash: str
    rollout: Rollout
    selector: str = ""
    has_annotations: bool = True
    rollback_id: str | None = None
    allow_rollback: str | None = None
    allowed_images: str | None = None
    left_alone_by: str | None = None
    """Field managers, with commas between, that were told to leave the version's field alone."""
    rolled_back_from: str | None = None
    rolled_back_to: str | None = None
    revision: int | None = None
    """The number that its controller gave the template; None before it has looked."""


@dataclass(frozen=True, slots=True)
class Serving:
    """The version that a Deployment's template names now."""

    deployment: Deployment
    place: Place
    version: str

    @property
    def value(self) -> str:
        """What stands in the version's place: the whole image, or the text of the variable or the annotation."""
        return self.place.value


@dataclass(frozen=True, slots=True)
class Revision:
    """A value that an older ReplicaSet of the Deployment holds."""

    number: int
    version: str
    value: str
    template_hash: str
