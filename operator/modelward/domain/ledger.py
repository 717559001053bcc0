"""The registry of versions and the record of rollbacks, as one reading of the database shows them."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any


@dataclass(frozen=True, slots=True, order=True)
class ModelKey:
    """A model in one environment: what a registry keeps apart."""

    model: str
    environment: str = ""

    def __str__(self) -> str:
        """Return `house-prices`, or `house-prices (staging)`."""
        return f"{self.model} ({self.environment})" if self.environment else self.model


@dataclass(frozen=True, slots=True)
class VersionRecord:
    """A row of model_versions, and when the version was last seen predicting (within 90 days).

    R2 and RMSE are what training reported; they decide nothing.
    """

    version: str
    created_at: datetime
    promoted_at: datetime | None = None
    archived_at: datetime | None = None
    in_production: bool = False
    training_r2: float | None = None
    training_rmse: float | None = None
    size_bytes: int | None = None
    last_prediction_at: datetime | None = None

    @property
    def since(self) -> datetime:
        """When it was promoted, or else made."""
        return self.promoted_at or self.created_at

    @property
    def last_used_at(self) -> datetime:
        """When it was last made, promoted or asked."""
        return max(moment for moment in (self.since, self.last_prediction_at) if moment is not None)

    @property
    def served(self) -> bool:
        """Whether anything says that it was ever in production."""
        return self.promoted_at is not None or self.last_prediction_at is not None

    @property
    def order(self) -> tuple[datetime, str]:
        """Versions made in one transaction have one time: their names then tell the order."""
        return (self.since, self.version)


@dataclass(frozen=True, slots=True)
class RollbackRecord:
    """A row of the audit: who put what in the place of what, when and why, and the numbers it rests on."""

    event_id: str
    at: datetime
    from_version: str | None
    to_version: str
    automatic: bool
    actor: str
    reason: str
    evidence: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Manager:
    """The resource of a cluster that looks after the model: there the version belongs to."""

    resource: str
    cluster: str
    since: datetime


@dataclass(frozen=True, slots=True)
class Book:
    """All that the database records of one model; rollbacks are in order, the newest last."""

    key: ModelKey
    now: datetime
    versions: tuple[VersionRecord, ...] = ()
    rollbacks: tuple[RollbackRecord, ...] = ()
    managed_by: Manager | None = None

    @property
    def production(self) -> VersionRecord | None:
        """The version in production."""
        return next((v for v in self.versions if v.in_production), None)

    def find(self, version: str) -> VersionRecord | None:
        """Find a version by its name."""
        return next((v for v in self.versions if v.version == version), None)

    @property
    def seen(self) -> dict[str, datetime]:
        """When versions last predicted; one that is not there did not within 90 days."""
        return {v.version: v.last_prediction_at for v in self.versions if v.last_prediction_at is not None}

    def with_seen(self, seen: Mapping[str, datetime]) -> "Book":
        """Note when each version last predicted; one that is not there did not within 90 days."""
        return replace(self, versions=tuple(replace(v, last_prediction_at=seen.get(v.version)) for v in self.versions))


@dataclass(frozen=True, slots=True)
class Move:
    """Put `to_version` in production in the place of `from_version`; `force` overrules a cluster's claim."""

    event_id: str
    key: ModelKey
    from_version: str
    to_version: str
    automatic: bool
    actor: str
    reason: str
    evidence: Mapping[str, Any] = field(default_factory=dict)
    force: bool = False
