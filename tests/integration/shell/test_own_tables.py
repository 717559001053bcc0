"""A database alone with tables of somebody's own, and metrics other than R2 and RMSE: all verbs, shell and Python."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from builders import NAME, A, B
from modelward import ModelEvaluationDB, ModelMonitor
from modelward.domain.errors import InvalidCallError
from modelward.evaluation.rules import Rules
from registry import BAD, Registry, guide, monitor, shell

SOURCE: dict[str, Any] = {
    "predictions": {
        "table": "scored",
        "columns": {"modelName": "m", "modelVersion": "v", "predictedAt": "at", "prediction": "y_hat", "actual": "y"},
        "absent": ["environment", "requestId", "role"],
    }
}
SCORED = (
    "CREATE TABLE public.scored AS SELECT model_name AS m, model_version AS v, predicted_at AS at, "
    "prediction AS y_hat, actual AS y FROM model_predictions"
)
CLASSES = (
    "INSERT INTO model_predictions (model_name, model_version, predicted_at, predicted_class, actual_class) "
    "SELECT %s, %s, now() - %s::float8 * interval '1 hour' + i * interval '1 second', "
    "CASE WHEN i %% 100 < %s THEN truth ELSE 'other' END, truth "
    "FROM generate_series(1, 200) i, LATERAL (SELECT CASE WHEN i %% 2 = 0 THEN 'fraud' ELSE 'fine' END) t (truth)"
)


@pytest.fixture
def registry(database_url: str) -> Registry:
    """The guide's bad situation in a table that is not ours; ours is empty."""
    registry = guide(database_url, BAD)
    registry.ask(SCORED)
    registry.ask("TRUNCATE model_predictions")
    return registry


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return a_file(tmp_path)


def a_file(folder: Path, *names: str, **spec: Any) -> Path:
    """Write ModelDeployments as somebody would apply them."""
    database = {"secretRef": {"name": "db"}, "source": SOURCE}
    bodies = [
        {
            "apiVersion": "modelward.dev/v1alpha1",
            "kind": "ModelDeployment",
            "metadata": {"name": name},
            "spec": {"database": database, "autoRollback": True, **spec},
        }
        for name in names or (NAME,)
    ]
    path = folder / "modeldeployment.yaml"
    path.write_text(yaml.safe_dump_all(bodies))
    return path


def classifier(url: str) -> Registry:
    """A was right 95 times of 100, B is right 80 times."""
    registry = Registry(url)
    registry.register(A, days_ago=3)
    registry.register(B, days_ago=1, production=True)
    registry.ask(CLASSES, registry.model, A, 26, 95)
    registry.ask(CLASSES, registry.model, B, 2, 80)
    return registry


# -- tables ----------------------------------------------------------------------------------------------------------


def test_every_verb_reads_the_tables_that_a_modeldeployment_names(registry: Registry, file: Path):
    run, here = shell(registry.url), ("-f", str(file))
    assert f"Rollback target:  {A}, ready: R2 0.930, RMSE 3480, 120 samples" in run("status", *here).stdout
    assert [line.split()[:4] for line in run("history", *here).stdout.splitlines()[1:]] == [
        [B, "yes", "0.850", "4200"],
        [A, "no", "0.930", "3480"],
    ]
    assert run("compare", B, A, *here).exit_code == 3
    assert "120 samples" in run("explain", *here).stdout
    assert run("check", "--dry-run").exit_code == 5, "our own table is empty"
    checked = run("check", *here)
    assert (checked.exit_code, registry.production) == (4, [A])
    assert f"rolled back {B} -> {A}: R2 0.930 -> 0.850 (-8.6 %, limit 5 %)" in checked.stdout


def test_the_source_may_stand_alone_in_a_file_and_the_guides_flags_take_it_too(registry: Registry, tmp_path: Path):
    file = tmp_path / "source.yaml"
    file.write_text(yaml.safe_dump(SOURCE))
    assert shell(registry.url)("check", "--dry-run", "--source", str(file)).exit_code == 3
    assert monitor(registry.url)("--check", "--source", str(file)).exit_code == 4
    assert registry.production == [A]


def test_python_takes_the_same_words(registry: Registry):
    with ModelMonitor(registry.url, source=SOURCE) as watching:
        assert watching.check_and_respond()["status"] == "ROLLED_BACK"
        assert watching.get_model_history(limit=2)[1]["r2_score"] == pytest.approx(0.85)
    with ModelEvaluationDB(registry.url, source=SOURCE) as db:
        assert db.compare_models(B, A)["degraded"] is True
    with pytest.raises(InvalidCallError, match="'colums' is not known"):
        ModelMonitor(registry.url, source={"predictions": {"colums": {}}})


def test_a_rollback_by_hand_needs_no_predictions_but_shows_theirs(registry: Registry, file: Path):
    result = shell(registry.url)("rollback", "--yes", "-f", str(file))
    assert (result.exit_code, registry.production) == (0, [A])


