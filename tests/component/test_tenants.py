"""Many tables, many databases, many owners: one statement for those that are alike, and nobody pays for another."""

from collections.abc import Sequence
from typing import Any

from builders import NAME, NAMESPACE, A, B
from component.world import BAD, CHECK, GOOD, HOUR, MINUTE, SECRET, World
from doubles import InMemoryReader
from modelward.domain.errors import ClusterError, SourceError
from modelward.domain.mapping import parse_source
from modelward.domain.quality import Quality
from modelward.domain.questions import Connection, Question
from modelward.domain.reasons import Reason
from modelward.domain.source import OWN, Source
from modelward.domain.status import Verdict

FOREIGN: dict[str, Any] = {"predictions": {"table": "theirs", "absent": ["environment", "role"]}}


def of(source: dict[str, Any] | None = None, secret: str = "house-prices-db") -> dict[str, Any]:
    database: dict[str, Any] = {"secretRef": {"name": secret}}
    return database | ({"source": source} if source else {})


async def test_resources_whose_tables_are_alike_share_a_statement():
    world = World()
    for name, source in (("one", None), ("two", None), ("three", FOREIGN), ("four", dict(FOREIGN))):
        world.model(name, database=of(source))
        world.deploy(A, name)
    await world.turn()
    asked = [sorted(q.model_name for q in questions) for questions in world.reader.asked]
    assert sorted(asked) == [["four", "three"], ["one", "two"]]


async def test_a_resource_whose_table_is_called_wrong_blinds_nobody_on_the_same_connection():
    world = World()
    world.reader.unfit[parse_source(FOREIGN)] = SourceError(Reason.SCHEMA_MISMATCH, "there is no table public.theirs")
    for name, source in (("good", None), ("wrong", FOREIGN), ("fine", None)):
        world.model(name, database=of(source))
        world.deploy(A, name)
        world.predict(A, GOOD, over=HOUR, model=name)
    await world.turn()
    assert world.condition("Ready", "wrong") == ("False", "SchemaMismatch")
    assert [world.status(name).verdict for name in ("good", "fine")] == [Verdict.INSUFFICIENT_DATA] * 2
    for name in ("good", "wrong", "fine"):
        world.deploy(B, name)
    await world.turn(MINUTE)
    world.clock.advance(CHECK)
    for name in ("good", "wrong", "fine"):
        world.predict(B, BAD, model=name)
    world.clock.advance(-CHECK)
    await world.turn(CHECK)
    assert [world.serving(name) for name in ("good", "wrong", "fine")] == [A, B, A]
    assert world.cluster.images.count(world.cluster.images[0]) == 2


async def test_one_models_environments_are_kept_apart():
    world = World()
    for name, environment in (("production", ""), ("staging", "staging")):
        world.model(name, modelName="prices", environment=environment)
        world.deploy(A, name)
    world.predict(A, GOOD, over=HOUR, model="prices")
    await world.turn()
    assert (world.status("production").samples, world.status("staging").samples) == (40, 0)


async def test_a_source_that_cannot_be_meant_is_refused_by_its_field_and_asks_nothing():
    world = World()
    world.model(database=of({"predictions": {"table": "x" * 64}}))
    world.deploy(A)
    await world.turn()
    assert world.condition("Ready") == ("False", "InvalidSpec")
    assert "database.source.predictions.table: has 64 bytes" in str(world.status().condition("Ready"))
    assert world.reader.statements == 0


# -- Secrets that change ---------------------------------------------------------------------------------------------


class GuardedReader(InMemoryReader):
    """Its database takes one password only."""

    password = "s3cr3t"

    async def read(
        self, connection: Connection, questions: Sequence[Question], source: Source = OWN
    ) -> list[Quality | SourceError]:
        """Answer whoever knows the password."""
        found = await super().read(connection, questions, source)
        if ("password", self.password) in connection.parameters:
            return found
        return [SourceError(Reason.AUTHENTICATION_FAILED, "the database refused the user or the password")] * len(found)


