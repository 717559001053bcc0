"""What a ModelDeployment asks for, read once from its `spec`.

The API server's schema has refused nonsense already; this reader still checks what it uses, since objects stored
under an older schema come back unchecked.
"""

from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from typing import Any

from modelward.domain.alerts import AlertSpec, parse_alerts
from modelward.domain.durations import parse_duration
from modelward.domain.errors import InvalidSpecError
from modelward.domain.mapping import check_environment, parse_source
from modelward.domain.metrics import Family, MetricName, families_of
from modelward.domain.questions import Comparison
from modelward.domain.source import OWN, Source
from modelward.domain.version_field import (
    KnownVersion,
    VersionField,
    parse_catalogue,
    parse_version,
    parse_version_field,
)


class Role(StrEnum):
    """Whether a metric decides or is only shown."""

    GATE = "Gate"
    SHOW = "Show"


class ActOn(StrEnum):
    """Guarded asks every guard; Verdict follows the rule to the letter."""

    GUARDED = "Guarded"
    VERDICT = "Verdict"


class Policy(StrEnum):
    """Threshold waits for windows and weighs chance; Sequential for proof, with a stated rate of being wrong."""

    THRESHOLD = "Threshold"
    SEQUENTIAL = "Sequential"


class OnTemplateChange(StrEnum):
    """What to do when more than the version changed in the pod template."""

    HOLD = "Hold"
    PROCEED = "Proceed"


@dataclass(frozen=True, slots=True)
class MetricSpec:
    """One metric, its limit in percent and its role."""

    name: MetricName
    limit_percent: float
    role: Role = Role.GATE


@dataclass(frozen=True, slots=True)
class Evaluation:
    """How a verdict is reached."""

    window: timedelta = timedelta(hours=24)
    min_samples: int = 100
    label_delay: timedelta = timedelta(0)
    min_label_coverage_percent: float = 0.0
    comparison: Comparison = Comparison.AUTO
    positive_class: str = "1"
    policy: Policy = Policy.THRESHOLD
    false_rollback_rate: float = 0.01
    season: timedelta = timedelta(hours=24)
    act_on: ActOn = ActOn.GUARDED
    consecutive_breaches: int = 2
    max_baseline_age: timedelta = timedelta(hours=168)


@dataclass(frozen=True, slots=True)
class RollbackRules:
    """How often, and with how much patience, a version is put back."""

    cooldown: timedelta = timedelta(hours=1)
    max_per_day: int = 3
    verify_timeout: timedelta = timedelta(minutes=10)
    on_template_change: OnTemplateChange = OnTemplateChange.HOLD


@dataclass(frozen=True, slots=True)
class Spec:
    """The whole `spec`, with every default filled in."""

    model_name: str
    target_name: str
    secret_name: str
    auto_rollback: bool
    environment: str = ""
    source: Source = OWN
    version: str | None = None
    """Managed where it is there: the operator puts it into the Deployment. None: Tracked."""
    previous_version: str | None = None
    version_field: VersionField = field(default_factory=VersionField)
    catalogue: tuple[KnownVersion, ...] = ()
    metrics: tuple[MetricSpec, ...] = ()
    check_interval: timedelta = timedelta(hours=1)
    evaluation: Evaluation = field(default_factory=Evaluation)
    rollback: RollbackRules = field(default_factory=RollbackRules)
    alerts: tuple[AlertSpec, ...] = ()
    suspend: bool = False

    @property
    def gating(self) -> tuple[Family, ...]:
        """The families of the metrics that gate: each needs its samples."""
        return families_of(m.name for m in self.metrics if m.role is Role.GATE)

    @property
    def shown(self) -> tuple[Family, ...]:
        """The families of which nothing gates."""
        return tuple(f for f in families_of(m.name for m in self.metrics) if f not in self.gating)

    @property
    def relative(self) -> bool:
        """Whether errors are to be held against the size of the actuals."""
        return any(m.name in {MetricName.MAPE, MetricName.WAPE} for m in self.metrics)


def parse_spec(name: str, raw: dict[str, Any]) -> Spec:
    """Read `spec` of the resource called `name`; InvalidSpecError names the field."""
    database = _section(raw, "database")
    source = parse_source(_section(database, "source"))
    check_environment(raw.get("environment") or "", source)
    return Spec(
        model_name=raw.get("modelName") or name,
        environment=raw.get("environment") or "",
        source=source,
        target_name=_section(raw, "targetRef").get("name") or name,
        secret_name=_required(_section(database, "secretRef"), "name", "database.secretRef.name"),
        auto_rollback=_required(raw, "autoRollback", "autoRollback"),
        version=parse_version(raw.get("version"), "version"),
        previous_version=parse_version(raw.get("previousVersion"), "previousVersion"),
        version_field=parse_version_field(_section(raw, "versionField")),
        catalogue=parse_catalogue(raw.get("versions") or ()),
        metrics=_metrics(raw),
        check_interval=_duration(raw, "checkInterval", timedelta(hours=1)),
        evaluation=_evaluation(_section(raw, "evaluation")),
        rollback=_rollback(_section(raw, "rollback")),
        alerts=parse_alerts(raw.get("alerts")),
        suspend=bool(raw.get("suspend")),
    )


