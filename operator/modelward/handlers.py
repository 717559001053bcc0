"""The front door: what kopf sees is handed on, one line each. No state of the framework's is kept anywhere.

Only low-level event handlers are used: they write nothing, add no finalizer and no annotation, and a restart costs a
list. Retries, order and schedules are the sweeper's.
"""

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import kopf
from kopf._core.engines.peering import Identity  # kopf exports no name for it

from modelward.domain.errors import SettingsError
from modelward.domain.resource import GROUP, PLURAL, VERSION, parse_resource
from modelward.kube.session import Access, TokenFile, open_session
from modelward.observe.deployments import parse_deployment
from modelward.wiring import House

SLACK = 5  # seconds that the end of a watch may take to arrive
TOKEN = Path("/var/run/secrets/kubernetes.io/serviceaccount/token")


async def run_kopf(house: House) -> None:
    """Run kopf until a signal ends it."""
    registry = kopf.OperatorRegistry()
    register(registry, house)
    namespaces = house.settings.watch_namespaces
    await kopf.operator(
        registry=registry,
        settings=kopf.OperatorSettings(),
        standalone=True,
        # of no use to one that stands alone, but kopf would look for a user's name, and in the image there is none
        identity=Identity(house.settings.pod_name),
        clusterwide=not namespaces,
        namespaces=namespaces,
    )


def register(operator: kopf.OperatorRegistry, house: House) -> None:
    """Hang the handlers into kopf's registry."""
    _register_life(operator, house)
    _register_watches(operator, house)


def _register_life(operator: kopf.OperatorRegistry, house: House) -> None:
    @kopf.on.login(registry=operator)
    async def login(**_: Any) -> kopf.AiohttpSession:
        return make_session(find_access())

    @kopf.on.startup(registry=operator)
    async def configure(settings: kopf.OperatorSettings, **_: Any) -> None:
        apply_settings(settings, house.settings.watch_seconds)

    @kopf.on.cleanup(registry=operator)
    async def stop_listening(**_: Any) -> None:
        house.listeners.stop()  # kopf waits five seconds for every task that was begun after it


def _register_watches(operator: kopf.OperatorRegistry, house: House) -> None:
    sweeper, registry = house.sweeper, house.registry

    @kopf.on.event(GROUP, VERSION, PLURAL, registry=operator)
    async def on_resource(event: kopf.RawEvent, **_: Any) -> None:
        resource = parse_resource(dict(event["object"]))
        if event["type"] == "DELETED":
            sweeper.forget(resource.key)
        else:
            sweeper.accept(resource)

    @kopf.on.event("apps", "v1", "deployments", registry=operator)
    async def on_deployment(event: kopf.RawEvent, **_: Any) -> None:
        body: dict[str, Any] = dict(event["object"])
        key = (body["metadata"]["namespace"], body["metadata"]["name"])
        if not registry.claimants(key):
            return
        look = None if event["type"] == "DELETED" else partial(parse_deployment, body)
        for concerned in registry.see(key, look):
            sweeper.kick(concerned)


def apply_settings(settings: kopf.OperatorSettings, watch_seconds: int) -> None:
    """Set what matters for an operator that must idle cheaply and never give up.

    A connection may fall silent and stay open, behind a load balancer that lost the other end: no watch lasts so long
    that this matters. The server ends it, and sends a bookmark before, so that the next one goes on from there.
    """
    settings.posting.enabled = False
    settings.scanning.disabled = True
    settings.peering.standalone = True
    settings.watching.chunk_size = 100
    settings.watching.server_timeout = watch_seconds
    settings.watching.client_timeout = watch_seconds + SLACK
    settings.watching.inactivity_timeout = watch_seconds + SLACK
    settings.watching.connect_timeout = 10
    settings.watching.reconnect_backoff = 1.0
    settings.queueing.idle_timeout = 0.1
    settings.networking.request_timeout = 15
    settings.networking.connect_timeout = 5
    settings.networking.error_backoffs = EndlessBackoff()
    settings.persistence.finalizer = f"{GROUP}/finalizer"


class EndlessBackoff:
    """Pauses between tries, for ever: an operator that gives up is no operator."""

    def __iter__(self) -> Iterator[float]:
        """Begin anew: short pauses first, a minute at most."""
        pause = 1.0
        while True:
            yield pause
            pause = min(pause * 2, 60.0)


def find_access() -> Access:
    """Find the API server: the ServiceAccount's files in a cluster, else the kubeconfig (token or certificate)."""
    settings = kopf.OperatorSettings()
    try:
        info = kopf.login_with_service_account(settings=settings) or kopf.login_with_kubeconfig(settings=settings)
    except (OSError, KeyError, ValueError, kopf.LoginError) as error:
        raise SettingsError(f"the kubeconfig cannot be used: {error}") from error
    if info is None:
        raise SettingsError("no API server: not in a cluster, and neither KUBECONFIG nor ~/.kube/config is there")
    if TOKEN.exists():
        return Access(info.server, info.as_ssl_context(), TokenFile(TOKEN))
    header = info.as_http_headers().get("Authorization")
    return Access(info.server, info.as_ssl_context(), lambda: header)


def make_session(access: Access) -> kopf.AiohttpSession:
    """Open a session for kopf's watches alone: kopf closes it and asks for another one after a 401."""
    session = open_session(access, connections=4, user_agent="modelward", total=None)
    return kopf.AiohttpSession(aiohttp_session=session, server=access.server)
