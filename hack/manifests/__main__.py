"""`python -m manifests` writes the copies; with `--check` it shows what is stale and exits with 1."""

import argparse
import sys
from pathlib import Path

from manifests.copies import differences, write
from manifests.helm import HelmError, find_helm
from manifests.values import ValuesError

ROOT = Path(__file__).resolve().parents[2]


def main(arguments: list[str] | None = None) -> int:
    """Return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m manifests", description=__doc__)
    parser.add_argument("--check", action="store_true", help="change nothing; exit with 1 when a copy is stale")
    check: bool = parser.parse_args(arguments).check
    try:
        helm = find_helm()
        return _check(helm) if check else _write(helm)
    except (HelmError, ValuesError) as error:
        print(f"manifests: {error}", file=sys.stderr)
        return 1


def _write(helm: Path) -> int:
    for path in write(ROOT, helm):
        print(f"manifests: wrote {path.relative_to(ROOT)}")
    return 0


def _check(helm: Path) -> int:
    stale = differences(ROOT, helm)
    if not stale:
        print("manifests: every copy is as its source")
        return 0
    print(stale, end="")
    print("manifests: stale, as shown above; run: python -m manifests", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
