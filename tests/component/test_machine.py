"""Whatever people, data, time, faults and deaths come in whatever order: what breaks a promise is searched for.

At every single write `watcher.Watcher` checks: intent before act, one rollback for one epoch and one change for one
intent, no landing rolled back by itself, nothing else changed than the version, a baseline that stays, nothing done on
what is not known, while suspended or without the Lease. Here, after every step: each request is answered once. And at
the end, when all faults have ceased: the operator comes to rest, knows what serves, and still does its work.
"""

import asyncio
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from builders import NAME, NAMESPACE, A, B, C
from component.watcher import Watcher
from component.world import BAD, CHECK, GOOD, HOUR, MINUTE, World
from doubles import a_source_error
from fuzz import searching
from modelward.domain.errors import ClusterError, ConflictError, ForbiddenError, ThrottledError
from modelward.domain.reasons import Reason
from modelward.domain.status import Phase

D, LAST = "20260105_120000", "20260199_120000"
NAN = (float("nan"), float("nan"))
VERSIONS = st.sampled_from([A, B, C, D])
RARELY = st.sampled_from([True, False, False, False])
PAUSES = st.sampled_from([timedelta(seconds=20), MINUTE, CHECK, CHECK, CHECK, HOUR, 25 * HOUR])
FAULTS: dict[str, Callable[[], ClusterError]] = {
    "409": lambda: ConflictError("somebody wrote in between"),
    "403": lambda: ForbiddenError("forbidden"),
    "429": lambda: ThrottledError("come back later", 3.0),
    "500": lambda: ClusterError("the API server failed"),
}
EDITS: dict[str, dict[str, Any]] = {
    "no rollbacks": {"autoRollback": False},
    "rollbacks": {"autoRollback": True},
    "stricter": {"metrics": [{"name": "rmse", "maxWorseningPercent": 1}]},
    "laxer": {"metrics": [{"name": "rmse", "maxWorseningPercent": 90}]},
    "another model": {"modelName": "other"},
    "this model": {"modelName": NAME},
    "no sense": {"evaluation": {"window": "never"}},
    "sense": {"evaluation": {"window": "1h", "minSamples": 20, "actOn": "Verdict"}},
    "guarded": {"evaluation": {"window": "1h", "minSamples": 20, "actOn": "Guarded"}},
    "one a day": {"rollback": {"cooldown": "0s", "maxPerDay": 1}},
    "a pause between two": {"rollback": {"cooldown": "2h", "maxPerDay": 100}},
    "many a day": {"rollback": {"cooldown": "0s", "maxPerDay": 100, "verifyTimeout": "30m"}},
}

BUDGETS = ["many a day", "one a day", "a pause between two"]


