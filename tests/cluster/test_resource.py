"""The ModelDeployment at the API server: what it takes, what it refuses and with which words, what people see."""

import dataclasses
import json
import subprocess
import types
import typing
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from enum import Enum
from typing import Any

import psutil
import pytest

import sandbox.kubectl
from modelward.domain.codec import encode
from modelward.domain.status import Condition, Status, Verdict
from sandbox.cluster import Cluster
from sandbox.operator import Operator

pytestmark = pytest.mark.every_version
Kubectl = Callable[..., subprocess.CompletedProcess[str]]

PERCENT = 'an integer such as 5 or a quoted decimal such as "2.5", without a % sign'
DURATION = "must be a duration such as 30s, 10m or 168h (d is not a unit: 7d is 168h)"
THRESHOLD = f"degradationThresholdPercent must be a number above 0 and up to 100, {PERCENT}"
INTERVAL = f"checkInterval {DURATION}, at least 10s and at most 87600h"
QUOTED = (
    "previousVersion must be text in quotes that can be an image tag, such as "
    '"20260104_120000" (without quotes YAML reads a number)'
)

REFUSED = [
    ("degradationThresholdPercent: 0", "spec.degradationThresholdPercent", THRESHOLD),
    ("degradationThresholdPercent: -5", "spec.degradationThresholdPercent", THRESHOLD),
    ("degradationThresholdPercent: 250", "spec.degradationThresholdPercent", THRESHOLD),
    ("degradationThresholdPercent: abc", "spec.degradationThresholdPercent", THRESHOLD),
    ('degradationThresholdPercent: "5%"', "spec.degradationThresholdPercent", THRESHOLD),
    ('degradationThresholdPercent: "0.0"', "spec.degradationThresholdPercent", THRESHOLD),
    ('degradationThresholdPercent: "100.01"', "spec.degradationThresholdPercent", THRESHOLD),
    ("checkInterval: 1s", "spec.checkInterval", INTERVAL),
    ("checkInterval: 7d", "spec.checkInterval", INTERVAL),
    ("checkInterval: 999999h", "spec.checkInterval", INTERVAL),
    ('checkInterval: ""', "spec.checkInterval", INTERVAL),
    ("metrics: [{name: auc}]", "spec.metrics[0].name", "metrics: name must be one of r2, rmse, mae, bias,"),
    ("metrics: []", "spec.metrics", "metrics must name at least one metric, such as rmse or log_loss"),
    ("metrics: [{name: r2}, {name: r2}]", "spec.metrics[1]", "Duplicate value"),
    ("metrics: [{name: r2, role: Show}]", "spec.metrics", "metrics must hold at least one with role Gate"),
    ("metrics: [{name: mae, thresholdPercent: 0}]", "spec.metrics[0].thresholdPercent", PERCENT),
    ('evaluation: {positiveClass: ""}', "spec.evaluation.positiveClass", "evaluation.positiveClass must be 1 to 128"),
    ('evaluation: {positiveClass: "a\\nb"}', "spec.evaluation.positiveClass", "evaluation.positiveClass must be 1"),
    ("previousVersion: 20260105_143022", "spec.previousVersion", QUOTED),
    ("previousVersion: -latest", "spec.previousVersion", QUOTED),
    ('modelName: ""', "spec.modelName", "modelName must be 1 to 253 printable characters"),
    ('modelName: "two\\nlines"', "spec.modelName", "modelName must be 1 to 253 printable characters"),
    ("evaluation: {window: 5s}", "spec.evaluation.window", f"evaluation.window {DURATION}"),
    ("evaluation: {labelDelay: 1d}", "spec.evaluation.labelDelay", "evaluation.labelDelay must be a duration"),
    ("evaluation: {minSamples: 0}", "spec.evaluation.minSamples", "greater than or equal to 1"),
    ("evaluation: {consecutiveBreaches: 21}", "spec.evaluation.consecutiveBreaches", "less than or equal to 20"),
    ("evaluation: {minLabelCoveragePercent: 101}", "spec.evaluation.minLabelCoveragePercent", "from 0 to 100"),
    ("evaluation: {policy: Sequential, actOn: Verdict}", "spec.evaluation.policy", "Sequential needs actOn Guarded"),
    (
        "evaluation: {policy: Sequential, comparison: BeforeAfter}",
        "spec.evaluation.comparison",
        "needs both versions side by side",
    ),
    ('evaluation: {falseRollbackRate: "0.6"}', "spec.evaluation.falseRollbackRate", "above 0 and at most 0.5"),
    ('evaluation: {falseRollbackRate: "0.0"}', "spec.evaluation.falseRollbackRate", "above 0 and at most 0.5"),
    ('evaluation: {falseRollbackRate: "1 %"}', "spec.evaluation.falseRollbackRate", "must be a quoted decimal"),
    ("evaluation: {season: 1d}", "spec.evaluation.season", "evaluation.season must be a duration"),
    ("evaluation: {season: 30s}", "spec.evaluation.season", "evaluation.season must be a duration"),
    ("rollback: {cooldown: soon}", "spec.rollback.cooldown", "rollback.cooldown must be a duration"),
    ("rollback: {maxPerDay: 101}", "spec.rollback.maxPerDay", "less than or equal to 100"),
    ("rollback: {verifyTimeout: 0s}", "spec.rollback.verifyTimeout", f"rollback.verifyTimeout {DURATION}"),
]
REFUSED_BY_TYPE = [
    ("degradationThresholdPercent: 2.5", "spec.degradationThresholdPercent"),
    ("checkInterval: 10", "spec.checkInterval"),
    ("metrics: [{}]", "spec.metrics[0].name"),
    ("targetRef: {kind: StatefulSet}", "spec.targetRef.kind"),
    ("evaluation: {actOn: Now}", "spec.evaluation.actOn"),
    ("evaluation: {policy: Guess}", "spec.evaluation.policy"),
    ("evaluation: {falseRollbackRate: 0.01}", "spec.evaluation.falseRollbackRate"),
    ("rollback: {onTemplateChange: Ask}", "spec.rollback.onTemplateChange"),
    ('suspend: "yes"', "spec.suspend"),
]
TAKEN = [
    'degradationThresholdPercent: "2.5"',
    "degradationThresholdPercent: 100",
    "checkInterval: 10s",
    "checkInterval: 1h30m",
    'previousVersion: "20260104_120000"',
    "previousVersion: v1.2.3-rc_1",
    'modelName: "Häuser, 2. Auflage"',
    "environment: staging",
    'metrics: [{name: mae, thresholdPercent: "2.5"}, {name: r2, role: Show}]',
    'versionField: {containerName: model, image: {template: "localhost:5000/a/b:x-{version}-gpu"}}',
    "metrics: [{name: log_loss}, {name: roc_auc, role: Show}, {name: wape}, {name: f1}]",
    'evaluation: {comparison: Paired, positiveClass: "käse 🧀"}',
    "evaluation: {comparison: Concurrent, positiveClass: 1}",
    "evaluation: {labelDelay: 48h, minLabelCoveragePercent: 99, maxBaselineAge: 0s}",
    'evaluation: {policy: Sequential, falseRollbackRate: "0.05", season: 168h, comparison: Paired}',
    "rollback: {cooldown: 0s, maxPerDay: 0, onTemplateChange: Proceed}",
]
DEFAULTS = {
    "environment": "",
    "targetRef": {"apiVersion": "apps/v1", "kind": "Deployment"},
    "versionField": {"type": "Image"},
    "database": {"secretRef": {"name": "db"}},
    "degradationThresholdPercent": 5,
    "metrics": [{"name": "r2", "role": "Gate"}, {"name": "rmse", "role": "Gate"}],
    "autoRollback": True,
    "checkInterval": "1h",
    "evaluation": {
        "window": "24h",
        "minSamples": 100,
        "labelDelay": "0s",
        "minLabelCoveragePercent": 0,
        "comparison": "Auto",
        "positiveClass": "1",
        "policy": "Threshold",
        "falseRollbackRate": "0.01",
        "season": "24h",
        "actOn": "Guarded",
        "consecutiveBreaches": 2,
        "maxBaselineAge": "168h",
    },
    "rollback": {"cooldown": "1h", "maxPerDay": 3, "verifyTimeout": "10m", "onTemplateChange": "Hold"},
    "suspend": False,
}


