"""One POST of JSON, for the receivers that the library does not speak to: signed webhooks and Alertmanager.

The standard library's client follows no redirect, asks no proxy and reads no file.
"""

import hashlib
import hmac
import http.client
import json
import ssl
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import SplitResult, urlsplit

from modelward.domain.codec import format_time, parse_time
from modelward.domain.errors import AlertError
from modelward.domain.messages import Errand, Message
from modelward.domain.reasons import Reason

TIMEOUT = 10.0
SIGNATURE, ID = "X-Modelward-Signature-256", "X-Modelward-Id"
OVER = (Reason.ROLLED_BACK, Reason.QUARANTINE_ENFORCED, Reason.ROLLBACK_FAILED, Reason.CONTESTED, Reason.DEGRADED)
"""What a new version ends, whatever came before it."""
ENDS: dict[Reason, tuple[Reason, ...]] = {
    Reason.RECOVERED: (Reason.DEGRADED,),
    Reason.METRICS_AVAILABLE: (Reason.METRICS_UNAVAILABLE,),
    Reason.VERSION_CHANGED: OVER,
    Reason.VERSION_PLACED: OVER,
}
LASTS = timedelta(hours=24)
CRITICAL = frozenset({Reason.ROLLBACK_FAILED, Reason.ROLLBACK_REFUSED, Reason.CONTESTED, Reason.BREAKER_OPEN})


def send_webhook(errand: Errand, now: datetime) -> None:
    """POST the facts and the text, signed over the very bytes of the body."""
    message, parts = errand.message, urlsplit(errand.address.url)
    body = json.dumps({**message.facts, "text": message.text, "sentTime": format_time(now)}).encode()
    path = parts.path + (f"?{parts.query}" if parts.query else "")
    _post(parts, path or "/", body, {SIGNATURE: sign(body, errand.address.signing_key), ID: message.id})


def sign(body: bytes, key: str) -> str:
    """Return sha256=<hex>: HMAC-SHA256 of the body."""
    return f"sha256={hmac.new(key.encode(), body, hashlib.sha256).hexdigest()}"


def send_alertmanager(errand: Errand, now: datetime) -> None:
    """POST to API v2; a recovery, or a new version, ends the alerts that it belongs to."""
    parts = urlsplit(errand.address.url)
    body = json.dumps(make_alerts(errand.message, now)).encode()
    _post(parts, f"{parts.path.rstrip('/')}/api/v2/alerts", body, {ID: errand.message.id})


def make_alerts(message: Message, now: datetime) -> list[dict[str, Any]]:
    """Write the alert that a message is, or the ends of those that it ends."""
    reason = Reason.of(message.reason)
    ends = ENDS.get(reason, ())
    return [_alert(message, each, now, ended=bool(ends)) for each in ends or (reason,)]


def _alert(message: Message, reason: Reason, now: datetime, *, ended: bool) -> dict[str, Any]:
    """Write an alert whose labels are the same for the same matter, so that its end finds it."""
    facts = message.facts
    labels = {
        "alertname": f"Modelward{reason}",
        "namespace": facts["namespace"],
        "modeldeployment": facts["name"],
        "model": facts["model"],
        "environment": facts["environment"],
        "severity": "critical" if reason in CRITICAL else "warning",
    }
    started = parse_time(facts["time"])
    return {
        "labels": {name: value for name, value in labels.items() if value},
        "annotations": {"summary": message.subject, "description": message.text, "id": message.id},
        **({} if ended else {"startsAt": format_time(started)}),
        "endsAt": format_time(now if ended else now + LASTS),
    }


def utc_now() -> datetime:
    """Return the machine's time."""
    return datetime.now(UTC)


def _post(parts: SplitResult, path: str, body: bytes, headers: dict[str, str]) -> None:
    link = _connect(parts)
    try:
        link.request("POST", path, body, {"Content-Type": "application/json", "User-Agent": "modelward", **headers})
        status = link.getresponse().status
    finally:
        link.close()
    if 300 <= status < 400:
        raise AlertError(Reason.ALERT_FAILED, f"the receiver redirects ({status}), which is not followed")
    if not 200 <= status < 300:
        raise AlertError(Reason.ALERT_FAILED, f"the receiver answered {status}")


def _connect(parts: SplitResult) -> http.client.HTTPConnection:
    host = parts.hostname or ""
    if parts.scheme in {"https", "alertmanagers"}:
        return http.client.HTTPSConnection(host, parts.port, timeout=TIMEOUT, context=ssl.create_default_context())
    return http.client.HTTPConnection(host, parts.port, timeout=TIMEOUT)