async def a_guarded_world() -> tuple[World, GuardedReader]:
    world = World()
    reader = GuardedReader(world.clock)
    world.reader = reader
    world.restart()
    world.reconciler.connections._monotonic = lambda: world.monotonic
    world.model()
    world.deploy(A)
    await world.turn()
    return world, reader


def secret(world: World, **changes: str) -> None:
    world.cluster.secrets[NAMESPACE, "house-prices-db"] = {**SECRET, **changes}


def reads(world: World) -> int:
    return sum(call.kind == "Secret" for call in world.cluster.calls)


async def test_a_password_that_is_changed_is_taken_up_without_a_failed_check():
    world, reader = await a_guarded_world()
    reader.password = "rotated"
    secret(world, password="rotated")
    await world.turn(CHECK)
    assert world.condition("MetricsAvailable") == ("True", "MetricsRead")
    assert "MetricsUnavailable" not in world.told()
    assert [dict(c.parameters)["password"] for c in reader.released] == ["s3cr3t"]


async def test_nobody_is_read_for_with_somebody_elses_secret():
    world, reader = await a_guarded_world()
    world.cluster.secrets[NAMESPACE, "other"] = SECRET
    world.model("other", database=of(secret="other"))
    world.deploy(A, "other")
    await world.turn()
    reader.password = "rotated"
    secret(world, password="rotated")
    for name in (NAME, "other"):
        world.sweeper.hear((NAMESPACE, name), world.clock.now().timestamp() - 1)
    await world.turn(MINUTE / 30)
    assert world.condition("MetricsAvailable") == ("True", "MetricsRead")
    assert world.condition("MetricsAvailable", "other") == ("False", "AuthenticationFailed")


async def test_a_password_that_is_refused_is_looked_up_at_once_however_young():
    world, reader = await a_guarded_world()
    reader.password = "rotated"
    secret(world, password="rotated")
    world.sweeper.hear((NAMESPACE, NAME), world.clock.now().timestamp() - 1)
    await world.turn(MINUTE / 30)
    assert world.condition("MetricsAvailable") == ("True", "MetricsRead")


async def test_a_database_that_was_moved_is_asked_at_the_next_check():
    world, reader = await a_guarded_world()
    secret(world, host="elsewhere")
    await world.turn(CHECK)
    assert [dict(c.parameters)["host"] for c in reader.released] == ["db"]


async def test_a_secret_that_says_the_same_keeps_its_connection():
    world, reader = await a_guarded_world()
    await world.turns(3)
    assert reader.released == []


async def test_a_connection_that_another_secret_still_names_is_kept():
    world, reader = await a_guarded_world()
    world.cluster.secrets[NAMESPACE, "other"] = SECRET
    world.model("other", database=of(secret="other"))
    world.deploy(A, "other")
    await world.turn()
    secret(world, host="elsewhere")
    await world.turn(CHECK)
    assert reader.released == []


async def test_checks_within_a_minute_read_the_secret_once():
    world, _ = await a_guarded_world()
    world.cluster.calls.clear()
    for _ in range(3):
        world.sweeper.hear((NAMESPACE, NAME), world.clock.now().timestamp() - 1)
        await world.turn(MINUTE / 10)
    assert reads(world) == 0
    await world.turn(CHECK)
    assert reads(world) == 1


async def test_an_api_server_that_is_away_says_nothing_about_the_secret():
    world, reader = await a_guarded_world()
    world.cluster.fail(ClusterError("away"), verb="get", kind="Secret")
    await world.turn(CHECK)
    assert world.condition("MetricsAvailable") == ("True", "MetricsRead")
    assert reader.released == []


async def test_a_secret_that_is_gone_is_an_error_and_its_connection_is_let_go():
    world, reader = await a_guarded_world()
    world.cluster.secrets.clear()
    await world.turn(CHECK)
    assert world.condition("MetricsAvailable") == ("False", "SecretNotFound")
    assert len(reader.released) == 1
