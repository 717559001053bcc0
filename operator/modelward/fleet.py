"""Before anyone is rolled back: how do all the others look, right now?

Checks are spread over the interval, so one broken feed would show model by model, and each alone would look like a bad
version. So the first that is about to be rolled back has the others of its feed asked, with one statement and without
a write. Two counts are kept: over each feed (a database and the tables in it), and over the whole operator. A model
rolled back lately counts as one that looks bad.
"""

import asyncio
import logging
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import partial

from modelward.connections import Connections
from modelward.decide.comparison import frozen_baseline
from modelward.decide.conditions import DEGRADED
from modelward.decide.epochs import served_before
from modelward.decide.guards import Fleet
from modelward.decide.previous import Previous, find_previous
from modelward.decide.verdict import judge
from modelward.domain.errors import ClusterError, SourceError
from modelward.domain.ports import QualityReader
from modelward.domain.questions import Comparison, Connection, Parameters, Question
from modelward.domain.reasons import Reason
from modelward.domain.serving import ServingProblem
from modelward.domain.source import Source
from modelward.domain.spec import ActOn, Spec
from modelward.domain.status import Status, Verdict
from modelward.observe.serving import find_serving, reach
from modelward.registry import Entry, Key, Registry
from modelward.rollbacks import is_under_way

log = logging.getLogger(__name__)
RECENT = timedelta(hours=1)
SERVES = timedelta(minutes=1)
OFF = 100  # percent that no share is above: the breaker never opens, so there is nothing to look for
AT_ONCE = 8  # connections that are asked about one feed at the same time
Verdicts = dict[Key, Verdict]


@dataclass(frozen=True, slots=True)
class Feed:
    """Where predictions and labels come from: a database, whoever logs in to it, and the tables there."""

    place: Parameters = field(repr=False)
    source: Source

    def __str__(self) -> str:
        """Show the table; where the database is stands in a Secret."""
        return str(self.source.predictions)


@dataclass(frozen=True, slots=True)
class Glimpse:
    """A resource as it stands, and what would be asked about it."""

    spec: Spec
    status: Status
    previous: Previous | None
    question: Question


@dataclass(frozen=True, slots=True)
class Fleets:
    """The counts: over all models of the operator, and over those of each feed."""

    whole: Fleet
    by_feed: Mapping[Feed, Fleet] = field(default_factory=dict)

    @property
    def breaker_open(self) -> bool:
        """Whether anybody is held back."""
        return self.whole.breaker_open or any(fleet.breaker_open for fleet in self.by_feed.values())

    def around(self, feed: Feed | None, spec: Spec) -> Fleet:
        """Return what is to be held against a resource: its feed where that one is the suspect, else all of them."""
        own = self.by_feed.get(feed) if feed else None
        if own is None or not own.breaker_open or (self.whole.breaker_open and own.judged < self.whole.judged):
            return self.whole
        return replace(own, feed=f"Secret {spec.secret_name}, table {feed}")


@dataclass(slots=True)
class Census:
    """Counts the models that look bad; `glimpse` says what to ask of one, None where nothing is to be asked."""

    reader: QualityReader
    connections: Connections
    registry: Registry
    breaker_percent: int
    glimpse: Callable[[Entry], Glimpse | None]
    _found: dict[Feed, tuple[datetime, Verdicts]] = field(default_factory=dict)

    def feed_of(self, entry: Entry) -> Feed | None:
        """Say where a resource is fed from, as far as its Secret was read: no call."""
        spec = entry.resource.spec
        connection = self.connections.recall(entry.resource.namespace, spec.secret_name) if spec else None
        return Feed(connection.place, spec.source) if spec and connection else None

    def look(self, now: datetime, decided: Mapping[Key, Status] | None = None) -> Fleets:
        """Count by what is known by now, and ask nobody."""
        found = {
            key: v for at, verdicts in self._found.values() if abs(now - at) < SERVES for key, v in verdicts.items()
        }
        return self._sum(decided or {}, found, now)

    async def count(self, decided: Mapping[Key, Status], feeds: Collection[Feed], now: datetime) -> Fleets:
        """Count by what is known; where that holds nobody back, ask about all that are fed from the same places.

        That others looked bad within the last minute is enough to wait; that they looked well has to be of now.
        """
        known = self.look(now, decided)
        if self.breaker_percent >= OFF or known.whole.breaker_open:
            return known
        for feed in feeds:
            own = known.by_feed.get(feed, Fleet())
            others = {} if own.breaker_open else self._others(feed, decided)
            if others and known.whole.degraded + len(others) >= Fleet.LEAST:  # else they are too few, however they look
                self._found[feed] = (now, await self._ask(feed.source, others))
        return self.look(now, decided)

    def _others(self, feed: Feed, decided: Mapping[Key, Status]) -> dict[Key, Glimpse]:
        """List whom to ask about."""
        entries = {k: e for k, e in self.registry.entries.items() if k not in decided and self.feed_of(e) == feed}
        glimpses = ((key, self.glimpse(entry)) for key, entry in entries.items())
        return {key: glimpse for key, glimpse in glimpses if glimpse is not None}

    async def _ask(self, source: Source, seen: Mapping[Key, Glimpse]) -> Verdicts:
        """Ask with one statement for each login: most often there is one."""
        groups: dict[Connection, list[Key]] = {}
        for key, glimpse in seen.items():
            connection = self.connections.recall(key[0], glimpse.spec.secret_name)
            if connection is not None:
                groups.setdefault(connection, []).append(key)
        at_once = asyncio.Semaphore(AT_ONCE)

        async def ask(connection: Connection, keys: list[Key]) -> Verdicts:
            async with at_once:
                return await self._read(connection, source, {key: seen[key] for key in keys})

        answers = await asyncio.gather(*(ask(*group) for group in groups.items()))
        return {key: verdict for verdicts in answers for key, verdict in verdicts.items()}

    async def _read(self, connection: Connection, source: Source, seen: Mapping[Key, Glimpse]) -> Verdicts:
        try:
            answers = await self.reader.read(connection, [g.question for g in seen.values()], source)
        except (ClusterError, SourceError) as error:  # what they looked like last is all that is known then
            log.warning("%d models of a feed could not be looked at: %s", len(seen), error)
            return {}
        return {
            key: judge(g.spec, g.status, answer, g.previous).verdict
            for (key, g), answer in zip(seen.items(), answers, strict=True)
            if not isinstance(answer, SourceError)
        }

    def _sum(self, decided: Mapping[Key, Status], verdicts: Verdicts, now: datetime) -> Fleets:
        signs = [
            (self.feed_of(entry), _sign(entry, decided.get(key), verdicts.get(key), now + entry.clock_offset))
            for key, entry in self.registry.entries.items()
        ]
        feeds: dict[Feed, list[Sign]] = {}
        for feed, sign in signs:
            if feed is not None:
                feeds.setdefault(feed, []).append(sign)
        whole = self._fleet(sign for _, sign in signs)
        return Fleets(whole, {feed: self._fleet(each) for feed, each in feeds.items()})

    def _fleet(self, signs: Iterable["Sign"]) -> Fleet:
        judged = [bad for was_judged, bad in signs if was_judged]
        return Fleet(len(judged), sum(judged), self.breaker_percent)


