"""Rows that allow no verdict, or a careful one; whatever they hold, nothing is rolled back because of them."""

from collections.abc import Callable

import pytest

from cluster.scenes import A2, GOOD, MINOR, WORSE, A, B, C, Grade, Model, condition, holds, image_of
from sandbox.kubectl import Kubectl
from sandbox.operator import Operator

NAN_PREDICTIONS = "UPDATE model_predictions SET prediction = 'NaN' WHERE model_version = %(version)s"
NAN_ACTUALS = "UPDATE model_predictions SET actual = 'NaN' WHERE model_version = %(version)s"
NO_ACTUALS = "UPDATE model_predictions SET actual = NULL WHERE model_version = %(version)s"
FORGET = "DELETE FROM model_predictions WHERE model_version = %(version)s"
ONE = "request_id = (SELECT min(request_id) FROM model_predictions WHERE model_version = %(version)s)"
CONSTANT = "UPDATE model_predictions SET prediction = prediction - actual, actual = 0 WHERE model_version = %(version)s"
PERFECT = "UPDATE model_predictions SET prediction = actual WHERE model_version = %(version)s"
ARCHIVE = (
    "INSERT INTO model_versions (model_name, model_version, archived_at) VALUES ('house-prices', %(version)s, now())"
)
RMSE_ONLY = {"metrics": [{"name": "rmse"}]}
R2_ONLY = {"metrics": [{"name": "r2"}]}


@pytest.fixture
def model(operator: Operator, kubectl: Kubectl, database_secret: str) -> Model:
    """Version A served well; nobody watches yet."""
    assert operator.is_ready()
    model = Model(kubectl, database_secret)
    model.predict(A, GOOD)
    model.deploy(A)
    model.kubectl.run("rollout", "status", f"deployment/{model.name}", "--timeout=30s")
    return model


def rows(*statements: str, version: str = A2, number: int = 200, grade: Grade = WORSE) -> Callable[[Model], None]:
    """Insert the version's rows, bad enough for a rollback, and then spoil them."""

    def insert(model: Model) -> None:
        model.predict(version, grade, rows=number)
        for statement in statements:
            model.execute(statement, {"version": version})

    return insert


def spoil_one(column: str, value: str) -> str:
    """Write one bad value."""
    return f"UPDATE model_predictions SET {column} = {value} WHERE {ONE}"


