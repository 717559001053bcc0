"""Each change is told once to each receiver and kept once in the audit table, after the patch."""

from collections import Counter
from datetime import timedelta

from builders import NAMESPACE, A, B
from component.mail import Mail
from component.told import ALL, OPS, SOON, a_told_world, waiting
from component.world import BAD, CHECK, GOOD, HOUR, MINUTE, SPEC, World, a_degraded_world
from doubles import a_source_error
from modelward.domain.letters import Channel
from modelward.domain.status import Phase
from modelward.postman import FLUSH

# -- the ordinary way ------------------------------------------------------------------------------------------------


async def test_a_rollback_is_told_with_its_numbers_and_kept_step_by_step():
    world, mail = await a_told_world()
    await world.turn(CHECK)
    await world.turn(SOON)
    assert mail.courier.reasons() == ["RolledBack"]
    assert mail.book.steps() == ["Observed", "Decided", "Patched", "Verified"]
    message = mail.courier.sent[0][1]
    assert message.subject == f"[modelward] ml/house-prices: rolled back {B} -> {A}"
    assert "RMSE   3480 -> 4200 (+20.7 %, limit 5 %, BEYOND)" in message.text
    assert "kubectl describe modeldeployment house-prices -n ml" in message.text
    await world.turn(SOON)
    assert waiting(world) == []


async def test_nothing_is_told_before_the_patch():
    world, mail = await a_told_world()
    world.cluster.kill(1, verb="patch", kind="Deployment")
    await world.turn(CHECK)
    rollback = world.status().last_rollback
    assert rollback is not None
    assert rollback.phase is Phase.DECIDED
    assert (mail.courier.sent, mail.book.steps()) == ([], ["Observed"])
    world.restart()
    await world.turn()
    assert mail.courier.reasons() == ["RolledBack"]


async def test_a_rollback_calls_for_no_more_writes_than_without_alerts():
    plain = await a_degraded_world()
    plain.writes()
    await plain.turn(CHECK)
    world, _ = await a_told_world()
    await world.turn(SOON)
    world.writes()
    await world.turn(CHECK)
    assert world.writes() == plain.writes()
    await world.turn(SOON)
    assert [kind for _, kind in world.writes()] == ["ModelDeployment"]
    await world.turns(3, every=SOON)
    assert world.writes() == []


async def test_what_is_delivered_while_a_rollout_lasts_leaves_status_with_its_end():
    world, _ = await a_told_world()
    world.cluster.rolls_out = False
    await world.turn(CHECK)
    world.writes()
    world.cluster.finish_rollout(NAMESPACE, "house-prices")
    await world.turn(timedelta(seconds=FLUSH / 2))
    assert [reason for reason, *_ in waiting(world)] in ([], ["RolledBack"])  # the audit row of its end, at most
    assert all(channel is Channel.AUDIT for _, channel, _ in waiting(world))


async def test_idle_costs_nothing():
    world, mail = await a_told_world()
    await world.turn(CHECK)
    await world.turns(3, every=SOON)
    world.predict(A, GOOD)
    await world.turn(CHECK)
    await world.turn(SOON)
    asked, rows = mail.courier.asked, mail.book.asked
    world.cluster.calls.clear()
    await world.turns(5, every=MINUTE)
    assert world.cluster.calls == []
    assert (mail.courier.asked, mail.book.asked) == (asked, rows)


async def test_suspended_nothing_is_told_until_it_is_taken_up_again():
    world, mail = await a_told_world()
    world.cluster.rolls_out = False
    mail.courier.down = {"smtp"}
    await world.turn(CHECK)
    world.cluster.finish_rollout(NAMESPACE, "house-prices")
    world.edit(suspend=True)
    mail.courier.down = set()
    await world.turns(3, every=HOUR)
    assert mail.courier.sent == []
    world.edit(suspend=False)
    await world.turn(MINUTE)
    assert mail.courier.reasons() == ["RolledBack"]


async def test_after_the_lease_is_lost_nothing_is_told():
    world, mail = await a_told_world()
    mail.courier.down = {"smtp"}
    await world.turn(CHECK)
    mail.courier.down, world.fenced = set(), True
    await world.turn(HOUR)
    assert mail.courier.sent == []


# -- what is told ----------------------------------------------------------------------------------------------------


async def test_degraded_without_leave_to_act_is_told_once():
    world, mail = await a_told_world(autoRollback=False)
    await world.turn(CHECK)
    world.predict(B, BAD)
    await world.turn(CHECK)
    assert mail.courier.reasons() == ["Degraded"]
    assert "Decide: roll back with the annotation" in mail.courier.sent[0][1].text
    assert world.serving() == B


