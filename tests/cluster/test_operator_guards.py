"""Guards: why a degraded version is left in place for now, and shown to be."""

import re

import pytest

from cluster.scenes import A2, GOOD, WORSE, A, B, C, Grade, Model, condition, holds, image_of, is_condition
from sandbox.kubectl import Kubectl
from sandbox.operator import Operator

TERRIBLE = Grade(0.5, 9000)


@pytest.fixture
def model(operator: Operator, kubectl: Kubectl, database_secret: str) -> Model:
    """Version A served well; nobody watches yet."""
    assert operator.is_ready()
    model = Model(kubectl, database_secret)
    model.predict(A, GOOD)
    model.deploy(A)
    model.kubectl.run("rollout", "status", f"deployment/{model.name}", "--timeout=30s")
    return model


def test_guarded_says_what_it_waits_for_and_then_rolls_back(model: Model):
    for version, grade in ((A2, GOOD), (B, WORSE)):
        model.predict(version, grade, rows=4000, seconds=-100)  # forty rows in each of the seconds to come
    guarded = {"window": "10s", "actOn": "Guarded", "consecutiveBreaches": 2}
    model.deploy(A2)
    model.watch(evaluation=guarded | {"minSamples": 1})
    model.check_until(lambda s: s["verdict"] == "Healthy" and s["samples"] > 0, f"{A2} to be good")
    model.deploy(B)
    status = model.check_until(lambda s: s["verdict"] == "Degraded", f"{B} to be bad")
    said = holds(status)
    assert list(said) == ["WarmingUp", "NotConfirmed"]
    assert "less than one window of 10s" in said["WarmingUp"]
    assert said["NotConfirmed"] == "1 of 2 breaching windows that do not overlap"
    assert is_condition(status, "Degraded", "True", "WarmingUp")
    assert model.image() == image_of(B)
    model.check_until(lambda s: s.get("lastRollback"), "the second window")
    model.until_rolled_back(A2)
    assert model.image() == image_of(A2)


def test_a_calmer_world_is_no_worse_model(model: Model):
    model.predict(B, Grade(0.85, 3480))
    model.deploy(B)
    model.watch(evaluation={"actOn": "Guarded"})
    assert "no loss metric rose beyond its limit" in holds(model.until_verdict("Degraded", B))["OnlyR2"]


def test_a_baseline_that_is_too_old_only_alerts(model: Model):
    model.execute("UPDATE model_predictions SET predicted_at = predicted_at - interval '2 days'")
    model.predict(B, WORSE)
    model.deploy(B)
    model.watch(evaluation={"actOn": "Guarded", "maxBaselineAge": "24h"})
    said = holds(model.until_verdict("Degraded", B))["BaselineStale"]
    assert f"the baseline of {A} ended 48h" in said
    assert "more than 24h" in said


def test_a_template_that_changed_along_with_the_version_is_held_unless_told_otherwise(model: Model):
    model.predict(B, WORSE)
    model.deploy(B, env=[{"name": "FEATURES", "value": "v2"}])
    model.watch(evaluation={"actOn": "Guarded"})
    said = holds(model.until_verdict("Degraded", B))
    assert "env, command, args, volumes, init containers or other images changed" in said["TemplateChanged"]
    model.watch(evaluation={"actOn": "Guarded"}, rollback={"onTemplateChange": "Proceed"})
    model.until(lambda s: holds(s).keys() == {"WarmingUp", "NotConfirmed"}, "the guard to be told off")


def test_the_letter_of_the_guide_asks_none_of_these_guards(model: Model):
    model.execute("UPDATE model_predictions SET predicted_at = predicted_at - interval '2 days'")
    model.predict(B, Grade(0.85, 3480))
    model.deploy(B, env=[{"name": "FEATURES", "value": "v2"}])
    model.watch(evaluation={"actOn": "Verdict", "maxBaselineAge": "24h"})
    model.until_rolled_back(A)


def test_a_landing_is_never_rolled_back_by_itself(model: Model):
    model.watch(rollback={"cooldown": "0s"})
    model.predict(A2, GOOD)
    model.deploy(A2)
    model.until_verdict("Healthy", A2)
    model.predict(B, WORSE)
    model.deploy(B)
    model.until_rolled_back(A2)
    model.predict(A2, TERRIBLE, seconds=0)
    status = model.check_until(lambda s: s["verdict"] == "Degraded", f"{A2} to look bad as well")
    assert list(holds(status)) == ["Landing"]
    assert is_condition(status, "Degraded", "True", "Landing")
    assert model.image() == image_of(A2)


def test_the_cooldown_holds_the_next_rollback(model: Model):
    model.watch(rollback={"cooldown": "1h"})
    model.predict(B, WORSE)
    model.deploy(B)
    model.until_rolled_back(A)
    model.predict(C, WORSE)
    model.deploy(C)
    status = model.until_verdict("Degraded", C)
    assert list(holds(status)) == ["CoolingDown"]
    assert holds(status)["CoolingDown"].endswith("ago, cooldown is 1h")
    assert "not rolled back: the last rollback was" in model.notes("Degraded")[0]
    assert model.image() == image_of(C)
    model.watch(rollback={"cooldown": "0s"})
    model.until(lambda s: s["lastRollback"]["from"] == C, "the rollback of C")


def test_the_daily_budget_holds_the_next_rollback(model: Model):
    model.watch(rollback={"maxPerDay": 0})
    model.predict(B, WORSE)
    model.deploy(B)
    status = model.until_verdict("Degraded", B)
    assert holds(status) == {"BudgetExhausted": "0 automatic rollbacks in 24 hours, 0 allowed"}
    assert model.image() == image_of(B)


def test_what_is_no_longer_worse_has_recovered(model: Model):
    model.watch(autoRollback=False)
    model.predict(B, WORSE)
    model.deploy(B)
    model.until_verdict("Degraded", B)
    model.predict(B, Grade(0.99, 100), rows=8000)
    model.ask("check")
    status = model.until_verdict("Healthy", B)
    assert condition(status, "Degraded")["status"] == "False"
    assert re.search("8,(199|200) samples$", model.notes("Recovered")[0])  # the last second counts once it is over


def test_a_version_that_never_was_healthy_is_passed_over(model: Model):
    model.watch(autoRollback=False)
    model.predict(A2, WORSE)
    model.deploy(A2)
    model.until_verdict("Degraded", A2)
    model.predict(B, TERRIBLE)
    model.deploy(B)
    assert model.until_verdict("Degraded", B)["previousVersion"] == A
    model.watch(autoRollback=True)
    model.until_rolled_back(A)
