"""Two operators in the cluster: one works, the other waits, and takes over."""

from collections.abc import Iterator

import pytest

from cluster.scenes import GOOD, WORSE
from e2e.release import LEASE_SECONDS, Release
from e2e.served import Served
from node.pictures import NEW, OLD
from sandbox.operator import CHART
from sandbox.waiting import wait_until

TAKEN = ("--reuse-values", "--force-conflicts", "--wait", "--timeout=120s")


@pytest.fixture
def pair(operator: Release) -> Iterator[Release]:
    """The operator twice; only the one with the Lease is ready."""
    operator.scale(2)
    wait_until(lambda: len(running(operator)) == 2, for_="two operators to run", timeout=60)
    yield operator
    operator.scale(1)


def running(release: Release) -> list[str]:
    return [pod["metadata"]["name"] for pod in release.pods() if pod["status"]["phase"] == "Running"]


def waiting(release: Release) -> str:
    """Name the operator that waits for the Lease, when it says so."""
    (other,) = set(running(release)) - {release.until_ready()}
    wait_until(lambda: "waiting for the Lease" in release.log(other), for_="the other to wait", timeout=60)
    return other


def test_deleted_by_force_the_other_takes_over_and_rolls_back_once(pair: Release, model: Served):
    model.serve(OLD)
    model.predict(OLD, GOOD)
    model.watch(checkInterval="10s")
    model.until_verdict("InsufficientData", OLD)
    first = pair.until_ready()
    assert pair.holder().startswith(first)
    pair.kubectl.run("delete", "pod", first, "--force", "--grace-period=0")
    model.serve(NEW)
    model.predict(NEW, WORSE)
    wait_until(lambda: not pair.holder().startswith(first), for_="another holder", timeout=LEASE_SECONDS + 30)
    assert pair.holder().startswith(pair.until_ready())
    model.until_rolled_back(OLD)
    model.until_all_answer(OLD)
    assert len(model.notes("RolledBack")) == 1


def test_told_to_end_it_gives_the_lease_back_and_another_one_is_ready(pair: Release):
    first, _ = pair.until_ready(), waiting(pair)
    pair.kubectl.run("delete", "pod", first, "--wait=false")
    wait_until(lambda: {*pair.ready_pods()} - {first}, for_="another one to be ready", timeout=LEASE_SECONDS - 5)
    assert pair.holder().startswith(pair.until_ready())


def test_one_that_waits_ends_when_it_is_told_to_and_takes_no_lease_with_it(pair: Release):
    first, second = pair.until_ready(), waiting(pair)
    assert pair.exit_code(second, lambda: pair.kubectl.run("delete", "pod", second, "--wait=false")) == 0
    assert pair.holder().startswith(first)


@pytest.fixture
def chosen(operator: Release) -> Iterator[Release]:
    """Two operators by the chart's value, as users ask for them; Helm waits until the rollout has ended."""
    yield operator
    # `kubectl scale` in tests before owns the number, so that Helm has to insist
    done = operator.helm("upgrade", "modelward", str(CHART), *TAKEN, "--set=replicaCount=1")
    assert done.returncode == 0, done.stderr


def test_two_that_were_asked_for_are_both_ready_and_one_works(chosen: Release):
    done = chosen.helm("upgrade", "modelward", str(CHART), *TAKEN, "--set=replicaCount=2")
    assert done.returncode == 0, done.stderr
    names = chosen.ready_pods()
    assert len(names) == 2
    (works,) = [name for name in names if chosen.holder().startswith(name)]
    chosen.kubectl.run("delete", "pod", works, "--wait=false")
    wait_until(
        lambda: chosen.holder() and not chosen.holder().startswith(works), for_="another to take over", timeout=60
    )
    assert chosen.helm("test", "modelward", "--timeout=120s").returncode == 0
