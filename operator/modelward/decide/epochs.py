"""Which version serves since when: epochs begin, end and are remembered."""

from dataclasses import replace
from datetime import datetime

from modelward.domain.decision import Announcement
from modelward.domain.reasons import Reason
from modelward.domain.serving import Revision, Serving
from modelward.domain.status import (
    Breaches,
    Epoch,
    Move,
    PlacedBy,
    Quarantine,
    Standing,
    Status,
)

HISTORY = 20


def adopt(status: Status, serving: Serving, revisions: tuple[Revision, ...], now: datetime) -> Status:
    """Begin the memory of a resource: older ReplicaSets become its history, the present version its epoch.

    What the Deployment's own annotations tell of an earlier rollback survives a lost status: the version rolled back
    from stays in quarantine, and the version it was rolled back to is a landing.
    """
    earlier = [r for r in revisions if r.version != serving.version]
    moves = tuple(
        Move(i, r.version, r.value, r.template_hash, placed_by=PlacedBy.FOUND, quality=Standing.UNJUDGED)
        for i, r in enumerate(earlier[-HISTORY + 1 :], start=1)
    )
    deployment = serving.deployment
    landing = deployment.rollback_id is not None and deployment.rolled_back_to == serving.version
    status = replace(status, history=moves, quarantine=_remembered_quarantine(status, serving, now))
    return begin(status, serving, now, PlacedBy.FOUND, landing=landing)


def advance(status: Status, serving: Serving, now: datetime) -> tuple[Status, tuple[Announcement, ...]]:
    """Follow what the Deployment names now: the same version keeps its epoch, another one begins its own."""
    epoch = status.epoch
    if epoch is None:
        raise ValueError("a resource is adopted before its epochs advance")
    if epoch.version == serving.version:
        return _keep(status, serving), ()
    after = begin(status, serving, now, PlacedBy.OBSERVED)
    return after, (_announce_change(epoch, after),)


def begin(status: Status, serving: Serving, now: datetime, placed_by: PlacedBy, *, landing: bool = False) -> Status:
    """End the running epoch and begin the next; what was known of the old one's quality is over."""
    number = (status.history[-1].epoch if status.history else 0) + 1
    hashed = serving.deployment.template_hash
    manager = serving.place.manager[:128] or None if placed_by is PlacedBy.OBSERVED else None
    epoch = Epoch(number, serving.version, serving.value, hashed, now, placed_by, landing, manager)
    first = not any(m.version != serving.version for m in status.history)
    standing = Standing.UNJUDGED if first else Standing.UNPROVEN
    move = Move(number, serving.version, serving.value, hashed, now, placed_by=placed_by, quality=standing)
    ended = tuple(m if m.ended_time or m.epoch != number - 1 else replace(m, ended_time=now) for m in status.history)
    return replace(
        status,
        epoch=epoch,
        current_version=serving.version,
        history=(*ended, move)[-HISTORY:],
        breaches=Breaches(),
        baseline=None,
        previous_version=None,
        verdict=None,
        reason=None,
        message=None,
        change=None,
        samples=None,
        metrics=(),
        window=None,
        holds=(),
    )


def prove(status: Status) -> Status:
    """Remember that the running version was Healthy once: it may be an automatic target later."""
    return grade(status, Standing.PROVEN)


def grade(status: Status, quality: Standing) -> Status:
    """Remember of the running version what is known of it by now."""
    *earlier, last = status.history
    if last.quality is quality:
        return status
    return replace(status, history=(*earlier, replace(last, quality=quality)))


def served_before(status: Status, version: str) -> bool:
    """Whether the running version also had an earlier epoch, whose rows must not be taken for this one's."""
    running = status.epoch.number if status.epoch else 0
    return any(m.version == version and m.epoch != running for m in status.history)


def _keep(status: Status, serving: Serving) -> Status:
    epoch, hashed = status.epoch, serving.deployment.template_hash
    if epoch is None or (epoch.value, epoch.template_hash) == (serving.value, hashed):
        return status
    *earlier, last = status.history
    return replace(
        status,
        epoch=replace(epoch, value=serving.value, template_hash=hashed),
        history=(*earlier, replace(last, value=serving.value, template_hash=hashed)),
    )


def _remembered_quarantine(status: Status, serving: Serving, now: datetime) -> tuple[Quarantine, ...]:
    version = serving.deployment.rolled_back_from
    if version is None or version == serving.version or status.is_quarantined(version):
        return status.quarantine
    rollback_id = serving.deployment.rollback_id or ""
    return (*status.quarantine, Quarantine(version, now, "found in the Deployment's annotations", rollback_id))


def retell(status: Status, number: int) -> tuple[Announcement, ...]:
    """Tell again how an epoch began that somebody deployed: the operator may have died before it could."""
    pairs = zip(status.history, status.history[1:], strict=False)
    begun = ((a, b) for a, b in pairs if b.epoch == number and b.placed_by is PlacedBy.OBSERVED)
    return tuple(_tell_change(before.version, after.version, number) for before, after in begun)


def _announce_change(epoch: Epoch, after: Status) -> Announcement:
    number = after.epoch.number if after.epoch else 0
    return _tell_change(epoch.version, after.current_version or "", number)


def _tell_change(before: str, after: str, number: int) -> Announcement:
    message = f"{before} -> {after}: epoch {number} begins"
    return Announcement(Reason.VERSION_CHANGED, message, f"epoch-{number}", action="Observe")
