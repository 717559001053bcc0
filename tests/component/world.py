"""A whole operator in a world of doubles: what its watches show is handed to it, and its turns run to the end.

Time stands still unless a test lets it pass. A restart is a new operator in the same world.
"""

import asyncio
import math
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

from builders import NAME, NAMESPACE, NOW, A, B, a_deployment, a_model, image_of
from component.mail import Mail
from doubles import FixedClock, InMemoryCluster, InMemoryReader, Row, images
from modelward.domain.codec import format_time
from modelward.domain.resource import parse_resource
from modelward.domain.status import Status
from modelward.memory import Memory
from modelward.observe.deployments import parse_deployment
from modelward.reconcile import Reconciler, Rules
from modelward.registry import Entry, Registry
from modelward.sweeper import Sweeper
from modelward.wiring import employ

if TYPE_CHECKING:
    from modelward.domain.ports import Cluster
    from modelward.postman import Postman

MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
CHECK = 10 * MINUTE
SPEC: dict[str, Any] = {
    "checkInterval": "10m",
    "evaluation": {"window": "1h", "minSamples": 20, "actOn": "Verdict"},
    "rollback": {"cooldown": "0s"},
}
SECRET = {"host": "db", "dbname": "prices", "user": "modelward", "password": "s3cr3t"}
GOOD, BAD = (0.93, 3480.0), (0.85, 4200.0)
RESTS = 20


class World:
    """An API server, a database and an operator."""

    def __init__(self, mail: Mail | None = None, **rules: Any) -> None:
        self.mail = mail
        self.spec: dict[str, Any] = {}
        """What every spec of this world holds beside the ordinary."""
        self.clock = FixedClock(NOW)
        self.cluster = InMemoryCluster(self.clock)
        self.edge: Cluster = self.cluster
        """What the operator sees of the cluster: the cluster itself, or a client of it."""
        self.reader = InMemoryReader(self.clock)
        self.rules = Rules(**rules)
        self.fenced = False
        self.monotonic = 0.0
        self.restart()

    # -- the operator -------------------------------------------------------------------------------------------

    def restart(self) -> None:
        """Put a new operator, which remembers nothing, in the place of the old one."""
        self.cluster.revive()
        self.registry = Registry()
        self.reconciler = Reconciler(
            self.edge, self.reader, self.clock, self.registry, self.rules, lambda: not self.fenced
        )
        self.sweeper = Sweeper(self.registry, self.reconciler, lambda: self.monotonic)
        self.postman: Postman | None = None
        if self.mail is not None:
            self.postman = employ(
                self.reconciler, self.sweeper, self.mail.courier, self.mail.book, lambda: self.monotonic
            )
        self._seen: dict[tuple[str, str, str], str] = {}
        self._watch()
        for key, entry in self.registry.entries.items():
            entry.deployment_read = True
            self.sweeper.kick(key)

    async def turn(self, after: timedelta = timedelta(0)) -> None:
        """Let time pass, show what was changed, and run every turn that is due until the operator rests."""
        self._pass(after)
        for _ in range(RESTS):
            self._watch()
            keys = [key for key in self.sweeper._schedule.take(self.monotonic) if self.sweeper._claim(key)]
            if keys:
                self.sweeper._start(keys)
            elif not self.sweeper._sweeps and not await self._deliver():
                return
            await asyncio.gather(*self.sweeper._sweeps)
        raise AssertionError("the operator does not come to rest")

    async def turns(self, number: int, every: timedelta = CHECK) -> None:
        """Run several turns, one after the other."""
        for _ in range(number):
            await self.turn(every)

    async def _deliver(self) -> bool:
        """Let the postman do what is due; false where nothing was."""
        if self.postman is None:
            return False
        tasks = self.postman.start_round()
        reading = list(self.memory._reading.values())
        await asyncio.gather(*tasks, *reading, return_exceptions=True)
        due = self.sweeper._schedule.next_at() <= self.monotonic
        return bool(tasks or reading) or due

    @property
    def memory(self) -> Memory:
        """Return what reads the past."""
        return self.reconciler.glance.__self__  # type: ignore[no-any-return,attr-defined]

    def kill_at(self, nth: int, *, after: bool) -> None:
        """End the operator at its n-th write of a status."""
        self.cluster.kill(nth, verb="patch", kind="ModelDeployment", after=after)

    def entry(self, name: str = NAME) -> Entry:
        """Return what the operator remembers of a resource."""
        return self.registry.entries[NAMESPACE, name]

    def _pass(self, length: timedelta) -> None:
        self.clock.advance(length)
        self.monotonic += length.total_seconds()
        for entry in self.registry.entries.values():
            entry.written_at -= length.total_seconds()

    def _watch(self) -> None:
        """Show the operator what its watches would: each object that was written since, and what is gone."""
        there = dict(self.cluster.objects)
        for key, body in there.items():
            version = body["metadata"].get("resourceVersion", "")
            if key[0] != "ReplicaSet" and self._seen.get(key) != version:
                self._seen[key] = version
                self._show(key, body)
        for key in [key for key in self._seen if key not in there]:
            del self._seen[key]
            self._show(key, None)

    def _show(self, key: tuple[str, str, str], body: dict[str, Any] | None) -> None:
        kind, namespace, name = key
        if kind == "Deployment":
            look = partial(parse_deployment, body) if body else None
            for concerned in self.registry.see((namespace, name), look):
                self.sweeper.kick(concerned)
        elif body is None:
            self.sweeper.forget((namespace, name))
        else:
            self.sweeper.accept(parse_resource(body))

    # -- what people do -----------------------------------------------------------------------------------------

    def model(self, name: str = NAME, **spec: Any) -> None:
        """Apply a ModelDeployment, and the Secret that it names."""
        changed = {
            key: {**SPEC.get(key, {}), **value} if isinstance(value, dict) else value
            for key, value in (self.spec | spec).items()
        }
        self.model_secret()
        for receiver, address in (self.mail.addresses if self.mail else {}).items():
            self.cluster.secrets.setdefault((NAMESPACE, receiver), {"url": address})
        self.cluster.apply(a_model(name, **{**SPEC, **changed}))

    def model_secret(self) -> None:
        """Write the Secret that specs of this world name, where it is not there."""
        self.cluster.secrets.setdefault((NAMESPACE, "house-prices-db"), SECRET)

    def deploy(self, version: str, name: str = NAME) -> None:
        """Let a Deployment run a version: made, or only its image changed."""
        if ("Deployment", NAMESPACE, name) not in self.cluster.objects:
            self.cluster.apply(a_deployment(name, version))
            return

        def change(body: dict[str, Any]) -> None:
            body["spec"]["template"]["spec"]["containers"][0]["image"] = image_of(version)

        self.cluster.edit("Deployment", NAMESPACE, name, change)

    def edit(self, name: str = NAME, **spec: Any) -> None:
        """Edit fields of a spec."""
        self.cluster.edit("ModelDeployment", NAMESPACE, name, lambda body: body["spec"].update(spec))

    def ask(self, kind: str, name: str = NAME, **more: str | None) -> None:
        """Annotate a request: ask("rollback", rollback_to=A); None takes an annotation away."""
        notes: dict[str, str | None] = {f"modelward.dev/{kind}-requested-at": format_time(self.clock.now())}
        notes |= {f"modelward.dev/{key.replace('_', '-')}": value for key, value in more.items()}

        def change(body: dict[str, Any]) -> None:
            wanted = {**body["metadata"].get("annotations", {}), **notes}
            body["metadata"]["annotations"] = {key: value for key, value in wanted.items() if value is not None}

        self.cluster.edit("ModelDeployment", NAMESPACE, name, change)

    def predict(
        self, version: str, quality: tuple[float, float], *, over: timedelta = CHECK, n: int = 40, model: str = NAME
    ) -> None:
        """Let a version have served until now: n rows with labels, whose R2 and RMSE come out as given."""
        self.reader.add(rows_of(model, version, quality, self.clock.now() - over, self.clock.now(), n))

    async def go_bad(self) -> None:
        """Let what serves answer badly until the next check has judged it."""
        self.clock.advance(CHECK)
        self.predict(self.serving(), BAD)
        self.clock.advance(-CHECK)
        await self.turn(CHECK)

    # -- what people see ----------------------------------------------------------------------------------------

    def status(self, name: str = NAME) -> Status:
        """Return the status as it stands in the cluster."""
        return parse_resource(self.cluster.objects["ModelDeployment", NAMESPACE, name]).status

    def condition(self, kind: str, name: str = NAME) -> tuple[str, str]:
        """Return a condition's status and reason; Unknown where there is none."""
        found = self.status(name).condition(kind)
        return (found.status, found.reason) if found else ("Unknown", "")

    def serving(self, name: str = NAME) -> str:
        """Return the version that a Deployment names."""
        return images(self.cluster.objects["Deployment", NAMESPACE, name])[0].rpartition(":")[2]

    def ready(self, name: str = NAME) -> str:
        """Return what the condition Ready says."""
        found = self.status(name).condition("Ready")
        return found.message if found else ""

    def told(self, kind: str = "ModelDeployment") -> list[str]:
        """List the reasons of all Events on objects of a kind, in order."""
        return [e["reason"] for e in self.cluster.events.values() if e["regarding"]["kind"] == kind]

    def notes(self, reason: str) -> list[str]:
        """List what the Events of a reason say, on ModelDeployments."""
        events = [e for e in self.cluster.events.values() if e["regarding"]["kind"] == "ModelDeployment"]
        return [e["note"] for e in events if e["reason"] == reason]

    def writes(self) -> list[tuple[str, str]]:
        """List what was written since the operator was last asked, Events included, and forget it."""
        written = [(c.verb, c.kind) for c in self.cluster.calls if c.verb in {"patch", "create"}]
        self.cluster.calls.clear()
        return written


