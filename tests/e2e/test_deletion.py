"""What is deleted goes at once, whether or not the operator runs: no finalizer stands in the way."""

import pytest

from e2e.release import Release
from e2e.served import Served
from node.pictures import OLD
from sandbox.kubectl import Kubectl

SOON = "--timeout=60s"


@pytest.fixture(params=[1, 0], ids=["the operator runs", "the operator is away"])
def watched(model: Served, operator: Release, request: pytest.FixtureRequest) -> Served:
    """A model that was looked at, and then a number of operators."""
    model.serve(OLD)
    model.watch()
    model.until(lambda status: status.get("currentVersion") == OLD, "the first look")
    operator.scale(request.param)
    return model


def test_the_resource(watched: Served):
    watched.kubectl.run("delete", watched.resource, SOON)
    assert watched.resource.split("/")[1] not in watched.kubectl.run("get", "mdl", "--output=name")
    watched.until_all_answer(OLD)


def test_the_namespace(watched: Served):
    namespace = watched.kubectl.namespace or ""
    everywhere = Kubectl(watched.kubectl.cluster)
    everywhere.run("delete", "namespace", namespace, SOON)
    assert "NotFound" in everywhere.run("get", "namespace", namespace, check=False)
