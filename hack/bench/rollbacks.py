"""From the commit of the labels that prove a version bad to the accepted patch, and what a rollback calls for."""

import statistics
import threading
import time
from dataclasses import dataclass

import psycopg

from bench import data, fleet, ready
from bench.audit import Call, about, tally, without_standing
from bench.errors import BenchError
from bench.fleet import Model
from bench.idle import OFTEN, SECONDS
from bench.report import Figure, listed, spread
from bench.stage import Stage

LATEST, MOST_CALLS = SECONDS[OFTEN] + 1, 7
MEDIAN, WORST = 0.10, 0.5  # when the labels announce themselves
APART = 1.3  # seconds between two commits: no divisor of the interval, so that they hit it at all its moments


@dataclass(frozen=True)
class Rollback:
    """One rollback: when its labels were committed, and the operator's calls about it from then on."""

    model: Model
    committed: float
    calls: list[Call]

    @property
    def latency(self) -> float:
        """Seconds from the commit to the accepted patch."""
        patches = [c.done for c in self.calls if c.is_deployment_patch]
        if not patches:
            raise BenchError(f"{self.model.name} was not patched")
        return min(patches) - self.committed

    @property
    def own_calls(self) -> list[Call]:
        """The calls of the rollback itself: from the intent on, all that follow one another without a pause."""
        calls: list[Call] = []
        for call in self.calls:
            if calls and call.received - calls[-1].done > 1.0:
                break
            calls.append(call)
        return calls


def measure(stage: Stage) -> list[Figure]:
    """Roll some models back by polling alone, then as many others with the announcements of labels switched on."""
    ready.ensure(stage)
    stage.set_interval(OFTEN)
    data.announce(stage.database.url, on=False)
    polled, rest = _roll_back(stage, stage.models[: stage.rollbacks])
    data.announce(stage.database.url, on=True)
    notified, more = _roll_back(stage, stage.models[stage.rollbacks : 2 * stage.rollbacks])
    return [_latency_polled(polled), _latency_notified(notified), _cost(polled + notified), _unattributed(rest + more)]


def _roll_back(stage: Stage, chosen: list[Model]) -> tuple[list[Rollback], list[Call]]:
    """Deploy a worse version, then commit its labels, one model after the other; also return the calls left over."""
    _deploy_worse(stage, chosen)
    stage.say(f"{len(chosen)} rollbacks, with a commit of labels every {APART:g} s")
    mark = stage.audit.mark()
    committed = _label(stage, chosen)
    _await_ends(stage, chosen)
    calls = without_standing(stage.audit.since(mark))
    rollbacks = [Rollback(m, committed[m], about(calls, m.name)) for m in chosen]
    counted = {id(call) for r in rollbacks for call in r.own_calls}
    return rollbacks, [call for call in calls if id(call) not in counted]


def _deploy_worse(stage: Stage, chosen: list[Model]) -> None:
    stage.say(f"deploying a worse version of {len(chosen)} models")
    data.insert(stage.database.url, [m.number for m in chosen], fleet.WORSE, labelled=False)
    mark = stage.audit.mark()
    stage.api.burst([fleet.deploy(m, fleet.WORSE) for m in chosen])
    stage.audit.await_status(mark, {m.name for m in chosen})
    stage.audit.await_quiet()


def _label(stage: Stage, chosen: list[Model]) -> dict[Model, float]:
    pause, committed = threading.Event(), {}
    with psycopg.connect(stage.database.url) as connection:
        for model in chosen:
            committed[model] = data.label(connection, model.name, fleet.WORSE)
            pause.wait(APART)
    return committed


def _await_ends(stage: Stage, chosen: list[Model]) -> None:
    """Wait until every rollback is verified, and until the check that follows has written its verdict."""
    give_up_at, pause = time.monotonic() + 60, threading.Event()
    waiting = list(chosen)
    while waiting:
        if time.monotonic() > give_up_at:
            raise BenchError(f"{len(waiting)} rollbacks were not verified in time, {waiting[0].name} is one")
        pause.wait(1.0)
        waiting = [m for m in waiting if fleet.phase(stage.api.get(m.path)) != "Verified"]
    stage.audit.await_quiet(seconds=SECONDS[OFTEN])


def _latency_polled(rollbacks: list[Rollback]) -> Figure:
    latencies = sorted(r.latency for r in rollbacks)
    return Figure(
        what=f"label commit -> accepted patch, polling every {OFTEN}, {len(rollbacks)} rollbacks",
        goal=f"none over {LATEST:g} s",
        measured=spread(latencies),
        met=latencies[-1] <= LATEST,
        values={"seconds": latencies},
    )


def _latency_notified(rollbacks: list[Rollback]) -> Figure:
    latencies = sorted(r.latency for r in rollbacks)
    return Figure(
        what=f"the same when labels announce themselves, {len(rollbacks)} rollbacks",
        goal=f"median {MEDIAN:.2f} s, max {WORST:g} s",
        measured=spread(latencies),
        met=statistics.median(latencies) <= MEDIAN and latencies[-1] <= WORST,
        values={"seconds": latencies},
    )


def _cost(rollbacks: list[Rollback]) -> Figure:
    counts = [len(r.own_calls) for r in rollbacks]
    most = max(rollbacks, key=lambda r: len(r.own_calls))
    duration = statistics.median(r.own_calls[-1].done - r.own_calls[0].received for r in rollbacks)
    order = [call.what for call in most.own_calls]
    return Figure(
        what="API calls per rollback, Events included",
        goal=f"<= {MOST_CALLS}",
        measured=f"{statistics.median(counts):g}, at most {max(counts)}, within {duration:.2f} s: {', '.join(order)}",
        met=max(counts) <= MOST_CALLS,
        values={"calls": counts, "order": order, "tally": tally(most.own_calls), "median_seconds": duration},
    )


def _unattributed(rest: list[Call]) -> Figure:
    """Nothing is swept under the carpet: what else was called meanwhile, later writes of the same models included."""
    counts = tally(rest)
    return Figure(what="other API calls meanwhile, for all of them", measured=listed(counts), values=counts)
