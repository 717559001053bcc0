"""Requests by annotation: written over what was seen and nothing newer, and the answer waited for by watching."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from time import monotonic

from modelward.domain.errors import ClusterError, ConflictError
from modelward.domain.resource import CHECK_AT, REQUESTED_BY, ROLLBACK_AT, ROLLBACK_TO, Resource, parse_resource
from modelward.domain.status import RequestRecord
from modelward.remote.api import Api

TRIES = 5


class ImpatientError(ClusterError):
    """The operator did not answer in time; what was asked for may still be done."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A request that was written: when, and the resource with it."""

    at: str
    resource: Resource


def ask_check(api: Api, resource: Resource) -> Asked:
    """Ask for a check now."""
    return _ask(api, resource, CHECK_AT, {}, lambda _: None)


def ask_rollback(api: Api, resource: Resource, version: str, agree: Callable[[Resource], None]) -> Asked:
    """Ask for a version to be put back; `agree` raises where a resource that changed is not what was agreed on."""
    return _ask(api, resource, ROLLBACK_AT, {ROLLBACK_TO: version}, agree)


def _ask(api: Api, resource: Resource, key: str, more: dict[str, str], agree: Callable[[Resource], None]) -> Asked:
    at = datetime.now(UTC).isoformat()
    notes = {**more, key: at, REQUESTED_BY: api.user}
    for _ in range(TRIES):
        agree(resource)
        try:
            return Asked(at, parse_resource(api.annotate(*resource.key, resource.resource_version, notes)))
        except ConflictError:
            resource = parse_resource(api.get(*resource.key))
    raise ConflictError(f"{'/'.join(resource.key)} changes all the time: nothing was asked for, try again")


def check_record(asked: Asked) -> Callable[[Resource], RequestRecord | None]:
    """Find the answer to a check."""
    return lambda seen: _answer(seen.status.requests.check, asked.at)


def rollback_record(asked: Asked) -> Callable[[Resource], RequestRecord | None]:
    """Find the answer to a rollback."""
    return lambda seen: _answer(seen.status.requests.rollback, asked.at)


def _answer(record: RequestRecord | None, at: str) -> RequestRecord | None:
    return record if record is not None and record.requested_at == at[:64] else None


def follow(api: Api, resource: Resource, holds: Callable[[Resource], object], give_up_at: float, for_: str) -> Resource:
    """Watch a resource until something holds; ImpatientError when the time is over."""
    uid = resource.uid
    while not holds(resource):
        left = give_up_at - monotonic()
        if left <= 0:
            raise ImpatientError(f"{'/'.join(resource.key)}: gave up waiting for {for_}")
        resource = _watch_once(api, resource, holds, left)
        if resource.uid != uid:
            raise ClusterError(f"{'/'.join(resource.key)} was deleted and created anew meanwhile")
    return resource


def _watch_once(api: Api, resource: Resource, holds: Callable[[Resource], object], left: float) -> Resource:
    for body in api.watch(*resource.key, resource.resource_version, left):
        seen = parse_resource(body)
        if holds(seen) or seen.uid != resource.uid:
            return seen
    return parse_resource(api.get(*resource.key))  # the watch ended: look with fresh eyes
