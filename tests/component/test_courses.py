"""Random courses of deployments, data, outages, requests and crashes through the whole hallway: what must always hold.

The rules of the deciding room are tried in tests/unit on random windows; here it is what really reaches the Deployment.
"""

import asyncio
import copy
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from builders import NAME, NAMESPACE, A, B, C
from component.world import BAD, CHECK, GOOD, HOUR, MINUTE, World
from doubles import a_source_error
from modelward.domain.status import Baseline, PlacedBy, Rollback

NAN = (float("nan"), float("nan"))
Step = Callable[[World], None]


# -- what happens ----------------------------------------------------------------------------------------------------


def ship(version: str) -> Step:
    return lambda world: world.deploy(version)


def serve(quality: tuple[float, float]) -> Step:
    return lambda world: world.predict(world.serving(), quality)


def go_down(world: World) -> None:
    world.reader.down = a_source_error()


def come_up(world: World) -> None:
    world.reader.down = None


def forget_all(world: World) -> None:
    """Leave nothing but NaN of the version that serves."""
    world.reader.rows.clear()
    world.predict(world.serving(), NAN)


def kill(nth: int, *, after: bool) -> Step:
    return lambda world: world.cluster.kill(nth, after=after)


def ask_for(version: str | None) -> Step:
    return lambda world: world.ask("rollback", rollback_to=version)


def suspend(*, on: bool) -> Step:
    return lambda world: world.edit(suspend=on)


steps = st.one_of(
    st.sampled_from([ship(A), ship(B), ship(C)]),
    st.sampled_from([serve(BAD), serve(BAD), serve(GOOD)]),
    st.sampled_from([go_down, come_up, come_up, forget_all, suspend(on=True), suspend(on=False), suspend(on=False)]),
    st.builds(lambda nth, after: kill(nth, after=after), st.integers(1, 8), st.booleans()),
    st.sampled_from([ask_for(None), ask_for(A)]),
)


# -- what must hold --------------------------------------------------------------------------------------------------


@dataclass
class Course:
    """A world, and the rollbacks that were seen in it."""

    world: World = field(default_factory=World)
    seen: dict[str, Rollback] = field(default_factory=dict)
    baselines: dict[tuple[int, str], Baseline] = field(default_factory=dict)

    async def begin(self) -> None:
        self.world.model()
        self.world.deploy(A)
        self.world.predict(A, GOOD, over=HOUR)
        await self.world.turn()

    async def go(self, step: Step) -> None:
        """Let something happen, then time pass and the operator look; a killed operator is followed by another."""
        self.world.clock.advance(CHECK)
        step(self.world)
        self.world.clock.advance(-CHECK)
        before = rest_of(self.world)
        await self.world.turn(CHECK)
        if self.world.cluster._dead:
            self.world.restart()
            await self.world.turn(MINUTE)
        assert rest_of(self.world) == before, "something else than the version was written"
        self.compare_baselines()
        self.look(knowing=self.world.reader.down is None and step is not forget_all)

    async def end(self) -> None:
        """Let all be well again, and the operator come to its end."""
        self.world.restart()
        for step in (come_up, suspend(on=False), lambda _: None, lambda _: None):
            await self.go(step)

    def compare_baselines(self) -> None:
        """Hold the baseline against the one that was frozen first in this epoch, for the same previous version."""
        status = self.world.status()
        if status.epoch is not None and status.baseline is not None:
            frozen = self.baselines.setdefault((status.epoch.number, status.baseline.version), status.baseline)
            assert status.baseline == frozen, "the baseline was changed within an epoch"

    def look(self, *, knowing: bool) -> None:
        """Judge the rollback that is new, if any."""
        status = self.world.status()
        rollback = status.last_rollback
        if rollback is None or rollback.id in self.seen:
            return
        if rollback.reason == "Degraded":
            assert knowing, "what was not known to be worse was rolled back"
            placed_by = {m.epoch: m.placed_by for m in status.history}[rollback.epoch]
            assert placed_by not in {PlacedBy.ROLLBACK, PlacedBy.REQUEST}, "a landing was rolled back by itself"
            assert rollback.epoch not in {r.epoch for r in self.seen.values() if r.reason == "Degraded"}
        self.seen[rollback.id] = rollback


def rest_of(world: World) -> dict[str, Any]:
    """Return all of both objects that is not the operator's to write."""
    target = copy.deepcopy(world.cluster.objects["Deployment", NAMESPACE, NAME])
    target["spec"]["template"]["spec"]["containers"][0].pop("image")
    notes = target["metadata"].get("annotations", {})
    target["metadata"]["annotations"] = {k: v for k, v in notes.items() if not k.startswith("modelward.dev/roll")}
    own = world.cluster.objects["ModelDeployment", NAMESPACE, NAME]
    found = {"target": target["spec"], "spec": own["spec"]}
    for name, body in {"target's": target, "own": own}.items():
        moving = {"resourceVersion", "generation", "managedFields"} if body is target else {"resourceVersion"}
        found[name] = {key: value for key, value in body["metadata"].items() if key not in moving}
    return copy.deepcopy(found)


async def live(course: list[Step]) -> Course:
    lived = Course()
    await lived.begin()
    for step in course:
        await lived.go(step)
    await lived.end()
    return lived


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(steps, min_size=2, max_size=12))
def test_through_a_whole_course(course: list[Step]):
    world = asyncio.run(live(course)).world
    status, told = world.status(), world.told()
    assert status.current_version == world.serving()
    assert status.epoch is not None
    assert status.epoch.version == status.history[-1].version == world.serving()
    assert len(world.cluster.images) == told.count("RolledBack") + told.count("QuarantineEnforced")
    assert not (status.last_rollback and status.last_rollback.phase.under_way)
    assert world.condition("Ready")[1] in {"Watching", "Contested"}


def test_only_the_version_is_ever_changed():
    lived = asyncio.run(live([ship(B), serve(BAD), serve(GOOD), ship(B), ship(C), serve(BAD)]))
    assert len(lived.world.cluster.images) == 3


def test_the_courses_do_freeze_baselines():
    assert asyncio.run(live([ship(B), serve(GOOD), serve(GOOD), serve(BAD)])).baselines


def test_the_courses_do_roll_back():
    lived = asyncio.run(live([ship(B), serve(BAD), ship(B), kill(3, after=True), ask_for(None)]))
    assert {r.reason for r in lived.seen.values()} >= {"Degraded", "QuarantineEnforced"}
