"""What a rollback request may reach: the catalogue counts, and what must not be written is refused."""

from builders import NOW, A, B, a_resource, a_serving, a_spec, a_status, in_reach
from modelward.decide.requests import answer_rollback, must_look_up
from modelward.domain.codec import format_time
from modelward.domain.reasons import Reason
from modelward.domain.serving import ServingProblem

JUST_NOW = format_time(NOW)


def test_a_version_of_the_catalogue_needs_no_look_up_and_is_good_enough_by_name():
    spec = a_spec(versions=[{"name": "v9", "image": "r/m@sha256:9"}])
    resource = a_resource(rollback_at=JUST_NOW, rollback_to="v9")
    assert not must_look_up(resource, spec, a_status(A, B))
    decision = answer_rollback(resource, spec, a_status(A, B), a_serving(), (), in_reach, NOW)
    assert decision.order is not None
    assert decision.order.to.version == "v9"


def test_a_version_that_must_not_be_written_is_refused_with_the_reason():
    problem = ServingProblem(Reason.REPOSITORY_NOT_ALLOWED, "annotate the Deployment")
    resource = a_resource(rollback_at=JUST_NOW)
    decision = answer_rollback(resource, a_spec(), a_status(A, B), a_serving(), (), lambda *_: problem, NOW)
    record = decision.status.requests.rollback
    assert decision.order is None
    assert record is not None
    assert (record.result, record.message) == ("Refused", "annotate the Deployment")


def test_a_list_that_could_not_be_read_is_no_proof_that_there_is_no_such_version():
    resource = a_resource(status=a_status(A, B), rollback_at=JUST_NOW, rollback_to="v7")
    decision = answer_rollback(
        resource, a_spec(), a_status(A, B), a_serving(), (), in_reach, NOW, unread="public.r has no column v"
    )
    record = decision.status.requests.rollback
    assert record is not None
    assert record.message == (
        "target version v7 not found: the database could not list its versions: public.r has no column v; "
        f"known versions: {B}, {A}"
    )
