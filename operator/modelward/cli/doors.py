"""From options to a door, and from a verb's errors to its end."""

from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from modelward.cli.exits import sentences

if TYPE_CHECKING:
    from collections.abc import Iterator

    from modelward.evaluation.database import DatabaseDoor


@dataclass(frozen=True, slots=True)
class Where:
    """Which database and which model are meant, as the options say."""

    database_url: str | None
    model: str | None
    environment: str | None


@contextmanager
def open_door(where: Where) -> "Iterator[DatabaseDoor]":
    """Open the door to a database; what goes wrong inside becomes a sentence and an exit code."""
    with sentences():
        from modelward.evaluation.database import DatabaseDoor

        door = DatabaseDoor(where.database_url, where.model, where.environment)
        try:
            yield door
        finally:
            door.close()
