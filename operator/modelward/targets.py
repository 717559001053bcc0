"""The Deployments that serve: taken as the watch last showed them, read where never seen, listed where many are new."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from modelward.decide.conditions import is_placing
from modelward.domain.errors import ClusterError, NotFoundError
from modelward.domain.ports import Cluster
from modelward.domain.reasons import Reason
from modelward.domain.serving import ALLOW_ROLLBACK, Deployment, Serving, ServingProblem
from modelward.domain.spec import Spec
from modelward.domain.status import Status
from modelward.observe.deployments import parse_deployment
from modelward.observe.serving import find_serving
from modelward.registry import Entry

if TYPE_CHECKING:
    from modelward.domain.ports import Json

log = logging.getLogger(__name__)
MANY = 10  # from here on, one list of a namespace is cheaper than reading each of them


@dataclass(frozen=True, slots=True)
class Targets:
    """Looks at Deployments; with `require_opt_in` only at those that carry the annotation."""

    cluster: Cluster
    require_opt_in: bool

    async def prefetch(self, entries: Sequence[Entry]) -> None:
        """Where many resources of a namespace are new at once, list what they need instead of reading it for each."""
        new: dict[str, dict[str, list[Entry]]] = {}
        for entry in entries:
            if entry.resource.spec is not None and not entry.deployment_read:
                target = entry.resource.spec.target_name
                new.setdefault(entry.resource.namespace, {}).setdefault(target, []).append(entry)
        for namespace, wanted in new.items():
            if len(wanted) >= MANY:
                await self._list(namespace, wanted)

    async def observe(self, entry: Entry, spec: Spec) -> Serving | ServingProblem:
        """Take the Deployment as the watch last showed it; read it where it was never seen or a write was begun."""
        if _is_decided(entry.resource.status) or not entry.deployment_read:
            entry.deployment = await self._read(entry.resource.namespace, spec)
            entry.deployment_read = True
            entry.deployment_confirmed = entry.deployment.resource_version if entry.deployment else ""
        deployment = entry.deployment
        if deployment is None:
            message = f"Deployment {spec.target_name} does not exist in this namespace"
            return ServingProblem(Reason.TARGET_NOT_FOUND, message)
        if self.require_opt_in and deployment.allow_rollback != entry.resource.name:
            message = f"Deployment {deployment.name} lacks the annotation {ALLOW_ROLLBACK}: {entry.resource.name}"
            return ServingProblem(Reason.NOT_OPTED_IN, message)
        serving = find_serving(spec, deployment)
        if isinstance(serving, Serving) and _must_confirm(entry, serving):
            entry.deployment_read = False
            return await self.observe(entry, spec)
        return serving

    async def take_replica_sets(self, entry: Entry, serving: Serving) -> "list[Json]":
        """Return the ReplicaSets that tell of older versions: those that were listed with the others, or read now."""
        deployment, listed = serving.deployment, entry.replica_sets
        entry.replica_sets = None
        if listed is not None:
            return listed
        return await self.cluster.list_replica_sets(deployment.namespace, deployment.selector)

    async def _list(self, namespace: str, wanted: dict[str, list[Entry]]) -> None:
        try:
            owned: dict[str, list[Json]] = {}
            for body in await self.cluster.list_replica_sets(namespace, ""):
                for owner in body["metadata"].get("ownerReferences") or ():
                    owned.setdefault(owner["uid"], []).append(body)
            async for body in self.cluster.list_deployments((namespace,)):
                for entry in wanted.get(body["metadata"]["name"], ()):
                    if entry.resource.spec is not None:
                        entry.deployment = parse_deployment(body, entry.resource.spec.version_field)
                        entry.deployment_read = True
                        entry.replica_sets = owned.get(body["metadata"]["uid"], [])
        except ClusterError as error:
            log.warning("Deployments of %s could not be listed, each is read: %s", namespace, error)

    async def _read(self, namespace: str, spec: Spec) -> Deployment | None:
        try:
            body = await self.cluster.get_deployment(namespace, spec.target_name)
        except NotFoundError:
            return None
        return parse_deployment(body, spec.version_field)


def _must_confirm(entry: Entry, serving: Serving) -> bool:
    """Whether another version is shown than the one known: a server that lags behind would show an old one again."""
    epoch, shown = entry.resource.status.epoch, serving.deployment.resource_version
    return epoch is not None and epoch.version != serving.version and entry.deployment_confirmed != shown


def _is_decided(status: Status) -> bool:
    rollback = status.last_rollback
    return is_placing(status) or (rollback is not None and rollback.phase.is_intent)
