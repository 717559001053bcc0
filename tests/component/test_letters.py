"""Each change is told once to each receiver and kept once in the audit table, after the patch, whatever happens."""

import asyncio
from collections import Counter
from datetime import timedelta
from typing import Any

import pytest

from builders import NAMESPACE, A, B, C, a_deployment
from component.mail import MAIL_URL, Mail
from component.test_crashes import STORIES, live
from component.world import BAD, CHECK, GOOD, HOUR, MINUTE, SPEC, World, a_degraded_world
from doubles import a_source_error
from modelward.domain.errors import SourceError
from modelward.domain.letters import Channel
from modelward.domain.reasons import Reason
from modelward.domain.status import Phase
from modelward.postman import FLUSH

OPS: dict[str, Any] = {"name": "ops", "secretRef": {"name": "ops-mail"}}
CHAT: dict[str, Any] = {"name": "chat", "secretRef": {"name": "chat"}}
SOON = timedelta(seconds=FLUSH + 1)
ALL = ["RolledBack", "RollbackFailed", "Degraded", "Contested", "MetricsUnavailable", "BudgetExhausted", "BreakerOpen"]
ALL += ["Recovered"]


async def a_told_world(*alerts: dict[str, Any], **spec: Any) -> tuple[World, Mail]:
    """Return a degraded world with a mailbox and an audit table; the check that acts is due."""
    mail = Mail()
    return await a_degraded_world(mail, alerts=list(alerts or (OPS,)), **spec), mail


def waiting(world: World) -> list[tuple[str, str, str]]:
    """List what waits in the outbox: reason, channel, receiver."""
    letters = world.status().outbox.letters
    return [(letter.reason, d.channel, d.to) for letter in letters for d in letter.deliveries]


# -- the ordinary way ------------------------------------------------------------------------------------------------


async def test_a_rollback_is_told_with_its_numbers_and_kept_step_by_step():
    world, mail = await a_told_world()
    await world.turn(CHECK)
    await world.turn(SOON)
    assert mail.courier.reasons() == ["RolledBack"]
    assert mail.book.steps() == ["Decided", "Patched", "Verified"]
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
    assert (mail.courier.sent, mail.book.rows) == ([], {})
    world.restart()
    await world.turn()
    assert mail.courier.reasons() == ["RolledBack"]


async def test_a_rollback_calls_for_no_more_writes_than_without_alerts():
    plain = await a_degraded_world()
    plain.writes()
    await plain.turn(CHECK)
    world, _ = await a_told_world()
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
    assert mail.book.steps() == ["Decided", "Patched", "Failed"]


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
    assert Counter(mail.book.steps()) == Counter(["Refused", "Requested", "Decided", "Patched", "Verified", "Cleared"])
    patched = next(r for (_, step), r in mail.book.rows.items() if step == "Patched")
    assert patched.letter.actor.startswith("a person")


# -- what goes wrong -------------------------------------------------------------------------------------------------


async def test_a_receiver_that_is_down_gets_it_later_and_once():
    world, mail = await a_told_world()
    mail.courier.down = {"smtp"}
    await world.turn(CHECK)
    await world.turn(SOON)
    assert world.serving() == A
    assert world.condition("AlertsReady") == ("False", "AlertFailed")
    await world.turns(10, every=5 * MINUTE)
    assert world.told().count("AlertFailed") == 1
    mail.courier.down = set()
    await world.turn(HOUR)
    assert mail.courier.reasons() == ["RolledBack"]
    await world.turn(SOON)
    assert (waiting(world), world.condition("AlertsReady")) == ([], ("True", "AlertsReadable"))


async def test_after_a_day_it_is_given_up_and_said():
    world, mail = await a_told_world()
    mail.courier.down = {"smtp"}
    await world.turn(CHECK)
    await world.turns(26, every=HOUR)
    await world.turn(SOON)
    assert world.told().count("AlertGivenUp") == 1
    assert waiting(world) == []
    assert "the connection was refused" in world.notes("AlertGivenUp")[0]


