"""`python -m sandbox up`, `python -m sandbox down`."""

import sys

from modelward.domain.errors import ModelwardError
from sandbox.errors import SandboxError
from sandbox.playground import down, up

VERBS = {"up": up, "down": down}


def say(text: str) -> None:
    """Print at once: what takes long says so while it does."""
    print(text, flush=True)


def main(arguments: list[str]) -> int:
    """Run one verb."""
    verb = VERBS.get(arguments[0]) if len(arguments) == 1 else None
    if verb is None:
        print("usage: python -m sandbox up|down", file=sys.stderr)
        return 2
    try:
        verb(say)
    except (SandboxError, ModelwardError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
