"""What there is to tell about a model whose database stands alone: letters as the operator writes them."""

import hashlib
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from modelward.decide.wording import figure, percent
from modelward.domain.ledger import Move
from modelward.domain.letters import Evidence, Figure, Letter, Step
from modelward.domain.messages import About
from modelward.domain.metrics import MetricName
from modelward.domain.reasons import Reason
from modelward.evaluation.results import CheckResult
from modelward.evaluation.trial import Trial


def matter(trial: Trial, recovered: str) -> str:
    """Name a degradation: of this version since it was promoted, held by these guards, after the last recovery."""
    current = trial.book.production
    since = current.since.isoformat() if current else ""
    held = "+".join(sorted(hold.guard for hold in trial.holds))
    said = (str(trial.book.key), trial.current, since, held, str(trial.rules.auto_rollback), recovered)
    return hashlib.sha256("\0".join(said).encode()).hexdigest()[:16]


def recovery(event: str) -> str:
    """Name the end of a degradation."""
    return hashlib.sha256(f"{event}\0recovered".encode()).hexdigest()[:16]


def seen(trial: Trial, result: CheckResult, event: str, reason: Reason) -> Letter:
    """Write of a verdict that changed nothing."""
    target = result["degradation_check"]["previous_version"] if reason is Reason.DEGRADED else None
    return Letter(
        event,
        event,
        Step.SEEN,
        reason,
        trial.book.now,
        result["message"],
        from_=trial.current,
        to=target,
        evidence=read_evidence({"metrics": result["metrics"], **result["degradation_check"]}),
    )


def failed(move: Move, error: str) -> tuple[About, Letter]:
    """Write of a rollback that was decided and could not be made; the database cannot keep it."""
    letter = Letter(
        move.event_id,
        move.event_id,
        Step.FAILED,
        Reason.ROLLBACK_FAILED,
        datetime.now(UTC),
        f"{error}. It was to be made since {move.reason}",
        actor=move.actor,
        from_=move.from_version,
        to=move.to_version,
        evidence=read_evidence(move.evidence),
    )
    return About("", "", move.key.model, move.key.environment), letter


def read_evidence(said: Mapping[str, Any]) -> Evidence:
    """Read the figures that an audit row keeps; a manual rollback has none."""
    metrics = said.get("metrics")
    times = (said.get("window_start"), said.get("window_end"))
    start, end = (datetime.fromisoformat(t) if isinstance(t, str) else None for t in times)
    return Evidence(
        tuple(_figures(metrics if isinstance(metrics, list) else ())),
        samples=said.get("samples_current"),
        window_start_time=start,
        window_end_time=end,
    )


def _figures(metrics: Iterable[Mapping[str, Any]]) -> Iterable[Figure]:
    for metric in metrics:
        name, change = MetricName(metric["metric"]), metric["change_percent"]
        yield Figure(
            name.value,
            None if metric["previous"] is None else figure(name, metric["previous"]),
            None if metric["current"] is None else figure(name, metric["current"]),
            None if change is None else percent(change).removesuffix(" %"),
            f"{metric['limit_percent']:g}",
            metric["breached"],
        )
