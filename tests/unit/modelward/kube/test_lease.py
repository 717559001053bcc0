"""One operator acts at a time: who holds the Lease, for how long, and who takes over."""

import copy
import time
from collections.abc import Callable
from typing import Any

import pytest

from modelward.domain.errors import ClusterError, ConflictError, NotFoundError
from modelward.kube.lease import ClusterRestoredError, Lease, standing_clock

PATH = "/apis/coordination.k8s.io/v1/namespaces/ops/leases"
Json = dict[str, Any]


class Clock:
    """Monotonic seconds, as a test says."""

    def __init__(self) -> None:
        self.seconds = 1000.0

    def __call__(self) -> float:
        return self.seconds


class Leases:
    """The API server's Leases, with its optimistic locking."""

    def __init__(self) -> None:
        self.objects: dict[str, Json] = {}
        self.down: ClusterError | None = None
        self.before_write: Callable[[], None] = lambda: None

    async def get(self, path: str) -> Json:
        self._answer()
        if path not in self.objects:
            raise NotFoundError(path)
        return copy.deepcopy(self.objects[path])

    async def post(self, path: str, body: Json) -> Json:
        self._answer()
        self.before_write()
        return self._store(f"{path}/{body['metadata']['name']}", body)

    async def put(self, path: str, body: Json) -> Json:
        self._answer()
        self.before_write()
        if body["metadata"]["resourceVersion"] != self.objects[path]["metadata"]["resourceVersion"]:
            raise ConflictError(path)
        return self._store(path, body)

    def touch(self, **spec: str) -> None:
        """Let somebody else write."""
        body = copy.deepcopy(self.objects.get(f"{PATH}/modelward", {"metadata": {"name": "modelward"}, "spec": {}}))
        body["spec"] |= spec
        self._store(f"{PATH}/modelward", body)

    @property
    def spec(self) -> Json:
        spec: Json = self.objects[f"{PATH}/modelward"]["spec"]
        return spec

    def _answer(self) -> None:
        if self.down:
            raise self.down

    def _store(self, path: str, body: Json) -> Json:
        version = int(self.objects.get(path, {"metadata": {"resourceVersion": "0"}})["metadata"]["resourceVersion"])
        self.objects[path] = {**body, "metadata": {**body["metadata"], "resourceVersion": str(version + 1)}}
        return self.objects[path]


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def leases() -> Leases:
    return Leases()


@pytest.fixture
def candidate(leases: Leases, clock: Clock) -> Callable[[str], Lease]:
    return lambda name: Lease(leases, "ops", "modelward", name, monotonic=clock)  # type: ignore[arg-type]


Candidate = Callable[[str], Lease]


async def test_the_first_makes_it_and_holds_it(candidate: Candidate, leases: Leases):
    one = candidate("one")
    assert not one.is_held
    assert await one._try()
    assert one.is_held
    assert (leases.spec["holderIdentity"], leases.spec["leaseDurationSeconds"]) == ("one", 30)
    assert leases.spec["leaseTransitions"] == 0


async def test_the_second_waits_while_the_first_renews(candidate: Candidate, clock: Clock):
    one, two = candidate("one"), candidate("two")
    await one._try()
    for _ in range(20):
        clock.seconds += 10
        assert await one._try()
        assert not await two._try()
    assert not two.is_held


async def test_who_waits_stands_by_as_long_as_another_is_seen_to_hold_it(
    candidate: Candidate, clock: Clock, leases: Leases
):
    one, two = candidate("one"), candidate("two")
    assert not two.stands_by
    await one._try()
    await two._try()
    assert (one.stands_by, two.stands_by) == (False, True)
    leases.down = ClusterError("gone")
    clock.seconds += 20
    await two._try()
    assert not two.stands_by


async def test_who_takes_over_stands_by_no_more(candidate: Candidate, leases: Leases):
    one, two = candidate("one"), candidate("two")
    await one._try()
    await two._try()
    leases.touch(holderIdentity="")
    assert await two._try()
    assert two.is_held
    assert not two.stands_by


