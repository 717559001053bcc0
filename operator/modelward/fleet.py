"""Before anyone is rolled back: how do all the others look, right now?

Checks are spread over the interval, so one broken feed would show model by model, and each alone would look like a bad
version. So the first that is about to be rolled back has the others of its database asked, with one statement and
without a write; what is found out serves for a minute. A model rolled back lately counts as one that looks bad.
"""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial

from modelward.connections import Connections
from modelward.decide.comparison import frozen_baseline
from modelward.decide.conditions import DEGRADED
from modelward.decide.epochs import served_before
from modelward.decide.guards import Fleet
from modelward.decide.previous import Previous, find_previous
from modelward.decide.verdict import judge
from modelward.domain.errors import SourceError
from modelward.domain.ports import QualityReader
from modelward.domain.questions import Comparison, Connection, Question
from modelward.domain.reasons import Reason
from modelward.domain.serving import ServingProblem
from modelward.domain.source import Source
from modelward.domain.spec import ActOn, Spec
from modelward.domain.status import Status, Verdict
from modelward.observe.serving import find_serving, reach
from modelward.registry import Entry, Key, Registry
from modelward.rollbacks import is_under_way

RECENT = timedelta(hours=1)
SERVES = timedelta(minutes=1)
OFF = 100  # percent that no share is above: the breaker never opens, so there is nothing to look for
Feed = tuple[Connection, Source]
Verdicts = dict[Key, Verdict]


@dataclass(frozen=True, slots=True)
class Glimpse:
    """A resource as it stands, and what would be asked about it."""

    spec: Spec
    status: Status
    previous: Previous | None
    question: Question


@dataclass(slots=True)
class Census:
    """Counts the models that look bad; `glimpse` says what to ask of one, None where nothing is to be asked."""

    reader: QualityReader
    connections: Connections
    registry: Registry
    breaker_percent: int
    glimpse: Callable[[Entry], Glimpse | None]
    _found: dict[Feed, tuple[datetime, Verdicts]] = field(default_factory=dict)

    async def count(self, decided: Mapping[Key, Status], feeds: Collection[Feed], now: datetime) -> Fleet:
        """Count by what is known; where that opens no breaker, ask about all that are fed from the same places."""
        fleet = self._sum(decided, {}, now)
        if fleet.breaker_open or self.breaker_percent >= OFF:
            return fleet
        verdicts: Verdicts = {}
        for feed in feeds:
            verdicts |= await self._look_around(feed, decided, now)
        return self._sum(decided, verdicts, now)

    def look(self, now: datetime) -> Fleet:
        """Count by what stands in status, and ask nobody."""
        return self._sum({}, {}, now)

    async def _look_around(self, feed: Feed, decided: Mapping[Key, Status], now: datetime) -> Verdicts:
        asked_at, verdicts = self._found.get(feed, (datetime.min.replace(tzinfo=now.tzinfo), {}))
        if abs(now - asked_at) >= SERVES:  # a clock that was set back must not keep it for longer
            verdicts = await self._ask(feed, decided)
            self._found[feed] = (now, verdicts)
        return {key: verdict for key, verdict in verdicts.items() if key not in decided}

    async def _ask(self, feed: Feed, decided: Mapping[Key, Status]) -> Verdicts:
        connection, source = feed
        seen = {
            key: glimpse
            for key, entry in self.registry.entries.items()
            if key not in decided and self._is_fed(entry, feed) and (glimpse := self.glimpse(entry)) is not None
        }
        if not seen:
            return {}
        answers = await self.reader.read(connection, [g.question for g in seen.values()], source)
        return {
            key: judge(g.spec, g.status, answer, g.previous).verdict
            for (key, g), answer in zip(seen.items(), answers, strict=True)
            if not isinstance(answer, SourceError)
        }

    def _is_fed(self, entry: Entry, feed: Feed) -> bool:
        spec = entry.resource.spec
        if spec is None or spec.source != feed[1]:
            return False
        return self.connections.recall(entry.resource.namespace, spec.secret_name) == feed[0]

    def _sum(self, decided: Mapping[Key, Status], verdicts: Verdicts, moment: datetime) -> Fleet:
        judged = bad = 0
        for key, entry in self.registry.entries.items():
            status = decided.get(key, entry.resource.status)
            now = moment + entry.clock_offset  # as its times in status are
            verdict, back = verdicts.get(key, status.verdict), _was_put_back_lately(status, now)
            judged += back or verdict in {Verdict.HEALTHY, Verdict.DEGRADED}
            bad += back or (verdict is Verdict.DEGRADED and (_is_held(entry) or _is_new(entry, status, now)))
        return Fleet(judged, bad, self.breaker_percent)


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
