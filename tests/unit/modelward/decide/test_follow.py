"""Following the Deployment: a version in quarantine that came back is put right once a day; a third is respected."""

from dataclasses import replace

import pytest

from builders import (
    DAY,
    HOUR,
    NOW,
    A,
    B,
    C,
    a_resource,
    a_rollback,
    a_serving,
    a_spec,
    a_status,
    image_of,
    in_reach,
    quarantined,
)
from modelward.decide.decide import follow
from modelward.domain.decision import Decision
from modelward.domain.reasons import Reason
from modelward.domain.serving import Reach, ServingProblem
from modelward.domain.spec import Spec
from modelward.domain.status import Status

LANDED = a_status(A, B, A, landing=True, quarantine=quarantined(B), last_rollback=a_rollback())


def followed(status: Status, version: str, spec: Spec | None = None, reach: Reach = in_reach) -> Decision:
    spec = spec or a_spec()
    return follow(a_resource(spec, status), spec, status, a_serving(version), reach, NOW)


def test_the_same_version_is_no_news():
    assert followed(LANDED, A) == Decision(LANDED)


def test_a_rolled_back_version_that_came_back_is_put_right():
    decision = followed(LANDED, B)
    assert decision.order is not None
    assert (decision.order.from_version, decision.order.to.version) == (B, A)
    assert decision.order.to.value == image_of(A)
    assert decision.order.reason is Reason.QUARANTINE_ENFORCED
    assert decision.status == LANDED


def test_what_must_not_be_written_is_not_put_back():
    elsewhere = ServingProblem(Reason.REPOSITORY_NOT_ALLOWED, "annotate it")
    decision = followed(LANDED, B, reach=lambda *_: elsewhere)
    assert decision.order is None
    assert decision.status.current_version == B


NOT_PUT_RIGHT: dict[str, tuple[Status, str, Spec, list[Reason]]] = {
    "a third version is an override": (LANDED, C, a_spec(), [Reason.VERSION_CHANGED]),
    "auto-rollback is off": (LANDED, B, a_spec(autoRollback=False), [Reason.VERSION_CHANGED]),
    "its quarantine was cleared": (replace(LANDED, quarantine=()), B, a_spec(), [Reason.VERSION_CHANGED]),
    "it was put right within a day": (
        replace(LANDED, reassertions=(NOW - HOUR,)),
        B,
        a_spec(),
        [Reason.VERSION_CHANGED, Reason.CONTESTED],
    ),
}


@pytest.mark.parametrize(("status", "version", "spec", "reasons"), NOT_PUT_RIGHT.values(), ids=NOT_PUT_RIGHT)
def test_is_not_put_right_where(status: Status, version: str, spec: Spec, reasons: list[Reason]):
    decision = followed(status, version, spec)
    assert decision.order is None
    assert [a.reason for a in decision.announcements] == reasons
    assert decision.status.current_version == version


def test_it_may_be_put_right_again_after_a_day():
    assert followed(replace(LANDED, reassertions=(NOW - DAY,)), B).order is not None
