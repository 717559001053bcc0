"""Which recipes keep a GitOps controller from writing over a rollback, for one ModelDeployment and its Deployment."""

from collections.abc import Sequence

from modelward.domain.errors import ClusterError
from modelward.domain.keepers import KEEPERS
from modelward.domain.recipes import Field, Recipe, Tool, recipe
from modelward.domain.resource import Resource
from modelward.domain.serving import Place, ServingProblem
from modelward.domain.spec import Spec
from modelward.observe.place import find_place
from modelward.remote.api import Api
from modelward.remote.results import GitOps, GitOpsRecipe

TRACKED = (
    "Once the field is left alone, another version in the Deployment's manifest is not deployed any more. Where Git "
    "deploys versions, name them in the ModelDeployment's spec.version instead."
)
MANAGED = (
    "The ModelDeployment's spec.version deploys: change it in Git. What the Deployment's manifest says there counts "
    "only when it is made anew."
)


def gitops(api: Api, resource: Resource, tools: Sequence[Tool]) -> GitOps:
    """Write the recipes for one resource; ClusterError says what stands in the way."""
    spec = _readable(resource)
    place, deployment = _place(api, resource, spec)
    keeper = KEEPERS.get(place.keeper)
    field = Field(resource.namespace, deployment, place)
    return GitOps(
        namespace=resource.namespace,
        name=resource.name,
        deployment=deployment,
        field=place.label,
        path=place.path,
        managed=spec.version is not None,
        owner=place.keeper or None,
        note=MANAGED if spec.version is not None else TRACKED,
        recipes=[_told(recipe(tool, field), keeper.tool if keeper else None) for tool in tools],
    )


def _readable(resource: Resource) -> Spec:
    if resource.spec is None:
        raise ClusterError(f"{resource.namespace}/{resource.name} cannot be read: {resource.problem}")
    return resource.spec


def _place(api: Api, resource: Resource, spec: Spec) -> tuple[Place, str]:
    body = api.get_deployment(resource.namespace, spec.target_name)
    managed = body["metadata"].get("managedFields") or []
    found = find_place(spec.version_field, body["spec"]["template"], spec.target_name, managed)
    if isinstance(found, ServingProblem):
        raise ClusterError(f"{resource.namespace}/{resource.name}: {found.message}")
    return found[0], spec.target_name


def _told(made: Recipe, owner: Tool | None) -> GitOpsRecipe:
    return GitOpsRecipe(
        tool=made.tool.value,
        program=made.program,
        kind=made.kind,
        owns_field=made.tool is owner,
        note=made.note,
        document=made.document,
    )
