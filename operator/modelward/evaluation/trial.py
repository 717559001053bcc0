"""One model on trial: the registry's facts and the rows' sums, judged by the operator's own rules."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING, cast

from modelward.decide import ledger as decide_ledger
from modelward.decide.doubts import since_it_came_back
from modelward.decide.guards import Fleet, Scene, find_holds
from modelward.decide.previous import Previous, find_previous
from modelward.decide.verdict import judge
from modelward.domain.decision import Judgement
from modelward.domain.ledger import Book, ModelKey
from modelward.domain.quality import Quality, Window
from modelward.domain.questions import Question
from modelward.domain.reasons import Reason
from modelward.domain.spec import Spec
from modelward.domain.status import Hold, Status, Verdict
from modelward.evaluation.reading import BlockingReader
from modelward.evaluation.rules import Rules

if TYPE_CHECKING:
    from modelward.domain.serving import Serving


@dataclass(frozen=True, slots=True)
class Trial:
    """A judgement and all that led to it; `holds` are what keeps a degraded version in place."""

    book: Book
    rules: Rules
    current: str
    previous: Previous | None
    judgement: Judgement
    holds: tuple[Hold, ...]


@dataclass(frozen=True, slots=True)
class InRegistry:
    """What stands for a Deployment where there is none: the guards that `actOn: Verdict` keeps ask for no more."""

    version: str


def try_model(book: Book, rules: Rules, reader: BlockingReader) -> Trial:
    """Judge the version in production against the previous one."""
    spec = rules.spec(book.key.model, book.key.environment)
    status, current = decide_ledger.remember(book), decide_ledger.find_production(book)
    previous = find_previous(spec, status)
    question = replace(
        question_of(book.key, rules),
        version=current.version,
        label_delay=rules.label_delay,
        not_before=decide_ledger.served_before(book, current),
        baseline_version=previous.version if previous else None,
    )
    quality = reader.read([question])[0]
    judgement = _in_our_words(judge(spec, status, quality, previous), book, previous)
    holds = _find_holds(spec, status, book, judgement, previous)
    if book.managed_by is not None and not rules.force:
        holds = (*holds, Hold(Reason.MANAGED_BY_CLUSTER.value, managed(book)))
    return Trial(book, rules, current.version, previous, judgement, holds)


def question_of(key: ModelKey, rules: Rules) -> Question:
    """Ask for what the rules compare, still of no version."""
    spec = rules.spec(key.model, key.environment)
    return Question(
        model_name=key.model,
        environment=key.environment,
        version="",
        window=rules.window,
        label_delay=timedelta(0),
        families=spec.gating,
        shown=spec.shown,
        positive_class=rules.positive_class,
        relative=spec.relative,
    )


def read_windows(book: Book, versions: Sequence[str], rules: Rules, reader: BlockingReader) -> dict[str, Window]:
    """Read the last window with live rows of each version; one without rows within 90 days is left out."""
    found = (book.find(version) for version in versions)
    ends = {v.version: v.last_prediction_at for v in found if v is not None and v.last_prediction_at is not None}
    return reader.windows(question_of(book.key, rules), ends)


def _find_holds(
    spec: Spec, status: Status, book: Book, judgement: Judgement, previous: Previous | None
) -> tuple[Hold, ...]:
    """Ask the operator's guards; the day's budget is counted from the audit."""
    counted = replace(status, history=decide_ledger.landings(book.rollbacks))
    serving = cast("Serving", InRegistry(decide_ledger.find_production(book).version))
    return find_holds(Scene(spec, counted, serving, judgement, previous, Fleet(), book.now))


def managed(book: Book) -> str:
    """Say who looks after the model."""
    who = book.managed_by
    where = f" in cluster {who.cluster}" if who and who.cluster else ""
    return (
        f"ModelDeployment {who.resource if who else ''}{where} looks after {book.key}: ask for the rollback there "
        "(annotation modelward.dev/rollback-requested-at); --force changes the registry all the same, not what serves"
    )


def _in_our_words(judgement: Judgement, book: Book, previous: Previous | None) -> Judgement:
    """Say what is missing in the registry's words where the resource has others, and where older rows are."""
    if judgement.verdict is Verdict.NO_DATA:
        return replace(judgement, message=_why_no_rows(judgement, book))
    current = decide_ledger.find_production(book)
    if previous is not None or judgement.reason is not Reason.NO_BASELINE:
        return judgement
    message = (
        f"no earlier version of {current.version} that may be compared with is in model_versions, so there is nothing "
        f"to compare with or to go back to; there are: {decide_ledger.list_records(book.versions)}"
    )
    return replace(judgement, message=message)


def _why_no_rows(judgement: Judgement, book: Book) -> str:
    """Say where the rows of the version in production are: before it came back, or before the window."""
    current = decide_ledger.find_production(book)
    seen, back = current.last_prediction_at, decide_ledger.served_before(book, current)
    if seen is None:
        return judgement.message
    if back is not None and seen < back:
        return f"model {book.key.model!r} has no live prediction of {current.version} {since_it_came_back(back)}"
    if seen >= quality_of(judgement).current.start:
        return judgement.message
    last = f"its last one was at {seen:%Y-%m-%d %H:%M}, and a longer window reaches it (--window)"
    return f"{judgement.message}; {last}"


def quality_of(judgement: Judgement) -> Quality:
    """Return the rows that a judgement rests on."""
    assert judgement.quality is not None  # only a source error has none, and that is raised here
    return judgement.quality
