"""Two operators in the cluster: one works, the other waits, and takes over."""

from collections.abc import Iterator

import pytest

from cluster.scenes import GOOD, WORSE
from e2e.release import LEASE_SECONDS, Release
from e2e.served import Served
from node.pictures import NEW, OLD
from sandbox.waiting import wait_until


@pytest.fixture
def pair(operator: Release) -> Iterator[Release]:
    """The operator twice; only the one with the Lease is ready."""
    operator.scale(2)
    wait_until(lambda: len(running(operator)) == 2, for_="two operators to run", timeout=60)
    yield operator
    operator.scale(1)


def running(release: Release) -> list[str]:
    return [pod["metadata"]["name"] for pod in release.pods() if pod["status"]["phase"] == "Running"]


def test_killed_without_a_word_the_other_takes_over_after_the_lease_and_rolls_back(pair: Release, model: Served):
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
    second = pair.until_ready()
    assert pair.holder().startswith(second)
    model.until_rolled_back(OLD)
    model.until_all_answer(OLD)
    assert len(model.notes("RolledBack")) == 1


def test_told_to_end_it_gives_the_lease_back_and_the_other_need_not_wait(pair: Release):
    first = pair.until_ready()
    pair.kubectl.run("delete", "pod", first, "--wait=false")
    wait_until(lambda: pair.ready_pods() not in ([], [first]), for_="the other to be ready", timeout=60)
    assert pair.holder().startswith(pair.until_ready())