CASES = {
    "no rows at all": (
        rows("DELETE FROM model_predictions"),
        {},
        "NoData",
        "NoPredictions",
        "model 'house-prices' has no live prediction in the last 24h",
    ),
    "rows of the version before only": (
        rows(number=0),
        {},
        "NoData",
        "NoPredictions",
        f"no live prediction of {A2} since it serves; there are predictions of {A} (200) from before",
    ),
    "rows of other version names only": (
        rows(version="v5", number=88),
        {},
        "NoData",
        "VersionNotSeen",
        f"no live prediction of version {A2} in the last 24h; there are predictions of {A} (200), v5 (88)",
    ),
    "too few rows": (
        rows(number=48),
        {},
        "InsufficientData",
        "TooFewSamples",
        f"48 samples of {A2}, 100 needed (48 predictions)",
    ),
    "no labels yet": (
        rows(NO_ACTUALS),
        {},
        "InsufficientData",
        "TooFewSamples",
        f"0 samples of {A2}, 100 needed (200 predictions)",
    ),
    "labels that are all NaN": (
        rows(NAN_ACTUALS),
        {},
        "InsufficientData",
        "TooFewSamples",
        f"0 samples of {A2}, 100 needed (200 predictions, 200 labels not finite)",
    ),
    "predictions that are all NaN": (
        rows(NAN_PREDICTIONS),
        {},
        "InsufficientData",
        "NonFinitePredictions",
        f"200 of 200 predictions of {A2} are missing, NaN, infinite or beyond 1e150",
    ),
    "three of 200 predictions at 1e200": (
        rows(*(spoil_one("prediction = 1e200, request_id", f"'{i}'") for i in "zyx")),
        {},
        "InsufficientData",
        "NonFinitePredictions",
        f"3 of 200 predictions of {A2} are missing, NaN, infinite or beyond 1e150",
    ),
    "constant actuals, R2 alone": (
        rows(CONSTANT),
        R2_ONLY,
        "InsufficientData",
        "MetricsUndefined",
        "R2 0.930 -> undefined (the actuals do not vary)",
    ),
    "a previous RMSE of 0, RMSE alone": (
        lambda model: (rows()(model), model.execute(PERFECT, {"version": A})),
        RMSE_ONLY,
        "InsufficientData",
        "MetricsUndefined",
        "RMSE 0 -> 4200 (undefined: the previous value is 0)",
    ),
    "a previous R2 of 0.1, R2 alone": (
        lambda model: (
            rows()(model),
            model.execute(FORGET, {"version": A}),
            model.predict(A, Grade(0.1, 3480)),
        ),
        R2_ONLY,
        "InsufficientData",
        "MetricsUndefined",
        "not judged: previous R2 0.100 is under 0.2",
    ),
    "too few labels for the coverage asked for": (
        rows(f"{NO_ACTUALS} AND prediction > 250000"),
        {"evaluation": {"actOn": "Verdict", "minSamples": 50, "minLabelCoveragePercent": 80}},
        "InsufficientData",
        "LabelCoverageLow",
        f"50.0 % of 200 predictions of {A2} have a label, 80 % needed",
    ),
    "a version before with too few rows": (
        lambda model: (rows()(model), model.execute(FORGET, {"version": A})),
        {},
        "InsufficientData",
        "NoBaseline",
        f"the previous version {A} has 0 samples to compare with, 100 needed",
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_the_verdict_says_what_is_missing_and_nothing_is_rolled_back(model: Model, case: str):
    spoil, spec, verdict, reason, words = CASES[case]
    spoil(model)
    model.deploy(A2)
    model.watch(**spec)
    status = model.until_verdict(verdict, A2)
    assert (status["reason"], words in status["message"]) == (reason, True), status["message"]
    assert condition(status, "Ready")["status"] == "True"
    assert condition(status, "Degraded")["status"] == "False"
    assert "lastRollback" not in status
    assert model.image() == image_of(A2)


@pytest.mark.parametrize(("column", "counted"), [("prediction", "badPredictions"), ("actual", "badLabels")])
@pytest.mark.parametrize("value", ["1e200", "'NaN'", "'Infinity'"])
def test_one_value_that_is_no_number_is_counted_and_left_out(model: Model, column: str, counted: str, value: str):
    rows(spoil_one(column, value), grade=GOOD)(model)
    model.deploy(A2)
    model.watch()
    status = model.until_verdict("Healthy", A2)
    assert (status["window"][counted], status["samples"]) == (1, 199)


def test_constant_actuals_leave_the_other_metrics_to_judge(model: Model):
    rows(CONSTANT)(model)
    model.deploy(A2)
    model.watch(autoRollback=False)
    status = model.until_verdict("Degraded", A2)
    assert [(m["name"], m["breached"], m.get("undefined")) for m in status["metrics"]] == [
        ("r2", False, "undefined: the actuals do not vary"),
        ("rmse", True, None),
    ]


def test_a_metric_with_role_show_decides_nothing(model: Model):
    model.predict(A2, WORSE)
    model.deploy(A2)
    model.watch(metrics=[{"name": "mae", "thresholdPercent": 25}, {"name": "rmse", "role": "Show"}])
    status = model.until_verdict("Healthy", A2)
    assert [(m["name"], m["changePercent"], m["breached"]) for m in status["metrics"]] == [
        ("mae", "+20.7", False),
        ("rmse", "+20.7", False),
    ]


def test_without_an_earlier_version_the_database_is_asked_for_names(model: Model):
    model.predict("v4", rows=300)
    model.watch()
    status = model.until_verdict("InsufficientData", A)
    assert status["reason"] == "NoBaseline"
    assert "the database also has predictions of v4 (300)" in status["message"]
    assert "spec.previousVersion" in status["message"]


def test_a_previous_version_that_was_never_seen_is_no_baseline(model: Model):
    model.watch(previousVersion="v0")
    status = model.until_verdict("InsufficientData", A)
    assert (status["reason"], status["previousVersion"]) == ("NoBaseline", "v0")
    assert status["message"] == "the previous version v0 has 0 samples to compare with, 100 needed"


def test_an_archived_version_is_no_target(model: Model):
    model.execute(
        "INSERT INTO model_versions (model_name, model_version, archived_at) VALUES ('house-prices', '"
        + A
        + "', now())"
    )
    model.predict(B, WORSE)
    model.deploy(B)
    model.watch()
    status = model.until_verdict("Degraded", B)
    assert holds(status) == {"NoTarget": f"{A} is archived in model_versions"}
    assert condition(status, "Degraded")["reason"] == "NoTarget"
    assert f"not rolled back: {A} is archived" in model.notes("Degraded")[0]
    assert model.image() == image_of(B)


def test_a_version_in_quarantine_is_no_target(model: Model):
    model.predict(B, WORSE)
    model.deploy(B)
    model.watch(rollback={"cooldown": "0s"})
    model.until_rolled_back(A)
    model.watch(rollback={"cooldown": "0s"}, previousVersion=B)
    model.predict(C, Grade(0.7, 6000))
    model.deploy(C)
    status = model.until_verdict("Degraded", C)
    assert holds(status) == {"NoTarget": f"{B} was rolled back from and is in quarantine"}
    assert model.notes("Degraded")[-1].endswith(f"not rolled back: {B} was rolled back from and is in quarantine")
    assert model.image() == image_of(C)


def test_a_stricter_limit_rolls_back_what_the_default_leaves_alone(model: Model):
    model.predict(A2, MINOR)
    model.deploy(A2)
    model.watch(degradationThresholdPercent=1)
    assert model.until_rolled_back(A)["lastRollback"]["message"].startswith("R2 0.930 -> 0.920 (-1.08 %, limit 1 %)")
