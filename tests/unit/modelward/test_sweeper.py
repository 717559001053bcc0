"""When each resource gets its turn: the schedule, and the slots in which resources are swept together."""

from hypothesis import given
from hypothesis import strategies as st

from modelward.pacing import next_slot
from modelward.sweeper import Schedule

ONE, TWO = ("ml", "one"), ("ml", "two")


def test_what_is_due_is_taken_once():
    schedule = Schedule()
    schedule.put(ONE, 5.0)
    schedule.put(TWO, 7.0)
    assert schedule.next_at() == 5.0
    assert schedule.take(4.9) == []
    assert schedule.take(5.0) == [ONE]
    assert schedule.take(5.0) == []
    assert schedule.take(9.0) == [TWO]


def test_nothing_is_due_for_ever_where_nothing_was_put():
    assert Schedule().next_at() == float("inf")
    assert Schedule().take(1e9) == []


def test_a_turn_may_come_earlier_but_never_later():
    schedule = Schedule()
    schedule.put(ONE, 5.0)
    schedule.put(ONE, 9.0)
    schedule.put(ONE, 3.0)
    assert schedule.take(3.0) == [ONE]
    assert schedule.take(100.0) == []


def test_after_its_turn_a_resource_may_be_put_anew():
    schedule = Schedule()
    schedule.put(ONE, 3.0)
    schedule.take(3.0)
    schedule.put(ONE, 8.0)
    assert schedule.take(8.0) == [ONE]


@given(st.lists(st.tuples(st.sampled_from([ONE, TWO]), st.floats(0, 100)), max_size=20))
def test_whatever_is_put_each_key_is_taken_at_its_earliest(puts: list[tuple[tuple[str, str], float]]):
    schedule = Schedule()
    for key, at in puts:
        schedule.put(key, at)
    earliest = {key: min(at for k, at in puts if k == key) for key, _ in puts}
    for moment in sorted(set(earliest.values())):
        assert sorted(schedule.take(moment)) == sorted(key for key, at in earliest.items() if at == moment)
    assert schedule.take(1000.0) == []


times, intervals = st.floats(0, 1e8), st.integers(10, 86_400)


@given(times, intervals, st.uuids())
def test_a_slot_lies_ahead_and_no_further_than_one_interval(now: float, interval: int, uid: object):
    slot = next_slot(now, interval, str(uid))
    assert now < slot <= now + interval


@given(times, intervals, st.uuids())
def test_a_resource_keeps_its_phase(now: float, interval: int, uid: object):
    slot = next_slot(now, interval, str(uid))
    assert next_slot(slot, interval, str(uid)) == slot + interval


@given(times, st.integers(10, 3600), st.uuids())
def test_slots_are_whole_seconds_so_that_many_are_swept_together(now: float, interval: int, uid: object):
    assert float(next_slot(now, float(interval), str(uid))).is_integer()


def test_resources_are_spread_over_the_interval():
    slots = {next_slot(0.0, 60.0, f"uid-{i}") for i in range(600)}
    assert len(slots) > 50
