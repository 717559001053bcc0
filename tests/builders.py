"""Builders with modifiers: each gives the ordinary thing, and takes what should be different about it.

The ordinary thing is the guide's: model house-prices, version A served well, version B serves for two days.
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from modelward.decide.previous import Previous
from modelward.domain.codec import format_time
from modelward.domain.decision import RollbackOrder, Target
from modelward.domain.quality import Quality, Sums, VersionCount, Window
from modelward.domain.reasons import Reason
from modelward.domain.resource import Asked, Resource
from modelward.domain.serving import Deployment, Place, Rollout, Serving
from modelward.domain.spec import Spec, parse_spec
from modelward.domain.status import (
    Baseline,
    Epoch,
    Move,
    Phase,
    PlacedBy,
    Placement,
    PlacementState,
    Quarantine,
    Rollback,
    Standing,
    Status,
)

NOW = datetime(2026, 1, 8, 14, 32, 23, tzinfo=UTC)
HOUR = timedelta(hours=1)
DAY = timedelta(hours=24)
A, B, C = "20260104_120000", "20260105_143022", "20260106_090000"
REPOSITORY = "registry.example.com/house-prices"
SHAPE = "shape"  # the hash of everything in the pod template but the image
NAMESPACE, NAME = "ml", "house-prices"

Json = dict[str, Any]


def image_of(version: str) -> str:
    """Return the image that holds a version."""
    return f"{REPOSITORY}:{version}"


# -- parcels ---------------------------------------------------------------------------------------------------------


def a_spec(**changes: Any) -> Spec:
    """Read a spec as YAML would give it: a_spec(autoRollback=False, evaluation={"minSamples": 10})."""
    return parse_spec(NAME, a_raw_spec(**changes))


def a_raw_spec(**changes: Any) -> Json:
    """Return the smallest spec that works, changed."""
    return {"database": {"secretRef": {"name": "house-prices-db"}}, "autoRollback": True, **changes}


def literal(**changes: Any) -> Spec:
    """Return a spec that follows the guide to the letter: the first Degraded verdict acts."""
    return a_spec(evaluation={"actOn": "Verdict"}, **changes)


def sums(r2: float = 0.93, rmse: float = 3480.0, n: int = 1204, *, mae: float | None = None) -> Sums:
    """Return the sums of n rows whose metrics come out as given."""
    squared = rmse * rmse * n
    return Sums(n, 250_000.0, squared / (1 - r2), 0.0, (rmse if mae is None else mae) * n, squared)


def a_window(rows: Sums | None = None, *, end: datetime = NOW, length: timedelta = DAY, **changes: Any) -> Window:
    """Return a window in which every prediction has its label, unless told otherwise."""
    rows = sums() if rows is None else rows
    return Window(end - length, end, **{"predictions": rows.n, "sums": rows, **changes})


def a_quality(
    current: Sums | Window | None = None,
    previous: Sums | Window | None = None,
    *,
    others: Mapping[str, int] | None = None,
    now: datetime = NOW,
) -> Quality:
    """Return an answer of the database: the guide's good version A before, and whatever is said of B."""
    seen = current if isinstance(current, Window) else a_window(current, end=now)
    before = previous if isinstance(previous, Window) else a_window(previous, end=now - 2 * DAY)
    counts = tuple(VersionCount(version, number) for version, number in (others or {}).items())
    return Quality(now, seen, before, counts)


def a_serving(version: str = B, *, template_hash: str = SHAPE, **changes: Any) -> Serving:
    """Return a Deployment, rolled out, whose only container runs a version."""
    place = a_place(image_of(version))
    rollout = Rollout(complete=True, failed=False, sentence="1 of 1 replicas updated, 1 available")
    deployment = Deployment("uid-d", NAMESPACE, NAME, "7", place, template_hash, rollout)
    return Serving(replace(deployment, **changes), place, version)


def in_reach(version: str, remembered: str) -> str:
    """Say what to write for a version, where nothing stands against it."""
    return remembered or image_of(version)


def a_place(value: str) -> Place:
    """Return the image of the only container as the place of the version."""
    path = "/spec/template/spec/containers/0"
    return Place(value, f"{path}/image", ((f"{path}/name", "model"),), "image of container model")


def a_move(number: int, version: str, **changes: Any) -> Move:
    """Return an epoch of two days as history keeps it; the higher the number, the later."""
    start = NOW - 2 * DAY * (4 - number)
    move = Move(number, version, image_of(version), SHAPE, start, start + 2 * DAY, quality=Standing.PROVEN)
    return replace(move, **changes)


def a_status(*versions: str, since: datetime = NOW - 2 * DAY, landing: bool = False, **changes: Any) -> Status:
    """Return the memory of a resource that ran these versions, the last of them now."""
    served = versions or (A, B)
    *before, current = [a_move(i, version) for i, version in enumerate(served, start=1)]
    running = replace(current, started_time=since, ended_time=None, quality=Standing.UNPROVEN)
    placed_by = PlacedBy.ROLLBACK if landing else PlacedBy.OBSERVED
    epoch = Epoch(running.epoch, running.version, running.value, SHAPE, since, placed_by, landing)
    status = Status(0, epoch=epoch, current_version=running.version, history=(*before, running))
    return replace(status, **changes)


