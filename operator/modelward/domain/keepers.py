"""Programs that write a Deployment again and again from elsewhere: what they are called, and how each is told to stop.

A field manager that is one of them will write its own version over a rollback at its next round.
"""

from dataclasses import dataclass

from modelward.domain.reasons import Reason
from modelward.domain.recipes import Field, Tool, recipe


@dataclass(frozen=True, slots=True)
class Keeper:
    """A program that keeps a Deployment as it stands elsewhere; without a tool of its own, a person runs it."""

    program: str
    reason: Reason
    tool: Tool | None = None
    only_applies: bool = False
    """Whether it comes back only where it applies server-side: else it writes when a person runs it."""

    def advise(self, field: Field) -> str:
        """Say what has to be told to it, so that a rollback lasts."""
        if self.tool is None:
            return f"upgrade {field.deployment} with the version that serves, or leave the version to spec.version"
        upgrade = ", and upgrade the chart with the version that serves" if self.tool is Tool.HELM_RELEASE else ""
        return recipe(self.tool, field).sentence + upgrade


ARGO_CD = Keeper("Argo CD", Reason.OWNED_BY_ARGO_CD, Tool.ARGO_CD)
KEEPERS: dict[str, Keeper] = {
    "kustomize-controller": Keeper("Flux", Reason.OWNED_BY_FLUX, Tool.FLUX),
    "helm-controller": Keeper("Flux", Reason.OWNED_BY_FLUX, Tool.HELM_RELEASE),
    "argocd-controller": ARGO_CD,
    "argocd-application-controller": ARGO_CD,
    "helm": Keeper("Helm", Reason.OWNED_BY_HELM, only_applies=True),
}


def find_keeper(manager: str, operation: str) -> Keeper | None:
    """Find the program behind a field manager."""
    keeper = KEEPERS.get(manager)
    return keeper if keeper is not None and (operation == "Apply" or not keeper.only_applies) else None
