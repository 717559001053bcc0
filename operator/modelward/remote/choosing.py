"""Which ModelDeployments are meant: those named, the only one of a namespace, or all."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from modelward.domain.errors import ClusterError, InvalidCallError, NotFoundError
from modelward.domain.resource import GROUP, PLURAL, Resource, parse_resource
from modelward.remote.api import Api

PREFIXES = frozenset({"mdl", "modeldeployment", PLURAL, f"{PLURAL}.{GROUP}"})
NAME = re.compile(r"[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?")


@dataclass(frozen=True, slots=True)
class Choice:
    """What was said about which are meant."""

    names: tuple[str, ...] = ()
    every: bool = False
    all_namespaces: bool = False

    @property
    def is_one(self) -> bool:
        """Whether one is answered for, and not a list."""
        return not self.every and not self.all_namespaces and len(self.names) <= 1


def choose_all(api: Api, choice: Choice) -> list[Resource]:
    """Find those meant; without a name, all of the namespace."""
    if choice.names:
        return choose(api, choice)
    return _listed(api, choice)


def choose(api: Api, choice: Choice) -> list[Resource]:
    """Find those meant; without a name, the only one of the namespace: InvalidCallError lists several."""
    if choice.names and (choice.every or choice.all_namespaces):
        raise InvalidCallError("names, or all of them (--all, -A): not both")
    if choice.names:
        return [find(api, name) for name in dict.fromkeys(choice.names)]
    found = _listed(api, choice)
    if not found:
        where = "the cluster" if choice.all_namespaces else f"namespace {api.namespace}"
        raise ClusterError(
            f"{where} holds no ModelDeployment" + ("" if choice.all_namespaces else "; -n names another")
        )
    if len(found) > 1 and choice.is_one:
        raise InvalidCallError(f"namespace {api.namespace} holds {_list(found)}: name one")
    return found


def find(api: Api, name: str) -> Resource:
    """Read one; NotFoundError lists those there are."""
    kind, slash, plain = name.partition("/")
    if slash and kind.lower() not in PREFIXES:
        raise InvalidCallError(f"{name!r} is no ModelDeployment: give its name, or mdl/NAME")
    wanted = plain if slash else name
    if not NAME.fullmatch(wanted):
        raise InvalidCallError(f"{wanted!r} can be no ModelDeployment's name")
    try:
        return parse_resource(api.get(api.namespace, wanted))
    except NotFoundError as error:
        try:
            found = _listed(api, Choice())
        except ClusterError:  # who may not list is told what is missing all the same
            raise error from None
        raise NotFoundError(f"{error}; namespace {api.namespace} holds: {_list(found) or 'none'}") from None


def exists(api: Api, name: str) -> bool:
    """Whether the namespace has one of that name; what can be no name, such as a version, is not asked for."""
    if not NAME.fullmatch(name):
        return False
    try:
        api.get(api.namespace, name)
    except NotFoundError:
        return False
    return True


def names(api: Api) -> list[str]:
    """List the names of the namespace."""
    return [resource.name for resource in _listed(api, Choice())]


def _listed(api: Api, choice: Choice) -> list[Resource]:
    bodies = api.find_all(None if choice.all_namespaces else api.namespace)
    return sorted((parse_resource(body) for body in bodies), key=lambda r: r.key)


def _list(found: Sequence[Resource]) -> str:
    return ", ".join(resource.name for resource in found)
