"""What a message says: a subject, and a plain text with the numbers, what was done, and what to do next."""

from collections.abc import Iterator
from typing import Any

from modelward.domain.codec import encode, format_time
from modelward.domain.letters import Figure, Letter
from modelward.domain.messages import About, Message
from modelward.domain.printable import printable
from modelward.domain.reasons import Reason

FORM = "modelward.dev/alert/v1"
LONGEST = 200

DONE: dict[str, str] = {
    Reason.ROLLED_BACK: "The Deployment was put back on {to}. {from_} is in quarantine: it is not put back by itself.",
    Reason.QUARANTINE_ENFORCED: "{from_} is in quarantine and had come back. {to} was put back once more.",
    Reason.ROLLBACK_FAILED: "{to} was to be put back in the place of {from_}, and does not run.",
    Reason.CONTESTED: "Nothing: {from_} was put right once already, and somebody put it back. Hands off.",
    Reason.DEGRADED: "Nothing was changed: {from_} still serves.",
    Reason.BUDGET_EXHAUSTED: "Nothing was changed: the rollbacks allowed for one day are used up.",
    Reason.BREAKER_OPEN: "Nothing was changed, here or at the other models that look bad at the same time.",
    Reason.METRICS_UNAVAILABLE: "Nothing was changed: without data nothing is judged and nothing is rolled back.",
    Reason.METRICS_AVAILABLE: "The database answers again.",
    Reason.RECOVERED: "Nothing had to be changed.",
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
    Reason.CONTESTED: "{from_} is contested",
    Reason.DEGRADED: "{from_} is degraded",
    Reason.BUDGET_EXHAUSTED: "{from_} is degraded, and no rollback is left for today",
    Reason.BREAKER_OPEN: "many models look bad at once",
    Reason.METRICS_UNAVAILABLE: "the database does not answer",
    Reason.METRICS_AVAILABLE: "the database answers again",
    Reason.RECOVERED: "{from_} has recovered",
}


def compose(letter: Letter, about: About) -> Message:
    """Write the message about a change; what stands in the database or the resource is made fit to print."""
    subject = f"[modelward] {about.namespace}/{about.name}: {_fill(TITLES.get(letter.reason, letter.reason), letter)}"
    text = "\n".join(_lines(letter, about)) + "\n"
    clean = printable(subject)[:LONGEST]
    return Message(letter.id, letter.reason, clean, text, _facts(letter, about, clean))


def _lines(letter: Letter, about: About) -> Iterator[str]:
    environment = f", environment {about.environment}" if about.environment else ""
    yield f"Model:     {printable(about.model_name)}{printable(environment)}"
    yield f"Resource:  {about.namespace}/{about.name}"
    if letter.from_:
        yield f"Versions:  {printable(letter.from_)}" + (f" -> {printable(letter.to)}" if letter.to else "")
    yield f"Time:      {format_time(letter.time)}"
    yield f"Who:       {printable(letter.actor)}"
    yield ""
    yield f"Why: {printable(letter.message)}"
    yield from _figures(letter)
    yield ""
    yield f"What was done: {_fill(DONE.get(letter.reason, 'See above.'), letter)}"
    if letter.reason in NEXT:
        yield f"What to do: {_fill(NEXT[letter.reason], letter)}"
    yield ""
    yield "To look further:"
    yield f"  kubectl describe modeldeployment {about.name} -n {about.namespace}"
    yield ""
    yield f"{letter.reason}, alert {letter.id}"


def _figures(letter: Letter) -> Iterator[str]:
    evidence = letter.evidence
    yield from (f"  {_figure(metric)}" for metric in evidence.metrics)
    if evidence.samples is not None:
        yield f"  {evidence.samples:,} samples{_window(letter)}"


def _figure(metric: Figure) -> str:
    values = f"{metric.name.upper():<6} {metric.previous or 'undefined'} -> {metric.current or 'undefined'}"
    if metric.change_percent is None:
        return f"{values} (not judged)"
    mark = ", BEYOND" if metric.breached else ""
    return f"{values} ({metric.change_percent} %, limit {metric.limit_percent} %{mark})"


def _window(letter: Letter) -> str:
    start, end = letter.evidence.window_start_time, letter.evidence.window_end_time
    if start is None or end is None:
        return ""
    compared = f", compared {letter.evidence.comparison}" if letter.evidence.comparison else ""
    return f" from {format_time(start)} to {format_time(end)}{compared}"


def _fill(sentence: str, letter: Letter) -> str:
    from_ = printable(letter.from_ or "the version that serves")
    return sentence.format(from_=from_, to=printable(letter.to or "the version before"))


def _facts(letter: Letter, about: About, subject: str) -> dict[str, Any]:
    """Say the same in fields; `form` names their meaning, and changes when a field's does."""
    said = encode(letter)
    kept = ("id", "event", "step", "reason", "time", "message", "actor", "from", "to", "fromValue", "toValue")
    return {
        "form": FORM,
        "subject": subject,
        "namespace": about.namespace,
        "name": about.name,
        "model": about.model_name,
        "environment": about.environment,
        **{key: said[key] for key in kept if key in said},
        "evidence": said.get("evidence", {}),
    }
