"""What serves: a Deployment as far as the operator cares, and the version found in it."""

from dataclasses import dataclass

from modelward.domain.reasons import Reason

ROLLBACK_ID = "modelward.dev/rollback-id"
ROLLED_BACK_FROM = "modelward.dev/rolled-back-from"
ROLLED_BACK_TO = "modelward.dev/rolled-back-to"
ALLOW_ROLLBACK = "modelward.dev/allow-rollback"


@dataclass(frozen=True, slots=True)
class Container:
    """A container of the pod template: its name, image, and where it stands in the list."""

    name: str
    image: str
    index: int


@dataclass(frozen=True, slots=True)
class Rollout:
    """How far the Deployment's controller has come with the template."""

    complete: bool
    failed: bool
    sentence: str


@dataclass(frozen=True, slots=True)
class Deployment:
    """A Deployment, slim: its identity, containers, our annotations, and its rollout."""

    uid: str
    namespace: str
    name: str
    resource_version: str
    containers: tuple[Container, ...]
    template_hash: str
    rollout: Rollout
    selector: str = ""
    has_annotations: bool = True
    rollback_id: str | None = None
    allow_rollback: str | None = None
    rolled_back_from: str | None = None
    rolled_back_to: str | None = None


@dataclass(frozen=True, slots=True)
class Serving:
    """The version that a Deployment's template names now."""

    deployment: Deployment
    container: Container
    version: str

    @property
    def image(self) -> str:
        """The whole image reference of the container that holds the version."""
        return self.container.image


@dataclass(frozen=True, slots=True)
class ServingProblem:
    """Why no version can be read from the Deployment."""

    reason: Reason
    message: str


@dataclass(frozen=True, slots=True)
class Revision:
    """A value that an older ReplicaSet of the Deployment holds."""

    number: int
    version: str
    image: str
    template_hash: str
