"""A guarded rollback asks the database once more, and only then; what comes after a landing is told once."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from builders import A, B
from component.world import BAD, CHECK, GOOD, HOUR, MINUTE, World, rows_of
from modelward.domain.errors import SourceError
from modelward.domain.reasons import Reason
from modelward.domain.status import Outcome, Verdict

GUARDED = {"evaluation": {"actOn": "Guarded", "consecutiveBreaches": 1}}
TERRIBLE = (0.7, 6000.0)


async def a_world(**spec: Any) -> World:
    """A served for six hours, the same all the time; B has just been deployed."""
    world = World()
    world.model(**(GUARDED | spec))
    world.deploy(A)
    world.predict(A, GOOD, over=6 * HOUR, n=400)
    await world.turn()
    world.deploy(B)
    await world.turn(MINUTE)
    return world


async def serve(world: World, version: str, quality: tuple[float, float], hours: float = 2) -> None:
    """Let a version serve, checked every ten minutes."""
    for _ in range(round(6 * hours)):
        world.clock.advance(CHECK)
        world.predict(version, quality, n=40)
        world.clock.advance(-CHECK)
        await world.turn(CHECK)


async def test_a_clear_change_is_acted_on_after_one_more_statement():
    world = await a_world()
    await serve(world, B, BAD)
    assert world.serving() == A
    assert len(world.reader.spanned) == 1
    assert [span.version for span in world.reader.spanned[0]] == [B, A, A]


async def test_nothing_more_is_asked_while_another_guard_holds_or_nothing_is_wrong():
    world = await a_world()
    await serve(world, B, BAD, hours=0.5)  # warming up
    assert world.status().verdict is Verdict.DEGRADED
    assert world.reader.spanned == []
    calm = await a_world()
    await serve(calm, B, GOOD)
    assert calm.reader.spanned == []


async def test_the_letter_of_the_guide_asks_nothing_more():
    world = await a_world(evaluation={"actOn": "Verdict"})
    await serve(world, B, BAD, hours=1)
    assert world.serving() == A
    assert world.reader.spanned == []


async def test_a_change_that_was_seen_before_is_held_by_normal_variation():
    world = await a_world()
    now = world.clock.now() - 6 * HOUR
    for hour, quality in enumerate((TERRIBLE, GOOD, TERRIBLE, GOOD), start=1):
        start = now - hour * HOUR
        world.reader.add(rows_of("house-prices", A, quality, start, start + HOUR, 60))
    await serve(world, B, BAD)
    assert world.serving() == B
    (hold,) = world.status().holds
    assert hold.guard == "WithinNormalVariation"
    assert "in the previous version's own" in hold.message
    assert world.condition("Degraded") == ("True", "WithinNormalVariation")


async def test_a_change_that_may_be_chance_is_held():
    world = await a_world(metrics=[{"name": "rmse"}])
    for row in rows_of("house-prices", B, GOOD, world.clock.now(), world.clock.now() + 2 * HOUR, 240):
        slot = (row.predicted_at - world.clock.now()) // timedelta(minutes=5)
        scale = 3.0 if slot % 6 == 3 else 0.6  # good, but for five bad minutes now and then
        assert row.prediction is not None
        assert row.actual is not None
        world.reader.add([replace(row, prediction=row.actual + scale * (row.prediction - row.actual))])
    await world.turns(12)
    assert world.serving() == B
    assert [hold.guard for hold in world.status().holds] == ["WithinNoise"]


async def test_where_the_database_is_gone_by_then_nothing_is_done():
    world = await a_world()
    world.reader.spans_error = SourceError(Reason.DATABASE_UNREACHABLE, "no answer")
    await serve(world, B, BAD)
    assert world.serving() == B
    assert world.status().verdict is Verdict.SOURCE_ERROR
    world.reader.spans_error = None
    await serve(world, B, BAD, hours=1)
    assert world.serving() == A


async def test_evidence_that_costs_too_much_leaves_its_guards_silent():
    world = await a_world()
    world.reader.spans_error = SourceError(Reason.QUERY_TOO_COSTLY, "timeout")
    await serve(world, B, BAD)
    assert world.serving() == A


# -- outcomes --------------------------------------------------------------------------------------------------------

OUTCOMES = {
    "it helped": (GOOD, Outcome.IMPROVED, "Improved", False),
    "it did not": (BAD, Outcome.NOT_IMPROVED, "NotImproved", True),
}


@pytest.mark.parametrize(("quality", "outcome", "reason", "on_target"), OUTCOMES.values(), ids=OUTCOMES)
async def test_after_the_first_full_window(
    quality: tuple[float, float],
    outcome: Outcome,
    reason: str,
    on_target: bool,  # noqa: FBT001
):
    world = await a_world(evaluation={"actOn": "Verdict"})
    await serve(world, B, BAD, hours=1)
    assert world.serving() == A
    assert world.told().count(reason) == 0
    await serve(world, A, quality, hours=3)
    rollback = world.status().last_rollback
    assert rollback is not None
    assert {shown.name for shown in rollback.breached} == {"r2", "rmse"}
    assert rollback.outcome is outcome
    assert world.told().count(reason) == 1
    assert (reason in world.told("Deployment")) is on_target


async def test_no_crash_tells_an_outcome_twice_or_loses_it():
    for nth in range(1, 4):
        for after in (False, True):
            world = await a_world(evaluation={"actOn": "Verdict"})
            await serve(world, B, BAD, hours=1)
            await serve(world, A, GOOD, hours=1)
            told = world.told().count("Improved")
            if not told:
                world.cluster.kill(nth, after=after)
            await serve(world, A, GOOD, hours=1)
            world.restart()
            await serve(world, A, GOOD, hours=1)
            assert world.told().count("Improved") == 1
            rollback = world.status().last_rollback
            assert rollback is not None
            assert rollback.outcome is Outcome.IMPROVED


async def test_a_third_version_before_the_window_is_over_leaves_the_outcome_unknown():
    world = await a_world(evaluation={"actOn": "Verdict"})
    await serve(world, B, BAD, hours=1)
    world.deploy("20260107_000000")
    await world.turn(CHECK)
    rollback = world.status().last_rollback
    assert rollback is not None
    assert rollback.outcome is Outcome.UNKNOWN
    assert world.told().count("OutcomeUnknown") == 1


# -- comparisons -----------------------------------------------------------------------------------------------------


def shadowed(world: World, live_error: float, shadow_error: float) -> None:
    """Let B answer live and A in the shadow, the same requests, for the hour to come; errors in multiples of BAD's."""
    start, end = world.clock.now(), world.clock.now() + HOUR
    for i, row in enumerate(rows_of("house-prices", B, BAD, start, end, 240)):
        assert row.prediction is not None
        assert row.actual is not None
        error = row.prediction - row.actual
        live = replace(row, request_id=f"r{i}", prediction=row.actual + live_error * error)
        shadow = replace(live, version=A, role="shadow", prediction=row.actual + shadow_error * error, actual=None)
        world.reader.add([live, shadow])


