"""Telling an administrator of what happened in a database that stands alone: after it was done, and never in its way.

Messages are those of the operator, sent by the same fenced process. What a receiver has heard of is kept in the audit
table, so that each hears of each change once, and of one that could not be delivered at the next call, for a day.
"""

import hashlib
import logging
import os
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from modelward.database import notices as kept
from modelward.database.ledger import PostgresLedger
from modelward.domain.errors import AlertError, SettingsError, SourceError
from modelward.domain.ledger import ModelKey
from modelward.domain.letters import Letter, Step
from modelward.domain.messages import About, Address, Errand
from modelward.domain.reasons import Reason
from modelward.evaluation import notices
from modelward.evaluation.results import AlertOutcome, CheckResult
from modelward.evaluation.trial import Trial
from modelward.settings import check_networks
from modelward.tell.address import KINDS, parse_address
from modelward.tell.compose import compose
from modelward.tell.courier import ProcessCourier

log = logging.getLogger("modelward.monitor")
URLS, FILE, SIGNING_KEY = "MODELWARD_ALERT_URLS", "MODELWARD_ALERT_FILE", "MODELWARD_ALERT_SIGNING_KEY"
NETWORKS = "MODELWARD_ALERT_NETWORKS"
OWN_MACHINE = ("127.0.0.0/8", "::1/128")
"""Whoever names the address runs the command, too: a mail relay on the same machine is theirs to use."""
Wait = Callable[[Coroutine[Any, Any, list[AlertError | None]]], list[AlertError | None]]
NAMED = {Step.VERIFIED: Reason.ROLLED_BACK}


@dataclass(frozen=True, slots=True)
class Receiver:
    """Somebody to tell; without an address, `problem` says what is wrong with what was given."""

    name: str
    address: Address | None
    problem: str = ""

    @property
    def key(self) -> str:
        """Return what stands for it in the audit: nothing that a password could be guessed by."""
        if self.address is None:
            return ""
        parts = urlsplit(self.address.url)
        options = urlencode([(k, v) for k, v in parse_qsl(parts.query) if k.lower() != "pass"])
        said = (parts.scheme, parts.username or "", parts.hostname or "", str(parts.port or ""), parts.path, options)
        return hashlib.sha256("\0".join(said).encode()).hexdigest()[:12]


def find_receivers(urls: Sequence[str] | None = None, file: Path | None = None) -> tuple[Receiver, ...]:
    """Read addresses: those given, those of a file, or else those that the environment names.

    One that makes no sense is a receiver with a problem: what it would have heard of happens all the same.
    """
    if urls is None and file is None:
        named = os.environ.get(FILE, "").strip()
        urls, file = os.environ.get(URLS, "").split(), Path(named) if named else None
    try:
        given = [*(urls or ()), *(_lines(file) if file else ())]
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is no text"
        return (Receiver(str(file), None, f"the file of alert addresses cannot be read: {why}"),)
    signing_key = os.environ.get(SIGNING_KEY, "").strip()
    return tuple(_receiver(number, url, signing_key) for number, url in enumerate(given, start=1))


