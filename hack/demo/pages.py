"""The words of the story; figures are put in from what was measured, never from what is expected.

A page is a text whose lines are paragraphs.
"""

import numpy as np

from demo.flights import FEATURES, Flights, to_moment
from demo.manifests import THRESHOLD_PERCENT
from demo.models import Version, lessons, r2, rmse
from demo.timing import WINDOW_DAYS, WINDOW_S, Compression
from demo.views import Metric, View

TITLE = "A model that got worse is rolled back: real flights, a real database, a real API server."
WHAT = (
    "A model tells each flight that leaves New York how late it will arrive. The operator modelward compares what the "
    "version that serves predicted with what came true, and that with how the version before it did."
)
ACT_1 = (
    "The Deployment flight-delays runs A; a ModelDeployment watches it. For each flight that leaves, a prediction is "
    "written into model_predictions; when the flight has landed, its actual delay is written beside it."
)
ACT_2 = "Another version is rolled out, trained a little differently. It should be left alone."
ACT_4 = "PostgreSQL is stopped: no prediction is written, no label can be read. Somebody asks for a look at once."
NOT_OURS = "Left out: DATABASE_URL names a database that is not the demo's to stop. Without it the demo brings its own."
MODELS = ("", "version", "trained on", "flights", "true R2", "true RMSE")


def name(version: Version) -> str:
    """A (20260104_120000)."""
    return f"{version.recipe.letter} ({version.name})"


def date(day: float) -> str:
    """29 April."""
    return f"{to_moment(day):%-d %B}"


def models(versions: tuple[Version, ...], season: Flights) -> list[tuple[str, ...]]:
    """One row for each version: how it was trained, and how good it truly is on all flights of the season."""
    true = [(f"{r2(v, season):.3f}", f"{rmse(v, season):.1f} min") for v in versions]
    trained = [(v.recipe.letter, v.name, v.recipe.learned_from, f"{v.trained_on:,}") for v in versions]
    return [(*how, *well) for how, well in zip(trained, true, strict=True)]


def truth(versions: tuple[Version, ...], season: Flights) -> str:
    """Say by how much B is worse, and over what."""
    good, _, bad = versions
    ratio = rmse(bad, season) / rmse(good, season)
    return (
        f"The true figures are over the {len(season):,} flights from {date(season.leaves[0])} to "
        f"{date(season.leaves[-1])}, which no version has seen: B's RMSE "
        f"is {ratio:.2f} times A's. No noise is added: B learned from flights that were never very late."
    )


def pace(season: Flights) -> str:
    """Say how time is compressed, and why so."""
    time = Compression()
    air = float(np.median(season.lands - season.leaves)) * 24
    return (
        f"Time is compressed: {WINDOW_S} seconds here are {WINDOW_DAYS} days of flights, 1 second is "
        f"{time.days_per_second * 24:.1f} hours. A flight is in the air for {air:.1f} hours in the median; its actual "
        f"delay comes that much later, here {time.milliseconds(air):.0f} ms.\n"
        f"The operator looks every 10 s or sooner, at a window of {WINDOW_S} s, which holds each weekday twice. All "
        f"else is as it comes: the limit is {THRESHOLD_PERCENT} %, it must be breached in two windows that do not "
        "overlap, and every guard may object."
    )


def first_verdict(view: View, predictions: int) -> str:
    """Say what the operator makes of the first version."""
    return (
        f"{predictions:,} predictions so far. The verdict is {view.verdict} ({view.reason}): {view.message}.\n"
        "There is no baseline yet, so nothing can be called worse. From the next version on, A is the baseline."
    )


def nothing_happened(view: View, holds: list[tuple[str, str]], instead: float) -> str:
    """Say why the equal version was left alone; `instead` is the RMSE of the version before it on the same flights."""
    page = (
        f"Nothing happened, and that is right: over {view.samples:,} samples no metric is worse than before by more "
        f"than {THRESHOLD_PERCENT} %, so the verdict is Healthy. What the errors changed is the weather: on the same "
        f"flights A would have had an RMSE of {instead:.1f}.\n"
    )
    if holds:
        page += "On the way there the verdict was Degraded for a while, and the guards held still:\n"
        page += "".join(f"- {guard}: {message}\n" for guard, message in holds)
    else:
        page += "No guard had to speak: they are asked only where a verdict is Degraded.\n"
    return page + "It is proven here now: if the next version is worse, this is the one to go back to."


def what_is_wrong(bad: Version, year: Flights) -> str:
    """Say why the bad version is bad; the operator does not know it."""
    latest = lessons(bad.recipe, year).features[:, FEATURES.index("dep_delay")].max()
    return (
        f"{bad.recipe.letter} was trained on {bad.recipe.learned_from}: {bad.trained_on} flights, none of which left "
        f"more than {latest:.0f} minutes late. It starts, answers fast and raises no error. Only the labels can tell."
    )


def rolled_back(view: View, other: Version, bad: Version, instead: float) -> str:
    """Say what led to the rollback; `instead` is the RMSE that the good version would have had on the same flights."""
    return (
        f"{name(bad)} was degraded in {view.breaches} windows that do not overlap, and no guard objected: the "
        f"Deployment was put back to {name(other)}, the last version that was good here. The operator could not know "
        f"it, but we can look: on the same flights {other.recipe.letter} would have had an RMSE of {instead:.1f}.\n"
        f"This is what a person sees in the second after it; {other.recipe.letter} has no new labels yet."
    )


def source_error(view: View, other: Version) -> str:
    """Say what an outage looks like."""
    return (
        f"{view.verdict} ({view.reason}): {view.message.rstrip('.')}.\n"
        f"{name(other)} goes on serving: no data is no evidence. Now PostgreSQL starts again."
    )


def came_back(view: View, other: Version, first: Version, instead: float) -> str:
    """Say how the outage ended, and how the version put back does; `instead` is the first version's RMSE there."""
    figures = ", ".join(f"{m.name.upper()} {figure(m.name, m.current)}" for m in view.metrics)
    page = (
        "The database is back, and nothing was rolled back meanwhile. "
        f"{name(other)} answers again: {figures} over {view.samples:,} samples, {view.verdict}."
    )
    if view.verdict == "Healthy":
        return page
    return page + (
        f" By the bare rule it looks worse than {first.recipe.letter} did in April. Yet on the same flights "
        f"{first.recipe.letter} would have had an RMSE of {instead:.1f}. That is what guards are for:\n"
        + "".join(f"- {guard}: {message}\n" for guard, message in view.holds)
    )


def figure(metric: str, value: float) -> str:
    """R2 with three decimals, an error in minutes with one."""
    return f"{value:.3f}" if metric == "r2" else f"{value:.1f}"


def metric_row(metric: Metric) -> tuple[str, ...]:
    """One metric in two versions."""
    before = "" if metric.previous is None else figure(metric.name, metric.previous)
    limit = f"{'-' if metric.name == 'r2' else '+'}{metric.limit} %"
    verdict = "beyond its limit" if metric.breached else "within its limit"
    return metric.name.upper(), before, figure(metric.name, metric.current), f"{metric.change} %", limit, verdict


def row(view: View) -> tuple[str, str] | None:
    """One line of the log of verdicts; None while there is no verdict."""
    if not view.verdict:
        return None
    parts = [view.version, view.reason]
    parts += [view.change] if view.change else []
    parts += [f"{view.samples:,} samples"] if view.samples else []
    parts += ["held by " + ", ".join(guard for guard, _ in view.holds)] if view.holds else []
    return view.verdict, "  ".join(parts)
