"""`python -m demo`: sets the stage, plays the four acts, clears up, and ends with one line.

It leaves nothing behind, however it ends: with the last line and exit code 0, or with an error and exit code 1.
"""

import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from demo import pages, stage
from demo.errors import DemoError
from demo.outcome import Outcome
from demo.screen import Screen
from demo.signals import Interruption, interruptible
from demo.story import Story
from sandbox.errors import SandboxError

LOG_LINES = 20


def main() -> int:
    """Run the demo; return the exit code."""
    screen = Screen()
    screen.line(pages.TITLE)
    screen.say(pages.WHAT)
    try:
        with interruptible(), TemporaryDirectory(prefix="modelward-demo-") as state:
            outcome = play(Path(state), screen)
    except Interruption as interruption:
        return fail(screen, str(interruption))
    except Exception as error:  # noqa: BLE001  (whatever it is, the person reads one clear line)
        return fail(
            screen, str(error) if isinstance(error, DemoError | SandboxError) else f"{type(error).__name__}: {error}"
        )
    screen.line(str(outcome), style="bold green")
    return 0


def play(state: Path, screen: Screen) -> Outcome:
    """Build the stage, tell the story, take the stage down."""
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
        screen.note("stopping operator, database and cluster")
    return outcome


def fail(screen: Screen, message: str) -> int:
    """Say in one line why it ended."""
    screen.line(f"demo: FAILED {message}", style="bold red")
    return 1


if __name__ == "__main__":
    sys.exit(main())
