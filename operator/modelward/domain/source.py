"""Where predictions and actuals stand: our own tables, or somebody else's with names of their own.

A source is plain names; what is made of them is written in `database/relations.py`. Resources whose tables look alike
share one source, and one statement: equal sources are one object.
"""

from dataclasses import dataclass, field, fields
from functools import lru_cache

PUBLIC = "public"


@dataclass(frozen=True, slots=True)
class Table:
    """A table or a view, by its exact names."""

    schema: str
    name: str

    def __str__(self) -> str:
        """Show it the way people write it."""
        return f"{self.schema}.{self.name}"


@dataclass(frozen=True, slots=True)
class Columns:
    """The predictions' columns by our names for them; None: the table has no such column."""

    model_name: str | None = "model_name"
    environment: str | None = "environment"
    request_id: str | None = "request_id"
    model_version: str | None = "model_version"
    role: str | None = "role"
    segment: str | None = "segment"
    predicted_at: str | None = "predicted_at"
    prediction: str | None = "prediction"
    score: str | None = "score"
    predicted_class: str | None = "predicted_class"
    actual: str | None = "actual"
    actual_class: str | None = "actual_class"
    actual_at: str | None = "actual_at"

    def items(self) -> tuple[tuple[str, str | None], ...]:
        """List our name and theirs, in our order."""
        return tuple((f.name, getattr(self, f.name)) for f in fields(self))


@dataclass(frozen=True, slots=True)
class Source:
    """All tables of one kind of database."""

    predictions: Table = field(default_factory=lambda: Table(PUBLIC, "model_predictions"))
    columns: Columns = field(default_factory=Columns)


OWN = Source()


@lru_cache(maxsize=4096)
def shared(source: Source) -> Source:
    """Return the one object that stands for all sources equal to this one."""
    return source
