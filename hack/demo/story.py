"""The four acts: a good version, another good one, a bad one, and a database that is away for a while."""

import time
from collections.abc import Callable
from contextlib import ExitStack
from datetime import UTC, datetime
from typing import Any

from demo import manifests, pages
from demo.errors import DemoError, WaitedInVainError
from demo.ledger import label_to_patch
from demo.manifests import CONTAINER, NAMESPACE, REPOSITORY
from demo.models import Version, rmse
from demo.outcome import Outcome
from demo.screen import Screen
from demo.stage import Stage
from demo.stream import MODEL, TICK_S, Stream
from demo.timing import SECOND_VERSION, Compression
from demo.views import View, is_rolled_out, read_view, version_of
from demo.watch import Sight, Watch

RESOURCE = ("modeldeployment", MODEL, "--namespace", NAMESPACE)
TARGET = ("deployment", MODEL, "--namespace", NAMESPACE)


class Story:
    """Plays once; `tell` returns what happened or raises DemoError."""

    def __init__(self, stage: Stage, screen: Screen) -> None:
        """Take a stage that is set."""
        self._stage, self._screen = stage, screen
        self._versions = {v.name: v for v in stage.cast.versions}
        self._told = 0
        self._last_row: object = None

    def tell(self) -> Outcome:
        """Play the acts."""
        good, other, bad = self._stage.cast.versions
        with ExitStack() as stack:
            self._open(stack, good)
            self._serve(good)
            self._deploy_equal(good, other)
            outcome = self._deploy_worse(other, bad)
            self._lose_database(good, other)
        return outcome

    def _open(self, stack: ExitStack, first: Version) -> None:
        """Apply what a person applies, and let the flights begin."""
        kubectl, database = self._stage.kubectl, self._stage.database
        for manifest in (
            manifests.secret(database.url),
            manifests.deployment(first.name),
            manifests.model_deployment(),
        ):
            kubectl.apply(manifest)
        self._target = self._watch(stack, TARGET)
        self._resource = self._watch(stack, RESOURCE)
        predictions = {v.name: v.predictions for v in self._stage.cast.versions}
        self._stream = Stream(database.url, self._stage.cast.season, predictions, self._serving, Compression())
        self._target.until(is_rolled_out, for_=f"{first.name} to be rolled out", timeout=30)
        stack.callback(self._stream.stop)
        self._stream.start()

    def _serve(self, good: Version) -> None:
        self._screen.heading(f"Act 1: {pages.name(good)} serves, and all is well")
        self._screen.say(pages.ACT_1)
        self._until(lambda view: view.reason == "NoBaseline", for_=f"a first verdict on {good.name}", timeout=45)
        self._reach(SECOND_VERSION, timeout=45)
        self._screen.say(pages.first_verdict(self._view(), self._stream.predictions))

    def _deploy_equal(self, good: Version, other: Version) -> None:
        self._screen.heading(f"Act 2: {pages.name(other)} is deployed, as good as {good.recipe.letter}")
        self._screen.say(pages.ACT_2)
        since = self._deploy(other)
        seen = self._until(
            lambda view: (view.version, view.verdict) == (other.name, "Healthy") and view.covers_a_window,
            for_=f"the verdict Healthy on a whole window of {other.name}",
            timeout=75,
            since=since,
        )
        self._stays(other)
        view = read_view(seen.object)
        self._show_verdict(view, good, other)
        instead = self._rmse_instead(good, other, view)
        self._screen.say(pages.nothing_happened(view, self._holds(since), instead))

    def _deploy_worse(self, other: Version, bad: Version) -> Outcome:
        self._screen.heading(f"Act 3: {pages.name(bad)} is deployed, and it is worse")
        self._screen.say(pages.what_is_wrong(bad, self._stage.cast.year))
        since, before = self._deploy(bad), len(self._target.sights)
        patched = self._wait_for_patch(other, before)
        self._until(
            lambda view: (view.rollback or {}).get("phase") == "Verified" and bool(view.verdict),
            for_=f"the rollback to {other.name} to be verified, and a first verdict on it",
            timeout=30,
            since=since,
        )
        judged = self._last_verdict_on(bad, since)
        self._show_verdict(judged, other, bad)
        self._screen.say(pages.rolled_back(judged, other, bad, self._rmse_instead(other, bad, judged)))
        self._kubectl("get", "mdl", "--output=wide")
        self._kubectl("describe", "mdl", MODEL)
        self._kubectl("events", f"--for=deployment/{MODEL}")
        return self._outcome(judged, other, bad, patched)

    def _wait_for_patch(self, other: Version, since: int) -> Sight:
        with self._screen.waiting("waiting for the labels, and for two breaching windows"):
            return self._target.until(
                lambda target: version_of(target) == other.name,
                for_=f"{other.name} to be put back into the Deployment",
                timeout=90,
                since=since,
                meanwhile=self._meanwhile,
                tell=lambda target: f"the Deployment with {version_of(target)}; {self._view()}",
            )

    def _lose_database(self, first: Version, other: Version) -> None:
        self._screen.heading("Act 4: the database is away for a while")
        if not self._stage.database.can_pause:
            self._screen.say(pages.NOT_OURS)
            return
        self._screen.say(pages.ACT_4)
        since = len(self._resource.sights)
        self._stage.database.pause()
        self._ask_for_a_check()
        self._until(lambda view: view.verdict == "SourceError", for_="the verdict SourceError", timeout=45, since=since)
        self._kubectl("get", "mdl", "--output=wide")
        self._stays(other)
        self._screen.say(pages.source_error(self._view(), other))
        since = len(self._resource.sights)
        self._stage.database.resume()
        self._until(
            lambda view: view.verdict in {"Healthy", "Degraded"},
            for_=f"a verdict on {other.name}, which serves again",
            timeout=60,
            since=since,
        )
        self._stays(other)
        view = self._view()
        self._screen.say(pages.came_back(view, other, first, self._rmse_instead(first, other, view)))
        self._kubectl("get", "mdl", "--output=wide")

    def _ask_for_a_check(self) -> None:
        asked = f"modelward.dev/check-requested-at={datetime.now(UTC):%FT%TZ}"
        self._kubectl("annotate", "mdl", MODEL, asked)

    def _reach(self, day: datetime, timeout: float) -> None:
        """Wait until the flights have come to a day."""
        deadline, seconds = time.monotonic() + timeout, Compression().seconds(day)
        with self._screen.waiting(f"waiting for {day:%-d %B}"):
            while self._stream.seconds < seconds:
                self._meanwhile()
                if time.monotonic() > deadline:
                    seen = f"{pages.date(self._stream.day)}; database: {self._stream.outage or 'up'}"
                    raise WaitedInVainError(f"the flights of {day:%-d %B}", timeout, seen)
                time.sleep(TICK_S)

    def _deploy(self, version: Version) -> int:
        """Set the image as a person would; return where in the watch the story of this version begins."""
        since = len(self._resource.sights)
        self._kubectl("set", "image", f"deployment/{MODEL}", f"{CONTAINER}={REPOSITORY}:{version.name}")
        self._until(
            lambda view: view.version == version.name,
            for_=f"the operator to see {version.name}",
            timeout=30,
            since=since,
        )
        return since

    def _serving(self) -> str | None:
        """The version that answers: the last one that was rolled out."""
        return next((version_of(s.object) for s in reversed(self._target.sights) if is_rolled_out(s.object)), None)

    def _stays(self, version: Version) -> None:
        running = version_of(self._target.latest)
        if running != version.name:
            raise DemoError(f"the Deployment should still run {version.name}, and runs {running}")

    def _last_verdict_on(self, version: Version, since: int) -> View:
        views = [read_view(s.object) for s in self._resource.sights[since:]]
        judged = [v for v in views if (v.version, v.verdict) == (version.name, "Degraded") and v.metrics and v.window]
        if not judged:
            raise DemoError(f"{version.name} was rolled back, but status never showed the verdict Degraded on it")
        return judged[-1]

    def _outcome(self, judged: View, other: Version, bad: Version, patched: Sight) -> Outcome:
        start, end = self._window(judged)
        labels = self._stream.ledger.labels(bad.name, start, end)
        milliseconds = label_to_patch(labels, judged.samples, end, patched.at)
        return Outcome(bad.name, other.name, judged.pair("r2"), judged.pair("rmse"), judged.samples, milliseconds)

    def _rmse_instead(self, instead: Version, serving: Version, view: View) -> float:
        """Return the RMSE that another version would have had on the flights of the judged window."""
        start, end = self._window(view)
        rows = self._stream.ledger.answered(serving.name, start, end)
        return rmse(instead.only(rows), self._stage.cast.season.only(rows))

    def _window(self, view: View) -> tuple[float, float]:
        """Return the judged window by this machine's clock."""
        if view.window is None:
            raise DemoError(f"the verdict tells no window: {view}")
        start, end = view.window
        return start - self._stream.clock_ahead, end - self._stream.clock_ahead

    def _holds(self, since: int) -> list[tuple[str, str]]:
        """List the guards that spoke, each with what it said last."""
        return list(dict(h for s in self._resource.sights[since:] for h in read_view(s.object).holds).items())

    def _view(self) -> View:
        return read_view(self._resource.latest)

    def _watch(self, stack: ExitStack, arguments: tuple[str, ...]) -> Watch:
        watch = Watch(self._stage.cluster.kubectl, self._stage.cluster.kubeconfig, arguments)
        stack.callback(watch.stop)
        return watch

    def _until(self, holds: Callable[[View], bool], *, for_: str, timeout: float, since: int = 0) -> Sight:
        def held(resource: dict[str, Any]) -> bool:
            return holds(read_view(resource))

        with self._screen.waiting(f"waiting for {for_}"):
            return self._resource.until(
                held,
                for_=for_,
                timeout=timeout,
                since=since,
                meanwhile=self._meanwhile,
                tell=lambda resource: str(read_view(resource)),
            )

    def _meanwhile(self) -> None:
        """Look after the others while waiting, and write down each new verdict."""
        if self._stream.problem is not None:
            raise DemoError(f"the stream of flights broke off: {self._stream.problem!r}")
        if not self._stage.operator.runner.is_running(self._stage.operator.name):
            raise DemoError("the operator ended by itself")
        date = pages.date(self._stream.day)
        self._screen.progress(
            f"{date}, {self._stream.predictions:,} predictions, {self._stream.actuals:,} actual delays"
        )
        for sight in self._resource.sights[self._told :]:
            self._told += 1
            row = pages.row(read_view(sight.object))
            if row is not None and row != self._last_row:
                self._last_row = row
                self._screen.row(f"{self._screen.seconds:5.1f} s  {date:>12}", *row)

    def _show_verdict(self, view: View, before: Version, now: Version) -> None:
        columns = ("", before.recipe.letter, now.recipe.letter, "change", "limit", "")
        self._screen.table(columns, [pages.metric_row(m) for m in view.metrics])

    def _kubectl(self, *arguments: str) -> None:
        output = self._stage.kubectl.run(*arguments, "--namespace", NAMESPACE)
        self._screen.command(f"kubectl {' '.join(arguments)}", output)