async def test_the_second_takes_over_when_nothing_was_renewed_for_thirty_seconds(
    candidate: Candidate, clock: Clock, leases: Leases
):
    one, two = candidate("one"), candidate("two")
    await one._try()
    assert not await two._try()
    clock.seconds += 30
    assert not await two._try()
    clock.seconds += 1
    assert await two._try()
    assert (leases.spec["holderIdentity"], leases.spec["leaseTransitions"]) == ("two", 1)
    assert not one.is_held
    assert not await one._try()


async def test_the_first_stops_acting_before_the_second_may_begin(candidate: Candidate, clock: Clock):
    one, two = candidate("one"), candidate("two")
    await one._try()
    await two._try()
    for _ in range(40):
        clock.seconds += 1
        await two._try()
        assert not (one.is_held and two.is_held)
    assert two.is_held


async def test_times_written_by_others_do_not_matter(candidate: Candidate, clock: Clock, leases: Leases):
    leases.touch(holderIdentity="other", renewTime="1999-01-01T00:00:00.000000Z")
    two = candidate("two")
    assert not await two._try()
    clock.seconds += 29
    assert not await two._try()
    clock.seconds += 2
    assert await two._try()


async def test_what_was_given_back_is_free_at_once(candidate: Candidate, leases: Leases):
    one, two = candidate("one"), candidate("two")
    await one._try()
    await one.release()
    assert not one.is_held
    assert leases.spec["holderIdentity"] == ""
    assert await two._try()


async def test_what_another_one_holds_is_not_given_back(candidate: Candidate, leases: Leases):
    one = candidate("one")
    await one._try()
    leases.touch(holderIdentity="two")
    await one.release()
    assert leases.spec["holderIdentity"] == "two"


async def test_an_operator_that_was_restarted_under_its_name_takes_it_at_once(candidate: Candidate):
    await candidate("one")._try()
    assert await candidate("one")._try()


async def test_of_two_that_write_at_once_one_holds_it(candidate: Candidate, leases: Leases):
    one, two = candidate("one"), candidate("two")
    await one._try()
    await one.release()
    leases.before_write = lambda: (setattr(leases, "before_write", lambda: None), leases.touch(holderIdentity="one"))[1]
    assert not await two._try()
    assert not two.is_held


async def test_an_api_server_that_is_down_is_not_the_end_until_the_deadline(
    candidate: Candidate, clock: Clock, leases: Leases
):
    one = candidate("one")
    await one._try()
    leases.down = ClusterError("no answer in time")
    clock.seconds += 19
    assert not await one._try()
    assert one.is_held
    clock.seconds += 1
    assert not one.is_held


async def test_giving_back_to_an_api_server_that_is_down_does_no_harm(candidate: Candidate, leases: Leases):
    one = candidate("one")
    await one._try()
    leases.down = ClusterError("no answer in time")
    await one.release()
    assert not one.is_held


@pytest.mark.parametrize("left", [True, False], ids=["an older Lease", "no Lease"])
async def test_a_cluster_that_was_restored_from_a_backup_ends_whoever_remembers_more(
    candidate: Candidate,
    leases: Leases,
    left: bool,  # noqa: FBT001
):
    one, two = candidate("one"), candidate("two")
    await one._try()
    before = copy.deepcopy(leases.objects)
    for _ in range(3):
        await one._try()
    assert not await two._try()
    leases.objects = before if left else {}
    for lease in (one, two):
        with pytest.raises(ClusterRestoredError, match="restored from a backup"):
            await lease._try()
        leases.objects = copy.deepcopy(before) if left else {}
    assert await candidate("one")._try()  # a new one begins with what there is


def test_its_clock_goes_on_while_the_machine_is_suspended():
    before = time.clock_gettime(time.CLOCK_BOOTTIME)
    assert before <= standing_clock() <= time.clock_gettime(time.CLOCK_BOOTTIME)