Sign = tuple[bool, bool]
"""Whether a model was judged, and whether it looks bad."""


def _sign(entry: Entry, decided: Status | None, verdict: Verdict | None, now: datetime) -> Sign:
    status = decided or entry.resource.status
    verdict = status.verdict if decided is not None or verdict is None else verdict
    back = _was_put_back_lately(status, now)
    bad = back or (verdict is Verdict.DEGRADED and (_is_held(entry) or _is_new(entry, status, now)))
    return back or verdict in {Verdict.HEALTHY, Verdict.DEGRADED}, bad


def _is_held(entry: Entry) -> bool:
    """Whether the breaker held it back last time: a feed that stays broken must not wear the breaker out."""
    return any(hold.guard == Reason.BREAKER_OPEN for hold in entry.resource.status.holds)


def _is_new(entry: Entry, status: Status, now: datetime) -> bool:
    """Whether it does not look bad for long; who waits for a second window looks bad for as long as that takes."""
    degraded = status.condition(DEGRADED)
    if degraded is None or degraded.status != "True":
        return True
    return now - degraded.last_transition_time < RECENT + _patience(entry.resource.spec)


def _patience(spec: Spec | None) -> timedelta:
    if spec is None or spec.evaluation.act_on is not ActOn.GUARDED:
        return timedelta(0)
    return spec.evaluation.window * spec.evaluation.consecutive_breaches + spec.check_interval


def _was_put_back_lately(status: Status, now: datetime) -> bool:
    last = status.last_rollback
    if last is None or not last.automatic or last.patched_time is None or last.reason != Reason.DEGRADED:
        return False
    return now - last.patched_time < RECENT and status.current_version == last.to


def glimpse_of(entry: Entry) -> Glimpse | None:
    """Say what would be asked of a resource as it is known now: no call, no write."""
    spec, status = entry.resource.spec, entry.resource.status
    if spec is None or spec.suspend or entry.deployment is None or status.epoch is None or is_under_way(status):
        return None
    serving = find_serving(spec, entry.deployment)
    if isinstance(serving, ServingProblem) or serving.version != status.epoch.version:
        return None
    previous = find_previous(spec, status)
    if previous is not None:
        previous = previous.reached(partial(reach, spec, serving))
    return Glimpse(spec, status, previous, question_of(spec, status, previous))


def question_of(spec: Spec, status: Status, previous: Previous | None) -> Question:
    epoch = status.epoch
    if epoch is None:
        raise ValueError("a resource is adopted before it is judged")
    frozen = frozen_baseline(spec, status, previous) is not None
    return Question(
        model_name=spec.model_name,
        environment=spec.environment,
        version=epoch.version,
        window=spec.evaluation.window,
        label_delay=spec.evaluation.label_delay,
        not_before=epoch.started_time if served_before(status, epoch.version) else None,
        baseline_version=previous.version if previous and not frozen else None,
        rival=previous.version if previous and spec.evaluation.comparison is not Comparison.BEFORE_AFTER else None,
        comparison=spec.evaluation.comparison,
        families=spec.gating,
        shown=spec.shown,
        positive_class=spec.evaluation.positive_class,
        relative=spec.relative,
    )
