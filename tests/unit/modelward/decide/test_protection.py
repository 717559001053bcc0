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
