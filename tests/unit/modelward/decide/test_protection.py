"""Who would write over a rollback: said once, with what to tell them, and taken back when nobody would."""

from dataclasses import replace
from datetime import timedelta

import pytest

from builders import NOW, a_serving, a_status
from modelward.decide.conditions import ROLLBACK_PROTECTED, summarise
from modelward.decide.protection import protect, recipe
from modelward.domain.serving import Serving

LATER = NOW + timedelta(hours=1)
RECIPES = {
    "kustomize-controller": (
        "OwnedByFlux",
        (
            'spec.ignore: [{paths: ["/spec/template/spec/containers/0/image"], '
            "target: {kind: Deployment, name: house-prices, namespace: ml}}]"
        ),
    ),
    "helm-controller": ("OwnedByFlux", "spec.driftDetection.ignore: [{paths: "),
    "argocd-controller": ("OwnedByArgoCD", "RespectIgnoreDifferences=true"),
    "argocd-application-controller": (
        "OwnedByArgoCD",
        (
            "ignoreDifferences: [{group: apps, kind: Deployment, name: house-prices, namespace: ml, jqPathExpressions: "
            """['.spec.template.spec.containers[] | select(.name == "model") | .image']}]"""
        ),
    ),
    "helm": ("OwnedByHelm", "upgrade house-prices with the version that serves"),
}


def kept_by(keeper: str) -> Serving:
    serving = a_serving()
    return replace(serving, place=replace(serving.place, keeper=keeper, manager=keeper))


@pytest.mark.parametrize(("keeper", "reason", "told"), [(k, *v) for k, v in RECIPES.items()], ids=RECIPES)
def test_the_condition_names(keeper: str, reason: str, told: str):
    found = protect(a_status(), kept_by(keeper), 1, NOW).condition(ROLLBACK_PROTECTED)
    assert found is not None
    assert (found.status, found.reason) == ("False", reason)
    assert found.message.startswith(f"field manager {keeper} (")
    assert told in found.message
    assert told in recipe(kept_by(keeper))


def test_where_nobody_keeps_the_field_there_is_no_condition_and_no_recipe():
    status = a_status()
    assert protect(status, a_serving(), 1, NOW) is status
    assert recipe(a_serving()) == ""


def test_it_goes_when_nobody_keeps_the_field_any_more():
    told = protect(a_status(), kept_by("helm"), 1, NOW)
    assert protect(told, a_serving(), 1, LATER).condition(ROLLBACK_PROTECTED) is None


def test_a_change_of_hands_keeps_the_time_since_which_it_is_so():
    told = protect(a_status(), kept_by("helm"), 1, NOW)
    found = protect(told, kept_by("argocd-controller"), 2, LATER).condition(ROLLBACK_PROTECTED)
    assert found is not None
    assert (found.reason, found.last_transition_time) == ("OwnedByArgoCD", NOW)


def test_it_outlasts_what_else_is_summed_up():
    told = protect(a_status(), kept_by("helm"), 1, NOW)
    assert summarise(told, 1, LATER).condition(ROLLBACK_PROTECTED) == told.condition(ROLLBACK_PROTECTED)


def told_to(keeper: str, annotation: str) -> Serving:
    serving = kept_by(keeper)
    return replace(serving, deployment=replace(serving.deployment, left_alone_by=annotation))


@pytest.mark.parametrize("annotation", ["helm", "argocd-controller, helm", " helm "])
def test_it_is_true_where_the_deployment_says_that_the_owner_was_told(annotation: str):
    found = protect(a_status(), told_to("helm", annotation), 1, NOW).condition(ROLLBACK_PROTECTED)
    assert found is not None
    assert (found.status, found.reason) == ("True", "LeftAlone")
    assert "modelward.dev/version-left-alone-by on the Deployment says that it was told" in found.message
    assert RECIPES["helm"][1] in found.message


@pytest.mark.parametrize("annotation", ["", "argocd-controller", "*", "Helm"])
def test_another_owner_that_was_told_changes_nothing(annotation: str):
    found = protect(a_status(), told_to("helm", annotation), 1, NOW).condition(ROLLBACK_PROTECTED)
    assert found is not None
    assert (found.status, found.reason) == ("False", "OwnedByHelm")


def test_where_nobody_owns_the_field_the_annotation_says_nothing():
    assert protect(a_status(), told_to("", "helm"), 1, NOW).condition(ROLLBACK_PROTECTED) is None


def test_being_told_is_a_change_of_its_own():
    before = protect(a_status(), kept_by("helm"), 1, NOW)
    found = protect(before, told_to("helm", "helm"), 1, LATER).condition(ROLLBACK_PROTECTED)
    assert found is not None
    assert found.last_transition_time == LATER
