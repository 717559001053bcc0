"""Events: one for each change, on the resource and, where it concerns it, on the Deployment.

The name is made from what happened, so that writing the same one twice is one Event.
"""

import hashlib
from datetime import UTC, datetime

from modelward.domain.decision import Announcement
from modelward.domain.ports import Json
from modelward.domain.resource import GROUP, KIND, VERSION, Resource
from modelward.domain.serving import Deployment

CONTROLLER = "modelward"
NOTE_BYTES = 1024


def make_events(
    resource: Resource, deployment: Deployment | None, announcement: Announcement, now: datetime, instance: str
) -> list[Json]:
    """Write one Event for the resource, and a second one for the Deployment where the announcement asks for it."""
    own = {"apiVersion": f"{GROUP}/{VERSION}", "kind": KIND, "name": resource.name, "uid": resource.uid}
    subjects = [own]
    if announcement.on_target and deployment is not None:
        subjects.append({"apiVersion": "apps/v1", "kind": "Deployment", "name": deployment.name, "uid": deployment.uid})
    return [_make_event(resource, subject, announcement, now, instance) for subject in subjects]


def _make_event(
    resource: Resource, subject: dict[str, str], announcement: Announcement, now: datetime, instance: str
) -> Json:
    identity = "\0".join((resource.uid, subject["uid"], announcement.reason, announcement.nonce))
    digest = hashlib.sha256(identity.encode()).hexdigest()[:16]
    return {
        "apiVersion": "events.k8s.io/v1",
        "kind": "Event",
        "metadata": {"name": f"{subject['name'][:230]}.{digest}", "namespace": resource.namespace},
        "eventTime": now.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
        "regarding": {**subject, "namespace": resource.namespace},
        "reason": announcement.reason.value,
        "action": announcement.action,
        "type": "Warning" if announcement.warning else "Normal",
        "note": _cut(announcement.message),
        "reportingController": CONTROLLER,
        "reportingInstance": instance[:128] or CONTROLLER,
    }


def _cut(text: str) -> str:
    """Keep what fits: the server counts bytes, not characters."""
    raw = text.encode()
    return text if len(raw) <= NOTE_BYTES else raw[: NOTE_BYTES - 3].decode(errors="ignore") + "..."
