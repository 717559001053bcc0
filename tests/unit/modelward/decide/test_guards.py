"""Each guard speaks where it should and is silent where it should not; who is on duty, and in which order."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from builders import (
    DAY,
    HOUR,
    NOW,
    A,
    B,
    C,
    a_baseline,
    a_move,
    a_placement,
    a_previous,
    a_quality,
    a_rollback,
    a_serving,
    a_spec,
    a_status,
    quarantined,
    sums,
)
from modelward.decide.guards import GUARDS, Fleet, Scene, automatic_rollbacks, find_holds
from modelward.decide.verdict import judge
from modelward.domain.buckets import Buckets
from modelward.domain.quality import Quality, Sums
from modelward.domain.reasons import Reason
from modelward.domain.serving import ServingProblem
from modelward.domain.spec import Spec
from modelward.domain.status import Breaches, Epoch, Phase, PlacedBy, PlacementState, Status

MINUTE = timedelta(minutes=1)
BAD = sums(0.85, 4200)
CONFIRMED = Breaches(2, NOW)
SOFT = {"WarmingUp", "NotConfirmed", "OnlyR2", "BaselineStale", "TemplateChanged"}
SOFT |= {"WithinNormalVariation", "WithinNoise", "NotProven"}
ALL = [
    "Suspended",
    "Contested",
    "Landing",
    "BothWorse",
    "WarmingUp",
    "NotConfirmed",
    "OnlyR2",
    "WithinNormalVariation",
    "WithinNoise",
    "NotProven",
    "BaselineStale",
    "TemplateChanged",
    "RollbackRefused",
    "HistoryUnreadable",
    "CoolingDown",
    "BudgetExhausted",
    "BreakerOpen",
    "RepositoryNotAllowed",
    "NoTarget",
]
LITERAL = [name for name in ALL if name not in SOFT]
THRESHOLD = [name for name in ALL if name != "NotProven"]
SEQUENTIAL = [name for name in ALL if name not in {"NotConfirmed", "WithinNormalVariation", "WithinNoise"}]


def a_scene(
    *,
    spec: Spec | None = None,
    status: Status | None = None,
    quality: Quality | None = None,
    current: Sums = BAD,
    fleet: Fleet | None = None,
    **more: Any,
) -> Scene:
    """Return a scene in which no guard speaks: B is confirmed to be worse, served for two days, A is proven."""
    spec, previous = spec or a_spec(), more.get("previous", a_previous())
    status = status or a_status(A, B, breaches=CONFIRMED)
    judgement = judge(spec, status, quality or a_quality(current), a_previous())
    return Scene(
        spec,
        status,
        more.get("serving", a_serving()),
        judgement,
        previous,
        fleet or Fleet(5, 1),
        NOW,
        unread=more.get("unread"),
    )


def said(scene: Scene) -> dict[str, str]:
    return {hold.guard: hold.message for hold in find_holds(scene)}


def test_no_guard_speaks_where_a_rollback_is_right():
    assert said(a_scene()) == {}


def a_landing() -> Status:
    return a_status(A, B, landing=True, breaches=CONFIRMED)


def contested(**changes: Any) -> Status:
    return a_status(A, B, quarantine=quarantined(B), reassertions=(NOW - HOUR,), breaches=CONFIRMED, **changes)


def rolled_back(*ages: timedelta, placed_by: PlacedBy = PlacedBy.ROLLBACK) -> Status:
    moves = tuple(a_move(i, f"v{i}", started_time=NOW - age, placed_by=placed_by) for i, age in enumerate(ages, 10))
    status = a_status(A, B, breaches=CONFIRMED)
    return replace(status, history=(*moves, *status.history))


def since(age: timedelta) -> Status:
    return a_status(A, B, since=NOW - age, breaches=CONFIRMED)


def cooling(age: timedelta) -> Status:
    return a_status(A, B, breaches=CONFIRMED, last_rollback=a_rollback(from_=C, patched_time=NOW - age))


def refused(age: timedelta, times: int = 1, **changes: Any) -> Status:
    """The API server said no, so often in a row, a while ago."""
    said = {"phase": Phase.FAILED, "patched_time": None, "finished_time": NOW - age, "message": "no: policy"}
    rollback = a_rollback(refused=times, **{**said, **changes})
    return a_status(A, B, breaches=CONFIRMED, last_rollback=rollback)


def stale(age: timedelta) -> Status:
    return a_status(A, B, breaches=CONFIRMED, baseline=a_baseline(end=NOW - age))


SPEAKS: dict[str, tuple[Reason, dict[str, Any], str]] = {
    "suspended": (Reason.SUSPENDED, {"spec": a_spec(suspend=True)}, "spec.suspend is true"),
    "put right once and back again": (Reason.CONTESTED, {"status": contested()}, f"{B} was rolled back from"),
    "placed by a rollback": (Reason.LANDING, {"status": a_landing()}, "look at the data"),
    "younger than a window": (
        Reason.WARMING_UP,
        {"status": since(23 * HOUR + 59 * MINUTE)},
        f"{B} serves for 23h59m, less than one window of 24h",
    ),
    "seen once": (
        Reason.NOT_CONFIRMED,
        {"status": a_status(A, B, breaches=Breaches(1, NOW))},
        "1 of 2 breaching windows that do not overlap",
    ),
    "R2 fell and no loss rose": (Reason.ONLY_R2, {"current": sums(0.85, 3480)}, "may vary less"),
    "R2 fell and a loss rose within its limit": (Reason.ONLY_R2, {"current": sums(0.85, 3650)}, "no loss metric"),
    "a baseline older than a week": (
        Reason.BASELINE_STALE,
        {"status": stale(169 * HOUR)},
        f"the baseline of {A} ended 169h ago, more than 168h",
    ),
    "more than the image changed": (
        Reason.TEMPLATE_CHANGED,
        {"serving": a_serving(template_hash="other")},
        "env, command, args, volumes, init containers or other images",
    ),
    "a rollback a moment ago": (
        Reason.COOLING_DOWN,
        {"status": cooling(59 * MINUTE)},
        "the last rollback was 59m ago, cooldown is 1h",
    ),
    "the API server said no a moment ago": (
        Reason.ROLLBACK_REFUSED,
        {"status": refused(timedelta(seconds=59))},
        f"refused once, tried again from {NOW + timedelta(seconds=1):%Y-%m-%d %H:%M} UTC on: no: policy",
    ),
    "the API server said no so often that it is asked once an hour": (
        Reason.ROLLBACK_REFUSED,
        {"status": refused(59 * MINUTE, times=40)},
        f"refused 40 times in a row, tried again from {NOW + MINUTE:%Y-%m-%d %H:%M} UTC on: no: policy",
    ),
    "nobody knows what is in quarantine": (
        Reason.HISTORY_UNREADABLE,
        {"unread": "no answer"},
        "which versions are in quarantine or archived is not known, so none is put back before: no answer",
    ),
    "three automatic rollbacks today": (
        Reason.BUDGET_EXHAUSTED,
        {"status": rolled_back(HOUR, 5 * HOUR, 23 * HOUR)},
        "3 automatic rollbacks in 24 hours, 3 allowed",
    ),
    "a budget of one": (
        Reason.BUDGET_EXHAUSTED,
        {"status": rolled_back(5 * HOUR), "spec": a_spec(rollback={"maxPerDay": 1})},
        "1 automatic rollbacks in 24 hours, 1 allowed",
    ),
    "a budget of none": (Reason.BUDGET_EXHAUSTED, {"spec": a_spec(rollback={"maxPerDay": 0})}, "0 allowed"),
    "three of five models bad at once": (
        Reason.BREAKER_OPEN,
        {"fleet": Fleet(5, 3)},
        "3 of 5 judged models look bad at once: the data feed is the suspect",
    ),
    "another one than spec.version, put right once": (
        Reason.CONTESTED,
        {
            "status": a_status(
                A, B, breaches=CONFIRMED, placement=a_placement(PlacementState.CONTESTED, message="kubectl")
            )
        },
        "kubectl",
    ),
    "a target in another repository": (
        Reason.REPOSITORY_NOT_ALLOWED,
        {"previous": a_previous(problem=ServingProblem(Reason.REPOSITORY_NOT_ALLOWED, "annotate it"))},
        "annotate it",
    ),
    "a target that no image is known of": (
        Reason.NO_TARGET,
        {"previous": a_previous(problem=ServingProblem(Reason.VERSION_UNKNOWN, "the entries are v1"))},
        "the entries are v1",
    ),
    "no earlier version": (Reason.NO_TARGET, {"previous": None}, "no earlier version is known here"),
    "a target with a veto": (Reason.NO_TARGET, {"previous": a_previous(veto="it was never Healthy")}, "never Healthy"),
    "a target that is archived": (
        Reason.NO_TARGET,
        {"quality": replace(a_quality(BAD), archived=("x", A))},
        f"{A} is archived in model_versions",
    ),
}


@pytest.mark.parametrize(("reason", "given", "words"), SPEAKS.values(), ids=SPEAKS)
def test_speaks_alone_when(reason: Reason, given: dict[str, Any], words: str):
    holds = said(a_scene(**given))
    assert list(holds) == [reason.value]
    assert words in holds[reason]


SILENT: dict[str, dict[str, Any]] = {
    "a window old to the second": {"status": since(DAY)},
    "of unknown age": {"status": replace(a_status(A, B, breaches=CONFIRMED), epoch=Epoch(2, B))},
    "confirmed more than once": {"status": a_status(A, B, breaches=Breaches(7, NOW))},
    "one breach is enough where that is said": {
        "status": a_status(A, B, breaches=Breaches(1, NOW)),
        "spec": a_spec(evaluation={"consecutiveBreaches": 1}),
    },
    "a loss rose and R2 did not fall": {"current": sums(0.93, 4200)},
    "R2 is the only metric, so no loss could speak": {
        "current": sums(0.85, 3480),
        "spec": a_spec(metrics=[{"name": "r2"}]),
    },
    "a baseline exactly a week old": {"status": stale(168 * HOUR)},
    "an old baseline where no limit is set": {
        "status": stale(9999 * HOUR),
        "spec": a_spec(evaluation={"maxBaselineAge": "0s"}),
    },
    "a changed template where that may proceed": {
        "serving": a_serving(template_hash="other"),
        "spec": a_spec(rollback={"onTemplateChange": "Proceed"}),
    },
    "a target of unknown template": {"serving": a_serving(template_hash="x"), "previous": a_previous(template_hash="")},
    "the API server said no exactly one pause ago": {"status": refused(MINUTE)},
    "the API server said no an hour ago, however often": {"status": refused(HOUR, times=10**6)},
    "the API server said no to a person": {"status": refused(timedelta(0), automatic=False)},
    "the API server said no about another version": {"status": refused(timedelta(0), from_=C)},
    "a rollback exactly one cooldown ago": {"status": cooling(HOUR)},
    "a rollback that was never carried out": {
        "status": a_status(A, B, breaches=CONFIRMED, last_rollback=a_rollback(patched_time=None))
    },
    "two automatic rollbacks today and one yesterday": {"status": rolled_back(HOUR, 2 * HOUR, DAY)},
    "any number of rollbacks that people asked for": {
        "status": rolled_back(HOUR, HOUR, HOUR, HOUR, placed_by=PlacedBy.REQUEST)
    },
    "two of two models bad: too few to tell": {"fleet": Fleet(2, 2)},
    "exactly the breaker's share": {"fleet": Fleet(6, 3)},
    "a breaker that is turned off": {"fleet": Fleet(5, 5, 100)},
    "quarantined but not put right before": {"status": a_status(A, B, quarantine=quarantined(B), breaches=CONFIRMED)},
    "another version is archived": {"quality": replace(a_quality(BAD), archived=(C,))},
}


@pytest.mark.parametrize("given", SILENT.values(), ids=SILENT)
def test_all_are_silent_when(given: dict[str, Any]):
    assert said(a_scene(**given)) == {}


def everything(evaluation: dict[str, str]) -> Scene:
    """Return a scene in which every guard has something to say."""
    spec = a_spec(suspend=True, evaluation=evaluation, rollback={"maxPerDay": 0})
    status = contested(since=NOW - HOUR, baseline=a_baseline(end=NOW - 999 * HOUR), last_rollback=a_rollback())
    last = a_rollback(Phase.FAILED, patched_time=NOW - MINUTE, finished_time=NOW, refused=1)
    status = replace(status, breaches=Breaches(), last_rollback=last)
    assert status.epoch is not None
    status = replace(status, epoch=replace(status.epoch, landing=True))
    scene = a_scene(spec=spec, status=status, current=sums(0.85, 3480), previous=None, fleet=Fleet(3, 3))
    elsewhere = ServingProblem(Reason.REPOSITORY_NOT_ALLOWED, "annotate it")
    scene = replace(
        scene, previous=a_previous(veto="never Healthy", problem=elsewhere), serving=a_serving(template_hash="other")
    )
    judgement = replace(scene.judgement, reason=Reason.BOTH_WORSE)
    return replace(scene, judgement=judgement, evidence=unsteady(), unread="no answer")


def unsteady() -> Buckets:
    """Return buckets and windows in which R2 is now high and now low, in both versions."""
    moving = tuple(sums(0.95 if i % 2 else 0.5, 3480, n=200) for i in range(12))
    return Buckets(moving, moving[::-1], moving)


ON_DUTY = {
    "Guarded asks nearly all": ({"actOn": "Guarded"}, THRESHOLD),
    "Sequential wants proof": ({"policy": "Sequential"}, SEQUENTIAL),
    "Verdict keeps the hard ones": ({"actOn": "Verdict"}, LITERAL),
}


@pytest.mark.parametrize(("evaluation", "names"), ON_DUTY.values(), ids=ON_DUTY)
def test_all_that_speak_are_listed_in_order(evaluation: dict[str, str], names: list[str]):
    assert list(said(everything(evaluation))) == names


def test_the_list_is_the_order():
    assert [guard.reason.value for guard in GUARDS] == ALL


BREAKER: dict[str, tuple[Fleet, bool]] = {
    "nobody is bad": (Fleet(10, 0), False),
    "two of three": (Fleet(3, 2), False),
    "three of three": (Fleet(3, 3), True),
    "half": (Fleet(10, 5), False),
    "more than half": (Fleet(10, 6), True),
    "a tenth and a bit, where a tenth is the limit": (Fleet(100, 11, 10), True),
}


@pytest.mark.parametrize(("fleet", "is_open"), BREAKER.values(), ids=BREAKER)
def test_the_breaker(fleet: Fleet, is_open: bool):  # noqa: FBT001
    assert fleet.breaker_open is is_open


def test_only_automatic_rollbacks_of_a_day_count():
    status = rolled_back(timedelta(0), 23 * HOUR, DAY, 30 * DAY)
    assert automatic_rollbacks(status, NOW) == 2
    assert automatic_rollbacks(rolled_back(HOUR, placed_by=PlacedBy.REASSERTION), NOW) == 0
