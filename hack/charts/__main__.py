"""`python -m charts` checks the chart and prints what is wrong; nothing where all is well."""

import sys
from collections.abc import Callable
from pathlib import Path

from charts import coverage, tools
from manifests.helm import HelmError
from sandbox.errors import SandboxError

ROOT = Path(__file__).resolve().parents[2]
CHART = ROOT / "charts" / "modelward"
CHECKS: tuple[Callable[[Path], str], ...] = (tools.lint, tools.unit_tests, tools.score, coverage.complaints)


def main() -> int:
    """Run every check; the exit code is 1 where one complains."""
    try:
        found = [complaint for check in CHECKS if (complaint := check(CHART))]
    except (HelmError, SandboxError) as error:
        found = [str(error)]
    for complaint in found:
        print(f"charts: {complaint}", file=sys.stderr)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
