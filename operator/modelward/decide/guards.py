"""Why a degraded version is left in place: an ordered list of named vetoes, each with its sentence.

Without them the literal rule rolls back nearly every healthy version within a week of hourly looks; with them it
acts later and misses small changes. `actOn: Verdict` keeps only those that the last column marks.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import ClassVar

from modelward.decide import refusals
from modelward.decide.evidence import explain_by_noise, explain_by_variation
from modelward.decide.previous import Previous
from modelward.decide.sequential import hold_back
from modelward.domain.buckets import Buckets
from modelward.domain.decision import Judgement
from modelward.domain.durations import spell_duration
from modelward.domain.metrics import Family, MetricName
from modelward.domain.questions import Comparison
from modelward.domain.reasons import Reason
from modelward.domain.serving import Serving
from modelward.domain.spec import ActOn, OnTemplateChange, Policy, Spec
from modelward.domain.status import Hold, PlacedBy, PlacementState, Status

DAY = timedelta(hours=24)
ON_FEED = " on the feed of "
"""How the breaker's sentence names one feed; without it, it speaks of all models."""


@dataclass(frozen=True, slots=True)
class Fleet:
    """How the other models look: the data feed is the suspect when too many are bad at once."""

    judged: int = 0
    degraded: int = 0
    limit_percent: int = 50
    feed: str = ""
    """Where all of these get their data from; empty where they are all models of the operator."""

    LEAST: ClassVar = 3

    @property
    def breaker_open(self) -> bool:
        """At least three, and more than the limit, look bad at once."""
        return self.degraded >= self.LEAST and self.degraded * 100 > self.limit_percent * self.judged


@dataclass(frozen=True, slots=True)
class Scene:
    """All that the guards look at."""

    spec: Spec
    status: Status
    serving: Serving
    judgement: Judgement
    previous: Previous | None
    fleet: Fleet
    now: datetime
    evidence: Buckets | None = None
    """What the database says to those guards that ask it once more; None where it was not asked."""
    unread: str | None = None
    """Why it is not known what must not be put back; None where it is known, or was not asked for yet."""


@dataclass(frozen=True, slots=True)
class Guard:
    """A named veto: `speaks` returns its sentence, or None to let pass."""

    reason: Reason
    speaks: Callable[[Scene], str | None]
    in_verdict: bool = False
    policy: Policy | None = None
    """The only policy under which it is on duty; None: both."""


def find_holds(scene: Scene) -> tuple[Hold, ...]:
    """Ask every guard that is on duty, in order."""
    literal, policy = scene.spec.evaluation.act_on is ActOn.VERDICT, scene.spec.evaluation.policy
    on_duty = [g for g in GUARDS if (g.in_verdict or not literal) and g.policy in {None, policy}]
    said = ((g.reason, g.speaks(scene)) for g in on_duty)
    return tuple(Hold(reason.value, sentence) for reason, sentence in said if sentence is not None)


def _suspended(scene: Scene) -> str | None:
    return "spec.suspend is true" if scene.spec.suspend else None


def _contested(scene: Scene) -> str | None:
    if not is_contested(scene.status):
        return None
    placement = scene.status.placement
    if placement is not None and placement.state is PlacementState.CONTESTED:
        return placement.message
    return f"{scene.serving.version} was rolled back from and put back again by somebody else: hands off"


def _landing(scene: Scene) -> str | None:
    epoch = scene.status.epoch
    if not (epoch and epoch.landing):
        return None
    if epoch.placed_by is PlacedBy.RETURN:
        return f"{epoch.version} was put back because the version before it did not start: a person decides"
    return (
        f"a rollback placed {scene.serving.version}, so it is not rolled back again by itself: "
        "look at the data, retrain, and deploy the result as a new version"
    )


def _both_worse(scene: Scene) -> str | None:
    if scene.judgement.reason is not Reason.BOTH_WORSE:
        return None
    return (
        "side by side both versions are alike, and both are worse than before: another version would not help, "
        "so look at the data, retrain, and deploy the result as a new version"
    )


