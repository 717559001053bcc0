"""Status, written when it says something new and not otherwise."""

from typing import TYPE_CHECKING, Any

from modelward.domain.codec import encode
from modelward.domain.ports import Cluster
from modelward.domain.resource import Resource, parse_resource
from modelward.domain.status import Status

if TYPE_CHECKING:
    from modelward.domain.ports import Json

FIGURES = ("metrics", "message", "change", "samples", "window")


async def write_status(cluster: Cluster, resource: Resource, status: Status) -> Resource:
    """Write the whole of `status`; ConflictError where somebody wrote in between."""
    body: Json = encode(status)
    written = await cluster.patch_status(resource.namespace, resource.name, resource.resource_version, body)
    return parse_resource(written)


def says_something_new(before: Status, after: Status, *, figures_too: bool) -> bool:
    """Whether `after` is worth a write; moving window times alone never are, figures only when it is time for them."""
    old, new = _readable(before), _readable(after)
    return old != new if figures_too else _without_figures(old) != _without_figures(new)


def _readable(status: Status) -> dict[str, Any]:
    body: dict[str, Any] = encode(status)
    window = body.get("window")
    if window:
        body["window"] = {key: value for key, value in window.items() if key not in {"startTime", "endTime"}}
    return body


def _without_figures(body: dict[str, Any]) -> dict[str, Any]:
    kept = {key: value for key, value in body.items() if key not in FIGURES}
    kept["holds"] = [hold["guard"] for hold in body.get("holds", ())]
    kept["conditions"] = [{**c, "message": ""} for c in body.get("conditions", ())]
    return kept
