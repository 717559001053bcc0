"""The outbox in status: letters go in with the write that records their change, and out when all addresses have them.

What was delivered is noted in memory first and leaves the status with its next write, one for all that came together.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta

from modelward.decide.conditions import METRICS_AVAILABLE
from modelward.decide.news import Change, News, find_news, is_outage
from modelward.domain.alerts import AlertOn, AlertSpec
from modelward.domain.letters import AlertStatus, Channel, Delivery, Letter, Outbox, Result, Slot
from modelward.domain.reasons import Reason
from modelward.domain.spec import Spec
from modelward.domain.status import Condition, Status

MOST = 20
FIRST_PAUSE, LONGEST_PAUSE = timedelta(seconds=10), timedelta(hours=1)
LONGEST_ERROR = 1000  # characters: a Secret may have any number of keys to name
PATIENCE = timedelta(hours=24)
ALERTS_READY = "AlertsReady"
CRITICAL = frozenset(
    {
        Reason.ROLLED_BACK,
        Reason.QUARANTINE_ENFORCED,
        Reason.ROLLBACK_FAILED,
        Reason.ROLLBACK_REFUSED,
        Reason.CONTESTED,
        Reason.ROLLING_BACK,
    }
)


def post(
    uid: str,
    spec: Spec | None,
    before: Status,
    after: Status,
    results: Mapping[Slot, Result],
    now: datetime,
    *,
    audited: bool,
) -> Outbox:
    """Return the outbox of a status about to be written: what stood there, less what is done, and what is new."""
    change = Change(uid, before, after, now)
    letters = [kept for letter in before.outbox.letters if (kept := settle(letter, results)).deliveries]
    known = {letter.id for letter in before.outbox.letters}
    for news in find_news(change):
        letter = _address(news, spec, audited=audited)
        if letter.deliveries and letter.id not in known:
            letters.append(letter)
    kept_letters, dropped = _bound(letters)
    count = (before.outbox.dropped or 0) + dropped
    return Outbox(kept_letters, count or None, _outage_told(change, spec))


def settle(letter: Letter, results: Mapping[Slot, Result]) -> Letter:
    """Write into a letter what became of its deliveries."""
    deliveries = []
    for delivery in letter.deliveries:
        result = results.get((letter.id, delivery.channel, delivery.to))
        if result is None:
            deliveries.append(delivery)
        elif not result.done:
            said = {"attempts": result.attempts, "next_time": result.next_time, "error": result.error}
            deliveries.append(replace(delivery, **said))  # type: ignore[arg-type]
    return replace(letter, deliveries=tuple(deliveries))


def try_again(letter: Letter, delivery: Delivery, error: str, now: datetime) -> Result:
    """Say when a failed delivery is tried next; after a day it is given up."""
    attempts, error = delivery.attempts + 1, error[:LONGEST_ERROR]
    if now - letter.time >= PATIENCE:
        return Result(done=True, attempts=attempts, error=error)
    pause = min(FIRST_PAUSE * 3 ** min(attempts - 1, 10), LONGEST_PAUSE)
    return Result(done=False, attempts=attempts, next_time=now + pause, error=error)


def is_due(delivery: Delivery, now: datetime) -> bool:
    """Whether a delivery may be tried now."""
    return delivery.next_time is None or delivery.next_time <= now


def with_alerts(
    before: Status, status: Status, stands: tuple[AlertStatus, ...], generation: int, now: datetime
) -> Status:
    """Say in status how the receivers stand, and all of them together in one condition."""
    others = tuple(c for c in status.conditions if c.type != ALERTS_READY)
    if not stands:
        return replace(status, alerts=(), conditions=others)
    bad = [stand for stand in stands if stand.reason != Reason.ALERTS_READABLE]
    value, reason = ("False", bad[0].reason) if bad else ("True", Reason.ALERTS_READABLE)
    message = "; ".join(f"{stand.name}: {stand.message}" for stand in bad) or Reason.ALERTS_READABLE.meaning
    old = before.condition(ALERTS_READY)
    since = old.last_transition_time if old is not None and old.status == value else now
    line = Condition(ALERTS_READY, value, reason, message, since, generation)
    return replace(status, alerts=stands, conditions=(*others, line))


def _address(news: News, spec: Spec | None, *, audited: bool) -> Letter:
    alerts = [alert for alert in (spec.alerts if spec else ()) if _wants(alert, news)]
    deliveries = [Delivery(Channel.ALERT, alert.name) for alert in alerts]
    if news.audited and audited:
        deliveries.append(Delivery(Channel.AUDIT))
    return replace(news.letter, deliveries=tuple(deliveries))


def _wants(alert: AlertSpec, news: News) -> bool:
    return not news.kinds.isdisjoint(alert.reasons)


def _bound(letters: list[Letter]) -> tuple[tuple[Letter, ...], int]:
    """Drop the oldest that is not critical where there are too many; the oldest of all where all are."""
    dropped = 0
    while len(letters) > MOST:
        victim = next((letter for letter in letters if letter.reason not in CRITICAL), letters[0])
        letters = [letter for letter in letters if letter is not victim]
        dropped += 1
    return tuple(letters), dropped


def _outage_told(change: Change, spec: Spec | None) -> datetime | None:
    """Remember the outage that was told of, so that it is told of once; who asks to hear of none keeps no memory."""
    told = change.before.outbox.outage_told_time
    available = change.after.condition(METRICS_AVAILABLE)
    if available is None or available.status == "True":
        return None
    asked = any(AlertOn.METRICS_UNAVAILABLE in alert.reasons for alert in (spec.alerts if spec else ()))
    return available.last_transition_time if told is None and asked and is_outage(change.after, change.now) else told
