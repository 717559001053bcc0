"""Did the rollback help? Told once, by the landing's first full window.

A metric that was beyond its limit is held against the middle between what the version showed that was rolled back and
what it was measured by: on the better side at least half of the loss was won back. Where the data have changed, the
version put back shows what the other one showed, far from the middle.
"""

from dataclasses import replace

from modelward.decide.wording import count, figure
from modelward.domain.decision import Announcement, Judgement
from modelward.domain.measures import COMPUTE
from modelward.domain.metrics import MetricName
from modelward.domain.quality import Window
from modelward.domain.reasons import Reason
from modelward.domain.spec import Spec
from modelward.domain.status import MetricStatus, Outcome, Phase, Rollback, Shown, Status, Verdict

REASONS = {
    Outcome.IMPROVED: Reason.IMPROVED,
    Outcome.NOT_IMPROVED: Reason.NOT_IMPROVED,
    Outcome.UNKNOWN: Reason.OUTCOME_UNKNOWN,
}


def settle_outcome(spec: Spec, status: Status, judgement: Judgement) -> tuple[Status, tuple[Announcement, ...]]:
    """Say how the last rollback worked out, once that can be said."""
    rollback = status.last_rollback
    if rollback is None or rollback.phase is not Phase.VERIFIED or rollback.outcome is not None:
        return status, ()
    found = _find(spec, status, rollback, judgement)
    if found is None:
        return status, ()
    outcome, message = found
    after = replace(status, last_rollback=replace(rollback, outcome=outcome, outcome_message=message))
    spoken = f"{rollback.from_} -> {rollback.to}: {message}"
    bad = outcome is Outcome.NOT_IMPROVED
    told = Announcement(REASONS[outcome], spoken, f"{rollback.id}/outcome", warning=bad, on_target=bad)
    return after, (told,)


def evidence_of(judgement: Judgement) -> tuple[Shown, ...]:
    """Keep what the metrics that are beyond their limits show."""
    return tuple(
        Shown(c.name, c.current, c.previous)
        for c in judgement.metrics
        if c.breached and c.current is not None and c.previous is not None
    )


def evidence_in(metrics: tuple[MetricStatus, ...]) -> tuple[Shown, ...]:
    """Read the same from the rounded figures in status, for a rollback that a person asks for."""
    return tuple(
        Shown(m.name, float(m.current), float(m.previous))
        for m in metrics
        if m.breached and _is_number(m.current) and _is_number(m.previous) and m.current and m.previous
    )


def _find(spec: Spec, status: Status, rollback: Rollback, judgement: Judgement) -> tuple[Outcome, str] | None:
    epoch, window = status.epoch, judgement.window
    if epoch is None or epoch.version != rollback.to or not epoch.landing:
        return Outcome.UNKNOWN, f"another version came before a full window of {rollback.to} was over"
    if judgement.verdict is Verdict.SOURCE_ERROR or window is None:
        return None
    if epoch.started_time is not None and window.start < epoch.started_time:
        return None
    if window.samples < spec.evaluation.min_samples:
        few = f"{count(window.samples, 'sample')} in the first full window of {rollback.to}"
        return Outcome.UNKNOWN, f"{few}, {spec.evaluation.min_samples:,} needed"
    return _weigh(rollback, window)


def _weigh(rollback: Rollback, window: Window) -> tuple[Outcome, str]:
    compared = [(_won_back(*each), _sentence(rollback, *each)) for each in _values(rollback, window)]
    if not compared:
        return Outcome.UNKNOWN, "there is no metric that was beyond its limit and can be computed now"
    numbers = ", ".join(sentence for _, sentence in compared)
    if all(won for won, _ in compared):
        return Outcome.IMPROVED, f"{numbers}: at least half of the loss is won back"
    cause = "less than half of the loss is won back, so the version was not the cause, or not alone"
    return Outcome.NOT_IMPROVED, f"{numbers}: {cause}: look at the data, retrain, and deploy the result anew"


def _values(rollback: Rollback, window: Window) -> list[tuple[MetricName, Shown, float]]:
    known = {name.value: name for name in MetricName}
    found = [(known[s.name], s) for s in rollback.breached if s.name in known]
    values = [(name, shown, COMPUTE[name](window.sums)) for name, shown in found]
    return [(name, shown, value) for name, shown, value in values if value is not None]


def _won_back(name: MetricName, shown: Shown, value: float) -> bool:
    if name is MetricName.BIAS:
        return abs(value) <= (abs(shown.current) + abs(shown.previous)) / 2
    middle = (shown.current + shown.previous) / 2
    return value >= middle if name.higher_is_better else value <= middle


def _sentence(rollback: Rollback, name: MetricName, shown: Shown, value: float) -> str:
    before, then = figure(name, shown.previous), figure(name, shown.current)
    return f"{name.label} {before} -> {then} with {rollback.from_}, now {figure(name, value)}"


def _is_number(text: str | None) -> bool:
    try:
        return text is not None and float(text) == float(text)
    except ValueError:
        return False
