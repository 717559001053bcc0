"""What people do to a database while it is in use: nothing is rolled back by it, and it is over when it is mended."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from psycopg.conninfo import conninfo_to_dict

from builders import A, B, image_of
from component.world import CHECK, MINUTE
from integration.real_world import GOOD, WORSE, RealWorld, predict
from integration.tables import execute
from modelward.database.reader import PostgresReader
from modelward.domain.status import Verdict

HANG_UP = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = '{role}'"
MISHAPS: dict[str, tuple[str, str, str]] = {
    "the table is gone": (
        "ALTER TABLE model_predictions RENAME TO elsewhere",
        "ALTER TABLE elsewhere RENAME TO model_predictions",
        "SchemaMismatch",
    ),
    "a column has another name": (
        "ALTER TABLE model_predictions RENAME actual TO truth",
        "ALTER TABLE model_predictions RENAME truth TO actual",
        "SchemaMismatch",
    ),
    "a right is revoked": (
        "REVOKE SELECT ON model_predictions FROM {role}",
        "GRANT SELECT ON model_predictions TO {role}",
        "PermissionDenied",
    ),
    "no connection is left": (
        f"ALTER ROLE {{role}} CONNECTION LIMIT 0; {HANG_UP}",
        "ALTER ROLE {role} CONNECTION LIMIT -1",
        "DatabaseUnreachable",
    ),
    "the user may not log in": (
        f"ALTER ROLE {{role}} NOLOGIN; {HANG_UP}",
        "ALTER ROLE {role} LOGIN",
        "AuthenticationFailed",
    ),
    "the password is another one": (
        f"ALTER ROLE {{role}} PASSWORD 'second'; {HANG_UP}",
        "ALTER ROLE {role} PASSWORD 'first'",
        "AuthenticationFailed",
    ),
    "the rows are gone": (
        "CREATE TABLE kept AS SELECT * FROM model_predictions; DELETE FROM model_predictions",
        "INSERT INTO model_predictions OVERRIDING SYSTEM VALUE SELECT * FROM kept",
        "NoPredictions",
    ),
}
HARMLESS = {
    "all sessions are ended": HANG_UP,
    "it becomes read-only": "ALTER ROLE {role} SET default_transaction_read_only = on; " + HANG_UP,
    "the past is corrected": "UPDATE model_predictions SET actual = actual + 1 WHERE model_version = '20260103_120000'",
}


@dataclass(frozen=True)
class Place:
    """A database with a reader's account: what its owner does to it."""

    owner: str
    role: str

    @property
    def url(self) -> str:
        """The reader's."""
        parts = conninfo_to_dict(self.owner)
        return f"postgresql://{self.role}:first@127.0.0.1:{parts['port']}/{parts['dbname']}"

    def do(self, statements: str) -> None:
        """Run statements as the owner."""
        execute(self.owner, *statements.format(role=self.role).split("; "))


@pytest.fixture
def place(database_url: str) -> Iterator[Place]:
    """A database in which A has good rows."""
    place = Place(database_url, f"reader_{conninfo_to_dict(database_url)['dbname']}")
    place.do("CREATE ROLE {role} LOGIN PASSWORD 'first'; GRANT SELECT ON ALL TABLES IN SCHEMA public TO {role}")
    predict(database_url, A, GOOD)
    yield place
    place.do(HANG_UP + "; DROP OWNED BY {role}; DROP ROLE {role}")


class Startled(PostgresReader):
    """Something happens just before it reads what is archived, that is, between a verdict and the rollback."""

    def __init__(self, happens: Callable[[], None]) -> None:
        super().__init__()
        self.happens = happens

    async def archived(self, *arguments: Any) -> tuple[str, ...]:
        """Let it happen, then read."""
        self.happens()
        return await super().archived(*arguments)


async def a_world(place: Place, reader: PostgresReader | None = None) -> tuple[RealWorld, PostgresReader]:
    """A serves and was judged; B is known to be worse, and not yet deployed."""
    reader = reader or PostgresReader()
    world = RealWorld(reader, place.url)
    world.model()
    world.deploy(A)
    await world.turn()
    assert world.status().verdict is Verdict.INSUFFICIENT_DATA, world.status()
    predict(place.owner, B, WORSE)
    return world, reader


@pytest.mark.parametrize(("happens", "mends", "reason"), MISHAPS.values(), ids=MISHAPS)
async def test_nothing_is_rolled_back_until_it_is_mended(place: Place, happens: str, mends: str, reason: str):
    world, reader = await a_world(place)
    place.do(happens)
    world.deploy(B)
    await world.turn(MINUTE)
    assert (world.status().reason, world.serving(), world.cluster.images) == (reason, B, [])
    place.do(mends)
    await world.turn(CHECK)
    await world.turn(CHECK)
    assert (world.serving(), world.cluster.images) == (A, [image_of(A)])
    await reader.close()


@pytest.mark.parametrize("happens", HARMLESS.values(), ids=HARMLESS)
async def test_takes_no_notice_when(place: Place, happens: str):
    world, reader = await a_world(place)
    place.do(happens)
    world.deploy(B)
    await world.turn(MINUTE)
    assert world.serving() == A
    await reader.close()


async def test_a_right_revoked_between_the_verdict_and_the_rollback_holds_it(place: Place):
    startled = Startled(lambda: place.do("REVOKE SELECT ON model_versions FROM {role}"))
    world, reader = await a_world(place, startled)
    world.deploy(B)
    await world.turn(MINUTE)
    assert (world.serving(), world.condition("Degraded")) == (B, ("True", "HistoryUnreadable"))
    startled.happens = lambda: place.do("GRANT SELECT ON model_versions TO {role}")
    await world.turn(MINUTE)
    assert world.serving() == A
    await reader.close()
