"""The database of a model knows that a cluster looks after it: said at adoption, taken back when it is gone."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from builders import NAME, NAMESPACE, A, a_deployment
from component.world import CHECK, MINUTE, World
from modelward.claims import NO_BOOK
from modelward.domain.claims import Claim, Sweep
from modelward.domain.errors import SourceError
from modelward.domain.questions import Connection
from modelward.domain.reasons import Reason
from modelward.wiring import stake

if TYPE_CHECKING:
    from modelward.claims import Claims

ROW = {(NAME, ""): f"{NAMESPACE}/{NAME}"}


class InMemoryClaims:
    """A table with one row for each model; it can be missing."""

    def __init__(self) -> None:
        self.rows: dict[tuple[str, str], str] = {}
        self.missing = False
        self.statements = 0

    async def write(
        self,
        connection: Connection,
        cluster_uid: str,
        claims: Sequence[Claim],
        released: Sequence[Claim],
        sweep: Sweep | None,
    ) -> None:
        """Do as PostgreSQL does."""
        del connection, cluster_uid
        self.statements += 1
        if self.missing:
            raise SourceError(Reason.AUDIT_UNAVAILABLE, "the table modelward.managed is not there")
        if sweep is not None:
            self.rows = {key: resource for key, resource in self.rows.items() if resource in sweep.there}
        for claim in released:
            if self.rows.get((claim.model, claim.environment)) == claim.resource:
                del self.rows[claim.model, claim.environment]
        for claim in claims:
            self.rows[claim.model, claim.environment] = claim.resource


class Staked(World):
    """A world whose operator tells databases of itself."""

    def __init__(self) -> None:
        self.book = InMemoryClaims()
        super().__init__()

    def restart(self) -> None:
        """Put a new operator in the place of the old one."""
        super().restart()
        self.claims: Claims = stake(self.reconciler, self.sweeper, self.book, lambda: self.monotonic)

    async def go(self, after: object = MINUTE) -> None:
        """Let time pass, and what is to be said be said."""
        await self.turn(after)  # type: ignore[arg-type]
        await self.claims.write()


async def a_staked_world() -> Staked:
    world = Staked()
    world.model()
    world.cluster.apply(a_deployment(NAME, A))
    await world.go()
    await world.go()
    return world


async def test_a_model_is_claimed_when_it_is_adopted():
    world = await a_staked_world()
    assert world.book.rows == ROW


async def test_a_claim_that_stands_costs_no_statement_and_no_call():
    world = await a_staked_world()
    said, called = world.book.statements, len(world.cluster.calls)
    for _ in range(5):
        await world.go(CHECK)
    assert world.book.statements == said
    assert "kube-system" not in str(world.cluster.calls[called:])


async def test_a_resource_that_is_deleted_takes_its_claim_back():
    world = await a_staked_world()
    world.cluster.delete("ModelDeployment", NAMESPACE, NAME)
    await world.go()
    assert world.book.rows == {}


async def test_a_resource_that_looks_after_another_model_now_moves_its_claim():
    world = await a_staked_world()
    world.model(modelName="flats")
    await world.go()
    await world.go()
    assert world.book.rows == {("flats", ""): f"{NAMESPACE}/{NAME}"}


async def test_a_claim_of_one_that_went_while_no_operator_ran_is_cleared_away():
    world = await a_staked_world()
    world.book.rows["gone", ""] = f"{NAMESPACE}/gone"
    world.restart()
    await world.go()
    await world.go()
    assert world.book.rows == ROW


async def test_a_database_without_the_table_is_fine_and_asked_again_later():
    world = Staked()
    world.book.missing = True
    world.model()
    world.cluster.apply(a_deployment(NAME, A))
    for _ in range(4):
        await world.go()
    assert (world.book.statements, world.book.rows) == (1, {})
    world.book.missing = False
    world.monotonic += NO_BOOK
    await world.go()
    assert world.book.rows == ROW
    assert world.status().current_version == A


async def test_a_claim_that_could_not_be_taken_back_is_taken_back_with_the_next_change():
    world = await a_staked_world()
    world.book.missing = True
    world.cluster.delete("ModelDeployment", NAMESPACE, NAME)
    await world.go()
    assert world.book.rows == ROW
    world.book.missing = False
    world.monotonic += NO_BOOK
    world.model("flats", targetRef={"name": NAME})
    await world.go()
    await world.go()
    assert world.book.rows == {("flats", ""): f"{NAMESPACE}/flats"}


async def test_without_the_lease_nothing_is_said():
    world = Staked()
    world.model()
    world.cluster.apply(a_deployment(NAME, A))
    await world.turn()
    world.fenced = True
    await world.claims.write()
    assert world.book.statements == 0
