"""Every reason code that status, conditions and Events can carry, with one line of meaning each."""

from enum import StrEnum
from typing import Self


class Reason(StrEnum):
    """A CamelCase code for programs; its `meaning` is for people."""

    meaning: str

    def __new__(cls, code: str, meaning: str) -> Self:
        """Make a member that is its code and knows its meaning."""
        member = str.__new__(cls, code)
        member._value_ = code
        member.meaning = meaning
        return member

    @classmethod
    def of(cls, code: str) -> Self:
        """Return the reason of a code; ValueError where there is none."""
        return cls._value2member_map_[code]  # type: ignore[return-value]

    # What the verdict rests on
    WITHIN_LIMITS = "WithinLimits", "No gating metric changed by more than its limit."
    BEYOND_LIMIT = "BeyondLimit", "At least one gating metric is worse than its limit allows."
    NO_PREDICTIONS = "NoPredictions", "The database holds no live prediction of this model in the window."
    VERSION_NOT_SEEN = "VersionNotSeen", "There are predictions, but none carries the version that the Deployment runs."
    TOO_FEW_SAMPLES = "TooFewSamples", "Fewer labelled predictions than evaluation.minSamples."
    LABEL_COVERAGE_LOW = (
        "LabelCoverageLow",
        "Fewer of the predictions have a label than minLabelCoveragePercent asks for.",
    )
    NON_FINITE_PREDICTIONS = (
        "NonFinitePredictions",
        "More than 1 % of the predictions are missing, NaN, infinite, beyond 1e150, or scores outside 0 to 1.",
    )
    NO_BASELINE = "NoBaseline", "There is no earlier version with enough labelled predictions to compare with."
    TOO_FEW_PAIRS = "TooFewPairs", "With comparison Paired: too few requests that both versions answered."
    TOO_FEW_SHARED = "TooFewShared", "With comparison Concurrent: too few samples of times in which both answered."
    BOTH_WORSE = (
        "BothWorse",
        "Side by side the versions are alike, but both are worse than before: look at the data, and retrain.",
    )
    METRICS_UNDEFINED = "MetricsUndefined", "No gating metric can be computed from these rows."
    NOT_JUDGED_YET = "NotJudgedYet", "The operator has not looked at the resource yet."

    # Why the database did not answer
    SECRET_NOT_FOUND = "SecretNotFound", "The Secret named in database.secretRef does not exist."
    SECRET_INCOMPLETE = "SecretIncomplete", "The Secret lacks a key, or a key does not make sense."
    DATABASE_NOT_ALLOWED = (
        "DatabaseNotAllowed",
        "The database's host is the operator's own machine, its link, cloud metadata or the API server.",
    )
    AUTHENTICATION_FAILED = "AuthenticationFailed", "The database refused the user or the password."
    PERMISSION_DENIED = "PermissionDenied", "The database user may not read a table."
    DATABASE_UNREACHABLE = "DatabaseUnreachable", "No connection: host, port, network, or the server is down."
    DATABASE_MISSING = "DatabaseMissing", "The server answers, but has no database of that name."
    TLS_FAILED = "TLSFailed", "The TLS connection was refused or the certificate does not hold."
    SCHEMA_MISMATCH = "SchemaMismatch", "A table or a column is missing, or has another type."
    REPLICA_STALE = "ReplicaStale", "The standby is too far behind its primary: its newest rows are old."
    QUERY_TOO_COSTLY = "QueryTooCostly", "The statement timeout ended the query."
    TABLE_LOCKED = "TableLocked", "Another session holds a lock on a table; it is asked again."
    VALUE_OUT_OF_RANGE = "ValueOutOfRange", "The sums of the rows do not fit a double."
    QUERY_FAILED = "QueryFailed", "The database answered with an error of its own."

    # What is wrong with the resource or the Deployment
    INVALID_SPEC = "InvalidSpec", "The resource says something that cannot be meant."
    CONFLICT = "Conflict", "An older ModelDeployment already looks after this Deployment."
    TARGET_NOT_FOUND = "TargetNotFound", "The Deployment named in targetRef does not exist."
    CONTAINER_NOT_FOUND = "ContainerNotFound", "The Deployment has no container of that name."
    CONTAINER_AMBIGUOUS = "ContainerAmbiguous", "The Deployment has several containers and the resource names none."
    VERSION_UNREADABLE = (
        "VersionUnreadable",
        "The image has no tag, does not fit versionField.image.template, or is by digest and in no entry of versions.",
    )
    ENV_NOT_FOUND = "EnvNotFound", "The container has no environment variable of that name."
    ENV_NOT_LITERAL = "EnvNotLiteral", "The environment variable is taken from elsewhere (valueFrom), not written out."
    ANNOTATION_NOT_FOUND = "AnnotationNotFound", "The pod template has no annotation of that key."
    VERSION_EMPTY = "VersionEmpty", "The environment variable or the annotation is there, and empty."
    VERSION_INVALID = "VersionInvalid", "What stands in the version's place cannot be a version (see spec.version)."
    VERSION_UNKNOWN = "VersionUnknown", "Nothing says which image holds this version."
    REPOSITORY_NOT_ALLOWED = (
        "RepositoryNotAllowed",
        "The image is in another repository than the Deployment's, and modelward.dev/allowed-images does not list it.",
    )
    NOT_OPTED_IN = "NotOptedIn", "This operator needs the annotation modelward.dev/allow-rollback on the Deployment."

    # How the resource stands
    WATCHING = "Watching", "The version is watched."
    SUSPENDED = "Suspended", "spec.suspend is true: nothing is read, written or announced."
    METRICS_READ = "MetricsRead", "The database answered."
    ROLLING_BACK = "RollingBack", "A rollback is under way."
    ROLLED_BACK = "RolledBack", "The previous version was put back."
    ROLLBACK_FAILED = "RollbackFailed", "The version put back did not become available in time."
    ROLLBACK_REFUSED = (
        "RollbackRefused",
        "The API server refuses the patch (rights, an admission policy, a webhook); tried again with growing pauses.",
    )
    CONTESTED = (
        "Contested",
        "Somebody keeps putting the rolled-back version, or another one than spec.version, back; hands off.",
    )
    QUARANTINE_ENFORCED = "QuarantineEnforced", "A rolled-back version came back and was put right once."
    IMPROVED = "Improved", "In its first full window, the version put back won back at least half of what was lost."
    NOT_IMPROVED = "NotImproved", "The version put back does little better: look at the data, and retrain."
    OUTCOME_UNKNOWN = "OutcomeUnknown", "Whether the rollback helped cannot be told."
    SUPERSEDED = "Superseded", "Another version was deployed while a rollback was under way; it was left alone."
    DEGRADED = "Degraded", "The version is worse than the previous one."
    RECOVERED = "Recovered", "The version is no longer worse than the previous one."
    PLACING_VERSION = "PlacingVersion", "spec.version is being put into the Deployment."
    VERSION_PLACED = "VersionPlaced", "spec.version serves now; a new epoch begins."
    PLACEMENT_REFUSED = (
        "PlacementRefused",
        "The API server refuses to let spec.version be put into the Deployment; it is tried again every minute.",
    )
    SPEC_VERSION_HELD = "SpecVersionHeld", "spec.version was rolled back, and stays out until spec names another one."
    SPEC_VERSION_ENFORCED = (
        "SpecVersionEnforced",
        "Somebody wrote another version than spec.version into the Deployment; it was put right once.",
    )
    VERSION_CHANGED = "VersionChanged", "The Deployment runs another version; a new epoch begins."
    METRICS_UNAVAILABLE = "MetricsUnavailable", "The database does not answer; nothing is judged and nothing changed."
    METRICS_AVAILABLE = "MetricsAvailable", "The database answers again."
    CLOCK_SKEWED = "ClockSkewed", "The clocks of the operator and of the database differ by more than half a minute."
    REQUEST_DONE = "RequestDone", "A request by annotation was carried out."
    REQUEST_REFUSED = "RequestRefused", "A request by annotation was refused."

    # Whether people are told
    ALERTS_READABLE = "AlertsReadable", "Every address of spec.alerts can be read, and nothing that was sent failed."
    ALERT_ADDRESS_INVALID = "AlertAddressInvalid", "The Secret's address is no URL, or of a kind that is not allowed."
    ALERT_FAILED = "AlertFailed", "An alert could not be delivered; it is tried again for 24 hours."
    ALERT_GIVEN_UP = "AlertGivenUp", "An alert could not be delivered for 24 hours; it is dropped."
    AUDIT_UNAVAILABLE = "AuditUnavailable", "The table modelward.audit is not there, or may not be written."
    AUDIT_GIVEN_UP = "AuditGivenUp", "A row could not be written to modelward.audit for 24 hours; it is dropped."

    # Who would write over a rollback
    OWNED_BY_FLUX = "OwnedByFlux", "Flux owns the version's field: it writes its own version again at its next round."
    OWNED_BY_ARGO_CD = (
        "OwnedByArgoCD",
        "Argo CD owns the version's field: it writes its own version again when it syncs.",
    )
    OWNED_BY_HELM = (
        "OwnedByHelm",
        "Helm owns the version's field by server-side apply: the next upgrade writes it again.",
    )

    LEFT_ALONE = (
        "LeftAlone",
        "Who owns the version's field was told to leave it alone, says modelward.dev/version-left-alone-by.",
    )

    # Why a degraded version is left in place
    AUTO_ROLLBACK_OFF = "AutoRollbackOff", "spec.autoRollback is false: a person decides."
    LANDING = "Landing", "A rollback placed this version; it is never rolled back automatically."
    WARMING_UP = "WarmingUp", "The version serves for less than one window."
    NOT_CONFIRMED = "NotConfirmed", "Fewer breaching windows than evaluation.consecutiveBreaches."
    ONLY_R2 = "OnlyR2", "R2 fell but no loss metric rose: the targets' variance may have moved."
    WITHIN_NORMAL_VARIATION = (
        "WithinNormalVariation",
        "The previous version's own windows differed as much from one to another within 28 days.",
    )
    NOT_PROVEN = "NotProven", "Policy Sequential: too few seasons were worse beyond the limits to be sure enough."
    WITHIN_NOISE = "WithinNoise", "The change cannot be told from chance: its one-look 95 % bound includes 0."
    BASELINE_STALE = "BaselineStale", "The baseline is older than evaluation.maxBaselineAge."
    TEMPLATE_CHANGED = (
        "TemplateChanged",
        "Environment, command, arguments, volumes, init containers or other images changed along with the version.",
    )
    COOLING_DOWN = "CoolingDown", "The last rollback is younger than rollback.cooldown."
    BUDGET_EXHAUSTED = "BudgetExhausted", "rollback.maxPerDay automatic rollbacks were made in 24 hours."
    BREAKER_OPEN = "BreakerOpen", "Too many models look bad at once: the data feed is the suspect."
    HISTORY_UNREADABLE = (
        "HistoryUnreadable",
        "What must not be put back is not known: the audit table or the table of versions does not answer.",
    )
    NO_TARGET = "NoTarget", "There is no version to go back to."

    # Why a verb of the command line, or a call from Python, is refused
    VERSION_NOT_REGISTERED = "VersionNotRegistered", "The table model_versions has no version of that name."
    VERSION_ARCHIVED = "VersionArchived", "The version was archived; it has to be restored before it can serve."
    VERSION_IN_PRODUCTION = "VersionInProduction", "The version asked for is the one in production."
    NO_PRODUCTION_VERSION = "NoProductionVersion", "No version of the model is marked as the one in production."
    PRODUCTION_CHANGED = "ProductionChanged", "Another version came into production while this was being decided."
    MODEL_UNKNOWN = "ModelUnknown", "The table model_versions knows no model of that name."
    MANAGED_BY_CLUSTER = "ManagedByCluster", "A ModelDeployment looks after this model: the version is its to change."
    ARCHIVE_UNREADABLE = "ArchiveUnreadable", "The file is no whole archive of this model."


PROBLEMS = frozenset(
    {
        Reason.INVALID_SPEC,
        Reason.CONFLICT,
        Reason.TARGET_NOT_FOUND,
        Reason.CONTAINER_NOT_FOUND,
        Reason.CONTAINER_AMBIGUOUS,
        Reason.VERSION_UNREADABLE,
        Reason.ENV_NOT_FOUND,
        Reason.ENV_NOT_LITERAL,
        Reason.ANNOTATION_NOT_FOUND,
        Reason.VERSION_EMPTY,
        Reason.VERSION_INVALID,
        Reason.VERSION_UNKNOWN,
        Reason.REPOSITORY_NOT_ALLOWED,
        Reason.NOT_OPTED_IN,
    }
)
"""What is wrong with the resource or its Deployment, and ends by itself when it is mended."""
