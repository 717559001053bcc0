"""The operator's settings: the only reader of environment variables."""

import ipaddress
import os
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from modelward.domain.errors import SettingsError

PREFIX = "MODELWARD_"
OWN_NAMESPACE = Path("/var/run/secrets/kubernetes.io/serviceaccount/namespace")


@dataclass(frozen=True, slots=True)
class Settings:
    """Every setting with its default; each is read from MODELWARD_<NAME>."""

    namespace: str = "modelward-system"
    """Where the operator runs; its Lease stands there."""
    watch_namespaces: tuple[str, ...] = ()
    """Namespaces to watch; none means all."""
    lease_name: str = "modelward"
    """Two operators with one Lease: one acts, the other waits."""
    http_host: str = "0.0.0.0"  # noqa: S104  probes come from the node
    """Where /healthz, /readyz and /metrics listen."""
    http_port: int = 8080
    """0 turns the page off."""
    require_opt_in: bool = False
    """Only Deployments annotated with modelward.dev/allow-rollback: <resource>."""
    breaker_percent: int = 50
    """No automatic rollback while at least three, and more than this share of all judged models look bad."""
    log_level: str = "INFO"
    """DEBUG, INFO, WARNING or ERROR."""
    log_format: str = "text"
    """text or json."""
    pod_name: str = "modelward"
    """The reporting instance of Events, and who holds the Lease."""
    statement_timeout_seconds: int = 5
    """How long one statement on a database may take."""
    alert_networks: tuple[str, ...] = ()
    """Networks that alerts may go to although they are this machine's or its link's, such as 127.0.0.0/8."""
    database_networks: tuple[str, ...] = ()
    """Networks that databases may stand in although they are this machine's, such as 127.0.0.0/8; its link never is."""
    watch_seconds: int = 30
    """How long a watch lasts until it is opened anew; one that has fallen silent is noticed five seconds later."""
    replica_lag_seconds: int = 300
    """How far a standby may be behind its primary before it is no source any more (ReplicaStale)."""


def read_settings(environment: Mapping[str, str] = os.environ) -> Settings:
    """Read the environment; SettingsError names the variable."""
    known = {PREFIX + field.name.upper(): field for field in fields(Settings)}
    values: dict[str, Any] = {
        f.name: _convert(name, f.type, environment[name]) for name, f in known.items() if environment.get(name)
    }
    if "namespace" not in values and OWN_NAMESPACE.exists():
        values["namespace"] = OWN_NAMESPACE.read_text().strip()
    settings = Settings(**values)
    check_networks(settings.alert_networks)
    check_networks(settings.database_networks, "DATABASE_NETWORKS")
    return settings


def check_networks(networks: tuple[str, ...], name: str = "ALERT_NETWORKS") -> None:
    """Refuse what is no network; SettingsError names it."""
    for network in networks:
        try:
            ipaddress.ip_network(network)
        except ValueError:
            raise SettingsError(f"{PREFIX}{name}: {network!r} is not a network such as 127.0.0.0/8") from None


def _convert(name: str, kind: object, text: str) -> object:
    try:
        if kind is bool:
            return {"true": True, "1": True, "false": False, "0": False}[text.lower()]
        if kind is int:
            return int(text)
    except (KeyError, ValueError):
        raise SettingsError(f"{name}={text!r} is not {'true or false' if kind is bool else 'a whole number'}") from None
    if kind is str:
        return text
    return tuple(part.strip() for part in text.split(",") if part.strip())
