"""A spec is read once, with every default filled in; what cannot be meant is refused by the name of its field."""

from datetime import timedelta
from typing import Any

import pytest

from builders import a_raw_spec, a_spec
from modelward.domain.errors import InvalidSpecError
from modelward.domain.metrics import Family, MetricName
from modelward.domain.questions import Comparison
from modelward.domain.spec import (
    ActOn,
    Evaluation,
    MetricSpec,
    OnTemplateChange,
    Policy,
    Role,
    RollbackRules,
    parse_spec,
)
from modelward.domain.version_field import FieldType, KnownVersion, VersionField


def test_the_smallest_spec_follows_the_guide():
    spec = a_spec()
    assert (spec.model_name, spec.target_name, spec.secret_name) == ("house-prices", "house-prices", "house-prices-db")
    assert spec.metrics == (MetricSpec(MetricName.R2, 5.0), MetricSpec(MetricName.RMSE, 5.0))
    assert spec.check_interval == timedelta(hours=1)
    assert spec.evaluation == Evaluation()
    assert spec.rollback == RollbackRules()
    assert not spec.suspend


READ: dict[str, tuple[dict[str, Any], str, Any]] = {
    "the model's name": ({"modelName": "prices"}, "model_name", "prices"),
    "the environment": ({"environment": "staging"}, "environment", "staging"),
    "the Deployment": ({"targetRef": {"name": "server"}}, "target_name", "server"),
    "the container": ({"versionField": {"containerName": "m"}}, "version_field", VersionField(container="m")),
    "the template": (
        {"versionField": {"image": {"template": "r/m:{version}"}}},
        "version_field",
        VersionField(template="r/m:{version}"),
    ),
    "the variable": (
        {"versionField": {"type": "Env", "env": {"name": "MODEL_VERSION"}}},
        "version_field",
        VersionField(FieldType.ENV, env="MODEL_VERSION"),
    ),
    "the annotation": (
        {"versionField": {"type": "Annotation", "annotation": {"key": "a/b"}}},
        "version_field",
        VersionField(FieldType.ANNOTATION, annotation="a/b"),
    ),
    "the catalogue": (
        {"versions": [{"name": "v1", "image": "r/m@sha256:1"}]},
        "catalogue",
        (KnownVersion("v1", "r/m@sha256:1"),),
    ),
    "the version to serve": ({"version": "7"}, "version", "7"),
    "the previous version": ({"previousVersion": "7"}, "previous_version", "7"),
    "the interval": ({"checkInterval": "10s"}, "check_interval", timedelta(seconds=10)),
    "auto-rollback off": ({"autoRollback": False}, "auto_rollback", False),
    "suspend": ({"suspend": True}, "suspend", True),
    "a threshold for all": (
        {"degradationThresholdPercent": "2.5"},
        "metrics",
        (MetricSpec(MetricName.R2, 2.5), MetricSpec(MetricName.RMSE, 2.5)),
    ),
    "a threshold and a role of its own": (
        {"metrics": [{"name": "mae", "thresholdPercent": 3}, {"name": "r2", "role": "Show"}]},
        "metrics",
        (MetricSpec(MetricName.MAE, 3.0), MetricSpec(MetricName.R2, 5.0, Role.SHOW)),
    ),
    "the evaluation": (
        {
            "evaluation": {
                "window": "2h",
                "minSamples": 7,
                "labelDelay": "1h",
                "minLabelCoveragePercent": "12.5",
                "comparison": "Paired",
                "positiveClass": 0,
                "policy": "Threshold",
                "falseRollbackRate": "0.05",
                "season": "168h",
                "actOn": "Verdict",
                "consecutiveBreaches": 1,
                "maxBaselineAge": "0s",
            }
        },
        "evaluation",
        Evaluation(
            timedelta(hours=2),
            7,
            timedelta(hours=1),
            12.5,
            Comparison.PAIRED,
            "0",
            Policy.THRESHOLD,
            0.05,
            timedelta(days=7),
            ActOn.VERDICT,
            1,
            timedelta(0),
        ),
    ),
    "a policy that wants proof": (
        {"evaluation": {"policy": "Sequential"}},
        "evaluation",
        Evaluation(policy=Policy.SEQUENTIAL),
    ),
    "the rollback's rules": (
        {"rollback": {"cooldown": "5m", "maxPerDay": 1, "verifyTimeout": "30s", "onTemplateChange": "Proceed"}},
        "rollback",
        RollbackRules(timedelta(minutes=5), 1, timedelta(seconds=30), OnTemplateChange.PROCEED),
    ),
}


@pytest.mark.parametrize(("change", "field", "value"), READ.values(), ids=READ)
def test_is_read(change: dict[str, Any], field: str, value: Any):
    assert getattr(a_spec(**change), field) == value


