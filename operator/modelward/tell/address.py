"""From a Secret to an address; only kinds of addresses, and options in them, that can reach nothing local are taken.

What is wrong is said with the Secret's and the key's name, and never with a value.
"""

import re
from dataclasses import dataclass
from urllib.parse import SplitResult, unquote, urlsplit

from modelward.domain.errors import AlertError
from modelward.domain.messages import Address
from modelward.domain.reasons import Reason

SIGNING_KEY = "signing-key"
MAIL = frozenset({"user", "pass", "smtp", "from", "to", "cc", "bcc", "reply", "name", "mode", "verify"})

WORKFLOW = frozenset({"verify", "id", "workflow", "sig", "signature", "api-version", "ver", "sp", "sv", "pa", "route"})


@dataclass(frozen=True, slots=True)
class Kind:
    """What may stand after the question mark; `headers`: also HTTP headers, whose names begin with a plus."""

    options: frozenset[str] = frozenset({"verify"})
    headers: bool = False


KINDS: dict[str, Kind] = {
    "mailto": Kind(MAIL),
    "mailtos": Kind(MAIL),
    "slack": Kind(frozenset({"verify", "to", "footer", "blocks", "mode"})),
    "workflow": Kind(WORKFLOW),
    "workflows": Kind(WORKFLOW),
    "pagerduty": Kind(frozenset({"verify", "region", "severity", "source", "component", "group", "class"})),
    "opsgenie": Kind(frozenset({"verify", "region", "priority", "tags", "to"})),
    "discord": Kind(frozenset({"verify", "thread"})),
    "mmost": Kind(frozenset({"verify", "channel", "channels", "to"})),
    "mmosts": Kind(frozenset({"verify", "channel", "channels", "to"})),
    "json": Kind(headers=True),
    "jsons": Kind(headers=True),
    "alertmanager": Kind(frozenset()),
    "alertmanagers": Kind(frozenset()),
    "http": Kind(frozenset()),
    "https": Kind(frozenset()),
}
SIGNED = frozenset({"http", "https"})


def read_address(secret_name: str, key: str, values: dict[str, str]) -> Address:
    """Read the address under `key`; AlertError names what is wrong with it."""
    url = values.get(key, "").strip()
    if not url:
        keys = ", ".join(sorted(values)) or "none"
        raise AlertError(Reason.SECRET_INCOMPLETE, f"Secret {secret_name} has no key {key}; it has: {keys}")
    signing_key = values.get(SIGNING_KEY, "").strip()
    return parse_address(
        url, signing_key, f"the key {key} of Secret {secret_name}", f"the Secret has no key {SIGNING_KEY}"
    )


def parse_address(url: str, signing_key: str, where: str, unsigned: str) -> Address:
    """Read an address that stands somewhere; `unsigned` says where the key to sign with is missing."""
    parts = _split(url, where)
    kind = KINDS.get(parts.scheme)
    if kind is None:
        known = ", ".join(sorted(KINDS))
        raise AlertError(Reason.ALERT_ADDRESS_INVALID, f"{where} is of a kind that is not allowed; allowed: {known}")
    if parts.scheme not in SIGNED:
        _check_options(parts, kind, where)
    if parts.scheme in SIGNED and not signing_key:
        message = f"{where} is a signed webhook, and {unsigned} to sign with"
        raise AlertError(Reason.SECRET_INCOMPLETE, message)
    return Address(url, signing_key)


def _split(url: str, where: str) -> SplitResult:
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        raise AlertError(Reason.ALERT_ADDRESS_INVALID, f"{where} is not a URL") from None
    if not parts.scheme or not parts.netloc or any(c.isspace() or not c.isprintable() for c in url):
        message = f"{where} is not a URL such as mailtos://user:password@smtp.example.com?from=...&to=..."
        raise AlertError(Reason.ALERT_ADDRESS_INVALID, message)
    return parts


def _check_options(parts: SplitResult, kind: Kind, where: str) -> None:
    given = {unquote(part.partition("=")[0]).strip().lower() for part in _options(parts)}
    refused = {name for name in given if name not in kind.options and not (kind.headers and name.startswith("+"))}
    if refused:
        message = f"{where} uses {len(refused)} option(s) that are not allowed with {parts.scheme}"
        allowed = ", ".join(sorted(kind.options)) or "none"
        raise AlertError(Reason.ALERT_ADDRESS_INVALID, f"{message}; allowed: {allowed}")


def _options(parts: SplitResult) -> list[str]:
    """Split as generously as any reader might: what is an option to the library must not hide from us."""
    _, mark, rest = parts.geturl().partition("?")
    return [part for part in re.split(r"[&;?#]", rest) if part] if mark else []