def _warming_up(scene: Scene) -> str | None:
    started = scene.status.epoch.started_time if scene.status.epoch else None
    window = scene.spec.evaluation.window
    if started is None or scene.now - started >= window:
        return None
    age = spell_duration(scene.now - started)
    return f"{scene.serving.version} serves for {age}, less than one window of {spell_duration(window)}"


def _not_confirmed(scene: Scene) -> str | None:
    seen, needed = scene.status.breaches.count, scene.spec.evaluation.consecutive_breaches
    if seen >= needed:
        return None
    return f"{seen} of {needed} breaching windows that do not overlap"


def _only_r2(scene: Scene) -> str | None:
    breached = [c.name for c in scene.judgement.metrics if c.breached]
    others = [c.name for c in scene.judgement.metrics if c.name is not MetricName.R2 and c.change_percent is not None]
    losses = [name for name in others if name.family is Family.REGRESSION]
    if breached != [MetricName.R2] or not losses:
        return None
    return "R2 fell, but no loss metric rose beyond its limit: the targets may vary less than before"


def _within_normal_variation(scene: Scene) -> str | None:
    return explain_by_variation(scene.spec, scene.judgement, scene.evidence)


def _within_noise(scene: Scene) -> str | None:
    return explain_by_noise(scene.judgement, scene.evidence)


def _not_proven(scene: Scene) -> str | None:
    started = scene.status.epoch.started_time if scene.status.epoch else None
    return hold_back(scene.spec, scene.judgement, scene.evidence, started)


def _baseline_stale(scene: Scene) -> str | None:
    limit, baseline = scene.spec.evaluation.max_baseline_age, scene.judgement.baseline
    if scene.judgement.comparison is not Comparison.BEFORE_AFTER:
        return None
    if not limit or baseline is None or scene.now - baseline.end_time <= limit:
        return None
    age = spell_duration(scene.now - baseline.end_time)
    return f"the baseline of {baseline.version} ended {age} ago, more than {spell_duration(limit)}"


def _template_changed(scene: Scene) -> str | None:
    before = scene.previous.template_hash if scene.previous else ""
    if scene.spec.rollback.on_template_change is OnTemplateChange.PROCEED or not before:
        return None
    if before == scene.serving.deployment.template_hash:
        return None
    return (
        "env, command, args, volumes, init containers or other images changed along with the version: "
        "putting back the version alone would run a mix that nobody ran before"
    )


def _refused(scene: Scene) -> str | None:
    last, pause = scene.status.last_rollback, refusals.wait(scene.status, scene.now)
    if last is None or not pause or last.from_ != scene.serving.version:
        return None
    again = f"{scene.now + pause:%Y-%m-%d %H:%M} UTC"
    times = "once" if last.refused == 1 else f"{last.refused} times in a row"
    return f"refused {times}, tried again from {again} on: {last.message}"


def _history_unreadable(scene: Scene) -> str | None:
    if scene.unread is None:
        return None
    return f"which versions are in quarantine or archived is not known, so none is put back before: {scene.unread}"


def _cooling_down(scene: Scene) -> str | None:
    last, cooldown = scene.status.last_rollback, scene.spec.rollback.cooldown
    if last is None or last.patched_time is None or scene.now - last.patched_time >= cooldown:
        return None
    age = spell_duration(scene.now - last.patched_time)
    return f"the last rollback was {age} ago, cooldown is {spell_duration(cooldown)}"


def _budget_exhausted(scene: Scene) -> str | None:
    spent, allowed = automatic_rollbacks(scene.status, scene.now), scene.spec.rollback.max_per_day
    return f"{spent} automatic rollbacks in 24 hours, {allowed} allowed" if spent >= allowed else None


