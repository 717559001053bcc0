"""From a judgement to a decision: what status says, whether to roll back, what to tell people."""

from dataclasses import replace
from datetime import datetime

from modelward.decide import journal
from modelward.decide.conditions import DEGRADED, METRICS_AVAILABLE, READY, summarise
from modelward.decide.epochs import advance, prove
from modelward.decide.guards import Fleet, Scene, find_holds, is_contested
from modelward.decide.outcome import evidence_of, settle_outcome
from modelward.decide.previous import Previous
from modelward.decide.protection import recipe
from modelward.decide.refusals import find_refusal
from modelward.decide.wording import figure, percent
from modelward.domain.buckets import Buckets
from modelward.domain.decision import Announcement, Decision, Judgement, MetricChange, RollbackOrder, Target
from modelward.domain.quality import Window
from modelward.domain.reasons import Reason
from modelward.domain.resource import Resource
from modelward.domain.serving import Reach, Serving, ServingProblem
from modelward.domain.spec import Role, Spec
from modelward.domain.status import (
    Breaches,
    Condition,
    Hold,
    MetricStatus,
    Phase,
    PlacedBy,
    Status,
    Verdict,
    WindowStatus,
)


def follow(
    resource: Resource, spec: Spec, status: Status, serving: Serving, reach: Reach, now: datetime
) -> Decision:  # fmt: skip
    """Follow the Deployment; a version in quarantine that came back is put right once a day."""
    epoch = status.epoch
    assert epoch is not None  # adopted before
    value = reach(epoch.version, epoch.value)
    back = epoch.version != serving.version and not isinstance(value, ServingProblem)
    if back and _may_reassert(spec, status, serving, now):
        target = Target(epoch.version, str(value), epoch.template_hash)
        message = f"{serving.version} is in quarantine and came back; {epoch.version} was put back once more"
        order = journal.make_order(
            resource.uid, status, serving, target, PlacedBy.REASSERTION, Reason.QUARANTINE_ENFORCED, message
        )
        return Decision(status, order)
    after, announcements = advance(status, serving, now)
    if is_contested(after) and not is_contested(status):
        contested = _tell_contest(serving)
        nonce = f"epoch-{after.epoch.number if after.epoch else 0}"
        announcements += (Announcement(Reason.CONTESTED, contested, nonce, warning=True, on_target=True),)
    return Decision(after, announcements=announcements)


def _tell_contest(serving: Serving) -> str:
    by = f" by field manager {serving.place.manager}" if serving.place.manager else ""
    fix = recipe(serving) or "change it in Git (or whatever writes the Deployment), or clear its quarantine"
    return f"{serving.version} is in quarantine, was put right once today and came back again{by}: hands off; {fix}"


def decide(
    resource: Resource,
    spec: Spec,
    status: Status,
    serving: Serving,
    previous: Previous | None,
    judgement: Judgement,
    fleet: Fleet,
    now: datetime,
    evidence: Buckets | None = None,
    unread: str | None = None,
) -> Decision:
    """Decide on one judgement."""
    after, told = settle_outcome(spec, record(status, judgement, previous), judgement)
    holds: tuple[Hold, ...] = ()
    order = None
    if judgement.verdict is Verdict.DEGRADED:
        scene = Scene(spec, after, serving, judgement, previous, fleet, now, evidence, unread)
        holds = _auto_off(spec) + find_holds(scene)
        if not holds and previous is not None:
            order = _order(resource, after, serving, previous.target, judgement)
    after = summarise(replace(after, holds=holds), resource.generation, now)
    told += () if order else announce_transitions(status, after)
    return Decision(after, order, told, holds, judgement.quality.now if judgement.quality else None)


def record(status: Status, judgement: Judgement, previous: Previous | None) -> Status:
    """Write a judgement into status; a database that does not answer leaves figures and counters as they are."""
    said = replace(status, verdict=judgement.verdict, reason=judgement.reason, message=judgement.message)
    if judgement.verdict is Verdict.SOURCE_ERROR:
        return said
    said = replace(
        said,
        previous_version=previous.version if previous else None,
        comparison=judgement.comparison,
        metrics=tuple(_metric_status(c) for c in judgement.metrics),
        change=_worst_change(judgement.metrics),
        window=_window_status(judgement.window) if judgement.window else None,
        samples=judgement.samples,
        breaches=_count_breaches(status.breaches, judgement),
    )
    if judgement.verdict in {Verdict.HEALTHY, Verdict.DEGRADED}:
        said = replace(said, baseline=judgement.baseline)
    return prove(said) if judgement.verdict is Verdict.HEALTHY else said