FAMILIES: dict[str, tuple[list[dict[str, str]], tuple[Family, ...], tuple[Family, ...]]] = {
    "numbers": ([{"name": "rmse"}, {"name": "mape"}], (Family.REGRESSION,), ()),
    "classes": ([{"name": "f1"}, {"name": "accuracy"}], (Family.LABELS,), ()),
    "a mix, each once": ([{"name": "brier"}, {"name": "f1"}, {"name": "roc_auc"}], (Family.LABELS, Family.SCORES), ()),
    "what is only shown gates nothing": (
        [{"name": "log_loss"}, {"name": "r2", "role": "Show"}, {"name": "brier", "role": "Show"}],
        (Family.SCORES,),
        (Family.REGRESSION,),
    ),
}


@pytest.mark.parametrize(("metrics", "gating", "shown"), FAMILIES.values(), ids=FAMILIES)
def test_metrics_need_the_samples_of(
    metrics: list[dict[str, str]], gating: tuple[Family, ...], shown: tuple[Family, ...]
):
    spec = a_spec(metrics=metrics)
    assert (spec.gating, spec.shown) == (gating, shown)


REFUSED: dict[str, tuple[dict[str, Any], str, str]] = {
    "a threshold that is no number": (
        {"degradationThresholdPercent": "abc"},
        "degradationThresholdPercent",
        "'abc' is not a number",
    ),
    "a threshold with a sign": ({"degradationThresholdPercent": "5%"}, "degradationThresholdPercent", "not a number"),
    "a threshold below zero": ({"degradationThresholdPercent": -1}, "degradationThresholdPercent", "between 0 and 100"),
    "a threshold of 250": ({"degradationThresholdPercent": 250}, "degradationThresholdPercent", "between 0 and 100"),
    "a threshold of NaN": ({"degradationThresholdPercent": "nan"}, "degradationThresholdPercent", "between 0 and 100"),
    "an interval in days": ({"checkInterval": "7d"}, "checkInterval", "168h"),
    "a window in words": ({"evaluation": {"window": "a day"}}, "evaluation.window", "not a duration"),
    "a cooldown below zero": ({"rollback": {"cooldown": "-1h"}}, "rollback.cooldown", "not a duration"),
    "an unknown metric": ({"metrics": [{"name": "auc"}]}, "metrics", "'auc' is not a metric; known are r2, rmse, mae"),
    "a metric without a name": ({"metrics": [{}]}, "metrics", "is not a metric"),
    "a metric's own threshold": (
        {"metrics": [{"name": "r2", "thresholdPercent": "x"}]},
        "metrics[r2].thresholdPercent",
        "not a number",
    ),
    "a template without its place": (
        {"versionField": {"image": {"template": "r/m:1"}}},
        "versionField.image.template",
        "{version} exactly once",
    ),
    "a template with two places": (
        {"versionField": {"image": {"template": "{version}:{version}"}}},
        "versionField.image.template",
        "{version} exactly once",
    ),
    "a place of no known type": ({"versionField": {"type": "Label"}}, "versionField.type", "Image, Env, Annotation"),
    "a variable without its name": ({"versionField": {"type": "Env"}}, "versionField.env.name", "is required"),
    "an annotation without its key": (
        {"versionField": {"type": "Annotation", "annotation": {}}},
        "versionField.annotation.key",
        "is required",
    ),
    "a version that is a number": ({"version": 20260105143022}, "version", "is not text that can be an image tag"),
    "a version that can be no tag": ({"previousVersion": "a b"}, "previousVersion", "'a b' is not text"),
    "an entry without an image": ({"versions": [{"name": "v1"}]}, "versions", "needs a name and an image"),
    "two names for one image": (
        {"versions": [{"name": "v1", "image": "r/m:1"}, {"name": "v2", "image": "r/m:1"}]},
        "versions",
        "which version is it?",
    ),
    "proof, and yet the first verdict": (
        {"evaluation": {"policy": "Sequential", "actOn": "Verdict"}},
        "evaluation.policy",
        "Sequential needs actOn Guarded",
    ),
    "a rate that is no number": (
        {"evaluation": {"falseRollbackRate": "seldom"}},
        "evaluation.falseRollbackRate",
        "'seldom' is not a number",
    ),
    "a rate of nothing": ({"evaluation": {"falseRollbackRate": "0.0"}}, "evaluation.falseRollbackRate", "above 0"),
    "a rate above a half": ({"evaluation": {"falseRollbackRate": "0.6"}}, "evaluation.falseRollbackRate", "at most"),
    "a season without a unit": ({"evaluation": {"season": "1d"}}, "evaluation.season", "1d"),
    "a section that is no object": ({"evaluation": "24h"}, "evaluation", "expected an object"),
    "no Secret": ({"database": {}}, "database.secretRef.name", "is required"),
}


@pytest.mark.parametrize(("change", "field", "problem"), REFUSED.values(), ids=REFUSED)
def test_is_refused_by_name(change: dict[str, Any], field: str, problem: str):
    with pytest.raises(InvalidSpecError) as caught:
        a_spec(**change)
    assert caught.value.field == field
    assert str(caught.value).startswith(f"{field}: ")
    assert problem in str(caught.value)


def test_nobody_gets_automatic_rollback_by_accident():
    raw = a_raw_spec()
    del raw["autoRollback"]
    with pytest.raises(InvalidSpecError, match="autoRollback: is required"):
        parse_spec("house-prices", raw)
