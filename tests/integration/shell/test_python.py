"""The guide's Python objects against a database alone: rows S1 to S10 as a caller writes them."""

import logging
from collections.abc import Iterator
from typing import Any

import pytest

from builders import A, B, C
from modelward import ModelEvaluationDB, ModelMonitor
from modelward.domain.errors import InvalidCallError
from registry import BAD, GOOD, MINOR, Registry, guide


@pytest.fixture
def db(database_url: str) -> Iterator[ModelEvaluationDB]:
    with ModelEvaluationDB(database_url) as db:
        yield db


def test_S1_scenario_1_nothing_happens(database_url: str):
    registry = guide(database_url, MINOR)
    monitor = ModelMonitor(database_url)
    result = monitor.check_and_respond()
    monitor.close()
    check = result["degradation_check"]
    assert result["status"] == "OK"
    assert check["r2_change_percent"] == pytest.approx(-1.075, abs=0.001)
    assert check["rmse_change_percent"] == pytest.approx(0.575, abs=0.001)
    assert (check["current_version"], check["previous_version"]) == (B, A)
    assert registry.production == [B]
    assert registry.audited == []


def test_S1_S3_scenario_2_rolls_back_and_says_so(database_url: str, caplog: pytest.LogCaptureFixture):
    registry = guide(database_url, BAD)
    with caplog.at_level(logging.INFO, "modelward"), ModelMonitor(database_url, auto_rollback=True) as monitor:
        result = monitor.check_and_respond()
    check = result["degradation_check"]
    assert (result["status"], result["rolled_back_from"], result["rolled_back_to"]) == ("ROLLED_BACK", B, A)
    assert check["r2_change_percent"] == pytest.approx(-8.602, abs=0.001)
    assert check["rmse_change_percent"] == pytest.approx(20.690, abs=0.001)
    assert (check["r2_current"], check["rmse_current"]) == (pytest.approx(0.85), pytest.approx(4200))
    assert (check["r2_previous"], check["rmse_previous"]) == (pytest.approx(0.93), pytest.approx(3480))
    assert registry.production == [A]
    assert registry.audited == [(B, A)]
    assert "look at the data, retrain" in result["message"].lower()
    assert any(r.levelno == logging.WARNING and "ROLLED_BACK" in r.getMessage() for r in caplog.records)


def test_S2_a_stricter_threshold_finds_what_the_default_lets_pass(database_url: str):
    guide(database_url, (0.895, 3600.0))  # R2 -3.8 %, RMSE +3.4 %
    with ModelMonitor(database_url, auto_rollback=False) as usual:
        assert usual.check_and_respond()["status"] == "OK"
    with ModelMonitor(database_url, degradation_threshold=3.0, auto_rollback=False) as strict:
        assert strict.check_and_respond()["status"] == "DEGRADED"
    with ModelMonitor(database_url, degradation_threshold=10) as lenient:
        assert lenient.check_and_respond()["status"] == "OK"


def test_S3_without_auto_rollback_a_person_decides(database_url: str):
    registry = guide(database_url, BAD)
    with ModelMonitor(database_url, auto_rollback=False) as monitor:
        result = monitor.check_and_respond()
    assert result["status"] == "DEGRADED"
    assert "a person decides" in result["message"]
    assert registry.production == [B]


def test_S4_the_previous_version_comes_back_by_hand_and_twice_goes_further_back(database_url: str):
    registry = guide(database_url)
    registry.register("20260103_080000", days_ago=9)
    with ModelMonitor(database_url) as monitor:
        assert monitor.manual_rollback() is True
        assert registry.production == [A]
        assert monitor.manual_rollback() is True
        assert registry.production == ["20260103_080000"]
        assert monitor.manual_rollback() is False
    assert registry.audited == [(B, A), (A, "20260103_080000")]
    assert registry.production == ["20260103_080000"]


def test_S5_a_named_version_comes_back(database_url: str):
    registry = guide(database_url)
    registry.register(C, days_ago=9)
    with ModelMonitor(database_url) as monitor:
        assert monitor.manual_rollback(target_version=C) is True
        assert monitor.last_rollback is not None
        assert (monitor.last_rollback["from_version"], monitor.last_rollback["to_version"]) == (B, C)
    assert registry.production == [C]


@pytest.mark.parametrize(
    ("target", "words"),
    [
        ("nowhere", f"no version 'nowhere'; there are: {B} (in production), {A}, old (archived)"),
        (B, f"{B} is in production already"),
        ("old", "old was archived at"),
    ],
)
def test_S5_S18_a_target_that_cannot_be_is_refused_in_words(
    database_url: str, caplog: pytest.LogCaptureFixture, target: str, words: str
):
    registry = guide(database_url)
    registry.register("old", days_ago=30, archived_at=registry.now)
    with ModelMonitor(database_url) as monitor, ModelEvaluationDB(database_url) as db:
        assert monitor.manual_rollback(target) is False
        assert db.rollback_production_model(target_version=target) is False
    assert caplog.text.count(words) == 2
    assert registry.production == [B]
    assert registry.audited == []


def test_S6_the_status_is_printed(database_url: str, capsys: pytest.CaptureFixture[str]):
    guide(database_url, MINOR)
    with ModelMonitor(database_url) as monitor:
        monitor.print_status()
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("Database:         answers (PostgreSQL")
    assert lines[2].startswith(f"In production:    {B} since ")
    assert lines[2].endswith("R2 0.920, RMSE 3500, 120 samples")
    assert lines[3] == f"Rollback target:  {A}, ready: R2 0.930, RMSE 3480, 120 samples"


