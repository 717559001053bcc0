"""A ModelDeployment from the API server; what cannot be read is kept as a problem and never raises."""

from typing import Any

import pytest

from builders import NOW, a_model
from modelward.domain.codec import encode
from modelward.domain.resource import Asked, Resource, parse_resource
from modelward.domain.status import Status


def read(body: dict[str, Any], **metadata: Any) -> Resource:
    body["metadata"] |= {"uid": "u", "resourceVersion": "7", **metadata}
    return parse_resource(body)


def test_a_new_object_has_not_been_looked_at():
    resource = read(a_model(created=NOW), generation=3)
    assert resource.key == ("ml", "house-prices")
    assert (resource.generation, resource.resource_version, resource.created) == (3, "7", NOW)
    assert resource.status == Status()
    assert resource.status.observed_generation == -1
    assert resource.asked == Asked()


def test_requests_stand_in_its_annotations():
    notes = {
        "modelward.dev/rollback-requested-at": "now",
        "modelward.dev/rollback-to": "7",
        "modelward.dev/check-requested-at": "soon",
        "modelward.dev/clear-quarantine-requested-at": "later",
        "modelward.dev/clear-quarantine": "6",
        "modelward.dev/requested-by": "jane",
    }
    assert read(a_model(), annotations=notes).asked == Asked("now", "7", "soon", "later", "6", "jane")


BROKEN: dict[str, tuple[dict[str, Any], str]] = {
    "an unknown metric": ({"metrics": [{"name": "auc"}]}, "metrics: 'auc' is not a metric"),
    "a word for a number": ({"evaluation": {"minSamples": "many"}}, "spec: "),
    "an unknown policy": ({"evaluation": {"actOn": "Whim"}}, "spec: 'Whim'"),
    "a metric that is no object": ({"metrics": ["r2"]}, "spec: "),
    "metrics that are no list": ({"metrics": 7}, "spec: "),
}


@pytest.mark.parametrize(("change", "problem"), BROKEN.values(), ids=BROKEN)
def test_a_spec_stored_under_an_older_schema_is_kept_with_its_problem(change: dict[str, Any], problem: str):
    resource = read(a_model(**change))
    assert resource.spec is None
    assert str(resource.problem).startswith(problem)


def test_its_memory_is_read():
    body = a_model()
    body["status"] = encode(Status(5, current_version="7"))
    assert read(body).status == Status(5, current_version="7")
