"""An admission policy that stands in the way of a rollback: its words are where people look, and it can be lifted."""

from collections.abc import Iterator

import pytest

from cluster.scenes import GOOD, WORSE, A, B, Model, condition, image_of, is_condition, unused_name
from sandbox.kubectl import Kubectl
from sandbox.operator import NAMESPACE, Operator
from sandbox.waiting import wait_until

ACCOUNT = f"system:serviceaccount:{NAMESPACE}:modelward"
WORDS = "no changes before Monday"


@pytest.fixture
def model(operator: Operator, kubectl: Kubectl, database_secret: str) -> Model:
    """Version A serves well and is watched; B is known to be worse."""
    assert operator.is_ready()
    model = Model(kubectl, database_secret)
    model.predict(A, GOOD)
    model.predict(B, WORSE)
    model.deploy(A)
    model.watch()
    model.until_verdict("InsufficientData", A)
    return model


@pytest.fixture
def freeze(model: Model) -> Iterator[str]:
    """A policy that lets the operator change nothing in the test's namespace; its name."""
    name, kubectl = unused_name("frozen"), model.kubectl
    where = {"matchLabels": {"kubernetes.io/metadata.name": kubectl.namespace}}
    rule = {"apiGroups": ["apps"], "apiVersions": ["v1"], "operations": ["UPDATE"], "resources": ["deployments"]}
    policy = {
        "failurePolicy": "Fail",
        "matchConstraints": {"namespaceSelector": where, "resourceRules": [rule]},
        "matchConditions": [{"name": "ours", "expression": f"request.userInfo.username == '{ACCOUNT}'"}],
        "validations": [{"expression": "false", "message": WORDS}],
    }
    binding = {"policyName": name, "validationActions": ["Deny"]}
    for kind, spec in (("ValidatingAdmissionPolicy", policy), ("ValidatingAdmissionPolicyBinding", binding)):
        body = {"apiVersion": "admissionregistration.k8s.io/v1", "kind": kind, "metadata": {"name": name}, "spec": spec}
        kubectl.apply(body)
    wait_until(lambda: WORDS in try_to_patch(model), for_="the policy to be in force", timeout=30)
    yield name
    lift(model, name)


def try_to_patch(model: Model) -> str:
    """Have the operator's account annotate the Deployment, for nothing but the answer."""
    what = ("annotate", "deployment", model.name, "modelward.dev/tried=true", "--overwrite", "--dry-run=server")
    return model.kubectl.run(*what, f"--as={ACCOUNT}", check=False)


def lift(model: Model, name: str) -> None:
    """Take the policy away, and wait until it is out of force."""
    for kind in ("validatingadmissionpolicybinding", "validatingadmissionpolicy"):
        model.kubectl.run("delete", kind, name, "--ignore-not-found")
    wait_until(lambda: WORDS not in try_to_patch(model), for_="the policy to be out of force", timeout=30)


def test_what_a_policy_refuses_is_said_in_its_words_and_done_once_it_is_lifted(model: Model, freeze: str):
    model.deploy(B)
    status = model.until(lambda s: is_condition(s, "Stalled", "True", "RollbackRefused"), "Stalled (RollbackRefused)")
    assert is_condition(status, "Ready", "False", "RollbackRefused")
    assert (freeze in condition(status, "Ready")["message"], WORDS in condition(status, "Ready")["message"]) == (
        True,
        True,
    )
    assert (model.image(), status["lastRollback"]["phase"], status["lastRollback"]["refused"]) == (
        image_of(B),
        "Failed",
        1,
    )
    (note,) = model.notes("RollbackRefused")
    assert WORDS in note
    assert model.notes("RollbackRefused", "Deployment")
    model.ask("rollback")
    refused = lambda s: s.get("requests", {}).get("rollback", {}).get("result") == "Refused"  # noqa: E731
    assert WORDS in model.until(refused, "the request to be refused")["requests"]["rollback"]["message"]
    lift(model, freeze)
    model.ask("rollback")
    model.until_rolled_back(A)
    assert "refused" not in model.see()["status"]["lastRollback"]