def test_S7_history_is_the_last_versions_with_live_figures(database_url: str):
    registry = guide(database_url, MINOR)
    for i in range(12):
        registry.register(f"old-{i:02}", days_ago=30 + i)
    with ModelMonitor(database_url) as monitor:
        entries = monitor.get_model_history()
        assert len(entries) == 10
        assert len(monitor.get_model_history(limit=20)) == 14
    newest, before, untried = entries[:3]
    assert [newest["model_version"], before["model_version"]] == [B, A]
    assert [newest["is_production"], before["is_production"]] == [True, False]
    assert (newest["r2_score"], newest["rmse"]) == (pytest.approx(0.92), pytest.approx(3500))
    assert (newest["training_r2_score"], newest["training_rmse"]) == (0.96, 2900.0)
    assert (before["size_mb"], before["samples"]) == (12.5, 120)
    assert (untried["r2_score"], untried["rmse"], untried["samples"], untried["size_mb"]) == (None, None, 0, None)


def test_S8_two_versions_are_compared(database_url: str, db: ModelEvaluationDB):
    guide(database_url, BAD)
    with ModelMonitor(database_url) as monitor:
        one = monitor.compare_versions(B, A)
    assert one == db.compare_models(B, A)
    assert (one["current_version"], one["previous_version"], one["degraded"]) == (B, A, True)
    assert (one["r2_current"], one["r2_previous"]) == (pytest.approx(0.85), pytest.approx(0.93))
    assert one["r2_change"] == one["r2_change_percent"] == pytest.approx(-8.602, abs=0.001)
    assert one["rmse_change"] == pytest.approx(20.690, abs=0.001)
    other = db.compare_models(A, B)
    assert (other["degraded"], other["r2_change"]) == (False, pytest.approx(9.412, abs=0.001))


def test_S9_the_url_comes_from_the_environment(database_url: str, monkeypatch: pytest.MonkeyPatch):
    guide(database_url, GOOD)
    monkeypatch.setenv("DATABASE_URL", database_url.replace("postgresql://", "postgresql+psycopg2://"))
    monitor = ModelMonitor(degradation_threshold=3.0)
    assert monitor.check_and_respond()["status"] == "OK"
    monitor.close()
    monitor.close()


def test_S10_the_database_object_checks_and_rolls_back(database_url: str):
    registry = guide(database_url, BAD)
    with ModelEvaluationDB(database_url) as db:
        check = db.check_performance_degradation(threshold_percent=5.0)
        assert (check["degraded"], check["previous_version"]) == (True, A)
        assert db.check_performance_degradation(25)["degraded"] is False
        assert registry.production == [B], "to look changes nothing"
        assert db.rollback_production_model() is True
        assert registry.production == [A]
        assert db.get_model_history(limit=1)[0]["model_version"] == A


def test_S21_the_only_version_has_nothing_to_go_back_to(database_url: str):
    registry = Registry(database_url)
    registry.register(A, days_ago=1, production=True)
    registry.predict(A, GOOD, hours_ago=2)
    with ModelMonitor(database_url) as monitor:
        result = monitor.check_and_respond()
        assert monitor.manual_rollback() is False
    assert (result["status"], result["degradation_check"]["reason"]) == ("INSUFFICIENT_DATA", "NoBaseline")
    assert f"no earlier version of {A}" in result["message"]
    assert registry.production == [A]


@pytest.mark.parametrize("threshold", [0, -3, 250, float("nan"), float("inf"), "5", True, None])
def test_S2_a_threshold_that_cannot_be_meant_is_refused(database_url: str, threshold: float):
    with pytest.raises(InvalidCallError, match="the threshold must be a number of percent above 0 and up to 100"):
        ModelMonitor(database_url, degradation_threshold=threshold)
    with ModelEvaluationDB(database_url) as db, pytest.raises(ValueError, match="the threshold"):
        db.check_performance_degradation(threshold)


async def test_S9_it_works_where_an_event_loop_runs_already_as_in_a_notebook(database_url: str):
    guide(database_url, GOOD)
    with ModelMonitor(database_url) as monitor:
        assert monitor.check_and_respond()["status"] == "OK"


def test_after_its_end_an_object_says_so(database_url: str):
    registry = guide(database_url, BAD)
    monitor = ModelMonitor(database_url)
    monitor.close()
    monitor.close()
    for call in (monitor.check_and_respond, monitor.get_model_history, monitor.manual_rollback, monitor.print_status):
        with pytest.raises(InvalidCallError, match="it was closed: make a new one"):
            call()
    assert registry.production == [B]


@pytest.mark.parametrize("limit", [0, -1, "3", 2.5, None])
def test_a_number_of_versions_that_is_none_is_refused(db: ModelEvaluationDB, database_url: str, limit: Any):
    guide(database_url, GOOD)
    with pytest.raises(InvalidCallError, match="the number of versions must be a whole number, at least 1"):
        db.get_model_history(limit=limit)


def test_a_text_is_no_leave_to_roll_back(database_url: str):
    registry = guide(database_url, BAD)
    with pytest.raises(InvalidCallError, match="auto_rollback must be True or False, not 'false'"):
        ModelMonitor(database_url, auto_rollback="false")  # type: ignore[arg-type]
    assert registry.production == [B]