def manifest(line: str = "suspend: false", base: str = "database: {secretRef: {name: db}}, autoRollback: true") -> str:
    return f"""
apiVersion: modelward.dev/v1alpha1
kind: ModelDeployment
metadata: {{name: house-prices}}
spec: {{{base}, {line}}}
"""


@pytest.fixture
def ask(cluster: Cluster, namespace: str) -> Kubectl:
    """kubectl in this test's namespace, with what it printed."""
    return sandbox.kubectl.Kubectl(cluster, namespace).try_


@pytest.fixture
def stored(ask: Kubectl) -> Callable[[], dict[str, Any]]:
    """The smallest resource, created; gives it as it stands."""
    created = ask("create", "--filename=-", stdin=manifest())
    assert created.returncode == 0, created.stderr
    return lambda: json.loads(ask("get", "mdl/house-prices", "--output=json").stdout)


@pytest.fixture
def held_operator(operator: Operator) -> Iterator[None]:
    """Hold the operator, which would look at every resource at once, while a test writes the status itself."""
    process = psutil.Process(operator.pid)
    process.suspend()
    yield
    process.resume()


@pytest.mark.parametrize(("line", "field", "words"), REFUSED, ids=[line for line, _, _ in REFUSED])
def test_a_wrong_value_is_refused_in_one_line_that_names_the_field(ask: Kubectl, line: str, field: str, words: str):
    refused = ask("create", "--dry-run=server", "--filename=-", stdin=manifest(line))
    assert refused.returncode != 0
    (said,) = refused.stderr.strip().splitlines()
    assert said.startswith(f'The ModelDeployment "house-prices" is invalid: {field}: ')
    assert words in said