class Machine(RuleBasedStateMachine):
    """A world, and all that can happen in it."""

    @initialize(managed=st.booleans(), budget=st.sampled_from(BUDGETS))
    def begin(self, *, managed: bool, budget: str = "many a day") -> None:
        """Let A serve well for an hour."""
        self.loop = asyncio.new_event_loop()
        self.world = World()
        self.world.bad = set()  # type: ignore[attr-defined]
        self.watcher = self.world.edge = Watcher(self.world)  # type: ignore[assignment]
        self.world.restart()
        self.asked: dict[str, str] = {}
        self.world.model(**EDITS[budget], **({"version": A} if managed else {}))
        self.world.deploy(A)
        self.world.predict(A, GOOD, over=HOUR)
        self._turn(timedelta(0))

    # -- people -------------------------------------------------------------------------------------------------

    @rule(version=VERSIONS)
    def deploy(self, version: str) -> None:
        """Deploy, by whatever means."""
        self.world.deploy(version)

    @rule(version=st.one_of(VERSIONS, st.none()))
    def name_version(self, version: str | None) -> None:
        """Name a version in the spec, or none."""
        self.world.edit(version=version)

    @rule(what=st.sampled_from(list(EDITS)))
    def edit(self, what: str) -> None:
        """Edit the resource, sensibly or not."""
        self.world.edit(**EDITS[what])

    @rule()
    def make_sense(self) -> None:
        """Undo what edits did, and what stands in the way of a rollback."""
        for what in ("rollbacks", "this model", "sense"):
            self.world.edit(**EDITS[what], suspend=False, metrics=None)

    @rule(on=RARELY)
    def suspend(self, *, on: bool) -> None:
        """Ask the operator to keep its hands off, or to go on."""
        self.world.edit(suspend=on)

    @rule(to=st.one_of(st.none(), VERSIONS, st.just("nonsense")))
    def ask_for_rollback(self, to: str | None) -> None:
        """Annotate a request."""
        self.world.ask("rollback", rollback_to=to)

    @rule(version=VERSIONS)
    def clear_quarantine(self, version: str) -> None:
        """Annotate another one."""
        self.world.ask("clear-quarantine", clear_quarantine=version)

    @rule()
    def ask_for_check(self) -> None:
        """And a third."""
        self.world.ask("check")

    @rule()
    def scale(self) -> None:
        """Write another field of the Deployment, as an autoscaler does."""
        if self._deployed():
            self.world.cluster.edit("Deployment", NAMESPACE, NAME, lambda b: b["spec"].update(replicas=7))

    @rule()
    def delete_deployment(self) -> None:
        """Take the Deployment away; `deploy` makes another one."""
        if self._deployed():
            self.world.cluster.delete("Deployment", NAMESPACE, NAME)

    @rule(version=VERSIONS, good=st.booleans())
    def release(self, version: str, *, good: bool) -> None:
        """Release a version as most are: deployed, and then it serves for a while, well or badly."""
        self._ship(version)
        if self._deployed():
            self.serve(GOOD if good else BAD, CHECK, 40)

    @rule(
        version=VERSIONS,
        made=st.sampled_from([*EDITS, *BUDGETS, *["rollbacks"] * 9]),
        down=RARELY,
        off=RARELY,
        lost=RARELY,
        told=RARELY,
    )
    def go_wrong(self, version: str, made: str, *, down: bool, off: bool, lost: bool, told: bool) -> None:
        """Let all be well but for one or two things, and then a version come that is worse than the one before it."""
        self.reach_database(down=False, reason=Reason.DATABASE_UNREACHABLE)
        self.keep_secret(gone=False)
        self.hold_lease(lost=False)
        self.make_sense()
        self.release(self.world.serving() if self._deployed() else A, good=True)
        self._ship(version)
        self.world.edit(**EDITS[made], **({"suspend": True} if off else {}))
        if told:
            self.world.edit(autoRollback=False)
        self.reach_database(down=down, reason=Reason.DATABASE_UNREACHABLE)
        self.hold_lease(lost=lost)
        if self._deployed():
            self.serve(BAD, CHECK, 40)

    # -- data ---------------------------------------------------------------------------------------------------

    @precondition(lambda self: self._deployed())
    @rule(quality=st.sampled_from([BAD, BAD, GOOD, GOOD, NAN]), pause=PAUSES, number=st.sampled_from([3, 40, 40]))
    def serve(self, quality: tuple[float, float], pause: timedelta, number: int) -> None:
        """Let the version that serves have answered for a while: well, badly, with NaN, or with too little."""
        version = self.world.serving()
        self.world.clock.advance(pause)
        self.world.predict(version, quality, over=min(pause, CHECK), n=number)
        if quality == BAD:
            self.world.bad.add(version)  # type: ignore[attr-defined]
        self.world.clock.advance(-pause)
        self._turn(pause)

    @rule(version=VERSIONS, quality=st.sampled_from([BAD, GOOD]))
    def answer_late(self, version: str, quality: tuple[float, float]) -> None:
        """Let rows of any version come, such as those of an earlier one that were labelled late."""
        self.world.predict(version, quality)
        if quality == BAD:
            self.world.bad.add(version)  # type: ignore[attr-defined]

    @rule()
    def lose_rows(self) -> None:
        """Let somebody empty the table."""
        self.world.reader.rows.clear()

    @rule(down=RARELY, reason=st.sampled_from([Reason.DATABASE_UNREACHABLE, Reason.QUERY_TOO_COSTLY]))
    def reach_database(self, *, down: bool, reason: Reason) -> None:
        """Let the database go, or come back."""
        self.world.reader.down = a_source_error(reason) if down else None

    @rule(gone=RARELY)
    def keep_secret(self, *, gone: bool) -> None:
        """Let the Secret be gone, or be there."""
        if gone:
            self.world.cluster.secrets.pop((NAMESPACE, "house-prices-db"), None)
        else:
            self.world.model_secret()

    # -- time, faults and deaths --------------------------------------------------------------------------------

    @rule(pause=PAUSES)
    def wait(self, pause: timedelta) -> None:
        """Let time pass."""
        self._turn(pause)

    @rule(fault=st.sampled_from(list(FAULTS)), nth=st.integers(1, 6), after=st.booleans())
    def fail(self, fault: str, nth: int, *, after: bool) -> None:
        """Let a request fail, before it takes effect or after."""
        self.world.cluster.fail(FAULTS[fault](), nth, after=after)

    @rule(nth=st.integers(1, 8), after=st.booleans())
    def kill(self, nth: int, *, after: bool) -> None:
        """Let the operator die at a request; another one follows."""
        self.world.cluster.kill(nth, after=after)

    @rule()
    def restart(self) -> None:
        """Let another operator take its place."""
        self.world.restart()

    @rule(lost=RARELY)
    def hold_lease(self, *, lost: bool) -> None:
        """Lose the Lease, or hold it."""
        self.world.fenced = lost

    @rule(hang=RARELY)
    def roll_out(self, *, hang: bool) -> None:
        """Let rollouts hang, or come to their end."""
        self.world.cluster.rolls_out = not hang
        if not hang and self._deployed():
            self.world.cluster.finish_rollout(NAMESPACE, NAME)

    # -- what must hold -----------------------------------------------------------------------------------------

    @invariant()
    def no_promise_is_broken(self) -> None:
        """Whatever the watcher noted."""
        if hasattr(self, "watcher"):
            assert self.watcher.broken == []

    @invariant()
    def requests_are_answered_once(self) -> None:
        """An answer stands, and its Event is there once."""
        if not hasattr(self, "asked"):
            return
        requests = self.world.status().requests
        for kind in ("rollback", "check", "clear_quarantine"):
            answer = getattr(requests, kind)
            if answer is not None:
                known = self.asked.setdefault(f"{kind}/{answer.requested_at}", answer.result)
                assert known == answer.result, "a request was answered a second time"

    def teardown(self) -> None:
        """Let all faults cease, and see that the operator comes to the end and still does its work."""
        if hasattr(self, "loop"):
            try:
                self._mend()
                self._come_to_rest()
                self._still_works()
                self.no_promise_is_broken()
            finally:
                self.loop.close()

    def _mend(self) -> None:
        world = self.world
        world.cluster.revive()
        world.reader.down, world.fenced, world.cluster.rolls_out = None, False, True
        world.model_secret()
        world.edit(suspend=False, version=None, modelName=NAME, autoRollback=True, **EDITS["sense"])
        world.edit(**EDITS["many a day"], metrics=None)
        if not self._deployed():
            world.deploy(D)
        world.cluster.finish_rollout(NAMESPACE, NAME)
        world.restart()

    def _come_to_rest(self) -> None:
        for _ in range(3):
            self._turn(CHECK)
        world, status = self.world, self.world.status()
        assert status.current_version == world.serving()
        assert status.epoch is not None
        assert status.epoch.version == status.history[-1].version == world.serving()
        assert status.observed_generation == world.entry().resource.generation
        assert status.last_rollback is None or not status.last_rollback.phase.under_way
        assert world.condition("Ready")[1] in {"Watching", "Contested"}
        calls = len(world.cluster.calls)
        self._turn(timedelta(seconds=1))
        assert len(world.cluster.calls) == calls, "it does not come to rest"

    def _still_works(self) -> None:
        """A version that serves well and then a new one that serves badly: the first is put back, and stays."""
        good, bad = "20260198_120000", LAST
        self.world.edit(previousVersion=good)
        for version, quality in ((good, GOOD), (bad, BAD)):
            self.world.deploy(version)
            self._turn(MINUTE)
            for _ in range(2):
                self.serve(quality, HOUR, 40)
        assert self.world.serving() == good
        rollback = self.world.status().last_rollback
        assert rollback is not None
        assert (rollback.from_, rollback.to, rollback.phase) == (bad, good, Phase.VERIFIED)

    # -- how --------------------------------------------------------------------------------------------------------

    def _deployed(self) -> bool:
        return ("Deployment", NAMESPACE, NAME) in self.world.cluster.objects

    def _ship(self, version: str) -> None:
        """Deploy the way this world does: by the spec where it names a version."""
        if self.world.cluster.objects["ModelDeployment", NAMESPACE, NAME]["spec"].get("version"):
            self.world.edit(version=version)
        else:
            self.world.deploy(version)
        self._turn(MINUTE)

    def _turn(self, pause: timedelta) -> None:
        """Let time pass and the operator look; one that died is followed by another."""
        self.loop.run_until_complete(self.world.turn(pause))
        if self.world.cluster._dead:
            self.world.restart()
            self.loop.run_until_complete(self.world.turn(MINUTE))


def test_the_machine_does_roll_back_and_place():
    machine = Machine()
    machine.begin(managed=True)
    machine.name_version(B)
    machine.wait(MINUTE)
    machine.serve(BAD, CHECK, 40)
    machine.ask_for_rollback(B)
    machine.wait(MINUTE)
    found = machine.watcher
    assert [r.reason for r in found.rollbacks.values()] == ["Degraded", "RequestDone"]
    assert (sorted(found.patches.values()), found.placements, len(found.baselines)) == ([1, 1], 1, 1)
    machine.teardown()


TestMachine = Machine.TestCase
TestMachine.settings = searching(30, steps=20)
