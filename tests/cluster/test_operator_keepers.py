"""A GitOps controller keeps the Deployment: told of beforehand, and named with the fix when it comes to a fight.

Server-side apply under Flux's field manager stands for Flux: on the Deployment it is what its controller does.
"""

from cluster.scenes import GOOD, WORSE, A, B, Model, condition, deployment, image_of, is_condition
from sandbox.kubectl import Kubectl
from sandbox.operator import Operator

FLUX = ("--server-side", "--field-manager=kustomize-controller", "--force-conflicts")
RECIPE = 'spec.ignore: [{paths: ["/spec/template/spec/containers/0/image"], target: {kind: Deployment, name: '


def reconcile(model: Model, version: str) -> None:
    """Write what stands in Git, as the controller does at its next round."""
    model.kubectl.apply(deployment(model.name, image_of(version)), *FLUX)


def test_flux_is_named_before_anything_happens_and_when_it_comes_to_a_fight(
    operator: Operator, kubectl: Kubectl, database_secret: str
):
    assert operator.is_ready()
    model = Model(kubectl, database_secret)
    model.predict(A, GOOD)
    model.predict(B, WORSE)
    reconcile(model, A)
    model.watch(rollback={"cooldown": "0s"})
    status = model.until(lambda s: is_condition(s, "RollbackProtected", "False", "OwnedByFlux"), "the warning")
    assert RECIPE in condition(status, "RollbackProtected")["message"]
    reconcile(model, B)
    model.until_rolled_back(A)
    reconcile(model, B)
    model.notes("QuarantineEnforced")
    model.until_ready("True", "Watching")
    reconcile(model, B)
    message = model.until_ready("False", "Contested")["message"]
    assert "put back again by field manager kustomize-controller" in message
    assert RECIPE in message
    assert RECIPE in model.notes("Contested")[0]
    assert model.image() == image_of(B)
