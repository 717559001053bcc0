"""What the breaker's look at all others of a feed costs, before the rollback that waits for it: its ratio to a check.

A sweep of all the models is one statement over the same rows, and what the look is held against.
"""

import time
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, cast

from bench.errors import BenchError
from bench.fleet import NEW, Model
from bench.report import Figure
from modelward.connections import Connections
from modelward.decide.guards import Fleet
from modelward.domain.questions import Connection, Question
from modelward.domain.resource import Resource, parse_resource
from modelward.domain.status import Epoch, PlacedBy, Status, Verdict
from modelward.fleet import Census, Feed, Glimpse
from modelward.registry import Entry, Key, Registry

if TYPE_CHECKING:
    from modelward.database.reader import PostgresReader
    from modelward.domain.ports import Cluster
    from modelward.fleet import Fleets

SECRET, TIMES, GOAL = "prices-db", 3, 1.5
OFTEN = datetime.min.replace(tzinfo=UTC)


class _Secrets:
    """All of the cluster that is needed here: one Secret."""

    def __init__(self, where: Connection) -> None:
        self._where = where

    async def get_secret(self, namespace: str, name: str) -> dict[str, str]:
        """Say where the database is."""
        del namespace, name
        return dict(self._where.parameters)


async def measure(reader: "PostgresReader", where: Connection, questions: list[Question], sweep: float) -> Figure:
    """Count around one model that is to be rolled back; `sweep` are the seconds that a check of all takes."""
    registry, key = Registry(), ("bench", Model(0).name)
    for question in questions:
        registry.put(_resource(question))
    connections = Connections(cast("Cluster", _Secrets(where)))
    await connections.find("bench", SECRET)
    census = Census(reader, connections, registry, 50, lambda entry: _glimpse(entry, questions))
    feed = census.feed_of(registry.entries[key])
    if feed is None:
        raise BenchError("the feed is not known")
    return await _measure(reader, census, feed, key, sweep)


async def _measure(reader: "PostgresReader", census: Census, feed: Feed, key: Key, sweep: float) -> Figure:
    bad = {key: replace(census.registry.entries[key].resource.status, verdict=Verdict.DEGRADED)}
    seconds, statements = [], []
    for _ in range(TIMES + 1):
        before, began = reader.statements, time.perf_counter()
        fleets: Fleets = await census.count(bad, [feed], datetime.now(UTC))
        seconds.append(time.perf_counter() - began)
        statements.append(reader.statements - before)
        if fleets.by_feed[feed] != Fleet(1, 1):  # the others have nothing to be held against, so they are asked in full
            raise BenchError(f"counted {fleets.by_feed[feed]}: the time means nothing")
    middle, most = sorted(seconds[1:])[TIMES // 2], max(statements)
    return Figure(
        what=f"the breaker's look at {len(census.registry.entries):,} models of a feed, before a rollback",
        goal=f"1 statement, < {GOAL:g} x a check of all",
        measured=f"{most} statement(s), {middle / sweep:.2f} x ({middle:.2f} s)",
        met=most == 1 and middle < GOAL * sweep,
        values={"seconds": seconds, "statements": statements, "sweep": sweep},
    )


def _resource(question: Question) -> Resource:
    spec = {"database": {"secretRef": {"name": SECRET}}, "autoRollback": True, "modelName": question.model_name}
    meta = {"namespace": "bench", "name": question.model_name, "uid": question.model_name, "resourceVersion": "1"}
    read = parse_resource(
        {"metadata": {**meta, "generation": 1, "creationTimestamp": "2026-01-01T00:00:00Z"}, "spec": spec}
    )
    epoch = Epoch(1, NEW, NEW, "", OFTEN, PlacedBy.OBSERVED)
    return replace(read, status=Status(1, epoch=epoch, current_version=NEW))


def _glimpse(entry: Entry, questions: list[Question]) -> Glimpse | None:
    resource = entry.resource
    number = int(resource.name.rpartition("-")[2])
    return Glimpse(resource.spec, resource.status, None, questions[number]) if resource.spec else None