async def a_degraded_world(mail: Mail | None = None, **spec: Any) -> World:
    """Return a world in which A served well, B was deployed, and B's labels say that it is bad: one check is due."""
    world = World(mail)
    world.model(**spec)
    world.deploy(A)
    world.predict(A, GOOD, over=HOUR)
    await world.turn()
    world.deploy(B)
    await world.turn(MINUTE)
    world.clock.advance(CHECK)
    world.predict(B, BAD)
    world.clock.advance(-CHECK)
    return world


async def a_managed_world(version: str = B, **spec: Any) -> World:
    """Return a world in which A served well as spec.version, and the spec names another version now (B)."""
    world = World()
    world.model(version=A, **spec)
    world.deploy(A)
    world.predict(A, GOOD, over=HOUR)
    await world.turn()
    world.edit(version=version)
    await world.turn(MINUTE)
    return world


def rows_of(
    model: str, version: str, quality: tuple[float, float], start: datetime, end: datetime, n: int
) -> Iterator[Row]:
    """Make rows, evenly spread, with a given R2 and RMSE: actuals and errors alternate around their means."""
    r2, rmse = quality
    spread = rmse / math.sqrt(1 - r2)
    for i in range(n):
        actual = 250_000.0 + spread * (1 if i % 2 else -1)
        error = rmse * (1 if i % 4 < 2 else -1)
        at = start + (end - start) * i / n
        row = Row(model, version, at, actual + error, actual, at, request_id=f"{version}-{at.isoformat()}")
        yield replace(row, environment="")
