"""Mail, chat and pagers by way of the apprise library; imported only where something is sent, since it is large.

The library says no more than whether it worked; why it did not is read from its log, as a number or a word, and never
repeated: its lines hold addresses.
"""

import logging
import re
import threading
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

import apprise

from modelward.domain.errors import AlertError
from modelward.domain.messages import Errand
from modelward.domain.reasons import Reason

MAIL = frozenset({"mailto", "mailtos"})
GOOD = frozenset({Reason.RECOVERED, Reason.METRICS_AVAILABLE, Reason.VERSION_CHANGED, Reason.VERSION_PLACED})
HTTP_CODE, SMTP_CODE = re.compile(r"error=(\d{3})\b"), re.compile(r"\((\d{3}), ")
BY_TEXT: tuple[tuple[str, str], ...] = (
    ("certificate", "the receiver's certificate does not hold"),
    ("starttls", "the mail server does not offer STARTTLS"),
    ("auth extension", "the mail server offers no login"),
    ("timed out", "the receiver did not answer in time"),
    ("refused", "the connection was refused"),
    ("name or service", "the receiver's name cannot be resolved"),
    ("name resolution", "the receiver's name cannot be resolved"),
    ("resolve", "the receiver's name cannot be resolved"),
    ("ssl", "the TLS connection failed"),
    ("connection", "no connection to the receiver"),
)


class Ears(logging.Handler):
    """Keeps what the library logs in this thread."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self._heard = threading.local()

    def emit(self, record: logging.LogRecord) -> None:
        """Keep a line."""
        self.lines().append(record.getMessage())

    def lines(self) -> list[str]:
        """Return the lines of this thread."""
        if not hasattr(self._heard, "lines"):
            self._heard.lines = []
        lines: list[str] = self._heard.lines
        return lines


EARS = Ears()


def set_up() -> None:
    """Let the library log to our ears and nowhere else."""
    logger = logging.getLogger("apprise")
    logger.handlers, logger.propagate = [EARS], False
    logger.setLevel(logging.DEBUG)


def send_by_library(errand: Errand) -> None:
    """Send one message; AlertError says why it was not taken."""
    EARS.lines().clear()
    service = _make_service(errand)
    message = errand.message
    kind = apprise.NotifyType.SUCCESS if message.reason in GOOD else apprise.NotifyType.WARNING
    if not service.notify(body=message.text, title=message.subject, notify_type=kind, body_format="text"):
        raise AlertError(Reason.ALERT_FAILED, explain(EARS.lines()))


def explain(lines: list[str]) -> str:
    """Say why, from the library's log, in words of our own."""
    text = "\n".join(lines)
    if found := HTTP_CODE.search(text):
        return f"the receiver answered {found[1]}"
    if found := SMTP_CODE.search(text):
        return f"the mail server answered {found[1]}"
    lower = text.lower()
    return next((sentence for mark, sentence in BY_TEXT if mark in lower), "the receiver did not take it")


def _make_service(errand: Errand) -> Any:
    asset = apprise.AppriseAsset(
        async_mode=False, app_id="modelward", app_desc="modelward", http_redirects=False, storage_mode="memory"
    )
    url = _secure_mail(errand.address.url)
    service: Any = apprise.Apprise.instantiate(url, asset=asset, suppress_exceptions=True)
    if service is None:
        raise AlertError(Reason.ALERT_ADDRESS_INVALID, "the address is not complete, or not as its kind wants it")
    service.redirects = False
    if isinstance(getattr(service, "headers", None), dict):
        service.headers["X-Modelward-Id"] = errand.message.id
    if hasattr(service, "dedup"):
        service.dedup = errand.message.id
    return service


def _secure_mail(url: str) -> str:
    """Ask for STARTTLS where the address does not say, and for no login without TLS."""
    parts = urlsplit(url)
    if parts.scheme not in MAIL:
        return url
    options = parse_qsl(parts.query.replace("+", "%2B"), keep_blank_values=True)
    mode = next((value.lower() for name, value in options if name.lower() == "mode"), "")
    has_login = bool(parts.password) or any(name.lower() == "pass" for name, _ in options)
    if mode == "insecure" and has_login:
        raise AlertError(Reason.ALERT_ADDRESS_INVALID, "mode=insecure would send the password in the clear")
    if mode:
        return url
    return urlunsplit(parts._replace(query=urlencode([*options, ("mode", "starttls")])))
