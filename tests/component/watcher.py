"""One who stands between operator and API server and looks at every write: what must hold at each of them."""

import copy
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from builders import NAME, NAMESPACE
from component.world import World
from doubles import InMemoryCluster
from modelward.domain.durations import parse_duration
from modelward.domain.ports import Json
from modelward.domain.resource import parse_resource
from modelward.domain.status import Baseline, Phase, PlacedBy, PlacementState, Rollback, Status

OURS = "modelward.dev/roll"
DAY = timedelta(hours=24)
MOVING = ("resourceVersion", "generation", "managedFields")


@dataclass
class Watcher:
    """Stands in the cluster's place; every other verb goes through."""

    world: World
    rollbacks: dict[str, Rollback] = field(default_factory=dict)
    """Every intent that was written, by its id."""
    patches: Counter[str] = field(default_factory=Counter)
    """How often each intent changed the Deployment."""
    placements: int = 0
    broken: list[str] = field(default_factory=list)
    """What did not hold: the operator survives exceptions, so they must not be the only sign."""
    baselines: dict[tuple[object, ...], Baseline] = field(default_factory=dict)

    def __getattr__(self, name: str) -> Any:
        """Hand everything else on."""
        return getattr(self.cluster, name)

    @property
    def cluster(self) -> InMemoryCluster:
        return self.world.cluster

    # -- the resource -------------------------------------------------------------------------------------------

    async def patch_status(self, namespace: str, name: str, resource_version: str, status: Json) -> Json:
        """Look at a status as it is accepted, held against the spec that stands there."""
        before = self._own()
        written = await self.cluster.patch_status(namespace, name, resource_version, status)
        if (namespace, name) == (NAMESPACE, NAME):
            with self._noting():
                self._judge(before, parse_resource(written).status, written["spec"])
        return written

    def _judge(self, before: Status, after: Status, spec: Json) -> None:
        rollback = after.last_rollback
        if rollback is not None and (before.last_rollback is None or before.last_rollback.id != rollback.id):
            self._judge_intent(before, rollback, spec)
        if after.epoch is not None and after.baseline is not None:
            asked = (after.epoch.number, after.baseline.version, spec.get("modelName"), str(spec.get("metrics")))
            frozen = self.baselines.setdefault(asked, after.baseline)
            assert after.baseline == frozen, "the baseline was changed within an epoch"

    def _judge_intent(self, before: Status, rollback: Rollback, spec: Json) -> None:
        assert rollback.phase is Phase.DECIDED, "acted before the intent was written"
        assert not spec.get("suspend"), "a rollback was begun while suspended"
        assert rollback.id not in self.rollbacks, "the same rollback was begun twice"
        assert not self.world.fenced, "a rollback was begun without the Lease"
        if rollback.automatic and rollback.reason == "Degraded":
            self._judge_verdict(before, rollback, spec)
        self.rollbacks[rollback.id] = rollback

    def _judge_verdict(self, before: Status, rollback: Rollback, spec: Json) -> None:
        assert spec.get("autoRollback"), "rolled back although that was not wanted"
        assert self.world.reader.down is None, "rolled back although nothing was known"
        truth = self.world.bad  # type: ignore[attr-defined]  set by the machine
        assert rollback.from_ in truth, "a version was rolled back that never served badly"
        automatic = [r for r in self.rollbacks.values() if r.automatic and r.reason == "Degraded"]
        assert rollback.epoch not in {r.epoch for r in automatic}, "two rollbacks for one epoch"
        self._judge_budget([r for r in automatic if r.id in self.patches], spec.get("rollback", {}))
        placed = {m.epoch: m.placed_by for m in before.history}.get(rollback.epoch)
        assert placed not in {PlacedBy.ROLLBACK, PlacedBy.REQUEST}, "a landing was rolled back by itself"
        assert not any(q.version == rollback.to for q in before.quarantine), "rolled back to a version in quarantine"

    def _judge_budget(self, spent: list[Rollback], allowed: Json) -> None:
        now = self.world.clock.now()
        ages = [now - r.decided_time for r in spent if r.decided_time is not None]
        assert sum(age < DAY for age in ages) < allowed.get("maxPerDay", 3), "more rollbacks than a day allows"
        pause = parse_duration(allowed.get("cooldown", "1h"))
        assert all(age >= pause for age in ages), "rolled back before the cooldown was over"

    # -- the Deployment -----------------------------------------------------------------------------------------

    async def patch_deployment(self, namespace: str, name: str, operations: list[Json]) -> Json:
        """Look at what a patch changes, and at the intent that stands behind it."""
        before, own = copy.deepcopy(self.cluster.objects.get(("Deployment", namespace, name))), self._own()
        after = await self.cluster.patch_deployment(namespace, name, operations)
        with self._noting():
            assert before is not None, "made a Deployment"
            assert _rest(before) == _rest(after), "something else than the version was changed"
            if _image(before) != _image(after):
                self._judge_patch(own, _image(before), after)
        return after

    def _judge_patch(self, own: Status, before: str, after: Json) -> None:
        rollback, placement = own.last_rollback, own.placement
        assert not self.world.fenced, "patched without the Lease"
        if rollback is not None and rollback.phase is Phase.DECIDED:
            assert (before, _image(after)) == (rollback.from_value, rollback.to_value), (
                "somebody's version is overwritten"
            )
            assert after["metadata"]["annotations"]["modelward.dev/rollback-id"] == rollback.id
            self.patches[rollback.id] += 1
            assert self.patches[rollback.id] == 1, "one rollback changed the Deployment twice"
            return
        assert placement is not None, "patched without an intent"
        assert placement.state is PlacementState.PLACING, "patched without an intent"
        assert not self._spec().get("suspend"), "placed while suspended"
        assert (before, _image(after)) == (placement.from_value, placement.to_value), (
            "somebody's version is overwritten"
        )
        self.placements += 1

    @contextmanager
    def _noting(self) -> Iterator[None]:
        try:
            yield
        except AssertionError as error:
            self.broken.append(str(error).partition("\n")[0])

    def _own(self) -> Status:
        body = self.cluster.objects.get(("ModelDeployment", NAMESPACE, NAME))
        return parse_resource(body).status if body else Status(0)

    def _spec(self) -> Json:
        spec: Json = self.cluster.objects["ModelDeployment", NAMESPACE, NAME]["spec"]
        return spec


def _image(body: Json) -> str:
    return str(body["spec"]["template"]["spec"]["containers"][0]["image"])


def _rest(body: Json) -> Json:
    """Return all of a Deployment that is not the operator's to write, nor the API server's."""
    rest = copy.deepcopy(body)
    rest.pop("status", None)
    rest["spec"]["template"]["spec"]["containers"][0].pop("image")
    meta = {key: value for key, value in rest["metadata"].items() if key not in MOVING}
    notes = {key: value for key, value in (meta.pop("annotations", None) or {}).items() if not key.startswith(OURS)}
    return {**rest, "metadata": meta, "notes": notes}
