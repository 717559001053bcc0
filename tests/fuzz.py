"""How hard to look for counterexamples: FUZZ=20 searches twenty times as long as `make test` does."""

import os

from hypothesis import HealthCheck, settings

EFFORT = int(os.environ.get("FUZZ") or 1)


def searching(examples: int, *, steps: int = 50) -> settings:
    """Return the settings of a search."""
    slow = [HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large]
    return settings(
        max_examples=examples * EFFORT, stateful_step_count=steps, deadline=None, suppress_health_check=slow
    )
