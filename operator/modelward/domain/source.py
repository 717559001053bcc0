"""Where predictions and actuals stand: our own tables, or somebody else's with names of their own.

A source is plain names; what is made of them is written in `database/relations.py`. Resources whose tables look alike
share one source, and one statement: equal sources are one object.
"""

from dataclasses import dataclass, fields
from functools import lru_cache

PUBLIC = "public"
NEEDED = frozenset({"model_version", "predicted_at"})
"""Without these nothing can be judged."""
EXTRA = frozenset({"segment", "score", "predicted_class", "actual_class", "actual_at"})
"""In a table that is not ours these are read only where they are named."""
LABELS = frozenset({"actual", "actual_class", "actual_at"})
"""What is known later, in the same row or in a table of its own."""
Pairs = tuple[tuple[str, str], ...]


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
class Actuals:
    """Labels in a table of their own, found by a key: pairs of a predictions' column and one of this table."""

    table: Table
    key: Pairs
    actual: str | None = "actual"
    actual_class: str | None = None
    actual_at: str | None = None
    where: Pairs = ()


@dataclass(frozen=True, slots=True)
class Versions:
    """A registry of versions; `archived` are the values that a row of an archived version has.

    An optional one may be missing from the database.
    """

    table: Table
    model_name: str | None = "model_name"
    environment: str | None = "environment"
    model_version: str | None = "model_version"
    created_at: str | None = "created_at"
    archived_at: str | None = "archived_at"
    archived: Pairs = ()
    where: Pairs = ()
    optional: bool = False


@dataclass(frozen=True, slots=True)
class Source:
    """All tables of one kind of database; `where` are the values that a row has to have, compared as text.

    `time_zone` is the zone of columns that have none (timestamp without time zone).
    """

    predictions: Table = Table(PUBLIC, "model_predictions")
    columns: Columns = Columns()
    where: Pairs = ()
    actuals: Actuals | None = None
    versions: Versions | None = Versions(Table(PUBLIC, "model_versions"), optional=True)
    time_zone: str = "UTC"

    @property
    def is_ours(self) -> bool:
        """Whether the predictions stand in the table that `modelward db init` makes."""
        return self.predictions == OWN.predictions and self.columns == OWN.columns

    @property
    def keeps_our_names(self) -> bool:
        """Whether the predictions stand in a table called as ours, with our columns; labels may stand elsewhere."""
        apart = LABELS if self.actuals is not None else frozenset()
        alike = all(ours in apart or ours == theirs for ours, theirs in self.columns.items())
        return self.predictions == OWN.predictions and alike


OWN = Source()


@lru_cache(maxsize=4096)
def shared(source: Source) -> Source:
    """Return the one object that stands for all sources equal to this one."""
    return source
