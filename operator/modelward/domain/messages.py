"""What is sent: the words and the facts of one change, and the address that it goes to."""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class About:
    """Whose change it is."""

    namespace: str
    name: str
    model_name: str
    environment: str = ""


@dataclass(frozen=True, slots=True)
class Message:
    """One change in words, and the same in fields for programs."""

    id: str
    reason: str
    subject: str
    text: str
    facts: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Address:
    """A URL out of a Secret, and the key that signs what is sent there. Never printed."""

    url: str
    signing_key: str = ""

    def __repr__(self) -> str:
        """Show nothing: the values are secret."""
        return "Address(...)"


@dataclass(frozen=True, slots=True)
class Errand:
    """One message for one address."""

    address: Address
    message: Message