async def test_of_two_receivers_a_broken_one_does_not_hold_up_the_other():
    world, mail = await a_told_world(OPS, CHAT)
    mail.courier.down = {"slack"}
    await world.turn(CHECK)
    await world.turn(SOON)
    assert mail.courier.reasons("smtp") == ["RolledBack"]
    assert ("RolledBack", Channel.ALERT, "chat") in waiting(world)
    assert ("RolledBack", Channel.ALERT, "ops") not in waiting(world)
    assert world.status().condition("AlertsReady").message.startswith("chat: ")  # type: ignore[union-attr]


BROKEN: dict[str, tuple[dict[str, str] | None, str]] = {
    "that is not there": (None, "SecretNotFound"),
    "without the key": ({"uri": MAIL_URL}, "SecretIncomplete"),
    "that names a file": ({"url": "file:///etc/passwd"}, "AlertAddressInvalid"),
    "of a kind that is not allowed": ({"url": "dbus://c4n4ry"}, "AlertAddressInvalid"),
    "that is no URL": ({"url": "c4n4ry"}, "AlertAddressInvalid"),
    "with an option that reads files": ({"url": f"{MAIL_URL}&pgppub=/c4n4ry"}, "AlertAddressInvalid"),
    "with a webhook and no key": ({"url": "https://c4n4ry.example.com/hook"}, "SecretIncomplete"),
}


@pytest.mark.parametrize(("secret", "reason"), BROKEN.values(), ids=BROKEN)
async def test_a_secret(secret: dict[str, str] | None, reason: str):
    world, mail = await a_told_world(CHAT)
    world.cluster.secrets.pop((NAMESPACE, "chat"))
    if secret is not None:
        world.cluster.secrets[NAMESPACE, "chat"] = secret
    world.restart()
    await world.turn(timedelta(seconds=1))
    assert world.condition("AlertsReady") == ("False", reason)
    await world.turn(CHECK)
    assert (world.serving(), mail.courier.sent) == (A, [])
    await world.turn(SOON)
    assert "c4n4ry" not in str(world.cluster.objects) + str(world.cluster.events)
    world.cluster.secrets[NAMESPACE, "chat"] = {"url": "slack://T1JJ3T3L2/A1BRTD4JD/token"}
    await world.turn(HOUR)
    await world.turn(SOON)
    assert mail.courier.reasons() == ["RolledBack"]
    assert world.condition("AlertsReady") == ("True", "AlertsReadable")


async def test_a_secret_that_comes_later_is_found_without_an_edit():
    mail = Mail(addresses={})
    world = await a_degraded_world(mail, alerts=[OPS], autoRollback=False)
    assert world.condition("AlertsReady") == ("False", "SecretNotFound")
    world.cluster.secrets[NAMESPACE, "ops-mail"] = {"url": MAIL_URL}
    await world.turn(11 * MINUTE)
    assert world.condition("AlertsReady") == ("True", "AlertsReadable")


async def test_a_full_outbox_drops_the_oldest_that_is_not_critical_and_counts():
    world, mail = await a_told_world({**OPS, "reasons": ALL}, autoRollback=False)
    mail.courier.down, mail.book.error = {"smtp"}, a_source_error()
    await world.turn(CHECK)
    world.ask("rollback", rollback_to=A)
    await world.turn(MINUTE)
    for _ in range(25):
        world.ask("rollback", rollback_to="nonsense")
        await world.turn(MINUTE)
    outbox = world.status().outbox
    assert len(outbox.letters) == 20
    assert outbox.dropped
    assert "RolledBack" in [letter.reason for letter in outbox.letters]


async def test_a_table_that_is_not_there_is_said_once_and_costs_no_more():
    world, mail = await a_told_world()
    mail.book.error = SourceError(Reason.AUDIT_UNAVAILABLE, "the table modelward.audit is not there")
    await world.turn(CHECK)
    await world.turn(SOON)
    assert (world.serving(), waiting(world)) == (A, [])
    assert world.status().audit == "the table modelward.audit is not there"
    assert world.condition("Ready")[0] == "True"
    asked = mail.book.asked
    world.ask("rollback")
    await world.turn(MINUTE)
    assert mail.book.asked == asked