@dataclass(slots=True)
class Teller:
    """Tells the receivers of one database; `wait` runs a coroutine to its end."""

    ledger: PostgresLedger
    wait: Wait
    receivers: Sequence[Receiver] = ()
    forgetful: Letter | None = None
    """What could not be written down, and is told all the same."""

    def note(self, trial: Trial, result: CheckResult) -> None:
        """Write down a verdict that a person has to know of, where it is news."""
        if not self.receivers or result["status"] not in {"DEGRADED", "OK"}:
            return
        letter = notices.seen(trial, result, notices.matter(trial, ""), Reason.DEGRADED)
        try:
            last = kept.last_word(self.ledger, trial.book.key, trial.current)
            after = last.after if last.reason == Reason.DEGRADED else last.event
            if result["status"] == "DEGRADED":
                letter = notices.seen(trial, result, notices.matter(trial, after), Reason.DEGRADED)
            elif last.reason == Reason.DEGRADED:
                letter = notices.seen(trial, result, notices.recovery(last.event), Reason.RECOVERED)
            else:
                return
            evidence = {"metrics": result["metrics"], **result["degradation_check"], "after": after}
            kept.keep(self.ledger, trial.book.key, letter, evidence)
        except SourceError as error:
            log.warning("what is told cannot be remembered, and may be told again: %s", error)
            self.forgetful = letter if result["status"] == "DEGRADED" else None

    def tell(self, key: ModelKey) -> list[AlertOutcome]:
        """Send what is still to be told; whatever goes wrong is an outcome, never an error."""
        if not self.receivers:
            return []
        about = About("", "", key.model, key.environment)
        letters = [(about, self.forgetful, frozenset[str]())] if self.forgetful else []
        try:
            letters += [(about, _letter(row), row.told) for row in kept.untold(self.ledger, key)]
        except SourceError as error:
            log.warning("what is still to be told cannot be read: %s", error)
        self.forgetful = None
        return self._send(key, letters)

    def send(self, letters: Sequence[tuple[About, Letter]]) -> list[AlertOutcome]:
        """Send what nothing is remembered of."""
        return self._send(None, [(about, letter, frozenset()) for about, letter in letters])

    def _send(
        self, key: ModelKey | None, letters: Sequence[tuple[About, Letter, frozenset[str]]]
    ) -> list[AlertOutcome]:
        wanted = [
            (receiver, about, letter)
            for about, letter, told in letters
            for receiver in self.receivers
            if receiver.key not in told or not receiver.key
        ]
        sent = [(r, letter, Errand(r.address, compose(letter, about))) for r, about, letter in wanted if r.address]
        answers = self._deliver([errand for _, _, errand in sent])
        outcomes = [_outcome(r, letter, r.problem) for r, _, letter in wanted if r.address is None]
        for (receiver, letter, _), error in zip(sent, answers, strict=True):
            outcomes.append(_outcome(receiver, letter, str(error) if error else ""))
            if error is None and key is not None:
                self._remember(key, letter, receiver)
        return outcomes

    def _deliver(self, errands: list[Errand]) -> list[AlertError | None]:
        if not errands:
            return []
        try:
            networks = (*OWN_MACHINE, *(n.strip() for n in os.environ.get(NETWORKS, "").split(",") if n.strip()))
            check_networks(networks)
            return self.wait(ProcessCourier(networks).deliver(errands))
        except (OSError, SettingsError) as error:
            said = AlertError(Reason.ALERT_FAILED, f"the sending process did not start: {error}")
            return [said] * len(errands)

    def _remember(self, key: ModelKey, letter: Letter, receiver: Receiver) -> None:
        try:
            kept.note_told(self.ledger, key, letter.event, letter.reason, receiver.key)
        except SourceError as error:
            log.warning("it cannot be remembered that %s was told, and it may be told again: %s", receiver.name, error)


def _letter(row: kept.Untold) -> Letter:
    step = Step(row.phase)
    reason = NAMED.get(step, Reason.of(row.reason) if step is Step.SEEN else None)
    message = str(row.evidence.get("message", "")) if step is Step.SEEN else row.reason
    return Letter(
        hashlib.sha256(f"{row.event}\0{row.phase}".encode()).hexdigest()[:16],
        row.event,
        step,
        reason or row.reason,
        row.at,
        message,
        actor=row.actor,
        from_=row.from_version,
        to=row.to_version,
        evidence=notices.read_evidence(row.evidence),
    )


def _outcome(receiver: Receiver, letter: Letter, error: str) -> AlertOutcome:
    return AlertOutcome(
        reason=letter.reason,
        from_version=letter.from_ or None,
        to_version=letter.to or None,
        to=receiver.name,
        delivered=not error,
        error=error or None,
    )


def _receiver(number: int, url: str, signing_key: str) -> Receiver:
    kind, colon, _ = url.partition("://")
    name = f"{number} ({kind})" if colon and kind in KINDS else str(number)
    try:
        address = parse_address(url, signing_key, f"alert address {number}", f"{SIGNING_KEY} is not set")
    except AlertError as error:
        return Receiver(name, None, str(error))
    return Receiver(name, address)


def _lines(file: Path) -> list[str]:
    """Read one address a line; a hash begins a comment line."""
    lines = (line.strip() for line in file.read_text(encoding="utf-8").splitlines())
    return [line for line in lines if line and not line.startswith("#")]