@pytest.mark.parametrize(("line", "field"), REFUSED_BY_TYPE, ids=[line for line, _ in REFUSED_BY_TYPE])
def test_a_value_of_another_kind_is_refused_by_its_field(ask: Kubectl, line: str, field: str):
    refused = ask("create", "--dry-run=server", "--filename=-", stdin=manifest(line))
    assert refused.returncode != 0
    assert next(said for said in refused.stderr.splitlines() if "spec." in said).startswith(f"* {field}: ")


@pytest.mark.parametrize("line", TAKEN)
def test_a_right_value_is_taken(ask: Kubectl, line: str):
    taken = ask("create", "--dry-run=server", "--filename=-", stdin=manifest(line))
    assert taken.returncode == 0, taken.stderr


@pytest.mark.parametrize(
    ("base", "field"),
    [
        ("database: {secretRef: {name: db}}", "spec.autoRollback"),
        ("autoRollback: true", "spec.database"),
        ("autoRollback: true, database: {}", "spec.database.secretRef"),
    ],
)
def test_what_must_be_said_is_asked_for(ask: Kubectl, base: str, field: str):
    refused = ask("create", "--dry-run=server", "--filename=-", stdin=manifest(base=base))
    assert refused.returncode != 0
    assert f"* {field}: Required value" in refused.stderr.splitlines()


@pytest.mark.parametrize("line", ["treshold: 3", "evaluation: {windows: 1h}", "alert: []"])
def test_an_unknown_field_is_refused_by_kubectl_and_by_server_side_apply(ask: Kubectl, line: str):
    name = line.partition(":")[0]
    by_kubectl = ask("apply", "--filename=-", stdin=manifest(line))
    assert by_kubectl.returncode != 0
    assert f'unknown field "spec.{name}' in by_kubectl.stderr
    by_server = ask("apply", "--server-side", "--validate=ignore", "--filename=-", stdin=manifest(line))
    assert by_server.returncode != 0
    assert f".spec.{name}" in by_server.stderr
    assert "field not declared in schema" in by_server.stderr


def test_an_unknown_field_is_a_warning_for_other_clients(ask: Kubectl):
    warned = ask("create", "--dry-run=server", "--validate=warn", "--filename=-", stdin=manifest("treshold: 3"))
    assert warned.returncode == 0
    assert 'Warning: unknown field "spec.treshold"' in warned.stderr


def test_the_smallest_resource_gets_every_default(stored: Callable[[], dict[str, Any]]):
    assert stored()["spec"] == DEFAULTS


@pytest.mark.usefixtures("stored")
def test_it_is_applied_server_side_and_again_without_a_change(ask: Kubectl):
    first, second = (ask("apply", "--server-side", "--output=json", "--filename=-", stdin=manifest()) for _ in "12")
    assert first.returncode == 0, first.stderr
    once, again = (json.loads(done.stdout) for done in (first, second))
    assert once["spec"] == again["spec"]
    assert once["metadata"]["generation"] == again["metadata"]["generation"]  # status is the operator's, if one runs


@pytest.mark.usefixtures("stored")
def test_the_target_may_be_spelled_out_and_never_changed(ask: Kubectl):
    patch = '--patch={"spec": {"targetRef": {"name": "%s"}}}'
    spelled = ask("patch", "mdl/house-prices", "--type=merge", patch % "house-prices")
    assert spelled.returncode == 0, spelled.stderr
    changed = ask("patch", "mdl/house-prices", "--type=merge", patch % "other")
    assert changed.returncode != 0
    (said,) = changed.stderr.strip().splitlines()
    assert "spec.targetRef.name: Invalid value" in said
    assert "targetRef.name cannot change: delete this resource and create one for the other Deployment" in said