async def test_a_shadow_decides_at_once_and_says_so():
    world = await a_world(evaluation={"actOn": "Verdict"})
    shadowed(world, 1.0, 0.8)
    await world.turns(2)
    assert world.serving() == A
    assert "pairs" in world.notes("RolledBack")[0]


async def test_where_both_got_worse_nobody_goes_back():
    world = await a_world(evaluation={"actOn": "Verdict"})
    shadowed(world, 1.0, 1.0)
    await world.turns(3)
    status = world.status()
    assert world.serving() == B
    assert (status.verdict, status.reason, status.comparison) == (Verdict.DEGRADED, "BothWorse", "Paired")
    assert world.condition("Degraded") == ("True", "BothWorse")
    assert "retrain" in world.notes("Degraded")[0]
    assert world.reader.spanned == []


# -- proof -----------------------------------------------------------------------------------------------------------

PROOF = {"evaluation": {"policy": "Sequential", "actOn": "Guarded", "comparison": "Paired", "season": "5m"}}


async def test_policy_sequential_acts_when_enough_seasons_side_by_side_were_worse():
    world = await a_world(**PROOF)
    shadowed(world, 1.0, 0.8)
    await world.turns(7)  # WarmingUp: one window of an hour
    assert world.serving() == A
    (span,) = world.reader.spanned[0]
    assert (span.version, span.rival, span.buckets) == (B, A, 12)


async def test_policy_sequential_holds_what_it_cannot_prove_and_says_what_is_missing():
    world = await a_world(evaluation=PROOF["evaluation"] | {"season": "10m"})
    shadowed(world, 1.0, 0.8)
    await world.turns(7)
    assert world.serving() == B
    (hold,) = world.status().holds
    assert hold.guard == "NotProven"
    assert hold.message.startswith("6 of 6 seasons of 10m were worse beyond the limits")
    assert world.condition("Degraded") == ("True", "NotProven")


async def test_policy_sequential_never_acts_on_evidence_that_could_not_be_read():
    world = await a_world(**PROOF)
    world.reader.spans_error = SourceError(Reason.QUERY_TOO_COSTLY, "timeout")
    shadowed(world, 1.0, 0.8)
    await world.turns(7)
    assert world.serving() == B
    assert [hold.guard for hold in world.status().holds] == ["NotProven"]


async def test_a_shadow_that_never_answers_changes_nothing():
    world = await a_world(evaluation={"actOn": "Verdict"})
    start = world.clock.now()
    rows = rows_of("house-prices", A, GOOD, start, start + HOUR, 240)
    world.reader.add(replace(row, role="shadow", prediction=None, actual=None) for row in rows)
    await serve(world, B, BAD, hours=1)
    assert world.serving() == A
    assert "samples" in world.notes("RolledBack")[0]


async def test_pairs_that_are_asked_for_and_not_there_are_waited_for():
    world = await a_world(evaluation={"actOn": "Verdict", "comparison": "Paired"})
    await serve(world, B, BAD, hours=1)
    status = world.status()
    assert world.serving() == B
    assert (status.verdict, status.reason) == (Verdict.INSUFFICIENT_DATA, "TooFewPairs")