def refuse(resource: Resource, status: Status, problem: ServingProblem, now: datetime) -> Decision:
    """Say what is wrong with the resource or its Deployment; nothing is judged."""
    after = summarise(status, resource.generation, now, problem=problem)
    before = status.condition(READY)
    if before is not None and (before.status, before.reason) == ("False", problem.reason):
        return Decision(after)
    nonce = f"{resource.generation}/{before.last_transition_time.isoformat() if before else ''}"
    return Decision(after, announcements=(Announcement(problem.reason, problem.message, nonce, warning=True),))


def announce_transitions(before: Status, after: Status) -> tuple[Announcement, ...]:
    """Tell of what changed, once for each change."""
    return (*_tell_degraded(before, after), *_tell_source(before, after))


def _tell_degraded(before: Status, after: Status) -> list[Announcement]:
    old, new = before.condition(DEGRADED), after.condition(DEGRADED)
    if new is None or (old is not None and (old.status, old.reason) == (new.status, new.reason)):
        return []
    nonce = f"{after.epoch.number if after.epoch else 0}/{new.reason}/{_since(old)}"
    if new.status == "True":
        return [Announcement(Reason.DEGRADED, new.message, nonce, warning=True)]
    if old is not None and old.status == "True" and after.verdict is Verdict.HEALTHY:
        return [Announcement(Reason.RECOVERED, new.message, nonce)]
    return []


def _tell_source(before: Status, after: Status) -> list[Announcement]:
    old, new = before.condition(METRICS_AVAILABLE), after.condition(METRICS_AVAILABLE)
    if new is None or (old is not None and (old.status, old.reason) == (new.status, new.reason)):
        return []
    nonce = f"{new.reason}/{_since(old)}"
    if new.status == "False":
        return [Announcement(Reason.METRICS_UNAVAILABLE, f"{new.reason}: {new.message}", nonce, warning=True)]
    return [Announcement(Reason.METRICS_AVAILABLE, new.message, nonce)] if old is not None else []


def _since(old: Condition | None) -> str:
    """Name the state that is left: the same change, announced again after a crash, gets the same name."""
    return old.last_transition_time.isoformat() if old else "first"


def _may_reassert(spec: Spec, status: Status, serving: Serving, now: datetime) -> bool:
    last = status.last_rollback
    stood = last is not None and last.phase not in {Phase.FAILED, Phase.RETURNED}  # else B is all that can serve
    undone = last is not None and stood and (last.from_, last.to) == (serving.version, status.current_version)
    wanted = spec.auto_rollback and not spec.suspend and find_refusal(status) is None
    return wanted and undone and status.is_quarantined(serving.version) and not journal.reasserted_lately(status, now)


def _order(resource: Resource, status: Status, serving: Serving, target: Target, judgement: Judgement) -> RollbackOrder:
    return journal.make_order(
        resource.uid,
        status,
        serving,
        target,
        PlacedBy.ROLLBACK,
        Reason.DEGRADED,
        judgement.numbers,
        breached=evidence_of(judgement),
    )


def _auto_off(spec: Spec) -> tuple[Hold, ...]:
    if spec.auto_rollback:
        return ()
    return (Hold(Reason.AUTO_ROLLBACK_OFF, "spec.autoRollback is false: a person decides"),)


def _count_breaches(breaches: Breaches, judgement: Judgement) -> Breaches:
    """Count a breach once for each window that does not overlap the last one counted.

    A version that side by side is no worse starts anew, even where both got worse.
    """
    if judgement.verdict is Verdict.HEALTHY or judgement.reason is Reason.BOTH_WORSE:
        return Breaches()
    window = judgement.window
    if judgement.verdict is not Verdict.DEGRADED or window is None:
        return breaches
    last = breaches.last_window_end_time
    if last is not None and window.start < last:
        return breaches
    return Breaches(breaches.count + 1, window.end)


def _worst_change(changes: tuple[MetricChange, ...]) -> str | None:
    judged = [(c, c.change_percent) for c in changes if c.change_percent is not None and c.role is Role.GATE]
    if not judged:
        return None
    worst, change = max(judged, key=lambda pair: -pair[1] if pair[0].name.higher_is_better else pair[1])
    return f"{worst.name} {percent(change)}"


def _metric_status(change: MetricChange) -> MetricStatus:
    return MetricStatus(
        name=change.name,
        current=None if change.current is None else figure(change.name, change.current),
        previous=None if change.previous is None else figure(change.name, change.previous),
        change_percent=None if change.change_percent is None else percent(change.change_percent).removesuffix(" %"),
        limit_percent=f"{change.limit_percent:g}",
        role=change.role,
        breached=change.breached,
        undefined=change.undefined,
    )


def _window_status(window: Window) -> WindowStatus:
    return WindowStatus(
        start_time=window.start,
        end_time=window.end,
        predictions=window.predictions,
        samples=window.samples,
        bad_predictions=window.bad_predictions,
        bad_labels=window.bad_labels,
        label_coverage_percent=f"{window.coverage_percent:.1f}",
    )