def _breaker_open(scene: Scene) -> str | None:
    fleet = scene.fleet
    if not fleet.breaker_open:
        return None
    where = f"{ON_FEED}{fleet.feed}" if fleet.feed else ""
    return f"{fleet.degraded} of {fleet.judged} judged models look bad at once{where}: the data feed is the suspect"


def _not_allowed(scene: Scene) -> str | None:
    problem = scene.previous.problem if scene.previous else None
    return problem.message if problem is not None and problem.reason is Reason.REPOSITORY_NOT_ALLOWED else None


def _no_target(scene: Scene) -> str | None:
    if scene.previous is None:
        return "no earlier version is known here"
    if scene.previous.problem is not None and scene.previous.problem.reason is not Reason.REPOSITORY_NOT_ALLOWED:
        return scene.previous.problem.message
    quality = scene.judgement.quality
    if quality is not None and scene.previous.version in quality.archived:
        return f"{scene.previous.version} is archived in model_versions"
    return scene.previous.veto


GUARDS: tuple[Guard, ...] = (
    Guard(Reason.SUSPENDED, _suspended, in_verdict=True),  # the person said: nothing
    Guard(Reason.CONTESTED, _contested, in_verdict=True),  # somebody else owns the field
    Guard(Reason.LANDING, _landing, in_verdict=True),  # a data shift would walk back through every version
    Guard(Reason.BOTH_WORSE, _both_worse, in_verdict=True),  # the data have changed, not the model
    Guard(Reason.WARMING_UP, _warming_up),  # the first hours are not like the day
    Guard(Reason.NOT_CONFIRMED, _not_confirmed, policy=Policy.THRESHOLD),  # once is chance
    Guard(Reason.ONLY_R2, _only_r2),  # the world may have become calmer, not the model worse
    Guard(  # the version before moved as much by itself
        Reason.WITHIN_NORMAL_VARIATION, _within_normal_variation, policy=Policy.THRESHOLD
    ),
    Guard(Reason.WITHIN_NOISE, _within_noise, policy=Policy.THRESHOLD),  # chance alone could have done it
    Guard(Reason.NOT_PROVEN, _not_proven, policy=Policy.SEQUENTIAL),  # the stated rate of being wrong is not kept yet
    Guard(Reason.BASELINE_STALE, _baseline_stale),  # the world has moved since
    Guard(Reason.TEMPLATE_CHANGED, _template_changed),  # the image alone is not what ran before
    Guard(Reason.ROLLBACK_REFUSED, _refused, in_verdict=True),  # an API server that says no is not hammered
    Guard(Reason.HISTORY_UNREADABLE, _history_unreadable, in_verdict=True),  # a bad one might be put back
    Guard(Reason.COOLING_DOWN, _cooling_down, in_verdict=True),  # no flapping
    Guard(Reason.BUDGET_EXHAUSTED, _budget_exhausted, in_verdict=True),  # a person should look now
    Guard(Reason.BREAKER_OPEN, _breaker_open, in_verdict=True),  # one broken feed, many models
    Guard(Reason.REPOSITORY_NOT_ALLOWED, _not_allowed, in_verdict=True),  # another program, as far as we know
    Guard(Reason.NO_TARGET, _no_target, in_verdict=True),  # nothing to go back to
)


def is_contested(status: Status) -> bool:
    """Whether a quarantined version, or another one than spec.version, serves although it was put right once."""
    epoch, placement = status.epoch, status.placement
    if placement is not None and placement.state is PlacementState.CONTESTED:
        return True
    back_again = epoch is not None and epoch.placed_by is PlacedBy.OBSERVED and status.is_quarantined(epoch.version)
    return back_again and bool(status.reassertions)


def automatic_rollbacks(status: Status, now: datetime) -> int:
    """Count the automatic rollbacks of the last 24 hours."""
    return sum(
        m.placed_by is PlacedBy.ROLLBACK and m.started_time is not None and now - m.started_time < DAY
        for m in status.history
    )