async def test_a_database_that_is_down_for_rows_gets_them_later():
    world, mail = await a_told_world()
    mail.book.error = a_source_error()
    await world.turn(CHECK)
    assert world.serving() == A
    assert mail.courier.reasons() == ["RolledBack"]
    mail.book.error = None
    await world.turn(HOUR)
    assert mail.book.steps() == ["Decided", "Patched", "Verified"]


# -- crashes ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("after", [False, True], ids=["before it takes effect", "after it took effect"])
@pytest.mark.parametrize("nth", range(1, 13), ids=lambda n: f"write {n}")
async def test_killed_at_any_write_each_change_is_told_once_and_kept_once(nth: int, after: bool):  # noqa: FBT001
    world, mail = await a_told_world()
    world.cluster.kill(nth, verb="patch", kind="ModelDeployment", after=after)
    for _ in range(4):
        await world.turn(CHECK)
        if world.cluster._dead:
            world.restart()
    await world.turn(SOON)
    told = {(message.id, message.reason) for _, message in mail.courier.sent}
    assert [reason for _, reason in told] == ["RolledBack"]
    assert len(mail.courier.sent) <= 2  # twice only where it died between the delivery and the note of it
    assert mail.book.steps() == ["Decided", "Patched", "Verified"]


async def test_killed_between_delivery_and_note_the_second_carries_the_same_id():
    world, mail = await a_told_world()
    await world.turn(CHECK)
    world.restart()
    await world.turn(SOON)
    ids = [message.id for _, message in mail.courier.sent]
    assert len(set(ids)) == 1


async def test_an_orderly_end_leaves_nothing_to_tell_again():
    world, mail = await a_told_world()
    await world.turn(CHECK)
    assert world.postman is not None
    await world.postman.close()
    world.restart()
    await world.turns(3, every=SOON)
    assert len(mail.courier.sent) == 1


@pytest.mark.parametrize("story", STORIES.values(), ids=STORIES)
async def test_every_story_comes_to_the_same_end_with_letters(story: list[Any]):
    plain, told = await live(story), await live(story, mail=Mail())
    assert told.serving() == plain.serving()
    assert told.told() == plain.told()


# -- the memory of a cluster that was rebuilt ------------------------------------------------------------------------


async def rebuilt(world: World, version: str, **spec: Any) -> None:
    """Take the resource and its Deployment away, and make both anew: their memory is lost, the database is not."""
    for kind in ("ModelDeployment", "Deployment"):
        world.cluster.delete(kind, NAMESPACE, "house-prices")
    await world.turn()
    world.model(**spec)
    world.cluster.apply(a_deployment("house-prices", version))
    await world.turn(MINUTE)


async def test_a_version_rolled_back_from_stays_in_quarantine_when_the_cluster_is_rebuilt():
    world, _ = await a_told_world()
    await world.turn(CHECK)
    await world.turns(2, every=SOON)
    await rebuilt(world, C)
    assert [q.version for q in world.status().quarantine] == [B]


async def test_a_version_that_was_cleared_does_not():
    world, _ = await a_told_world()
    await world.turn(CHECK)
    world.ask("clear-quarantine", clear_quarantine=B)
    await world.turns(2, every=SOON)
    await rebuilt(world, C)
    assert world.status().quarantine == ()


async def test_a_database_that_is_down_at_adoption_is_asked_again():
    world, mail = await a_told_world()
    await world.turn(CHECK)
    await world.turns(2, every=SOON)
    mail.book.error = world.reader.down = a_source_error()
    await rebuilt(world, C)
    assert world.status().quarantine == ()
    world.restart()
    await world.turn(CHECK)
    mail.book.error = world.reader.down = None
    await world.turn(CHECK)
    await world.turn(SOON)
    assert [q.version for q in world.status().quarantine] == [B]


async def test_a_receiver_that_hangs_holds_up_nobody():
    world, mail = await a_told_world(OPS)
    reached, go_on = asyncio.Event(), asyncio.Event()
    deliver = mail.courier.deliver

    async def hang(errands: Any) -> Any:
        reached.set()
        await go_on.wait()
        return await deliver(errands)

    mail.courier.deliver = hang  # type: ignore[method-assign]
    turning = asyncio.create_task(world.turn(CHECK))
    await reached.wait()
    assert world.serving() == A
    go_on.set()
    await turning
    assert mail.courier.reasons() == ["RolledBack"]
