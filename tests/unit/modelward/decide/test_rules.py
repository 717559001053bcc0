"""What must hold whatever the data say: tried on random windows, histories and courses of events."""

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from builders import HOUR, NOW, a_resource, a_serving, a_spec, a_status, in_reach, sums
from modelward.decide import journal
from modelward.decide.decide import decide, follow
from modelward.decide.guards import Fleet
from modelward.decide.previous import find_previous
from modelward.decide.verdict import judge
from modelward.domain.codec import decode, encode
from modelward.domain.decision import Decision, RollbackOrder
from modelward.domain.quality import Quality, Sums, VersionCount, Window
from modelward.domain.spec import Spec
from modelward.domain.status import Status, Verdict

counts = st.integers(0, 5000)
amounts = st.floats(0, 1e300)
levels = st.floats(-1e149, 1e149)


@st.composite
def any_sums(draw: st.DrawFn) -> Sums:
    return Sums(draw(counts), draw(levels), draw(amounts), draw(levels), draw(amounts), draw(amounts))


GOOD, WORSE, BAD, FEW = sums(0.93, 3480), sums(0.92, 3660), sums(0.85, 4200), sums(0.1, 9000, n=7)
usual = st.sampled_from([GOOD, BAD, BAD, BAD, WORSE, FEW, Sums()])


@st.composite
def windows(draw: st.DrawFn, rows: st.SearchStrategy[Sums], end: datetime) -> Window:
    sums = draw(rows)
    bad = sums.n if draw(st.integers(0, 9)) == 9 else 0
    return Window(end - 24 * HOUR, end, sums.n + bad, bad, 0, sums)


@st.composite
def qualities(draw: st.DrawFn, rows: st.SearchStrategy[Sums] = usual) -> Quality:
    baseline = draw(windows(st.just(GOOD) | rows, NOW - 48 * HOUR) | st.none())
    others = draw(st.lists(st.builds(VersionCount, st.sampled_from(["v1", "v2", "v9"]), counts), max_size=2))
    return Quality(NOW, draw(windows(rows, NOW)), baseline, tuple(others))


specs = st.builds(
    lambda act_on, auto, breaches, metrics, named, cooldown: a_spec(
        autoRollback=auto,
        evaluation={"actOn": act_on, "consecutiveBreaches": breaches},
        metrics=[{"name": name} for name in metrics],
        rollback={"cooldown": cooldown, "maxPerDay": 100},
        **({"previousVersion": named} if named else {}),
    ),
    st.sampled_from(["Verdict", "Verdict", "Guarded"]),
    st.sampled_from([True, True, True, False]),
    st.integers(1, 3),
    st.lists(st.sampled_from(["rmse", "mae", "r2"]), min_size=1, unique=True),
    st.sampled_from([None, None, None, "v1", "v9"]),
    st.sampled_from(["0s", "1h"]),
)


def decided(spec: Spec, status: Status, quality: Quality, now: datetime = NOW, fleet: Fleet | None = None) -> Decision:
    version = status.current_version or ""
    previous = find_previous(spec, status)
    judgement = judge(spec, status, quality, previous)
    return decide(
        a_resource(spec, status), spec, status, a_serving(version), previous, judgement, fleet or Fleet(), now
    )  # fmt: skip


@given(specs, qualities(any_sums()))
def test_deciding_never_fails_and_what_it_says_can_be_written(spec: Spec, quality: Quality):
    status = decided(spec, a_status("v1", "v2"), quality).status
    again = decode(Status, encode(status))
    assert (again.verdict, again.holds, again.breaches.count) == (status.verdict, status.holds, status.breaches.count)


@given(specs, qualities(usual | any_sums()))
def test_what_is_not_known_to_be_worse_is_never_acted_on(spec: Spec, quality: Quality):
    decision = decided(spec, a_status("v1", "v2"), quality)
    if decision.order is not None:
        assert decision.status.verdict is Verdict.DEGRADED
        assert decision.holds == ()
        assert spec.auto_rollback
        assert any(m.breached for m in decision.status.metrics)


@given(specs, qualities())
def test_a_landing_is_never_rolled_back_by_itself(spec: Spec, quality: Quality):
    assert decided(spec, a_status("v1", "v2", "v3", landing=True), quality).order is None


@given(specs, qualities(), st.integers(3, 9))
def test_nothing_is_done_while_most_models_look_bad(spec: Spec, quality: Quality, bad: int):
    assert decided(spec, a_status("v1", "v2"), quality, fleet=Fleet(9, bad + 2)).order is None or bad + 2 <= 4


@dataclass
class Life:
    """A resource through checks, deployments and rollbacks; orders are carried out at once."""

    spec: Spec
    status: Status = field(default_factory=lambda: a_status("v1", "v2"))
    version: str = "v2"
    now: datetime = NOW
    orders: list[tuple[int, RollbackOrder]] = field(default_factory=list)
    landings: list[int] = field(default_factory=list)

    def check(self, quality: Quality) -> None:
        moved = timedelta(seconds=(self.now - quality.now).total_seconds())
        window = replace(quality.current, start=quality.current.start + moved, end=self.now)
        decision = decided(self.spec, self.status, replace(quality, now=self.now, current=window), self.now)
        self.status = decision.status
        if decision.order is not None:
            self.carry_out(decision.order)

    def deploy(self, version: str) -> None:
        self.version = version
        decision = follow(
            a_resource(self.spec, self.status), self.spec, self.status, a_serving(version), in_reach, self.now
        )
        self.status = decision.status
        if decision.order is not None:
            self.carry_out(decision.order)

    def carry_out(self, order: RollbackOrder) -> None:
        assert self.status.epoch is not None
        if order.placed_by.value == "Rollback":
            self.orders.append((self.status.epoch.number, order))
            self.landings += [self.status.epoch.number] if self.status.epoch.landing else []
        self.version = order.to.version
        intended = journal.intend(self.status, order, self.now)
        self.status = journal.verified(journal.patched(intended, a_serving(self.version), self.now), self.now)


steps = st.lists(
    st.tuples(st.timedeltas(timedelta(minutes=1), timedelta(hours=30)), qualities())
    | st.sampled_from(["v3", "v1", "v2"]),
    min_size=2,
    max_size=12,
)


@given(specs, steps)
def test_through_a_whole_life(spec: Spec, course: list[str | tuple[timedelta, Quality]]):
    life = Life(spec)
    for step in course:
        if isinstance(step, str):
            life.deploy(step)
        else:
            life.now += step[0]
            life.check(step[1])
    epochs = [epoch for epoch, _ in life.orders]
    assert len(epochs) == len(set(epochs)), "at most one order for each epoch"
    assert life.landings == [], "no order on a landing"
    assert len({order.id for _, order in life.orders}) == len(life.orders)
    assert all(not life.status.is_quarantined(order.to.version) for _, order in life.orders[-1:])
    assert len(life.status.history) <= 20
    assert life.status.epoch is not None
    assert life.status.epoch.version == life.status.current_version == life.version == life.status.history[-1].version
