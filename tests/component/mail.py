"""Those who take what is told, in memory: a courier with a mailbox, and an audit table with its unique key."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from modelward.domain.errors import AlertError, SourceError
from modelward.domain.letters import Past, Row, Step
from modelward.domain.messages import Errand
from modelward.domain.questions import Connection
from modelward.domain.reasons import Reason

if TYPE_CHECKING:
    from collections.abc import Callable

    from modelward.domain.messages import Message

MAIL_URL = "mailtos://user:c4n4ry@smtp.example.com?from=a@example.com&to=ops@example.com"
ADDRESSES = {"ops-mail": MAIL_URL, "chat": "slack://T1JJ3T3L2/A1BRTD4JD/c4n4ry"}


class InMemoryCourier:
    """Takes every message, unless it is told which addresses do not answer."""

    def __init__(self) -> None:
        self.sent: list[tuple[str, Message]] = []
        self.down: set[str] = set()
        """Marks in addresses that lead nowhere."""
        self.asked = 0
        self.before: Callable[[], None] = lambda: None
        """What happens when something is sent, before it is."""

    async def deliver(self, errands: Sequence[Errand]) -> list[AlertError | None]:
        """Put each message into the mailbox of its address."""
        self.asked += len(errands)
        self.before()
        return [self._take(errand) for errand in errands]

    def _take(self, errand: Errand) -> AlertError | None:
        if any(mark in errand.address.url for mark in self.down):
            return AlertError(Reason.ALERT_FAILED, "the connection was refused")
        self.sent.append((errand.address.url, errand.message))
        return None

    def reasons(self, mark: str = "") -> list[str]:
        """List the reasons of what arrived at an address."""
        return [message.reason for url, message in self.sent if mark in url]


class InMemoryAudit:
    """A table with one row for each event and step; it can be down, or not be there."""

    def __init__(self) -> None:
        self.rows: dict[tuple[str, str], Row] = {}
        self.error: SourceError | None = None
        self.asked = 0
        self.read = 0

    async def write(self, connection: Connection, rows: Sequence[Row], cluster_uid: str) -> list[SourceError | None]:
        """Insert rows, or answer as a database would that cannot."""
        del connection, cluster_uid
        self.asked += 1
        for row in rows if self.error is None else ():
            self.rows.setdefault((row.letter.event, row.letter.step), row)
        return [self.error] * len(rows)

    async def past(self, connection: Connection) -> list[Past]:
        """List what put versions into quarantine or took them out."""
        del connection
        self.read += 1
        if self.error is not None:
            raise self.error
        return [
            Past(r.about, r.letter.step, r.letter.event, r.letter.time, r.letter.from_ or "", r.letter.to or "", "")
            for r in self.rows.values()
            if r.letter.step in {Step.PATCHED, Step.CLEARED}
        ]

    def steps(self) -> list[str]:
        """List what was kept, in order."""
        return [step for _, step in self.rows]


@dataclass(frozen=True)
class Mail:
    """All who take letters, and the Secrets with their addresses."""

    courier: InMemoryCourier = field(default_factory=InMemoryCourier)
    book: InMemoryAudit = field(default_factory=InMemoryAudit)
    addresses: dict[str, str] = field(default_factory=lambda: dict(ADDRESSES))
