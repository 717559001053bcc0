"""`python -m reference` writes docs/reference.md and docs/metrics-prometheus.md; `--check` fails where one is stale."""

import sys
from pathlib import Path

from reference import page, prometheus

DOCS = Path(__file__).parent.parent.parent / "docs"
PAGES = {"reference.md": page.render, "metrics-prometheus.md": prometheus.render}


def main(arguments: list[str]) -> int:
    """Write, or check."""
    wanted = {DOCS / name: make() for name, make in PAGES.items()}
    stale = [file for file, text in wanted.items() if not file.exists() or file.read_text() != text]
    if arguments == ["--check"]:
        for file in stale:
            print(f"docs/{file.name} is stale: run make reference", file=sys.stderr)
        return 1 if stale else 0
    for file in stale:
        file.write_text(wanted[file])
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
