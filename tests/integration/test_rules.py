"""The chart's alerts, run by promtool: when each fires, and when it does not."""

import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from modelward.readings import Sources
from modelward.registry import Registry
from modelward.scrape import pieces
from monitoring import need

RULES = Path(__file__).resolve().parents[2] / "charts/modelward/files/rules.yaml"
WHO = 'namespace="ml",name="house-prices"'
UP = {'modelward_build_info{version="0.1.0"}': "1x120"}
VERDICT = f'modelward_verdict{{{WHO},pod="a",verdict="%s"}}'
READY = f'modelward_ready{{{WHO},reason="%s"}}'
FAILED = f'modelward_last_rollback_timestamp_seconds{{{WHO},phase="Failed"}}'
FAILING = f"modelward_alert_receivers_failing{{{WHO}}}"
Series = dict[str, str]


def promtool(*arguments: str, stdin: bytes | None = None) -> "subprocess.CompletedProcess[bytes]":
    return subprocess.run([need("prometheus", "promtool"), *arguments], input=stdin, capture_output=True, check=False)


def explain_firing(tmp_path: Path, series: Series, minute: int, expected: set[str]) -> str:
    """Compare the alerts that fire at a minute with those expected; what promtool complains of, or nothing."""
    fires = {
        "expr": 'count by (alertname) (ALERTS{alertstate="firing"})',
        "eval_time": f"{minute}m",
        "exp_samples": [{"labels": f'{{alertname="{name}"}}', "value": 1} for name in sorted(expected)],
    }
    test = {
        "interval": "1m",
        "input_series": [{"series": name, "values": values} for name, values in series.items()],
        "promql_expr_test": [fires],
    }
    file = tmp_path / "test.yaml"
    file.write_text(yaml.safe_dump({"rule_files": [str(RULES)], "evaluation_interval": "1m", "tests": [test]}))
    done = promtool("test", "rules", str(file))
    return "" if done.returncode == 0 else (done.stdout + done.stderr).decode()


CASES: dict[str, tuple[Series, int, set[str]]] = {
    "all is well": ({VERDICT % "Healthy": "1x120", READY % "Watching": "1x120", FAILING: "0x120"}, 100, set()),
    "worse for nine minutes": ({VERDICT % "Degraded": "1x9 _x111"}, 9, set()),
    "worse for eleven minutes": ({VERDICT % "Degraded": "1x120"}, 11, {"ModelwardModelDegraded"}),
    "the database is away for a while": ({VERDICT % "SourceError": "1x120"}, 14, set()),
    "the database is away": ({VERDICT % "SourceError": "1x120"}, 16, {"ModelwardMetricsUnavailable"}),
    "a rollback failed just now": ({FAILED: "600x240"}, 11, {"ModelwardRollbackFailed"}),
    "a rollback failed long ago": ({FAILED: "600x240"}, 90, set()),
    "what was put back does not start": ({READY % "RollbackFailed": "0x240"}, 90, {"ModelwardRollbackFailed"}),
    "what is to be put back is refused": ({READY % "RollbackRefused": "0x240"}, 90, {"ModelwardRollbackFailed"}),
    "clocks that differ for a moment": ({"modelward_clock_offset_seconds": "-600x10 0x110"}, 20, set()),
    "clocks that differ by a little": ({"modelward_clock_offset_seconds": "59x120"}, 60, set()),
    "a database that is behind": ({"modelward_clock_offset_seconds": "-61x120"}, 16, {"ModelwardClockSkewed"}),
    "contested": ({READY % "Contested": "0x120"}, 5, {"ModelwardContested"}),
    "a receiver that is away for a while": ({FAILING: "1x120"}, 14, set()),
    "a receiver that is away": ({FAILING: "1x120"}, 16, {"ModelwardAlertDeliveryFailing"}),
    "nothing answers": ({"modelward_build_info": "_x120"}, 6, {"ModelwardOperatorDown"}),
    "it does not come to work": ({"modelward_operator_ready": "0x120"}, 11, {"ModelwardOperatorNotReady"}),
    "one waits while another works": (
        {'modelward_operator_ready{pod="a"}': "0x120", 'modelward_operator_ready{pod="b"}': "1x120"},
        60,
        set(),
    ),
    "late": ({"modelward_sweep_lag_seconds": "301x120"}, 11, {"ModelwardSweepLate"}),
    "many at once": ({"modelward_breaker_open": "1x120"}, 6, {"ModelwardBreakerOpen"}),
}


def test_promtool_accepts_the_rules():
    done = promtool("check", "rules", str(RULES))
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("case", CASES)
def test_an_alert_fires_when_it_should_and_only_then(tmp_path: Path, case: str):
    series, minute, expected = CASES[case]
    up = {} if "modelward_build_info" in series else UP
    assert explain_firing(tmp_path, {**up, **series}, minute, expected) == ""


def test_a_wrong_expectation_is_noticed(tmp_path: Path):
    assert "ModelwardModelDegraded" in explain_firing(tmp_path, UP, 11, {"ModelwardModelDegraded"})


def test_the_exposition_follows_the_conventions():
    one: Any = lambda: 1.0  # noqa: E731  each source says one
    text = b"".join(pieces(Sources(Registry(), one, one, one, one, one, lambda: {"GET": 1}, one)))
    done = promtool("check", "metrics", stdin=text)
    complaints = [line for line in (done.stdout + done.stderr).decode().splitlines() if line.startswith("modelward")]
    assert complaints == []
