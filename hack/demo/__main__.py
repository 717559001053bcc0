"""`python -m demo`: ends with one line and exit code 0, or with a clear error and exit code 1."""

import sys

from demo.signals import Interruption, interruptible


def main() -> int:
    """Run the demo; whatever happens, nothing that it started is left running."""
    try:
        with interruptible():
            from demo import show  # noqa: PLC0415  (the imports take a second: interruptible, too)

            return show.run()
    except Interruption as interruption:
        print(f"demo: FAILED {interruption}")
        return 1


if __name__ == "__main__":
    sys.exit(main())
