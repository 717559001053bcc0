"""What a message says: a subject, and a plain text with the numbers, what was done, and what to do next."""

import shlex
from collections.abc import Iterator
from typing import Any

from modelward.domain.codec import encode, format_time
from modelward.domain.letters import Figure, Letter
from modelward.domain.messages import About, Message
from modelward.domain.printable import printable
from modelward.tell.sentences import DONE, DONE_ALONE, NEXT, NEXT_ALONE, TITLES

FORM = "modelward.dev/alert/v1"
LONGEST = 200


def compose(letter: Letter, about: About) -> Message:
    """Write the message about a change; what stands in the database or the resource is made fit to print."""
    subject = f"[modelward] {printable(_whose(about))}: {_fill(TITLES.get(letter.reason, letter.reason), letter)}"
    text = "\n".join(_lines(letter, about)) + "\n"
    clean = printable(subject)[:LONGEST]
    return Message(letter.id, letter.reason, clean, text, _facts(letter, about, clean))


def _lines(letter: Letter, about: About) -> Iterator[str]:
    environment = f", environment {about.environment}" if about.environment else ""
    yield f"Model:     {printable(about.model_name)}{printable(environment)}"
    if about.namespace:
        yield f"Resource:  {about.namespace}/{about.name}"
    if letter.from_:
        yield f"Versions:  {printable(letter.from_)}" + (f" -> {printable(letter.to)}" if letter.to else "")
    yield f"Time:      {format_time(letter.time)}"
    yield f"Who:       {printable(letter.actor)}"
    yield ""
    yield f"Why: {printable(letter.message)}"
    yield from _figures(letter)
    yield ""
    done, following = (DONE, NEXT) if about.namespace else (DONE_ALONE, NEXT_ALONE)
    yield f"What was done: {_fill(done.get(letter.reason, 'See above.'), letter)}"
    if letter.reason in following:
        yield f"What to do: {_fill(following[letter.reason], letter)}"
    yield ""
    yield "To look further:"
    yield from (f"  {command}" for command in _commands(about))
    yield ""
    yield f"{letter.reason}, alert {letter.id}"


def _whose(about: About) -> str:
    """Name the resource; where the database stands alone there is none, and the model has a name."""
    if about.namespace:
        return f"{about.namespace}/{about.name}"
    return f"{about.model_name} ({about.environment})" if about.environment else about.model_name


def _commands(about: About) -> Iterator[str]:
    if about.namespace:
        yield f"kubectl describe modeldeployment {about.name} -n {about.namespace}"
        return
    which = f"--model {shlex.quote(printable(about.model_name))}"
    which += f" --environment {shlex.quote(printable(about.environment))}" if about.environment else ""
    yield f"modelward explain {which}"
    yield f"modelward history {which}"


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
