"""The demo from its first line to its last: sets the stage, plays the four acts, clears up."""

from pathlib import Path
from tempfile import TemporaryDirectory

from demo import pages, stage
from demo.errors import DemoError
from demo.outcome import Outcome
from demo.screen import Screen
from demo.story import Story
from sandbox.errors import SandboxError

LOG_LINES = 20


def run() -> int:
    """Show everything; return the exit code."""
    screen = Screen()
    screen.line(pages.TITLE)
    screen.say(pages.WHAT)
    try:
        with TemporaryDirectory(prefix="modelward-demo-") as state:
            outcome = _play(Path(state), screen)
    except Exception as error:  # noqa: BLE001  (whatever it is, the person reads one clear line)
        expected = isinstance(error, DemoError | SandboxError)
        screen.line(f"demo: FAILED {error if expected else repr(error)}", style="bold red")
        return 1
    screen.line(str(outcome), style="bold green")
    return 0


def _play(state: Path, screen: Screen) -> Outcome:
    screen.heading("Setting up")
    with stage.build(state, screen.note) as built:
        cast = built.cast
        screen.table(pages.MODELS, pages.models(cast.versions, cast.season))
        screen.say(pages.truth(cast.versions, cast.season))
        screen.say(pages.pace(cast.season))
        try:
            outcome = Story(built, screen).tell()
        except Exception:
            screen.note("The operator's last lines:\n" + "\n".join(built.operator.log().splitlines()[-LOG_LINES:]))
            raise
        screen.heading(f"The end, after {screen.seconds:.0f} s")
    return outcome
