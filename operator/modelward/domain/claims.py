"""Which models a cluster looks after, as their database is told: a row for each in modelward.managed."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, order=True)
class Claim:
    """A model and the ModelDeployment, as namespace/name, that looks after it."""

    model: str
    environment: str
    resource: str


@dataclass(frozen=True, slots=True)
class Sweep:
    """What a new operator clears away: rows of its cluster whose resource is not `there`.

    Only those of `namespaces` (none: of all), since other operators may look after the rest.
    """

    there: tuple[str, ...]
    namespaces: tuple[str, ...] = ()
