"""Classifiers, versions side by side, and whether a rollback helped: on a real API server and a real PostgreSQL."""

import pytest

from cluster.scenes import A2, GOOD, WORSE, A, B, Model, condition, holds, image_of
from sandbox.kubectl import Kubectl
from sandbox.operator import Operator

CLASSIFY = """
INSERT INTO model_predictions (model_name, model_version, request_id, predicted_at, predicted_class, score,
                               actual_class, actual_at)
SELECT 'house-prices', %(version)s, %(version)s || '-' || i, now() - make_interval(secs => 10 + i),
       CASE WHEN i %% %(one_in)s = 0 THEN 'ham' ELSE 'spam' END, CASE WHEN i %% %(one_in)s = 0 THEN 0.3 ELSE 0.8 END,
       CASE WHEN i %% 20 = 0 THEN 'ham' ELSE 'spam' END, now()
FROM generate_series(1, 400) i
"""
SHADOW = """
INSERT INTO model_predictions (model_name, model_version, request_id, role, predicted_at, prediction)
SELECT model_name, %(shadow)s, request_id, 'shadow', predicted_at, actual + %(share)s * (prediction - actual)
FROM model_predictions WHERE model_version = %(live)s AND role = 'live'
"""
METRICS = [{"name": n} for n in ("accuracy", "recall", "log_loss", "roc_auc")]
CLASSES = {"metrics": METRICS, "evaluation": {"actOn": "Verdict", "positiveClass": "spam"}}


@pytest.fixture
def model(operator: Operator, kubectl: Kubectl, database_secret: str) -> Model:
    """Version A serves; nobody watches yet."""
    assert operator.is_ready()
    model = Model(kubectl, database_secret)
    model.deploy(A)
    model.kubectl.run("rollout", "status", f"deployment/{model.name}", "--timeout=30s")
    return model


def test_a_classifier_that_got_worse_is_rolled_back_with_its_numbers(model: Model):
    model.execute(CLASSIFY, {"version": A, "one_in": 20})
    model.execute(CLASSIFY, {"version": A2, "one_in": 20})
    model.deploy(A2)
    model.watch(**CLASSES)
    status = model.until_verdict("Healthy", A2)
    frozen = status["baseline"]["sums"]
    assert (frozen["labels"]["n"], frozen["scores"]["n"], status["baseline"]["positiveClass"]) == (400, 400, "spam")
    assert frozen["scores"]["ranked"].keys() == {"higher", "equal", "unsure"}
    model.execute(CLASSIFY, {"version": B, "one_in": 2})
    model.deploy(B)
    model.until_rolled_back(A2)
    assert model.image() == image_of(A2)
    (said,) = model.notes("RolledBack")
    assert "accuracy 1.000 -> 0.550 (-45.0 %, limit 5 %)" in said
    assert "log loss " in said
    assert "ROC AUC 1.000 -> " in said
    names = {shown["name"] for shown in model.see()["status"]["lastRollback"]["breached"]}
    assert {"accuracy", "recall", "log_loss"} <= names


def test_a_shadow_shows_that_the_version_before_is_better_on_the_same_requests(model: Model):
    model.predict(A, GOOD)
    model.predict(B, WORSE)
    model.execute(SHADOW, {"shadow": A, "live": B, "share": 0.8})
    model.deploy(B)
    model.watch()
    model.until_rolled_back(A)
    assert model.notes("RolledBack")[0].endswith("200 pairs")


def test_where_both_are_worse_on_the_same_requests_nobody_goes_back(model: Model):
    model.predict(A, GOOD)
    model.predict(B, WORSE)
    model.execute(SHADOW, {"shadow": A, "live": B, "share": 1.0})
    model.deploy(B)
    model.watch()
    status = model.until_verdict("Degraded", B)
    assert (status["reason"], status["comparison"]) == ("BothWorse", "Paired")
    assert list(holds(status)) == ["BothWorse"]
    assert "retrain" in condition(status, "Degraded")["message"]
    assert model.image() == image_of(B)


def test_pairs_that_were_asked_for_are_waited_for(model: Model):
    model.predict(A, GOOD)
    model.predict(B, WORSE)
    model.deploy(B)
    model.watch(evaluation={"actOn": "Verdict", "comparison": "Paired"})
    status = model.until_verdict("InsufficientData", B)
    assert status["reason"] == "TooFewPairs"
    assert f"answered by both {B} and {A}" in status["message"]


def test_a_landing_says_whether_the_rollback_helped(model: Model):
    for version, grade in ((A, GOOD), (A2, GOOD), (B, WORSE)):
        model.predict(version, grade, rows=4000, seconds=-100)  # forty rows in each of the seconds to come
    model.deploy(A2)
    model.watch(evaluation={"actOn": "Verdict", "window": "10s", "minSamples": 50})
    model.check_until(lambda s: s["verdict"] == "Healthy", f"{A2} to be good")
    model.deploy(B)
    model.check_until(lambda s: s.get("lastRollback"), "the rollback")
    model.until_rolled_back(A2)
    status = model.check_until(lambda s: s["lastRollback"].get("outcome"), "the first full window")
    assert status["lastRollback"]["outcome"] == "Improved"
    assert "at least half of the loss is won back" in model.notes("Improved")[0]