@pytest.mark.parametrize(
    ("field", "words"),
    [
        ("spec", "By how many percent a metric may get worse"),
        ("spec.checkInterval", "Default: 1h."),
        ("spec.evaluation.window", "by the database's clock"),
        ("spec.rollback.onTemplateChange", "ENUM: Hold Proceed"),
        ("spec.metrics.name", "Of score (the probability of the positive class"),
        ("status.lastRollback.phase", "Superseded"),
    ],
)
def test_explain_reads_like_a_manual(ask: Kubectl, field: str, words: str):
    page = " ".join(ask("explain", f"mdl.{field}").stdout.split())
    assert words in page
    assert "<empty>" not in page


def ready(status: str, generation: int) -> str:
    """A patch that sets the condition Ready."""
    condition = Condition("Ready", status, "Watching", "watched", datetime.now(UTC), generation)
    return json.dumps({"status": encode(Status(observed_generation=generation, conditions=(condition,)))})


@pytest.mark.usefixtures("held_operator")
def test_wait_holds_until_the_operator_has_looked_at_this_generation(
    ask: Kubectl, stored: Callable[[], dict[str, Any]]
):
    wait = ("wait", "--for=condition=Ready", "mdl/house-prices")
    write = ("patch", "mdl/house-prices", "--subresource=status", "--type=merge")
    assert stored()["status"] == {"observedGeneration": -1}
    assert "timed out" in ask(*wait, "--timeout=1s").stderr
    ask(*write, f"--patch={ready('True', 1)}")
    assert ask(*wait, "--timeout=30s").returncode == 0
    ask("patch", "mdl/house-prices", "--type=merge", '--patch={"spec": {"suspend": true}}')
    assert "timed out" in ask(*wait, "--timeout=1s").stderr
    ask(*write, f"--patch={ready('True', 2)}")
    assert ask(*wait, "--timeout=30s").returncode == 0


def sample(kind: Any, name: str = "") -> Any:
    """Make a value of a type with every member filled in."""
    if typing.get_origin(kind) is tuple:
        return (sample(typing.get_args(kind)[0]),)
    if isinstance(kind, types.UnionType):
        return sample(next(a for a in typing.get_args(kind) if a is not type(None)), name)
    if dataclasses.is_dataclass(kind):
        return kind(**{member: sample(hint, member) for member, hint in typing.get_type_hints(kind).items()})
    if issubclass(kind, Enum):
        return list(kind)[-1]
    words = {"status": "True", "result": "Done"}
    made = {bool: True, int: 1, float: 2.5e-17, datetime: datetime(2026, 1, 5, 14, 32, 23, tzinfo=UTC)}
    return made.get(kind, words.get(name, f"some {name}"))


@pytest.mark.usefixtures("held_operator")
def test_a_status_with_everything_in_it_is_kept_whole(ask: Kubectl, stored: Callable[[], dict[str, Any]]):
    full = encode(sample(Status))
    del full["requests"]["check"]["version"]
    patch = json.dumps([{"op": "add", "path": "/status", "value": full}])
    written = ask("patch", "mdl/house-prices", "--subresource=status", "--type=json", f"--patch={patch}")
    assert written.returncode == 0, written.stderr
    assert stored()["status"] == full


@pytest.mark.usefixtures("held_operator", "stored")
def test_get_shows_what_people_need(ask: Kubectl):
    seen = Status(
        verdict=Verdict.DEGRADED, current_version="v2", previous_version="v1", change="rmse +20.7 %", samples=1204
    )
    patch = json.dumps({"status": encode(seen)})
    ask("patch", "mdl/house-prices", "--subresource=status", "--type=merge", f"--patch={patch}")
    head, row = ask("get", "ml", "--output=wide").stdout.splitlines()
    columns = "NAME READY VERDICT CURRENT PREVIOUS CHANGE SAMPLES AGE TARGET SPEC-VERSION STATE REASON LAST-ROLLBACK"
    assert head.split() == columns.split()
    assert row.split()[:8] == ["house-prices", "Degraded", "v2", "v1", "rmse", "+20.7", "%", "1204"]


@pytest.mark.usefixtures("held_operator")
def test_status_cannot_be_written_with_the_resource_and_does_not_raise_its_generation(
    ask: Kubectl, stored: Callable[[], dict[str, Any]]
):
    ask("patch", "mdl/house-prices", "--type=merge", '--patch={"status": {"verdict": "Healthy"}}')
    assert stored()["status"] == {"observedGeneration": -1}
    ask("patch", "mdl/house-prices", "--subresource=status", "--type=merge", f"--patch={ready('True', 1)}")
    assert stored()["metadata"]["generation"] == 1
