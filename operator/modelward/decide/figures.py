"""The figures that a decision rests on, taken out of status while they stand there."""

from modelward.domain.letters import Evidence, Figure
from modelward.domain.status import Status


def find_evidence(status: Status) -> Evidence:
    """Take the figures of the last verdict."""
    if not status.metrics:
        return Evidence()
    window = status.window
    return Evidence(
        metrics=tuple(
            Figure(m.name, m.previous, m.current, m.change_percent, m.limit_percent, m.breached) for m in status.metrics
        ),
        samples=status.samples,
        window_start_time=window.start_time if window else None,
        window_end_time=window.end_time if window else None,
        comparison=status.comparison,
    )
