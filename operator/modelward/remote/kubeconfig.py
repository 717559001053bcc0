"""From a kubeconfig, with all its ways to log in, to a client; or from a pod's own account where there is none."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from modelward.domain.errors import ClusterError, InvalidCallError

VARIABLE, USUAL = "KUBECONFIG", "~/.kube/config"
DATABASE = "DATABASE_URL"
OWN_NAMESPACE = Path("/var/run/secrets/kubernetes.io/serviceaccount/namespace")
NO_LIBRARY = (
    "to speak with a cluster, the extra `cli` is needed: pip install 'modelward[cli]'. "
    "Against a database alone: --database-url or DATABASE_URL"
)


@dataclass(frozen=True, slots=True)
class Login:
    """A client of the API server, and what the kubeconfig says about who asks and where."""

    client: Any
    server: str
    namespace: str
    user: str


def log_in(kubeconfig: str | None, context: str | None, namespace: str | None) -> Login:
    """Read what says where the cluster is; InvalidCallError and ClusterError say what is wrong with it."""
    try:
        from kubernetes.config import ConfigException  # noqa: PLC0415  heavy, and an extra
    except ImportError:
        raise InvalidCallError(NO_LIBRARY) from None
    named = kubeconfig or os.environ.get(VARIABLE) or USUAL
    paths = [Path(path).expanduser() for path in named.split(os.pathsep) if path]
    if not any(path.is_file() for path in paths):
        return _from_pod(named, namespace)
    try:
        return _from_file(os.pathsep.join(map(str, paths)), context, namespace)
    except InvalidCallError:
        raise
    except (ConfigException, LookupError, TypeError, ValueError, AttributeError, OSError) as error:
        raise ClusterError(f"the kubeconfig {named} cannot be used: {_first_line(error)}") from None


def _from_file(path: str, context: str | None, namespace: str | None) -> Login:
    import yaml  # noqa: PLC0415  heavy

    config = _library()

    try:
        contexts, active = config.list_kube_config_contexts(path)
    except yaml.YAMLError as error:
        raise ValueError(f"it is no YAML: {_first_line(error)}") from None
    chosen = next((c for c in contexts if c["name"] == context), None) if context else active
    if chosen is None:
        known = ", ".join(c["name"] for c in contexts) or "none"
        raise InvalidCallError(f"the kubeconfig has no context {context!r}; there are: {known}")
    client = config.new_client_from_config(path, chosen["name"], persist_config=False)
    said = chosen.get("context") or {}
    who = f"user {said.get('user', '?')} of context {chosen['name']}"
    return _login(client, namespace or said.get("namespace") or "default", who)


def _from_pod(named: str, namespace: str | None) -> Login:
    from kubernetes import client  # noqa: PLC0415  heavy, and an extra

    config, found = _library(), client.Configuration()
    try:
        config.load_incluster_config(client_configuration=found)
    except config.ConfigException:
        message = f"no cluster is named: there is no kubeconfig {named} (--kubeconfig, {VARIABLE})"
        if not os.environ.get(DATABASE):
            message += f"; nor is a database (give a database URL, or set {DATABASE})"
        raise InvalidCallError(message) from None
    own = OWN_NAMESPACE.read_text(encoding="utf-8").strip() if OWN_NAMESPACE.is_file() else "default"
    return _login(client.ApiClient(found), namespace or own, f"a pod's account in namespace {own}")


def _library() -> Any:
    """Return the part that reads kubeconfigs, which has no types."""
    from kubernetes import config  # noqa: PLC0415  heavy, and an extra

    return config


def _login(client: Any, namespace: str, user: str) -> Login:
    client.user_agent = "modelward-cli"
    client.configuration.retries = 1
    client.rest_client = type(client.rest_client)(client.configuration)
    return Login(client, client.configuration.host, namespace, user)


def _first_line(error: Exception) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0]
