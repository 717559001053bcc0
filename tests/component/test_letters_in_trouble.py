"""Receivers that are down or wrong, a full outbox, a table that is missing, and an operator killed at any write."""

import asyncio
from datetime import timedelta
from functools import partial
from typing import Any

import pytest

from builders import NAMESPACE, A
from component.mail import MAIL_URL, Mail
from component.test_crashes import STORIES, live
from component.told import ALL, CHAT, OPS, SOON, a_told_world, waiting
from component.world import CHECK, GOOD, HOUR, MINUTE, World, a_degraded_world
from doubles import a_source_error
from modelward.domain.errors import SourceError
from modelward.domain.letters import Channel
from modelward.domain.reasons import Reason

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
    "with very many other keys": (
        {f"key-{n}": "c4n4ry" for n in range(500)},
        "SecretIncomplete",
    ),
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
    world.restart()  # a table that this operator never wrote
    await world.turn(CHECK)
    await world.turn(SOON)
    assert (world.serving(), waiting(world)) == (A, [])
    assert world.status().audit == "the table modelward.audit is not there"
    assert world.condition("Ready")[0] == "True"
    asked = mail.book.asked
    world.ask("rollback")
    await world.turn(MINUTE)
    assert mail.book.asked == asked


async def test_a_table_that_was_written_before_gets_its_rows_when_it_can_be_written_again():
    world, mail = await a_told_world()
    world.ask("rollback", rollback_to="nonsense")
    await world.turn(SOON)
    assert mail.book.steps() == ["Observed", "Refused"]
    mail.book.error = SourceError(Reason.AUDIT_UNAVAILABLE, "the database is read-only")
    await world.turn(CHECK)
    await world.turn(SOON)
    assert world.serving() == A
    assert {channel for _, channel, _ in waiting(world)} == {"Audit"}
    mail.book.error = None
    await world.turn(CHECK)
    await world.turn(SOON)
    assert (mail.book.steps(), waiting(world)) == (["Observed", "Refused", "Decided", "Patched", "Verified"], [])


async def test_a_new_operator_still_says_that_there_is_no_table():
    world, mail = await a_told_world()
    mail.book.error = SourceError(Reason.AUDIT_UNAVAILABLE, "the table modelward.audit is not there")
    world.restart()  # a table that this operator never wrote
    await world.turn(CHECK)
    await world.turn(SOON)
    world.restart()
    world.predict(A, GOOD)
    await world.turn(CHECK)
    assert world.status().audit == "the table modelward.audit is not there"
    mail.book.error = None
    world.ask("rollback", rollback_to="nonsense")
    await world.turn(MINUTE)
    await world.turn(SOON)
    assert world.status().audit is None


async def test_a_password_that_was_changed_is_read_anew_for_the_rows():
    world, mail = await a_told_world()
    mail.book.error = a_source_error(Reason.AUTHENTICATION_FAILED)
    world.cluster.calls.clear()
    await world.turn(CHECK)
    mail.book.error = None
    await world.turn(HOUR)
    assert ("get", "Secret", "house-prices-db") in world.cluster.calls
    assert mail.book.steps() == ["Observed", "Decided", "Patched", "Verified"]


async def test_while_a_rollout_lasts_what_was_delivered_is_noted_after_half_a_minute():
    world, mail = await a_told_world()
    world.cluster.rolls_out = False
    await world.turn(CHECK)
    assert waiting(world)
    await world.turn(MINUTE)
    assert (waiting(world), mail.courier.reasons()) == ([], ["RolledBack"])


async def test_a_database_that_is_down_for_rows_gets_them_later():
    world, mail = await a_told_world()
    mail.book.error = a_source_error()
    await world.turn(CHECK)
    assert world.serving() == A
    assert mail.courier.reasons() == ["RolledBack"]
    mail.book.error = None
    await world.turn(HOUR)
    assert mail.book.steps() == ["Observed", "Decided", "Patched", "Verified"]


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
    assert mail.book.steps() == ["Observed", "Decided", "Patched", "Verified"]


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


@pytest.mark.parametrize("after", [False, True], ids=["before it takes effect", "after it took effect"])
@pytest.mark.parametrize("nth", range(1, 9), ids=lambda n: f"write {n}")
@pytest.mark.parametrize("story", STORIES)
async def test_every_story_tells_the_same_when_killed_at(story: str, nth: int, after: bool):  # noqa: FBT001
    calm, troubled = Mail(), Mail()
    await live(STORIES[story], mail=calm, alerts=[OPS])
    kill = partial(World.kill_at, nth=nth, after=after)
    await live(STORIES[story], kill, mail=troubled, alerts=[OPS])
    told = [{(m.reason, m.subject) for _, m in mail.courier.sent} for mail in (calm, troubled)]
    assert told[0] == told[1]
    assert len({m.id for _, m in troubled.courier.sent}) == len({m.id for _, m in calm.courier.sent})
    assert sorted(troubled.book.steps()) == sorted(calm.book.steps())


@pytest.mark.parametrize("story", STORIES.values(), ids=STORIES)
async def test_every_story_comes_to_the_same_end_with_letters(story: list[Any]):
    plain, told = await live(story), await live(story, mail=Mail())
    assert told.serving() == plain.serving()
    assert told.told() == plain.told()


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