async def test_a_hold_that_lasts_is_told_after_one_that_passes():
    world, mail = await a_told_world(rollback={"cooldown": "0s", "maxPerDay": 5}, evaluation={"actOn": "Guarded"})
    world.edit(evaluation={**SPEC["evaluation"], "actOn": "Guarded", "maxBaselineAge": "1m"})
    await world.turn(CHECK)
    first = [guard.guard for guard in world.status().holds]
    for _ in range(14):
        world.predict(B, BAD)
        await world.turn(CHECK)
    assert (first[0], world.status().holds[0].guard) == ("WarmingUp", "BaselineStale")
    assert mail.courier.reasons() == ["Degraded", "Degraded"]


async def test_a_spent_budget_is_told_as_such():
    world, mail = await a_told_world({**OPS, "reasons": ALL}, rollback={"maxPerDay": 0})
    await world.turn(CHECK)
    assert mail.courier.reasons() == ["BudgetExhausted"]


async def test_a_recovery_is_told_to_who_wants_to_know():
    world, mail = await a_told_world({**OPS, "reasons": ALL}, autoRollback=False)
    await world.turn(CHECK)
    for _ in range(8):
        world.predict(B, GOOD)
        await world.turn(CHECK)
    assert mail.courier.reasons() == ["Degraded", "Recovered"]


async def test_a_contest_is_told_and_kept():
    world, mail = await a_told_world()
    await world.turn(CHECK)
    for _ in range(2):
        world.deploy(B)
        await world.turn(MINUTE)
    assert mail.courier.reasons() == ["RolledBack", "QuarantineEnforced", "Contested"]
    assert mail.book.steps().count("Contested") == 1


async def test_a_version_that_does_not_start_is_told():
    world, mail = await a_told_world()
    world.cluster.rolls_out = False
    await world.turn(CHECK)
    await world.turn(11 * MINUTE)
    assert mail.courier.reasons() == ["RolledBack", "RollbackFailed"]
    await world.turn(SOON)
    assert mail.book.steps() == ["Observed", "Decided", "Patched", "Failed"]


async def test_a_silent_database_is_told_after_a_quarter_of_an_hour_and_once():
    world, mail = await a_told_world({**OPS, "reasons": ALL[4:]})
    world.reader.down = a_source_error()
    await world.turns(2, every=5 * MINUTE)
    assert mail.courier.sent == []
    await world.turns(8, every=5 * MINUTE)
    assert mail.courier.reasons() == ["MetricsUnavailable"]
    world.reader.down = None
    await world.turn(CHECK)
    assert mail.courier.reasons() == ["MetricsUnavailable", "MetricsAvailable"]


async def test_who_does_not_ask_for_it_does_not_hear_of_it():
    world, mail = await a_told_world({**OPS, "reasons": ["RollbackFailed"]})
    await world.turn(CHECK)
    await world.turn(SOON)
    assert mail.courier.asked == 0
    assert "Patched" in mail.book.steps()


async def test_the_fleet_is_told_of_once():
    mail = Mail()
    world = World(mail)
    names = [f"m{i}" for i in range(5)]
    for name in names:
        world.model(name, alerts=[{**OPS, "reasons": ALL}])
        world.deploy(A, name)
        world.predict(A, GOOD, over=HOUR, model=name)
    await world.turn()
    for name in names:
        world.deploy(B, name)
    await world.turn(MINUTE)
    world.clock.advance(CHECK)
    for name in names:
        world.predict(B, BAD, model=name)
    world.clock.advance(-CHECK)
    await world.turns(3, every=CHECK)
    assert Counter(mail.courier.reasons())["BreakerOpen"] == 1
    assert world.cluster.images == []


async def test_requests_are_kept_with_their_answers():
    world, mail = await a_told_world(autoRollback=False)
    world.ask("rollback", rollback_to="nonsense")
    await world.turn(MINUTE)
    world.ask("rollback", rollback_to=A)
    await world.turn(MINUTE)
    world.ask("clear-quarantine", clear_quarantine=B)
    await world.turn(MINUTE)
    await world.turn(SOON)
    assert Counter(mail.book.steps()) == Counter(
        ["Observed", "Refused", "Requested", "Decided", "Patched", "Verified", "Cleared"]
    )
    patched = next(r for (_, step), r in mail.book.rows.items() if step == "Patched")
    assert patched.letter.actor.startswith("a person")
