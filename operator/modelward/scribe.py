"""Status and Events of one resource, written in the right order and no more often than needed."""

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime

from modelward.act.announce import make_events
from modelward.act.record import says_something_new, write_status
from modelward.counts import count_rollback
from modelward.decide.outbox import post, with_alerts
from modelward.domain.decision import Announcement
from modelward.domain.errors import ConflictError, ForbiddenError, NotFoundError, UnprocessableError
from modelward.domain.ports import Clock, Cluster
from modelward.domain.resource import parse_resource
from modelward.domain.status import Status
from modelward.logbook import note_announcement
from modelward.registry import Entry, is_older

log = logging.getLogger(__name__)
REFUSED = (ForbiddenError, NotFoundError, UnprocessableError)  # a quota, a namespace that ends: no reason not to act

PATIENCE = 30.0  # seconds
REFUSALS, FAILURES = 3, 6
"""How often in a row a patch is refused, or fails, until that is no passing trouble any more: within a minute."""


@dataclass(slots=True)
class Mailroom:
    """What the scribe asks of those who deliver letters; by itself nobody does."""

    audited: Callable[[Entry], bool] = lambda _: False
    """Whether changes of a resource are kept in its database."""
    notify: Callable[[Entry], None] = lambda _: None
    """Tell that a resource was looked at: there may be something to deliver."""


@dataclass(frozen=True, slots=True)
class Scribe:
    """Writes for the hallway; `instance` is the name under which Events are reported."""

    cluster: Cluster
    clock: Clock
    instance: str
    mailroom: Mailroom = field(default_factory=Mailroom)

    def now(self, entry: Entry) -> datetime:
        """Return the database's time as far as it is known: windows and epochs are measured on one clock."""
        return self.clock.now() + entry.clock_offset

    async def finish(
        self, entry: Entry, status: Status, announcements: tuple[Announcement, ...], *, figures_too: bool
    ) -> None:
        """End a turn. Tell first: told twice is one Event, so a crash in between loses nothing."""
        if announcements:
            await self.confirm(entry)
        await self.announce(entry, announcements)
        if says_something_new(entry.resource.status, self._seal(entry, status), figures_too=figures_too):
            await self.write(entry, status)
        else:
            self.mailroom.notify(entry)

    async def confirm(self, entry: Entry) -> None:
        """Before the first word about a resource, or the first deed, make sure that no old one was listed.

        A write would fail by its resourceVersion; what comes before a write needs this, once in an operator's life.
        """
        if entry.confirmed:
            return
        live = parse_resource(await self.cluster.get_resource(*entry.resource.key))
        before, entry.resource, entry.confirmed = entry.resource, live, True
        if live.resource_version != before.resource_version:
            raise ConflictError("the resource is newer than the one that was listed: looking again")

    async def write(self, entry: Entry, status: Status) -> None:
        """Write status, and the letters about what is new in it, unless somebody wrote in between (ConflictError)."""
        taken = dict(entry.results)
        before = entry.resource.status
        entry.resource = await write_status(self.cluster, entry.resource, self._seal(entry, status))
        count_rollback(before, entry.resource.status)
        entry.written_at, entry.confirmed = time.monotonic(), True
        entry.results = {slot: r for slot, r in entry.results.items() if taken.get(slot) is not r}
        self.mailroom.notify(entry)

    async def note(self, entry: Entry) -> None:
        """Write down what was delivered while a rollout lasts; its end mostly comes soon, and takes it along."""
        if entry.results and time.monotonic() - entry.written_at >= PATIENCE:
            await self.write(entry, entry.resource.status)

    async def insist(self, entry: Entry, status: Status) -> None:
        """Write what has happened already; a conflict means an edit of the resource, which changes nothing of it.

        Unless the resource is older than it was: in a cluster that was restored from a backup it has not happened.
        """
        try:
            await self.write(entry, status)
        except ConflictError:
            live = parse_resource(await self.cluster.get_resource(*entry.resource.key))
            if is_older(live, entry.resource):
                raise
            entry.resource = live
            await self.write(entry, status)

    async def announce(
        self, entry: Entry, announcements: tuple[Announcement, ...], happened: datetime | None = None
    ) -> None:
        """Write the Events, and a log line each; `happened` is by the machine's clock, now where it is not given."""
        for announcement in announcements:
            note_announcement(entry.resource, announcement)
            moment = happened or self.clock.now()
            events = make_events(entry.resource, entry.deployment, announcement, moment, self.instance)
            for event in events:
                try:
                    await self.cluster.create_event(entry.resource.namespace, event)
                except REFUSED as error:
                    log.warning("%s/%s: an Event could not be written: %s", *entry.resource.key, error)

    def _seal(self, entry: Entry, status: Status) -> Status:
        """Put letters into the outbox of a status about to be written; done twice, it comes out the same."""
        resource, now = entry.resource, self.now(entry)
        before, spec = resource.status, resource.spec
        audited = self.mailroom.audited(entry)
        outbox = post(resource.uid, spec, before, status, entry.results, now, audited=audited)
        note = before.audit if entry.audit_note is None else entry.audit_note or None
        status = replace(status, outbox=outbox, audit=note)
        stands = {s.name: s for s in before.alerts} if entry.receivers is None else entry.receivers
        wanted = [alert.name for alert in spec.alerts] if spec else list(stands)
        shown = tuple(stands[name] for name in wanted if name in stands)
        return with_alerts(before, status, shown, resource.generation, now)
