"""Flux itself keeps the Deployment: named beforehand, fought once, and told to leave it alone as our message says."""

import re
from collections.abc import Iterator

import pytest
import yaml

from cluster.git import Repository, a_repository
from cluster.scenes import GOOD, WORSE, A, B, C, Json, Model, condition, deployment, image_of, is_condition
from sandbox import flux as fluxes
from sandbox.cluster import Cluster
from sandbox.flux import Flux
from sandbox.kubectl import Kubectl
from sandbox.operator import Operator

TOLD = {"modelward.dev/version-left-alone-by": "kustomize-controller"}


@pytest.fixture(scope="module")
def flux(cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Flux]:
    """The real kustomize-controller."""
    started = fluxes.start(cluster, tmp_path_factory.mktemp("flux"))
    yield started
    started.stop()


@pytest.fixture
def repository(flux: Flux, kubectl: Kubectl) -> Iterator[Repository]:
    """A repository that Flux keeps the test's namespace like."""
    with a_repository(kubectl, flux) as repository:
        repository.install()
        yield repository


@pytest.fixture
def model(operator: Operator, repository: Repository, kubectl: Kubectl, database_secret: str) -> Model:
    """Version A serves from Git and is watched; B is known to be worse."""
    assert operator.is_ready()
    model = Model(kubectl, database_secret)
    model.predict(A, GOOD)
    model.predict(B, WORSE)
    repository.commit(manifest(A))
    model.watch(rollback={"cooldown": "0s"})
    model.until_verdict("InsufficientData", A)
    return model


def manifest(version: str, *, replicas: int = 1, notes: Json | None = None) -> Json:
    body = deployment("house-prices", image_of(version))
    body["metadata"]["annotations"] = notes or {}
    body["spec"]["replicas"] = replicas
    return body


def printed_recipe(message: str) -> Json:
    """Take what is to be put into the Kustomization out of our own sentence."""
    found = re.search(r"in the Kustomization set spec\.(ignore: \[.*\])", message)
    assert found, message
    recipe: Json = yaml.safe_load(found[1])
    return recipe


def test_a_fight_with_flux_ends_by_the_recipe_that_is_printed(model: Model, repository: Repository):
    warning = model.until(lambda s: is_condition(s, "RollbackProtected", "False", "OwnedByFlux"), "the warning")
    assert printed_recipe(condition(warning, "RollbackProtected")["message"])
    repository.commit(manifest(B))
    model.until_rolled_back(A)
    repository.reconcile()
    assert len(model.notes("QuarantineEnforced")) == 1
    model.until_ready("True", "Watching")
    assert model.image() == image_of(A)
    repository.reconcile()
    message = model.until_ready("False", "Contested")["message"]
    assert model.image() == image_of(B)
    assert "put back again by field manager kustomize-controller" in message
    assert len(model.notes("QuarantineEnforced")) == len(model.notes("Contested")) == 1

    repository.configure(printed_recipe(message))
    model.until_answered("clearQuarantine", model.ask("clear-quarantine", clear_quarantine=B))
    model.until(lambda s: not condition(s, "Stalled"), "the end of the contest")
    assert model.until_answered("rollback", model.ask("rollback"))["result"] == "Done"
    model.until_ready("True", "Watching")
    for replicas in (1, 3):  # as it stands in Git, and a change of something else
        repository.commit(manifest(B, replicas=replicas))
        assert model.image() == image_of(A)
        assert model.target()["spec"]["replicas"] == replicas
    repository.commit(manifest(B, replicas=3, notes=TOLD))
    status = model.until(
        lambda s: is_condition(s, "RollbackProtected", "True", "LeftAlone"), "the word of the Deployment"
    )
    assert is_condition(status, "Ready", "True", "Watching")
    assert len(model.notes("QuarantineEnforced")) == len(model.notes("Contested")) == 1


def test_a_hotfix_in_git_goes_through_while_we_fight(model: Model, repository: Repository):
    repository.commit(manifest(B))
    model.until_rolled_back(A)
    repository.reconcile()
    model.predict(C, GOOD)
    repository.commit(manifest(C))
    model.until_verdict("Healthy", C)
    repository.reconcile()
    assert model.image() == image_of(C)