def test_limits_windows_and_what_may_be_done_come_from_the_file_and_the_line_overrules(
    registry: Registry, tmp_path: Path
):
    file = a_file(tmp_path, degradationThresholdPercent=25, autoRollback=False, evaluation={"minSamples": 120})
    run = shell(registry.url)
    assert run("check", "-f", str(file)).exit_code == 0
    assert run("check", "-f", str(file), "--min-samples", "121").exit_code == 5
    left = run("check", "-f", str(file), "--threshold", "3")
    assert (left.exit_code, registry.production) == (3, [B])
    assert "Automatic rollback is off" in left.stdout
    assert run("compare", B, A, "-f", str(file)).exit_code == 0
    assert run("check", "-f", str(file), "--threshold", "3", "--auto-rollback").exit_code == 4


def test_a_table_or_column_that_is_not_there_is_said_with_what_there_is(registry: Registry, tmp_path: Path):
    source = {"predictions": {**SOURCE["predictions"], "columns": {"modelVersion": "ver", "predictedAt": "at"}}}
    file = tmp_path / "source.yaml"
    file.write_text(yaml.safe_dump(source))
    result = shell(registry.url)("check", "--source", str(file))
    assert (result.exit_code, registry.production) == (1, [B])
    assert "public.scored" in result.stderr
    assert "ver" in result.stderr
    assert "Traceback" not in result.stderr


@pytest.mark.parametrize(
    ("text", "code", "words"),
    [
        ("kind: Deployment", 1, "holds no ModelDeployment"),
        (":\n: {", 1, "cannot be read"),
        ("kind: ModelDeployment\nmetadata: {name: x}\nspec: {autoRollback: true}", 1, "secretRef"),
    ],
)
def test_a_file_that_says_nothing_is_an_error(registry: Registry, tmp_path: Path, text: str, code: int, words: str):
    file = tmp_path / "x.yaml"
    file.write_text(text)
    result = shell(registry.url)("check", "-f", str(file))
    assert (result.exit_code, words in result.stderr, registry.production) == (code, True, [B]), result.stderr


def test_of_several_in_a_file_one_has_to_be_named(registry: Registry, tmp_path: Path):
    file = a_file(tmp_path, NAME, "flats")
    run = shell(registry.url)
    asked = run("check", "-f", str(file))
    assert (asked.exit_code, f"holds {NAME}, flats: name one with --model" in asked.stderr) == (2, True)
    assert run("check", "-f", str(file), "--model", NAME, "--dry-run").exit_code == 3


# -- metrics ---------------------------------------------------------------------------------------------------------


def test_classifiers_are_judged_shown_and_rolled_back(database_url: str):
    registry = classifier(database_url)
    run, metrics = shell(database_url), ("--metric", "accuracy", "--metric", "f1", "--positive-class", "fraud")
    lines = run("history", *metrics).stdout.splitlines()
    assert lines[0].split()[:7] == ["VERSION", "IN", "PRODUCTION", "LIVE", "ACCURACY", "LIVE", "F1"]
    assert lines[1].split()[:5] == [B, "yes", "0.800", "0.889", "200"]
    assert "accuracy 0.950, F1 0.980, 200 samples" in run("status", *metrics).stdout
    compared = json.loads(run("compare", B, A, *metrics, "-o", "json").stdout)
    assert [(m["metric"], m["breached"]) for m in compared["metrics"]] == [("accuracy", True), ("f1", True)]
    assert (compared["r2_current"], compared["samples_current"]) == (None, 200)
    assert run("check", "--dry-run").exit_code == 5, "there are no numbers to compare"
    checked = run("check", *metrics)
    assert (checked.exit_code, registry.production) == (4, [A])
    assert "accuracy 0.950 -> 0.800 (-15.8 %, limit 5 %)" in checked.stdout


def test_metrics_come_from_a_file_with_limits_of_their_own(database_url: str, tmp_path: Path):
    registry = classifier(database_url)
    metrics = [{"name": "accuracy", "thresholdPercent": 20}, {"name": "f1", "role": "Show"}]
    file = a_file(tmp_path, database={"secretRef": {"name": "db"}}, metrics=metrics)
    result = shell(database_url)("check", "-f", str(file))
    assert (result.exit_code, registry.production) == (0, [B])
    assert "20 %" in result.stdout
    assert shell(database_url)("check", "-f", str(file), "--threshold", "5", "--dry-run").exit_code == 3


def test_python_compares_them_too(database_url: str):
    classifier(database_url)
    with ModelMonitor(database_url, metrics=["accuracy"], auto_rollback=False) as watching:
        result = watching.check_and_respond()
        assert (result["status"], result["metrics"][0]["current"]) == ("DEGRADED", pytest.approx(0.8))
        assert watching.get_model_history(1)[0]["metrics"] == {"accuracy": pytest.approx(0.8)}
    with ModelEvaluationDB(database_url, rules=Rules().with_metrics(["accuracy"])) as db:
        assert db.check_performance_degradation(20)["degraded"] is False
    with pytest.raises(InvalidCallError, match="'acuracy' is not a metric; known are r2, rmse"):
        ModelMonitor(database_url, metrics=["acuracy"])


def test_an_unknown_metric_is_wrong_use_and_lists_those_there_are(database_url: str):
    result = shell(database_url)("check", "--metric", "acuracy")
    assert (result.exit_code, "'accuracy'" in result.stderr) == (2, True)