def _evaluation(raw: dict[str, Any]) -> Evaluation:
    d = Evaluation()
    policy, act_on = Policy(raw.get("policy", d.policy)), ActOn(raw.get("actOn", d.act_on))
    if policy is Policy.SEQUENTIAL and act_on is ActOn.VERDICT:
        raise InvalidSpecError("evaluation.policy", "Sequential needs actOn Guarded")
    return Evaluation(
        window=_duration(raw, "window", d.window, "evaluation."),
        min_samples=int(raw.get("minSamples", d.min_samples)),
        label_delay=_duration(raw, "labelDelay", d.label_delay, "evaluation."),
        min_label_coverage_percent=_percent(
            raw.get("minLabelCoveragePercent", 0), "evaluation.minLabelCoveragePercent"
        ),
        comparison=Comparison(raw.get("comparison", d.comparison)),
        positive_class=str(raw.get("positiveClass", d.positive_class)),
        policy=policy,
        false_rollback_rate=_rate(raw.get("falseRollbackRate", d.false_rollback_rate)),
        season=_duration(raw, "season", d.season, "evaluation."),
        act_on=act_on,
        consecutive_breaches=int(raw.get("consecutiveBreaches", d.consecutive_breaches)),
        max_baseline_age=_duration(raw, "maxBaselineAge", d.max_baseline_age, "evaluation."),
    )


def _rollback(raw: dict[str, Any]) -> RollbackRules:
    d = RollbackRules()
    return RollbackRules(
        cooldown=_duration(raw, "cooldown", d.cooldown, "rollback."),
        max_per_day=int(raw.get("maxPerDay", d.max_per_day)),
        verify_timeout=_duration(raw, "verifyTimeout", d.verify_timeout, "rollback."),
        on_template_change=OnTemplateChange(raw.get("onTemplateChange", d.on_template_change)),
    )


def _metrics(raw: dict[str, Any]) -> tuple[MetricSpec, ...]:
    common = _percent(raw.get("degradationThresholdPercent", 5), "degradationThresholdPercent")
    asked = raw.get("metrics") or [{"name": "r2"}, {"name": "rmse"}]
    return tuple(_metric(item, common) for item in asked)


def _metric(raw: dict[str, Any], common: float) -> MetricSpec:
    try:
        name = MetricName(raw.get("name", ""))
    except ValueError:
        known = ", ".join(MetricName)
        raise InvalidSpecError("metrics", f"{raw.get('name')!r} is not a metric; known are {known}") from None
    own = raw.get("thresholdPercent")
    limit = common if own is None else _percent(own, f"metrics[{name}].thresholdPercent")
    return MetricSpec(name, limit, Role(raw.get("role", Role.GATE)))


def _percent(raw: Any, path: str) -> float:
    try:
        value = float(raw)
    except (TypeError, ValueError):
        raise InvalidSpecError(path, f"{raw!r} is not a number") from None
    if not 0 <= value <= 100:
        raise InvalidSpecError(path, f"{value:g} is not between 0 and 100")
    return value


def _rate(raw: Any) -> float:
    try:
        value = float(raw)
    except (TypeError, ValueError):
        raise InvalidSpecError("evaluation.falseRollbackRate", f"{raw!r} is not a number") from None
    if not 0 < value <= 0.5:
        raise InvalidSpecError("evaluation.falseRollbackRate", f"{value:g} is not above 0 and at most 0.5")
    return value


def _duration(raw: dict[str, Any], key: str, default: timedelta, prefix: str = "") -> timedelta:
    try:
        return parse_duration(raw[key]) if key in raw else default
    except ValueError as error:
        raise InvalidSpecError(prefix + key, str(error)) from None


def _section(raw: dict[str, Any], key: str) -> dict[str, Any]:
    section = raw.get(key) or {}
    if not isinstance(section, dict):
        raise InvalidSpecError(key, "expected an object")
    return section


def _required(raw: dict[str, Any], key: str, path: str) -> Any:
    if key not in raw:
        raise InvalidSpecError(path, "is required")
    return raw[key]
