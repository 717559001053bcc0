"""Programs that write a Deployment again and again from elsewhere: what they are called, and how each is told to stop.

A field manager that is one of them will write its own version over a rollback at its next round.
"""

from dataclasses import dataclass

from modelward.domain.reasons import Reason


@dataclass(frozen=True, slots=True)
class Keeper:
    """A program that keeps a Deployment as it stands elsewhere; `recipe` has holes for the place and the Deployment."""

    program: str
    reason: Reason
    recipe: str
    only_applies: bool = False
    """Whether it comes back only where it applies server-side: else it writes when a person runs it."""


ARGO_CD = Keeper(
    "Argo CD",
    Reason.OWNED_BY_ARGO_CD,
    "in the Application set ignoreDifferences: [{{group: apps, kind: Deployment, name: {name}, "
    'jsonPointers: ["{path}"]}}] and syncPolicy.syncOptions: ["RespectIgnoreDifferences=true"]',
)
KEEPERS: dict[str, Keeper] = {
    "kustomize-controller": Keeper(
        "Flux",
        Reason.OWNED_BY_FLUX,
        'in the Kustomization set spec.ignore: [{{paths: ["{path}"], target: {{kind: Deployment, name: {name}}}}}]',
    ),
    "helm-controller": Keeper(
        "Flux",
        Reason.OWNED_BY_FLUX,
        'in the HelmRelease set spec.driftDetection.ignore: [{{paths: ["{path}"], target: {{kind: Deployment, '
        "name: {name}}}}}], and upgrade the chart with the version that serves",
    ),
    "argocd-controller": ARGO_CD,
    "argocd-application-controller": ARGO_CD,
    "helm": Keeper(
        "Helm",
        Reason.OWNED_BY_HELM,
        "upgrade {name} with the version that serves, or leave the version to spec.version",
        only_applies=True,
    ),
}


def find_keeper(manager: str, operation: str) -> Keeper | None:
    """Find the program behind a field manager."""
    keeper = KEEPERS.get(manager)
    return keeper if keeper is not None and (operation == "Apply" or not keeper.only_applies) else None