def quarantined(*versions: str) -> tuple[Quarantine, ...]:
    """Return quarantine entries."""
    return tuple(Quarantine(version, NOW - DAY, "R2 fell", "id") for version in versions)


def a_rollback(phase: Phase = Phase.VERIFIED, **changes: Any) -> Rollback:
    """Return the journal of the rollback B -> A, an hour and a half ago."""
    moment = NOW - 1.5 * HOUR
    patched = None if phase in {Phase.DECIDED, Phase.SUPERSEDED} else moment
    rollback = Rollback(
        id="0123456789abcdef",
        epoch=2,
        from_=B,
        to=A,
        from_value=image_of(B),
        to_value=image_of(A),
        phase=phase,
        automatic=True,
        reason="Degraded",
        message="R2 0.930 -> 0.850 (-8.6 %, limit 5 %)",
        decided_time=moment,
        patched_time=patched,
        finished_time=None if phase.under_way else moment,
    )
    return replace(rollback, **changes)


def a_placement(state: PlacementState = PlacementState.PLACED, version: str = B, **changes: Any) -> Placement:
    """Return what became of spec.version, an hour ago."""
    reason = {PlacementState.HELD: "SpecVersionHeld", PlacementState.CONTESTED: "Contested"}.get(state, "VersionPlaced")
    return replace(Placement(version, state, reason, "R2 fell", NOW - HOUR), **changes)


def a_baseline(version: str = A, rows: Sums | None = None, *, end: datetime = NOW - 2 * DAY) -> Baseline:
    """Return the frozen baseline of a version."""
    rows = sums() if rows is None else rows
    return Baseline(version, 2, end - DAY, end, NOW - DAY, rows.n, rows)


def a_previous(version: str = A, **changes: Any) -> Previous:
    """Return a previous version that served here and may be put back."""
    return replace(Previous(version, image_of(version), SHAPE), **changes)


def a_resource(spec: Spec | None = None, status: Status | None = None, **asked: str) -> Resource:
    """Return a ModelDeployment; keywords are its requests: a_resource(rollback_at=..., rollback_to=...)."""
    spec, status = spec or a_spec(), status or a_status()
    return Resource("uid-m", NAMESPACE, NAME, 1, "1", NOW - 30 * DAY, spec, status, Asked(**asked))


def an_order(**changes: Any) -> RollbackOrder:
    """Return the order B -> A."""
    target = Target(A, image_of(A), SHAPE)
    order = RollbackOrder("0123456789abcdef", B, image_of(B), target, PlacedBy.ROLLBACK, Reason.DEGRADED, "R2 fell")
    return replace(order, **changes)


# -- objects as the API server holds them ----------------------------------------------------------------------------


def a_model(name: str = NAME, *, namespace: str = NAMESPACE, created: datetime | None = None, **spec: Any) -> Json:
    """Return a ModelDeployment as kubectl would apply it."""
    made = format_time(created or NOW - 30 * DAY)
    return {
        "apiVersion": "modelward.dev/v1alpha1",
        "kind": "ModelDeployment",
        "metadata": {"name": name, "namespace": namespace, "creationTimestamp": made},
        "spec": a_raw_spec(**spec),
        "status": {"observedGeneration": -1},
    }


def a_deployment(
    name: str = NAME,
    version: str = A,
    *,
    namespace: str = NAMESPACE,
    containers: Iterable[Json] | None = None,
    annotations: Mapping[str, str] | None = None,
    **template: Any,
) -> Json:
    """Return a Deployment; keywords go into the pod's spec."""
    runs = list(containers) if containers is not None else [{"name": "model", "image": image_of(version)}]
    metadata: Json = {"name": name, "namespace": namespace}
    if annotations is not None:
        metadata["annotations"] = dict(annotations)
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": metadata,
        "spec": {
            "replicas": 1,
            "selector": {"matchLabels": {"app": name}},
            "template": {"metadata": {"labels": {"app": name}}, "spec": {"containers": runs, **template}},
        },
    }


def a_replica_set(deployment: Json, version: str, revision: int, **template: Any) -> Json:
    """Return an older ReplicaSet of a Deployment that stands in a cluster."""
    meta = deployment["metadata"]
    owner = {"kind": "Deployment", "name": meta["name"], "uid": meta["uid"], "controller": True}
    return {
        "apiVersion": "apps/v1",
        "kind": "ReplicaSet",
        "metadata": {
            "name": f"{meta['name']}-{revision}",
            "namespace": meta["namespace"],
            "labels": {"app": meta["name"]},
            "annotations": {"deployment.kubernetes.io/revision": str(revision)},
            "ownerReferences": [owner],
        },
        "spec": {"template": {"spec": {"containers": [{"name": "model", "image": image_of(version)}], **template}}},
    }
