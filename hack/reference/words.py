"""Conditions and annotations: what each one says. A test holds the lists against the code that uses them."""

from modelward.decide import conditions, outbox
from modelward.domain import resource, serving

CONDITIONS = {
    conditions.READY: (
        "Unknown, True, False",
        "The model is watched and all is well with resource and Deployment; False says what is to be mended.",
    ),
    conditions.METRICS_AVAILABLE: (
        "True, False",
        "The database answered the last check; False has the database's reason.",
    ),
    conditions.DEGRADED: (
        "True, False",
        "The version that serves is worse than the previous one; the message has the figures.",
    ),
    conditions.ROLLED_BACK: (
        "True, else absent",
        "The previous version was put back, and no third version has come since.",
    ),
    conditions.RECONCILING: ("True, else absent", "A rollback or a placement is under way."),
    conditions.STALLED: ("True, else absent", "It does not go on without a person; the reason says why."),
    conditions.ROLLBACK_PROTECTED: (
        "True, False; absent where nobody owns the field",
        "Flux, Argo CD or Helm owns the version's field: False until it was told to leave it alone.",
    ),
    conditions.CLOCKS_AGREE: (
        "False, else absent",
        "The clocks of the operator and of the database differ by more than half a minute.",
    ),
    outbox.ALERTS_READY: (
        "True, False; absent without `spec.alerts`",
        "Every address of `spec.alerts` can be read, and nothing that was sent failed.",
    ),
}
REQUESTS = {
    resource.ROLLBACK_AT: "RFC 3339 time. Roll back: to the previous version, or to the one that `rollback-to` names.",
    resource.ROLLBACK_TO: "A version. Where the rollback that is asked for goes.",
    resource.CHECK_AT: "RFC 3339 time. Judge now.",
    resource.CLEAR_AT: "RFC 3339 time. Take the version in `clear-quarantine` out of quarantine.",
    resource.CLEAR_VERSION: "A version. Which one is cleared.",
    resource.REQUESTED_BY: "Who asks, in free text, for the audit; nobody has checked it.",
}
"""On a ModelDeployment, written by people and read by the operator."""
PERMISSIONS = {
    serving.ALLOW_ROLLBACK: "The name of a ModelDeployment that may act here; asked for with `requireOptIn`.",
    serving.LEFT_ALONE_BY: "Field managers, comma-separated, that were told to leave the version's field alone.",
    serving.ALLOWED_IMAGES: "Repositories that may be written beside the one that runs, comma-separated, with `*`.",
}
"""On a Deployment, written by its owner and read by the operator."""
RECORDS = {
    serving.ROLLBACK_ID: "The rollback that was last made here.",
    serving.ROLLED_BACK_FROM: "The version that it took away.",
    serving.ROLLED_BACK_TO: "The version that it put back.",
}
"""On a Deployment, written by the operator and never by people."""
