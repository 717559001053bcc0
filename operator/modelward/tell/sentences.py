"""The sentences of a message, by its reason: what happened, what was done about it, and what a person does next."""

from modelward.domain.reasons import Reason

DONE: dict[str, str] = {
    Reason.ROLLED_BACK: "The Deployment was put back on {to}. {from_} is in quarantine: it is not put back by itself.",
    Reason.QUARANTINE_ENFORCED: "{from_} is in quarantine and had come back. {to} was put back once more.",
    Reason.ROLLBACK_FAILED: "{to} was to be put back in the place of {from_}, and does not run.",
    Reason.ROLLBACK_REFUSED: "Nothing was changed: {from_} still serves. It is tried again with growing pauses.",
    Reason.CONTESTED: "Nothing: {from_} was put right once already, and somebody put it back. Hands off.",
    Reason.DEGRADED: "Nothing was changed: {from_} still serves.",
    Reason.BUDGET_EXHAUSTED: "Nothing was changed: the rollbacks allowed for one day are used up.",
    Reason.BREAKER_OPEN: "Nothing was changed, here or at the other models that look bad at the same time.",
    Reason.METRICS_UNAVAILABLE: "Nothing was changed: without data nothing is judged and nothing is rolled back.",
    Reason.METRICS_AVAILABLE: "The database answers again.",
    Reason.RECOVERED: "Nothing had to be changed.",
    Reason.VERSION_CHANGED: "Nothing: {to} was deployed in the place of {from_}, and what was wrong with that is over.",
    Reason.VERSION_PLACED: "spec.version {to} was put in the place of {from_}; what was wrong with that is over.",
}
NEXT: dict[str, str] = {
    Reason.ROLLED_BACK: (
        "Look at the data that {from_} met, train anew, and deploy the result as a new version. If Git or Helm names "
        "{from_}, change it there, or it comes back."
    ),
    Reason.QUARANTINE_ENFORCED: (
        "Find out what writes {from_} into the Deployment (Git, Helm, a pipeline) and change it there. The next time "
        "within a day it is left alone."
    ),
    Reason.ROLLBACK_FAILED: (
        "Look at the pods of the Deployment now: why does {to} not become available? Then deploy a version that works."
    ),
    Reason.ROLLBACK_REFUSED: (
        "Let the operator's account patch this Deployment: its rights, an admission policy or a webhook stand in the "
        "way, as said above. Or put {to} back yourself."
    ),
    Reason.CONTESTED: (
        "Decide: change the version in whatever writes the Deployment (Git, Helm, a pipeline), or clear the "
        "quarantine of {from_} with the annotations modelward.dev/clear-quarantine: {from_} and "
        "modelward.dev/clear-quarantine-requested-at: <now, RFC 3339>."
    ),
    Reason.DEGRADED: (
        "Decide: roll back with the annotation modelward.dev/rollback-requested-at, or leave it. If {to} is no better "
        "on the same data, the data changed: train anew."
    ),
    Reason.BUDGET_EXHAUSTED: "Find out why so many versions fail before another is deployed, and decide on {from_}.",
    Reason.BREAKER_OPEN: (
        "Look at the feed of predictions and actuals first: when many models turn bad at once, it is the suspect."
    ),
    Reason.METRICS_UNAVAILABLE: (
        "Look at the database, and at the Secret with its address. Until it answers, nobody watches this model."
    ),
}
TITLES: dict[str, str] = {
    Reason.ROLLED_BACK: "rolled back {from_} -> {to}",
    Reason.QUARANTINE_ENFORCED: "put back {to} once more",
    Reason.ROLLBACK_FAILED: "rollback {from_} -> {to} FAILED",
    Reason.ROLLBACK_REFUSED: "rollback {from_} -> {to} REFUSED by the API server",
    Reason.CONTESTED: "{from_} is contested",
    Reason.DEGRADED: "{from_} is degraded",
    Reason.BUDGET_EXHAUSTED: "{from_} is degraded, and no rollback is left for today",
    Reason.BREAKER_OPEN: "many models look bad at once",
    Reason.METRICS_UNAVAILABLE: "the database does not answer",
    Reason.METRICS_AVAILABLE: "the database answers again",
    Reason.RECOVERED: "{from_} has recovered",
    Reason.VERSION_CHANGED: "{to} serves now",
    Reason.VERSION_PLACED: "{to} serves now",
}

DONE_ALONE: dict[str, str] = {
    Reason.ROLLED_BACK: "model_versions says that {to} is in production now; what serves it has to follow.",
    Reason.ROLLBACK_FAILED: "Nothing: {to} was to be put in the place of {from_}, and the database failed.",
    Reason.DEGRADED: "Nothing was changed: {from_} is still in production.",
    Reason.RECOVERED: "Nothing had to be changed.",
}
"""Where no cluster is, and a row of the registry says what serves."""
NEXT_ALONE: dict[str, str] = {
    Reason.ROLLED_BACK: (
        "Look at the data that {from_} met, train anew, and deploy the result as a new version. {from_} is not put "
        "back by itself until somebody promotes it anew."
    ),
    Reason.ROLLBACK_FAILED: (
        "Look at the database (modelward status), then roll back by hand (modelward rollback); the next check tries "
        "again as well."
    ),
    Reason.DEGRADED: (
        "Decide: roll back (modelward rollback), or leave it. If {to} is no better on the same data, the data changed: "
        "train anew."
    ),
}
