"""When does it act, and what does it miss? Real flights, many days of deployment, hourly checks, the real rules.

A version is deployed on many days of the year and checked hourly for two weeks, once with each of the rules, by the
operator's own pure code: verdict, guards, decision. How often does it act on a version that is as good as the one
before, and how late on one that is truly worse?
"""

import statistics
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from bench.replay import BEGAN, DAY, HOUR, NEW, OLD, Answers, Replay, load
from bench.report import Figure
from demo.flights import on
from modelward.decide.comparison import frozen_baseline
from modelward.decide.decide import decide
from modelward.decide.evidence import spans_of, weigh_evidence
from modelward.decide.guards import Fleet
from modelward.decide.previous import Previous
from modelward.decide.verdict import judge
from modelward.domain.buckets import Buckets
from modelward.domain.decision import Decision
from modelward.domain.quality import Quality, SideBySide, Window
from modelward.domain.questions import Question
from modelward.domain.resource import Resource
from modelward.domain.serving import Deployment, Place, Rollout, Serving
from modelward.domain.spec import ActOn, Spec, parse_spec
from modelward.domain.status import Epoch, Move, Standing, Status, Verdict

RATIOS = (1.0, 1.2, 1.5, 2.0, 3.0)
WEEKS, EVERY = 2, 3
RULES: dict[str, dict[str, Any]] = {
    "Verdict": {"actOn": "Verdict", "comparison": "BeforeAfter"},
    "Guarded": {"actOn": "Guarded", "comparison": "BeforeAfter"},
    "Guarded, with a shadow": {"actOn": "Guarded", "comparison": "Paired"},
    "Sequential, with a shadow": {"policy": "Sequential", "comparison": "Paired"},
}
IMAGE = "registry.example.com/flights"


@dataclass(frozen=True)
class Course:
    """One deployment: under which rules, of which version, from which moment on."""

    spec: Spec
    replay: Replay
    start: datetime

    def run(self) -> int | None:
        """Check hourly; return after how many hours it acted, None where it never did."""
        status = _status(self.start)
        for hour in range(1, WEEKS * 7 * 24 + 1):
            decision = self._check(status, self.start + hour * HOUR)
            if decision.order is not None:
                return hour
            status = decision.status
        return None

    def _check(self, status: Status, now: datetime) -> Decision:
        quality = self._quality(status, now)
        decision = self._decide(status, quality, None)
        if decision.order is None or self.spec.evaluation.act_on is ActOn.VERDICT:
            return decision
        return self._decide(status, quality, self._evidence(status, quality))

    def _decide(self, status: Status, quality: Quality, evidence: Buckets | None) -> Decision:
        judgement = judge(self.spec, status, quality, PREVIOUS)
        resource = Resource("uid", "ml", "flights", 1, "1", BEGAN, self.spec, status)
        return decide(
            resource, self.spec, status, SERVING, PREVIOUS, judgement, Fleet(), quality.now, evidence
        )  # fmt: skip

    def _quality(self, status: Status, now: datetime) -> Quality:
        began = now - DAY
        mine = self.replay.window(NEW, max(began, self.start), now)
        quality = Quality(now, Window(began, now, mine.n, sums=mine))
        if frozen_baseline(self.spec, status, PREVIOUS) is None:
            before = self.replay.window(OLD, self.start - DAY, self.start)
            quality = replace(quality, baseline=Window(self.start - DAY, self.start, before.n, sums=before))
        if self.spec.evaluation.comparison.wants_pairs:
            theirs = self.replay.window(OLD, max(began, self.start), now)
            quality = replace(quality, paired=SideBySide(mine, theirs, 1))
        return quality

    def _evidence(self, status: Status, quality: Quality) -> Buckets:
        judgement = judge(self.spec, status, quality, PREVIOUS)
        question = Question("flights", "", NEW, DAY, HOUR * 0, rival=OLD)
        spans = spans_of(self.spec, question, judgement, self.start)
        return weigh_evidence(question, judgement, spans, [self.replay.span(span) for span in spans])


def measure(say: Callable[[str], None], every: int = EVERY) -> list[Figure]:
    """Run every rule on every version from every day."""
    answers, figures = load(), []
    for ratio in RATIOS:
        say(f"a version whose RMSE is {ratio:g} times the other's")
        figures += _measure(answers, ratio, every)
    return figures


def starts(every: int = EVERY) -> list[datetime]:
    """Return noon of every so many days: four weeks of the past lie before the first, two weeks after the last."""
    first, last = on(5, 1, 12).replace(tzinfo=UTC), on(12, 16, 12).replace(tzinfo=UTC)
    return [first + i * every * DAY for i in range((last - first) // (every * DAY) + 1)]


def _measure(answers: Answers, ratio: float, every: int) -> list[Figure]:
    replay, days = answers.stretch(ratio), starts(every)
    return [
        _figure(ratio, rule, [Course(_spec(evaluation), replay, day).run() for day in days])
        for rule, evaluation in RULES.items()
    ]


def _figure(ratio: float, rule: str, hours: list[int | None]) -> Figure:
    acted = [h for h in hours if h is not None]
    share = len(acted) / len(hours)
    middle = f", after {statistics.median(acted):.0f} h (median)" if acted else ""
    return Figure(
        what="an equal version, " + rule if ratio == 1.0 else f"RMSE x {ratio:g}, {rule}",
        measured=f"acts on {share:.0%} of {len(hours)} deployments in {WEEKS} weeks{middle}",
        values={"ratio": ratio, "rule": rule, "hours": hours},
    )


def _spec(evaluation: dict[str, Any]) -> Spec:
    raw = {"database": {"secretRef": {"name": "db"}}, "autoRollback": True, "evaluation": evaluation}
    return parse_spec("flights", raw)


def _status(start: datetime) -> Status:
    before = Move(1, OLD, f"{IMAGE}:{OLD}", "shape", BEGAN, start, quality=Standing.PROVEN)
    running = Move(2, NEW, f"{IMAGE}:{NEW}", "shape", start)
    epoch = Epoch(2, NEW, f"{IMAGE}:{NEW}", "shape", start)
    return Status(0, Verdict.HEALTHY, epoch=epoch, current_version=NEW, history=(before, running))


PREVIOUS = Previous(OLD, f"{IMAGE}:{OLD}", "shape")
PLACE = Place(f"{IMAGE}:{NEW}", "/spec/template/spec/containers/0/image")
ROLLOUT = Rollout(complete=True, failed=False, sentence="1 of 1 replicas updated, 1 available")
SERVING = Serving(Deployment("uid-d", "ml", "flights", "1", PLACE, "shape", ROLLOUT), PLACE, NEW)
